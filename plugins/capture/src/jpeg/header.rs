//! What a JPEG picture is, read from its header alone.

use freshet_base::{FrameFormat, PixelFormat};

use super::JpegError;

/// What a JPEG picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    /// The format it is delivered in: gray, YUV as it is coded, or RGB where it is coded so.
    pub(crate) format: FrameFormat,
    /// Whether it brings its own Huffman tables. Motion JPEG often leaves them out, for all frames use the standard's.
    pub(crate) has_tables: bool,
    /// Where the picture's data begin.
    data: usize,
}

/// The colours that a picture with this many components is coded in.
#[derive(Debug, Default)]
struct Components {
    size: Option<(u32, u32)>,
    count: u8,
    named_rgb: bool,
    /// The transform that an Adobe marker tells: 0 is none.
    transform: Option<u8>,
}

impl JpegHeader {
    /// Reads the header, up to where the picture's data begin. Nothing is decoded and nothing allocated.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, JpegError> {
        let mut rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or(JpegError::NoJpeg)?;
        let (mut components, mut has_tables) = (Components::default(), false);
        loop {
            let (marker, segment, after) = segment(rest)?;
            rest = after;
            match marker {
                0xC4 => has_tables = true,
                0xC0..=0xC2 => components.read_frame(segment)?,
                0xC3 => return Err(JpegError::Unsupported("lossless")),
                0xC5..=0xC7 => return Err(JpegError::Unsupported("hierarchical")),
                0xC9..=0xCB | 0xCD..=0xCF => return Err(JpegError::Unsupported("arithmetically coded")),
                0xD9 => return Err(JpegError::Damaged),
                0xEE if segment.starts_with(b"Adobe") => components.transform = segment.get(11).copied(),
                0xDA => {
                    let data = bytes.len() - rest.len();
                    return Ok(Self { format: components.format()?, has_tables, data });
                }
                _ => {}
            }
        }
    }
}

impl JpegHeader {
    /// Whether the picture's end is there. A decoder fills up with gray what is missing, which nobody would notice.
    pub(crate) fn is_whole(&self, bytes: &[u8]) -> bool {
        let data = bytes.get(self.data..).unwrap_or_default();
        data.windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
    }
}

/// The next segment: its marker, its content, and what follows. Markers without content have an empty one.
fn segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), JpegError> {
    // Bytes between segments are against the rules but harmless.
    let start = bytes.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF));
    let (_, rest) = bytes.split_at(start.ok_or(JpegError::Truncated)? + 1);
    let (&marker, rest) = rest.split_first().ok_or(JpegError::Truncated)?;
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], rest));
    }
    let (length, _) = rest.split_first_chunk().ok_or(JpegError::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(JpegError::Damaged);
    }
    let (segment, after) = rest.split_at_checked(length).ok_or(JpegError::Truncated)?;
    Ok((marker, &segment[2..], after))
}

impl Components {
    fn read_frame(&mut self, segment: &[u8]) -> Result<(), JpegError> {
        let &[precision, high, low, wide, narrow, count, ref rest @ ..] = segment else {
            return Err(JpegError::Damaged);
        };
        if precision != 8 {
            return Err(JpegError::Unsupported("12-bit"));
        }
        let (height, width) = (u16::from_be_bytes([high, low]), u16::from_be_bytes([wide, narrow]));
        self.size = Some((width.into(), height.into()));
        self.count = count;
        self.named_rgb = rest.chunks(3).map(|component| component[0]).eq(*b"RGB");
        Ok(())
    }

    fn format(&self) -> Result<FrameFormat, JpegError> {
        let (width, height) = self.size.ok_or(JpegError::Damaged)?;
        let pixels = match self.count {
            1 => PixelFormat::Gray8,
            3 if self.named_rgb || self.transform == Some(0) => PixelFormat::Rgb24,
            3 => PixelFormat::Yuv24,
            4 => PixelFormat::Rgb24,
            _ => return Err(JpegError::Unsupported("two-component")),
        };
        FrameFormat::new(width, height, pixels).map_err(JpegError::Size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The start of a picture with these components, up to where its data begin.
    fn head(width: u16, height: u16, ids: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 8 + 3 * ids.len() as u8, 8];
        bytes.extend(height.to_be_bytes().into_iter().chain(width.to_be_bytes()).chain([ids.len() as u8]));
        bytes.extend(ids.iter().flat_map(|&id| [id, 0x11, 0]));
        bytes.extend([0xFF, 0xDA, 0, 2]);
        bytes
    }

    #[test]
    fn tells_size_and_colours() {
        let read = |bytes: &[u8]| JpegHeader::read(bytes).unwrap();
        let gray = read(&head(5, 7, &[1]));
        assert_eq!((gray.format, gray.has_tables), (FrameFormat::new(5, 7, PixelFormat::Gray8).unwrap(), false));
        assert_eq!(read(&head(5, 7, &[1, 2, 3])).format.pixels, PixelFormat::Yuv24);
        assert_eq!(read(&head(5, 7, b"RGB")).format.pixels, PixelFormat::Rgb24);
        let mut adobe = head(5, 7, &[1, 2, 3]);
        adobe.splice(2..2, *b"\xFF\xEE\x00\x0EAdobe\x00\x00\x00\x00\x00\x00\x00");
        assert_eq!(read(&adobe).format.pixels, PixelFormat::Rgb24);
    }

    #[test]
    fn a_picture_without_its_end_is_not_whole() {
        let picture = head(5, 7, &[1]);
        let header = JpegHeader::read(&picture).unwrap();
        assert!(!header.is_whole(&picture));
        assert!(!header.is_whole(&[&picture[..], b"\xFF\x00\xD9"].concat()));
        assert!(header.is_whole(&[&picture[..], b"data\xFF\xD9\0\0\0"].concat()), "drivers pad their buffers");
    }

    #[test]
    fn impossible_pictures_are_refused() {
        assert_eq!(JpegHeader::read(b"GIF89a"), Err(JpegError::NoJpeg));
        assert!(matches!(JpegHeader::read(&head(0, 7, &[1])), Err(JpegError::Size(_))));
        assert!(matches!(JpegHeader::read(&head(40_000, 7, &[1])), Err(JpegError::Size(_))));
        let whole = head(5, 7, &[1, 2, 3]);
        for end in 2..whole.len() {
            assert_eq!(JpegHeader::read(&whole[..end]), Err(JpegError::Truncated), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes: Vec<u8>) {
            bytes.splice(0..0, [0xFF, 0xD8]);
            drop(JpegHeader::read(&bytes));
        }
    }
}
