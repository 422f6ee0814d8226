//! Sources that are files: video, pictures, folders of pictures.
//!
//! ```text
//! path ─► folder? ─► its pictures, by name
//!      └► mapped ─► kind, by content ─► Y4M · AVI · MP4 · picture
//! ```

mod avi;
mod folder;
mod kind;
mod map;
#[cfg(feature = "h264")]
mod mp4;
mod picture;
mod y4m;

use std::path::Path;

use crate::capture::Capture;
use crate::error::SourceError;
use crate::source::FrameSource;
use folder::FolderSource;
use kind::Kind;
use map::MappedFile;
use picture::PictureSource;

/// Opens a file or a folder.
pub(crate) fn open(path: &Path, capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    let source = if path.is_dir() { Box::new(FolderSource::open(path)?) } else { open_file(path)? };
    let format = source.info().format;
    match (format, capture.size) {
        (Some(format), Some((width, height))) if (format.width, format.height) != (width, height) => {
            Err(SourceError::FixedSize {
                input: source.info().name,
                own_width: format.width,
                own_height: format.height,
                width,
                height,
            })
        }
        _ => Ok(source),
    }
}

fn open_file(path: &Path) -> Result<Box<dyn FrameSource>, SourceError> {
    let file = MappedFile::open(path)?;
    Ok(match Kind::of(file.bytes()?) {
        Kind::Y4m => Box::new(y4m::Y4mSource::open(file)?),
        Kind::Avi => Box::new(avi::AviSource::open(file)?),
        Kind::Jpeg | Kind::Png | Kind::Bmp => Box::new(PictureSource::open(file)?),
        Kind::Mp4 => open_mp4(file)?,
        Kind::Other(cause) => return Err(SourceError::Unsupported { input: file.into_input(), cause: cause.into() }),
    })
}

#[cfg(feature = "h264")]
fn open_mp4(file: MappedFile) -> Result<Box<dyn FrameSource>, SourceError> {
    Ok(Box::new(mp4::Mp4Source::open(file)?))
}

#[cfg(not(feature = "h264"))]
fn open_mp4(file: MappedFile) -> Result<Box<dyn FrameSource>, SourceError> {
    Err(SourceError::FeatureOff { input: file.into_input(), feature: "h264" })
}

#[cfg(test)]
mod tests;
