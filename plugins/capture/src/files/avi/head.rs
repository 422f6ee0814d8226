//! The headers of an AVI file: which stream is the video, how it is coded, how fast it is.

use super::riff::{Chunk, Chunks};
use crate::error::SourceError;
use crate::files::map::MappedFile;

/// What the headers say of the first video stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    /// The two digits with which its chunks begin.
    stream: [u8; 2],
    /// Its rate.
    pub(super) rate_hz: Option<f64>,
}

/// The names by which Motion JPEG goes.
const MOTION_JPEG: [&[u8; 4]; 8] = [b"MJPG", b"mjpg", b"JPEG", b"jpeg", b"AVRn", b"dmb1", b"MJPA", b"jpg "];

impl Head {
    /// Reads the headers, up to the first frame.
    pub(super) fn read(file: &MappedFile, bytes: &[u8]) -> Result<Self, SourceError> {
        let (mut chunks, mut streams, mut video) = (Chunks::new(), 0_u8, None);
        loop {
            let chunk = chunks.next(bytes).map_err(|_| file.truncated_head("its headers"))?;
            let Some(chunk) = chunk else { return Err(file.malformed("it has no video stream")) };
            match &chunk.name {
                b"strh" => {
                    let header = chunk.of(bytes);
                    video = header.starts_with(b"vids").then(|| rate(header));
                    streams = streams.saturating_add(1);
                }
                b"strf" => {
                    if let Some(rate_hz) = video.take() {
                        check_coding(file, chunk.of(bytes))?;
                        let number = streams - 1;
                        return Ok(Self { stream: [b'0' + number / 10, b'0' + number % 10], rate_hz });
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a chunk is a frame of this stream.
    pub(super) fn is_frame(&self, chunk: &Chunk) -> bool {
        chunk.name[..2] == self.stream && matches!(&chunk.name[2..], b"dc" | b"db")
    }
}

/// The rate that a stream's header says, as `rate / scale`.
fn rate(header: &[u8]) -> Option<f64> {
    let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let rate = f64::from(number(24)?) / f64::from(number(20)?);
    crate::spec::is_rate(rate).then_some(rate)
}

/// Refuses every coding but Motion JPEG, by name.
fn check_coding(file: &MappedFile, format: &[u8]) -> Result<(), SourceError> {
    let Some(coding) = format.get(16..20) else { return Err(file.malformed("its video header is too short")) };
    if MOTION_JPEG.iter().any(|name| name.as_slice() == coding) {
        return Ok(());
    }
    let name = match coding {
        [0, 0, 0, 0] => "uncompressed RGB".into(),
        coding => String::from_utf8_lossy(coding).trim().escape_debug().to_string(),
    };
    Err(file.unsupported(format!("its video is coded as {name}; of AVI files, Motion JPEG (MJPG) is read")))
}
