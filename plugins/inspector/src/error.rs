//! Why nothing can be recorded.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a recording or a report is not written. Every text names the file; [`RecordError::one_line`] adds the cause.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be made.
    #[error("cannot create the recording {path:?}")]
    Create {
        /// What was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No thread could be started to write it.
    #[error("cannot start a thread for the recording {path:?}")]
    Thread {
        /// What was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The recording broke off.
    #[error("cannot write the recording {path:?}")]
    Write {
        /// What was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The report cannot be written.
    #[error("cannot write the report {path:?}")]
    Report {
        /// What was given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl RecordError {
    /// The error and its cause in one line.
    pub fn one_line(&self) -> String {
        let (Self::Create { source, .. }
        | Self::Thread { source, .. }
        | Self::Write { source, .. }
        | Self::Report { source, .. }) = self;
        format!("{self}: {source}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_the_file_and_the_cause() {
        let source = || io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let path = || PathBuf::from("out/frames.jsonl");
        let errors = [
            RecordError::Create { path: path(), source: source() },
            RecordError::Thread { path: path(), source: source() },
            RecordError::Write { path: path(), source: source() },
            RecordError::Report { path: path(), source: source() },
        ];
        for error in errors {
            let line = error.one_line();
            assert!(line.contains("\"out/frames.jsonl\": no space left") && !line.contains('\n'), "{line}");
        }
    }
}
