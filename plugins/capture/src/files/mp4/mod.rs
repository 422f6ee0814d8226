//! MP4 with H.264.
//!
//! ```text
//! boxes ─► Index: where the samples lie, when pictures are shown      SPS ─► size, colours
//! sample ─► decoder ─► planes ─► slot
//! ```

mod bounded;
mod boxes;
mod decode;
mod index;
mod sps;

use std::time::Duration;

use freshet_frame::FrameWriter;

use self::decode::{Decoded, H264Decoder, is_refresh};
use self::index::Index;
use super::map::MappedFile;
use crate::error::{FrameFault, SourceError};
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// An MP4 file as a source.
///
/// A frame is decoded when it is written, straight from the decoder's memory into the slot. One that was dropped is
/// decoded before the next is announced, for that may depend on it.
pub(super) struct Mp4Source {
    file: MappedFile,
    index: Index,
    decoder: H264Decoder,
    /// Samples that were given to the decoder in this pass.
    fed: usize,
    /// Pictures that came out of it, or were lost in it.
    decoded: usize,
    /// Pictures that were announced.
    announced: usize,
    seq: u64,
    /// How long the passes before this one took.
    passed: Duration,
}

impl Mp4Source {
    /// Reads the index and makes a decoder.
    pub(super) fn open(file: MappedFile) -> Result<Self, SourceError> {
        let index = Index::read(&file, file.bytes()?)?;
        let largest = index.samples.iter().map(ExactSizeIterator::len).max().unwrap_or(0) + index.parameters.len();
        let decoder = H264Decoder::new(largest).map_err(|fault| file.unsupported(fault.to_string()))?;
        Ok(Self { file, index, decoder, fed: 0, decoded: 0, announced: 0, seq: 0, passed: Duration::ZERO })
    }

    /// Feeds the decoder until its next picture comes out, and hands that to `take`.
    fn decode<T>(&mut self, take: impl FnOnce(&Decoded<'_>) -> T) -> Result<T, FrameFault> {
        // A sample that fails is a picture that will not come: it counts, so that later ones keep their times.
        self.decoded += 1;
        let length_bytes = self.index.length_bytes;
        while let Some(sample) = self.index.samples.get(self.fed) {
            self.fed += 1;
            let bytes = self.file.bytes()?.get(sample.clone()).unwrap_or_default();
            let parameters = if is_refresh(bytes, length_bytes) { self.index.parameters.as_slice() } else { &[] };
            if let Some(decoded) = self.decoder.decode(parameters, bytes, length_bytes)? {
                return Ok(take(&decoded));
            }
        }
        match self.decoder.finish()? {
            Some(decoded) => Ok(take(&decoded)),
            None => Err("no picture came of it".into()),
        }
    }
}

impl FrameSource for Mp4Source {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.file.input().to_owned(),
            format: Some(self.index.format),
            rate_hz: self.index.rate_hz(),
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        self.file.bytes()?;
        while self.decoded < self.announced {
            // Nobody wants this one; that it cannot be decoded either is not worth a word.
            drop(self.decode(|_| ()));
        }
        let Some(&time) = self.index.times.get(self.announced) else {
            let frames = self.announced as u64;
            return match self.index.truncated {
                true => Err(SourceError::Truncated { input: self.file.input().to_owned(), frames }),
                false => Ok(Next::End),
            };
        };
        let frame = NextFrame { due: Some(self.passed + time), ..NextFrame::new(self.seq, self.index.format) };
        self.announced += 1;
        self.seq += 1;
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let written = self.decode(|decoded| decoded.write(out)).flatten();
        written.map_err(|fault| self.file.corrupt(self.seq.saturating_sub(1), fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        (self.fed, self.decoded, self.announced) = (0, 0, 0);
        self.passed += self.index.duration;
        self.decoder.restart().map_err(|fault| self.file.unsupported(fault.to_string()))
    }
}
