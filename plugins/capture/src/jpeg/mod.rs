//! JPEG pictures: single, in a folder, in an AVI file, from a camera.
//!
//! ```text
//! header ─► what the picture is, without decoding it         decode ─► scratch ─► slot
//! ```

mod decode;
mod header;

pub(crate) use decode::JpegDecoder;
pub(crate) use header::JpegHeader;

use thiserror::Error;

/// Why a JPEG picture cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum JpegError {
    /// It does not begin like one.
    #[error("it is no JPEG picture")]
    NoJpeg,
    /// It ends within its header.
    #[error("the JPEG picture ends within its header")]
    Truncated,
    /// It ends before its end.
    #[error("the JPEG picture is truncated")]
    Cut,
    /// Its header breaks the rules.
    #[error("the JPEG header is damaged")]
    Damaged,
    /// It is of a kind that is not read.
    #[error("{0} JPEG pictures are not supported")]
    Unsupported(&'static str),
    /// Its size is impossible.
    #[error("{0}")]
    Size(freshet_base::FormatError),
    /// Its data are damaged.
    #[error("the JPEG data are damaged: {0}")]
    Data(String),
}
