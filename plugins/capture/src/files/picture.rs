//! Pictures: PNG, JPEG, BMP.

use std::io::Cursor;

use freshet_base::{FrameFormat, PixelFormat};
use freshet_frame::FrameWriter;
use freshet_ledger::foreign;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::kind::Kind;
use super::map::MappedFile;
use crate::error::{FrameFault, SourceError};
use crate::jpeg::{JpegDecoder, JpegHeader};
use crate::scratch::{Scratch, book_copy};
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// A picture whose header was read.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) file: MappedFile,
    pub(super) format: FrameFormat,
    coding: Coding,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Jpeg(JpegHeader),
    Other(ImageFormat),
}

/// Decodes pictures, one after the other, in the same memory.
#[derive(Debug, Default)]
pub(super) struct PictureDecoder {
    jpeg: JpegDecoder,
    pixels: Scratch,
}

impl Picture {
    /// Reads a picture's header.
    pub(super) fn open(file: MappedFile) -> Result<Self, SourceError> {
        let bytes = file.bytes()?;
        let coding = match Kind::of(bytes) {
            Kind::Jpeg => {
                let header = JpegHeader::read(bytes).map_err(|fault| file.malformed(fault.to_string()))?;
                return Ok(Self { format: header.format, coding: Coding::Jpeg(header), file });
            }
            Kind::Png => ImageFormat::Png,
            Kind::Bmp => ImageFormat::Bmp,
            _ => return Err(file.unsupported("it is no picture")),
        };
        let decoder = decoder(bytes, coding).map_err(|fault| file.malformed(fault.to_string()))?;
        let (width, height) = decoder.dimensions();
        let format = file.format(width, height, pixels(decoder.color_type()))?;
        drop(decoder);
        Ok(Self { format, coding: Coding::Other(coding), file })
    }
}

/// How pictures of these colours are delivered: in eight bits, gray without its alpha.
fn pixels(color: ColorType) -> PixelFormat {
    match color {
        ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16 => PixelFormat::Gray8,
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => PixelFormat::Rgba,
        _ => PixelFormat::Rgb24,
    }
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder + '_, image::ImageError> {
    ImageReader::with_format(Cursor::new(bytes), format).into_decoder()
}

impl PictureDecoder {
    /// Decodes a picture and keeps its pixels. What decoders of pictures allocate is booked as foreign.
    pub(super) fn decode(&mut self, picture: &Picture, out: &mut FrameWriter<'_>) -> Result<(), FrameFault> {
        let bytes = picture.file.bytes()?;
        match picture.coding {
            Coding::Jpeg(header) => self.jpeg.write(bytes, header, out),
            Coding::Other(format) => {
                let length = picture.format.bytes().0 as usize;
                foreign(|| decode(bytes, format, picture.format, self.pixels.take(length)))?;
                book_copy(length);
                Ok(out.write_frame(&self.pixels.bytes()[..length])?)
            }
        }
    }
}

fn decode(bytes: &[u8], format: ImageFormat, wanted: FrameFormat, pixels: &mut [u8]) -> Result<(), FrameFault> {
    let decoder = decoder(bytes, format)?;
    if matches!(decoder.color_type(), ColorType::L8 | ColorType::Rgb8 | ColorType::Rgba8) {
        if decoder.total_bytes() != pixels.len() as u64 {
            return Err("its size changed while it was read".into());
        }
        return Ok(decoder.read_image(pixels)?);
    }
    let picture = DynamicImage::from_decoder(decoder)?;
    let eight_bits = match wanted.pixels {
        PixelFormat::Gray8 => picture.into_luma8().into_raw(),
        PixelFormat::Rgba => picture.into_rgba8().into_raw(),
        _ => picture.into_rgb8().into_raw(),
    };
    let fitting = eight_bits.get(..pixels.len()).ok_or("its size changed while it was read")?;
    pixels.copy_from_slice(fitting);
    Ok(())
}

/// One picture as a source: a film of one frame, which a stream that repeats shows again and again.
#[derive(Debug)]
pub(super) struct PictureSource {
    picture: Picture,
    decoder: PictureDecoder,
    seq: u64,
    announced: bool,
}

impl PictureSource {
    /// Reads the picture's header.
    pub(super) fn open(file: MappedFile) -> Result<Self, SourceError> {
        Ok(Self { picture: Picture::open(file)?, decoder: PictureDecoder::default(), seq: 0, announced: false })
    }
}

impl FrameSource for PictureSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.picture.file.input().to_owned(),
            format: Some(self.picture.format),
            rate_hz: None,
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        if self.announced {
            return Ok(Next::End);
        }
        self.announced = true;
        let frame = NextFrame::new(self.seq, self.picture.format);
        self.seq += 1;
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        // There is no next frame that could be intact: a corrupt picture is the end.
        let decoded = self.decoder.decode(&self.picture, out);
        decoded.map_err(|fault| self.picture.file.malformed(fault.to_string()))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.announced = false;
        Ok(())
    }
}
