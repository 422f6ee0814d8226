//! The component that makes a stream out of a source.

use std::path::PathBuf;

use bevy::ecs::component::Component;
use freshet_base::PixelFormat;
use freshet_frame::Stream;

use crate::error::SourceError;
use crate::source::FrameSource;
use crate::spec::{CameraAddress, CustomSource, SourceSpec};
use crate::synthetic::Scene;

/// Opens a source and lets its frames flow into the stream on this entity.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_capture::Capture;
/// fn open(mut commands: Commands) {
///     commands.spawn(Capture::camera(0).with_size(1280, 720));
///     commands.spawn(Capture::file("clip.avi").repeating());
/// }
/// ```
///
/// Changing the component opens the source anew; removing it, or despawning the entity, closes it. The stream is named
/// after the source unless a [`Stream`] with a name is spawned beside it.
#[derive(Component, Debug, Clone, PartialEq)]
#[require(Stream = Stream::new(String::new()))]
pub struct Capture {
    /// Where frames come from.
    pub source: SourceSpec,
    /// Whether a file starts again at its end. Default false.
    pub repeat: bool,
    /// The size wished for. A camera delivers its nearest; a scene is computed at this size; files are not scaled and
    /// refuse any size but their own. Default: 640x480 for cameras and scenes.
    pub size: Option<(u32, u32)>,
    /// The rate wished for, in frames per second. A camera delivers its nearest; files and scenes run at this rate.
    /// Default: the source's own, else 30.
    pub rate_hz: Option<f64>,
    /// The pixel format wished for. Cameras that do not offer it are refused; scenes are computed in it; files ignore
    /// it. Default: what costs least, see [`Capture::camera`].
    pub pixels: Option<PixelFormat>,
}

impl Capture {
    /// From a source, as it comes.
    pub const fn new(source: SourceSpec) -> Self {
        Self { source, repeat: false, size: None, rate_hz: None, pixels: None }
    }

    /// From a camera, by its number.
    ///
    /// Of what the camera offers, the size nearest to the one wished for is taken, then uncompressed formats before
    /// Motion JPEG unless they come slower than 15 Hz, then the nearest rate, then the fewest bytes.
    pub const fn camera(index: u32) -> Self {
        Self::new(SourceSpec::Camera(CameraAddress::Index(index)))
    }

    /// From a video file, a picture, or a folder of pictures. What it is, is told by its content, not by its name.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(SourceSpec::Path(path.into()))
    }

    /// From a scene that is computed.
    pub const fn synthetic(scene: Scene) -> Self {
        Self::new(SourceSpec::Synthetic { scene, pixels: None, rate_hz: None })
    }

    /// From a source of one's own; `open` is called on the capture thread.
    pub fn custom(
        name: impl Into<std::borrow::Cow<'static, str>>,
        open: impl Fn() -> Result<Box<dyn FrameSource>, SourceError> + Send + Sync + 'static,
    ) -> Self {
        Self::new(SourceSpec::Custom(CustomSource::new(name, open)))
    }

    /// From a text such as `camera:0`, `synthetic:checker@60` or `clip.avi`; see [`SourceSpec`].
    ///
    /// # Errors
    ///
    /// When the text names no source.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        text.parse().map(Self::new)
    }

    /// Starts again at the end.
    #[must_use]
    pub fn repeating(self) -> Self {
        Self { repeat: true, ..self }
    }

    /// Wishes for a size.
    #[must_use]
    pub fn with_size(self, width: u32, height: u32) -> Self {
        Self { size: Some((width, height)), ..self }
    }

    /// Wishes for a rate, in frames per second.
    #[must_use]
    pub fn with_rate(self, rate_hz: f64) -> Self {
        Self { rate_hz: Some(rate_hz), ..self }
    }

    /// Wishes for a pixel format.
    #[must_use]
    pub fn with_pixels(self, pixels: PixelFormat) -> Self {
        Self { pixels: Some(pixels), ..self }
    }
}
