//! Where frames come from, as a text that people type.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use freshet_base::PixelFormat;

use crate::error::SourceError;
use crate::source::FrameSource;
use crate::synthetic::Scene;

/// Where frames come from.
///
/// | text | source |
/// |---|---|
/// | `camera:0`, `camera:/dev/video0` | a camera |
/// | `synthetic:checker`, `synthetic:noise@240`, `synthetic:bars:NV12@60` | a scene, its pixel format, its rate in Hz |
/// | anything else | a video file, a picture, or a folder of pictures |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SourceSpec {
    /// A camera.
    Camera(CameraAddress),
    /// A scene that is computed.
    Synthetic {
        /// Which.
        scene: Scene,
        /// The format of its pixels; by default YUYV.
        pixels: Option<PixelFormat>,
        /// Frames per second; by default 30.
        rate_hz: Option<f64>,
    },
    /// A video file, a picture, or a folder of pictures.
    Path(PathBuf),
    /// A source of one's own.
    Custom(CustomSource),
}

/// Which camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraAddress {
    /// The system's number of it.
    Index(u32),
    /// Its device file.
    Path(PathBuf),
}

/// A source of one's own: a name, and what opens it. It is called on the capture thread.
#[derive(Clone)]
pub struct CustomSource {
    name: Cow<'static, str>,
    open: Arc<OpenSource>,
}

type OpenSource = dyn Fn() -> Result<Box<dyn FrameSource>, SourceError> + Send + Sync;

impl CustomSource {
    /// A source of this name, opened by `open`.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        open: impl Fn() -> Result<Box<dyn FrameSource>, SourceError> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), open: Arc::new(open) }
    }

    pub(crate) fn open(&self) -> Result<Box<dyn FrameSource>, SourceError> {
        (self.open)()
    }
}

impl fmt::Debug for CustomSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CustomSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for CustomSource {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.open, &other.open)
    }
}

impl fmt::Display for CameraAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(out, "{index}"),
            Self::Path(path) => write!(out, "{}", path.display()),
        }
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Camera(address) => write!(out, "camera:{address}"),
            Self::Synthetic { scene, pixels, rate_hz } => {
                write!(out, "synthetic:{}", scene.name())?;
                if let Some(pixels) = pixels {
                    write!(out, ":{}", pixels.name())?;
                }
                rate_hz.map_or(Ok(()), |rate| write!(out, "@{rate}"))
            }
            Self::Path(path) => write!(out, "{}", path.display()),
            Self::Custom(custom) => out.write_str(&custom.name),
        }
    }
}

impl FromStr for SourceSpec {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let refuse = |cause: Cow<'static, str>| SourceError::Spec { text: text.to_owned(), cause };
        if let Some(address) = text.strip_prefix("camera:") {
            return parse_camera(address).map(Self::Camera).map_err(refuse);
        }
        if let Some(scene) = text.strip_prefix("synthetic:") {
            return parse_synthetic(scene).map_err(refuse);
        }
        match text {
            "" => Err(refuse("it is empty".into())),
            "camera" => Err(refuse("it does not say which camera; write camera:0 for the first".into())),
            "synthetic" => Err(refuse(format!("it does not say which scene; there are {}", Scene::names()).into())),
            "mic" => Err(refuse("a microphone delivers no frames".into())),
            path => Ok(Self::Path(PathBuf::from(path))),
        }
    }
}

fn parse_camera(address: &str) -> Result<CameraAddress, Cow<'static, str>> {
    if let Ok(index) = address.parse() {
        return Ok(CameraAddress::Index(index));
    }
    if address.starts_with('/') && !address.contains('\0') {
        return Ok(CameraAddress::Path(PathBuf::from(address)));
    }
    Err("after camera: comes a number or the path of a device, such as camera:0 or camera:/dev/video0".into())
}

fn parse_synthetic(text: &str) -> Result<SourceSpec, Cow<'static, str>> {
    let (text, rate_hz) = match text.split_once('@') {
        Some((before, rate)) => (before, Some(parse_rate(rate)?)),
        None => (text, None),
    };
    let (name, pixels) = match text.split_once(':') {
        Some((name, pixels)) => (name, Some(parse_pixels(pixels)?)),
        None => (text, None),
    };
    let scene = Scene::ALL
        .into_iter()
        .find(|scene| scene.name() == name)
        .ok_or_else(|| format!("there is no scene {name:?}; there are {}", Scene::names()))?;
    Ok(SourceSpec::Synthetic { scene, pixels, rate_hz })
}

fn parse_rate(text: &str) -> Result<f64, Cow<'static, str>> {
    let rate = text.parse().ok().filter(|&rate| is_rate(rate));
    rate.ok_or_else(|| format!("{text:?} is no rate; write frames per second, such as @240").into())
}

fn parse_pixels(text: &str) -> Result<PixelFormat, Cow<'static, str>> {
    let named = PixelFormat::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(text));
    named.ok_or_else(|| {
        let names: Vec<_> = PixelFormat::ALL.iter().map(|format| format.name()).collect();
        format!("there is no pixel format {text:?}; there are {}", names.join(", ")).into()
    })
}

/// Whether frames can come at this rate.
pub(crate) fn is_rate(rate_hz: f64) -> bool {
    (0.001..=1_000_000.0).contains(&rate_hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SourceSpec {
        text.parse().unwrap()
    }

    #[test]
    fn texts_come_back_as_they_went_in() {
        for text in [
            "camera:0",
            "camera:/dev/video3",
            "synthetic:checker",
            "synthetic:noise@240",
            "synthetic:bars:NV12@59.94",
            "clip.avi",
            "some folder/",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("synthetic:bars:nv12"), parse("synthetic:bars:NV12"));
    }

    #[test]
    fn what_names_no_source_is_refused_with_its_cause() {
        for (text, cause) in [
            ("", "empty"),
            ("camera", "which camera"),
            ("camera:front", "number"),
            ("camera:-1", "number"),
            ("synthetic:", "no scene"),
            ("synthetic:plaid", "checker"),
            ("synthetic:checker@", "no rate"),
            ("synthetic:checker@0", "no rate"),
            ("synthetic:checker@inf", "no rate"),
            ("synthetic:checker@NaN", "no rate"),
            ("synthetic:checker:H264", "no pixel format"),
            ("mic", "microphone"),
        ] {
            let error = text.parse::<SourceSpec>().unwrap_err().one_line();
            assert!(error.contains(cause) && error.contains(&format!("{text:?}")), "{text:?}: {error}");
        }
    }
}
