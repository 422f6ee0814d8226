//! AVI with Motion JPEG: one JPEG picture a frame.

mod head;
mod riff;

use freshet_frame::FrameWriter;

use self::head::Head;
use self::riff::{Chunk, Chunks};
use super::map::MappedFile;
use crate::error::SourceError;
use crate::jpeg::{JpegDecoder, JpegHeader};
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// An AVI file as a source. Frames that are dropped are never decoded.
#[derive(Debug)]
pub(super) struct AviSource {
    file: MappedFile,
    head: Head,
    /// How far the file was walked.
    chunks: Chunks,
    /// The announced frame's bytes in the file, and what they are.
    frame: Option<(Chunk, JpegHeader)>,
    /// The first frame, where it could be read.
    first: Option<JpegHeader>,
    decoder: JpegDecoder,
    /// Whole frames of this pass.
    frames: u64,
    seq: u64,
}

impl AviSource {
    /// Reads the headers and looks at the first frame.
    pub(super) fn open(file: MappedFile) -> Result<Self, SourceError> {
        let bytes = file.bytes()?;
        let head = Head::read(&file, bytes)?;
        let chunks = Chunks::new();
        let mut source =
            Self { file, head, chunks, frame: None, first: None, decoder: JpegDecoder::default(), frames: 0, seq: 0 };
        if let Ok(Some(chunk)) = source.next_chunk() {
            source.first = JpegHeader::read(chunk.of(source.file.bytes()?)).ok();
        }
        source.chunks = chunks;
        Ok(source)
    }

    /// The next chunk of the video stream.
    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError> {
        let bytes = self.file.bytes()?;
        loop {
            match self.chunks.next(bytes) {
                Ok(Some(chunk)) if self.head.is_frame(&chunk) => return Ok(Some(chunk)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(riff::Truncated) => {
                    return Err(SourceError::Truncated { input: self.file.input().to_owned(), frames: self.frames });
                }
            }
        }
    }
}

impl FrameSource for AviSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.file.input().to_owned(),
            format: self.first.map(|header| header.format),
            rate_hz: self.head.rate_hz,
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let mut lost_before = 0;
        let chunk = loop {
            match self.next_chunk()? {
                None => return Ok(Next::End),
                // An empty chunk stands for a frame that the recorder lost.
                Some(chunk) if chunk.length == 0 => lost_before += 1,
                Some(chunk) => break chunk,
            }
        };
        let seq = self.seq + lost_before;
        self.seq = seq + 1;
        self.frames += 1 + lost_before;
        self.frame = None;
        let header = JpegHeader::read(chunk.of(self.file.bytes()?));
        let header = header.map_err(|fault| self.file.corrupt(seq, fault))?;
        self.frame = Some((chunk, header));
        Ok(Next::Frame(NextFrame { lost_before, ..NextFrame::new(seq, header.format) }))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let Some((chunk, header)) = self.frame else { return Ok(()) };
        let bytes = chunk.of(self.file.bytes()?);
        let written = self.decoder.write(bytes, header, out);
        written.map_err(|fault| self.file.corrupt(self.seq.saturating_sub(1), fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.chunks = Chunks::new();
        self.frames = 0;
        Ok(())
    }
}
