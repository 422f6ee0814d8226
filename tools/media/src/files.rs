//! Pictures into bytes, and bytes into files.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};

use crate::error::MediaError;
use crate::picture::Picture;

pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
    let path = folder.join(name);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, bytes)).map_err(|source| MediaError::Write { path, source })
}

pub(crate) fn jpeg(folder: &Path, name: &str, picture: &Picture, quality: u8) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let coder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let coded = coder.write_image(&picture.bytes, picture.width, picture.height, ExtendedColorType::Rgb8);
    coded.map_err(|source| MediaError::Picture { path: folder.join(name), source })?;
    Ok(bytes)
}

pub(crate) fn coded(folder: &Path, name: &str, picture: &Picture, format: ImageFormat) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Cursor::new(Vec::new());
    if let Some(pixels) = RgbImage::from_raw(picture.width, picture.height, picture.bytes.clone()) {
        let fault = |source| MediaError::Picture { path: folder.join(name), source };
        pixels.write_to(&mut bytes, format).map_err(fault)?;
    }
    Ok(bytes.into_inner())
}

/// A picture as a PNG that is as small as the coder can make it.
pub(crate) fn small_png(folder: &Path, name: &str, picture: &Picture) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let coder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    let coded = coder.write_image(&picture.bytes, picture.width, picture.height, ExtendedColorType::Rgb8);
    coded.map_err(|source| MediaError::Picture { path: folder.join(name), source })?;
    Ok(bytes)
}

/// Light, one byte a pixel, as a PNG that is as small as the coder can make it.
pub(crate) fn gray_png(folder: &Path, name: &str, size: (usize, usize), light: &[u8]) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let coder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::NoFilter);
    let coded = coder.write_image(light, size.0 as u32, size.1 as u32, ExtendedColorType::L8);
    coded.map_err(|source| MediaError::Picture { path: folder.join(name), source })?;
    Ok(bytes)
}
