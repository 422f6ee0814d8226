//! The pixels of a JPEG picture.

use freshet_base::PixelFormat;
use freshet_frame::FrameWriter;
use freshet_ledger::foreign;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::{JpegError, JpegHeader};
use crate::error::FrameFault;
use crate::scratch::{Scratch, book_copy};

/// The marker by which Motion JPEG says that its Huffman tables are the standard's; the decoder then brings them.
const STANDARD_TABLES: [u8; 9] = *b"\xFF\xE0\x00\x07AVI1\x00";

/// Decodes JPEG pictures, one after the other, in the same memory.
///
/// The decoder writes into memory that it also reads, which a mapped slot must not be; so each picture is copied once
/// more, and the copy is booked.
#[derive(Debug, Default)]
pub(crate) struct JpegDecoder {
    pixels: Scratch,
    with_tables: Scratch,
}

impl JpegDecoder {
    /// Decodes the picture of this header into the slot.
    pub(crate) fn write(
        &mut self,
        bytes: &[u8],
        header: JpegHeader,
        out: &mut FrameWriter<'_>,
    ) -> Result<(), FrameFault> {
        if !header.is_whole(bytes) {
            return Err(JpegError::Cut.into());
        }
        if header.has_tables {
            decode(bytes, header, &mut self.pixels)?;
        } else {
            let (start, rest) = bytes.split_at_checked(2).ok_or(JpegError::Truncated)?;
            let bytes = self.with_tables.fill(|whole| {
                whole.extend_from_slice(start);
                whole.extend_from_slice(&STANDARD_TABLES);
                whole.extend_from_slice(rest);
            });
            decode(bytes, header, &mut self.pixels)?;
        }
        let length = header.format.bytes().0 as usize;
        book_copy(length);
        Ok(out.write_frame(&self.pixels.bytes()[..length])?)
    }
}

fn decode(bytes: &[u8], header: JpegHeader, pixels: &mut Scratch) -> Result<(), JpegError> {
    let colors = match header.format.pixels {
        PixelFormat::Gray8 => ColorSpace::Luma,
        PixelFormat::Yuv24 => ColorSpace::YCbCr,
        _ => ColorSpace::RGB,
    };
    let (width, height) = (header.format.width as usize, header.format.height as usize);
    let options = DecoderOptions::default().jpeg_set_out_colorspace(colors).set_max_width(width).set_max_height(height);
    foreign(|| {
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        let fault = |error: zune_jpeg::errors::DecodeErrors| JpegError::Data(error.to_string());
        decoder.decode_headers().map_err(fault)?;
        let length = header.format.bytes().0 as usize;
        if decoder.dimensions() != Some((width, height)) || decoder.output_buffer_size() != Some(length) {
            return Err(JpegError::Damaged);
        }
        decoder.decode_into(pixels.take(length)).map_err(fault)
    })
}
