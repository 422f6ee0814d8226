//! A folder of pictures, in the order of their names.

use std::path::{Path, PathBuf};

use freshet_frame::FrameWriter;
use freshet_ledger::foreign;

use super::kind::Kind;
use super::map::MappedFile;
use super::picture::{Picture, PictureDecoder};
use crate::error::SourceError;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// A folder of pictures as a film. Files that are no pictures are passed over; sizes may differ from picture to
/// picture, and the stream's format changes with them.
#[derive(Debug)]
pub(super) struct FolderSource {
    input: String,
    paths: Vec<PathBuf>,
    next: usize,
    seq: u64,
    /// The picture that is announced, or, before the first, the first.
    picture: Option<Picture>,
    decoder: PictureDecoder,
}

impl FolderSource {
    /// Lists the folder and reads the first picture's header. A first picture that is damaged is not an error yet.
    pub(super) fn open(folder: &Path) -> Result<Self, SourceError> {
        let input = folder.display().to_string();
        let entries = std::fs::read_dir(folder);
        let entries = entries.map_err(|source| SourceError::Open { input: input.clone(), source })?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| is_picture(path));
        paths.sort();
        let Some(first) = paths.first() else {
            return Err(SourceError::NoFrames { input, what: "pictures (PNG, JPEG or BMP)" });
        };
        let picture = MappedFile::open(first).and_then(Picture::open).ok();
        Ok(Self { input, paths, next: 0, seq: 0, picture, decoder: PictureDecoder::default() })
    }
}

fn is_picture(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| if file.metadata()?.is_file() { file.take(16).read_to_end(&mut start) } else { Ok(0) });
    read.is_ok() && Kind::of(&start).is_picture()
}

impl FrameSource for FolderSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.input.clone(),
            format: self.picture.as_ref().map(|picture| picture.format),
            rate_hz: None,
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let Some(path) = self.paths.get(self.next) else { return Ok(Next::End) };
        let seq = self.seq;
        self.next += 1;
        self.seq += 1;
        self.picture = None;
        let picture = foreign(|| MappedFile::open(path).and_then(Picture::open));
        let picture =
            picture.map_err(|fault| SourceError::Frame { input: self.input.clone(), seq, source: fault.into() })?;
        let frame = NextFrame::new(seq, picture.format);
        self.picture = Some(picture);
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let seq = self.seq.saturating_sub(1);
        let Some(picture) = &self.picture else { return Ok(()) };
        self.decoder.decode(picture, out).map_err(|fault| picture.file.corrupt(seq, fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.next = 0;
        Ok(())
    }
}
