//! From a capture to an open source.

use freshet_base::FrameFormat;

use crate::camera;
use crate::capture::Capture;
use crate::error::SourceError;
use crate::files;
use crate::source::FrameSource;
use crate::spec::{SourceSpec, is_rate};
use crate::synthetic::{Synthetic, SyntheticSource};

/// Opens a source on the calling thread: for whoever wants its frames without an app.
///
/// # Errors
///
/// When the source cannot be opened as it is wished for.
pub fn open(capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    check_wishes(capture)?;
    match &capture.source {
        SourceSpec::Camera(address) => camera::open(address, capture),
        SourceSpec::Synthetic { scene, pixels, rate_hz } => {
            let mut synthetic = Synthetic::new(*scene);
            if let Some(pixels) = capture.pixels.or(*pixels) {
                synthetic = synthetic.with_pixels(pixels);
            }
            if let Some((width, height)) = capture.size {
                let sized = synthetic.with_size(width, height);
                synthetic =
                    sized.map_err(|source| SourceError::Format { input: capture.source.to_string(), source })?;
            }
            if let Some(rate_hz) = capture.rate_hz.or(*rate_hz) {
                synthetic = synthetic.with_rate(rate_hz);
            }
            Ok(Box::new(SyntheticSource::new(synthetic)))
        }
        SourceSpec::Path(path) => files::open(path, capture),
        SourceSpec::Custom(custom) => custom.open(),
    }
}

/// Refuses wishes that nothing can fulfil.
fn check_wishes(capture: &Capture) -> Result<(), SourceError> {
    let input = || capture.source.to_string();
    if let Some((width, height)) = capture.size {
        FrameFormat::new(width, height, freshet_base::PixelFormat::Gray8)
            .map_err(|source| SourceError::Format { input: input(), source })?;
    }
    match capture.rate_hz {
        Some(rate) if !is_rate(rate) => Err(SourceError::Unsupported {
            input: input(),
            cause: format!("{rate} frames per second is no rate").into(),
        }),
        _ => Ok(()),
    }
}
