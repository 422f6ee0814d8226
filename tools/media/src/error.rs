//! Why media could not be made.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why media could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum MediaError {
    /// A file could not be written.
    #[error("cannot write {path:?}")]
    Write {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A picture could not be coded.
    #[error("cannot code the picture {path:?}")]
    Picture {
        /// Which.
        path: PathBuf,
        /// The coder's reason.
        source: image::ImageError,
    },
    /// Video could not be coded.
    #[error("cannot code frame {frame} as H.264")]
    Video {
        /// Which.
        frame: u32,
        /// The coder's reason.
        source: openh264::Error,
    },
    /// The coder left out what every stream begins with.
    #[error("the H.264 coder gave no parameter sets")]
    NoParameters,
}

impl MediaError {
    /// The error and its causes in one line.
    pub(crate) fn one_line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}
