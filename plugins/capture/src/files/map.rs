//! A file, mapped into memory.

#![expect(unsafe_code, reason = "mapping a file is unsafe: others may change it; see `MappedFile::open`")]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

use crate::error::SourceError;

/// A file, mapped into memory: its bytes are read where the system keeps them, without a copy.
///
/// Whoever else writes into the file meanwhile changes what is read. That the file becomes *shorter* is noticed
/// before each frame; in the moment between that look and the reading of the frame it would still end the program
/// (`SIGBUS`), as with every mapped file. So do not truncate files that are being played; replacing them is harmless.
#[derive(Debug)]
pub(super) struct MappedFile {
    input: String,
    file: File,
    map: Mmap,
}

impl MappedFile {
    /// Opens and maps a file.
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let input = path.display().to_string();
        let open = |source| SourceError::Open { input: input.clone(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SourceError::NotFound { input }),
            opened => opened.map_err(open)?,
        };
        let metadata = file.metadata().map_err(open)?;
        let refuse = |cause: &'static str| SourceError::Unsupported { input: input.clone(), cause: cause.into() };
        if !metadata.is_file() {
            return Err(refuse("it is no file and no folder"));
        }
        if metadata.len() == 0 {
            return Err(refuse("the file is empty"));
        }
        // SAFETY: the map is read-only and shared. Bytes that another process changes are only ever interpreted with
        // bounds checks; that the file shrinks is looked for before each use, as the type's documentation tells.
        let map = unsafe { Mmap::map(&file) }.map_err(open)?;
        Ok(Self { input, file, map })
    }

    /// The file's name, for messages.
    pub(super) fn input(&self) -> &str {
        &self.input
    }

    /// Lets go of the file and keeps its name.
    pub(super) fn into_input(self) -> String {
        self.input
    }

    /// All its bytes, after a look whether it is still as long as it was.
    pub(super) fn bytes(&self) -> Result<&[u8], SourceError> {
        match self.file.metadata() {
            Ok(metadata) if metadata.len() >= self.map.len() as u64 => Ok(&self.map),
            _ => Err(SourceError::Shrunk { input: self.input.clone() }),
        }
    }

    /// A format with these sides, or the error that names this file.
    pub(super) fn format(
        &self,
        width: u32,
        height: u32,
        pixels: freshet_base::PixelFormat,
    ) -> Result<freshet_base::FrameFormat, SourceError> {
        freshet_base::FrameFormat::new(width, height, pixels)
            .map_err(|source| SourceError::Format { input: self.input.clone(), source })
    }

    /// The error that the file breaks the rules of its kind.
    pub(super) fn malformed(&self, cause: impl Into<std::borrow::Cow<'static, str>>) -> SourceError {
        SourceError::Malformed { input: self.input.clone(), cause: cause.into() }
    }

    /// The error that the file is of a kind that is not read.
    pub(super) fn unsupported(&self, cause: impl Into<std::borrow::Cow<'static, str>>) -> SourceError {
        SourceError::Unsupported { input: self.input.clone(), cause: cause.into() }
    }

    /// The error that the file ends before its first frame.
    pub(super) fn truncated_head(&self, part: &'static str) -> SourceError {
        SourceError::TruncatedHead { input: self.input.clone(), part }
    }

    /// The error that one frame is corrupt.
    pub(super) fn corrupt(&self, seq: u64, fault: impl Into<crate::error::FrameFault>) -> SourceError {
        SourceError::Frame { input: self.input.clone(), seq, source: fault.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrinks_is_noticed() {
        let path = std::env::temp_dir().join(format!("freshet-shrinks-{}", std::process::id()));
        std::fs::write(&path, [1; 9000]).unwrap();
        let mapped = MappedFile::open(&path).unwrap();
        assert_eq!(mapped.bytes().unwrap().len(), 9000);
        File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        assert!(matches!(mapped.bytes(), Err(SourceError::Shrunk { .. })));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let refused = |path: &str| MappedFile::open(Path::new(path)).unwrap_err().one_line();
        assert!(refused("no/such/file").contains("no such file"));
        if cfg!(target_os = "linux") {
            assert!(refused("/dev/null").contains("no file"), "{}", refused("/dev/null"));
        }
    }
}
