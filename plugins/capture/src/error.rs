//! Why a source cannot be opened, or delivers no more.

use std::borrow::Cow;
use std::error::Error;
use std::io;

use freshet_base::FormatError;
use thiserror::Error;

/// The cause of one corrupt frame.
pub type FrameFault = Box<dyn Error + Send + Sync + 'static>;

/// Why a source cannot be opened, or delivers no more. Every text names the input; [`SourceError::one_line`] adds the
/// causes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The text names no source.
    #[error("cannot understand the source {text:?}: {cause}")]
    Spec {
        /// What was given.
        text: String,
        /// What is wrong with it.
        cause: Cow<'static, str>,
    },
    /// There is nothing of this name.
    #[error("cannot open {input:?}: there is no such file or folder")]
    NotFound {
        /// What was given.
        input: String,
    },
    /// The system refused it.
    #[error("cannot open {input:?}")]
    Open {
        /// What was given.
        input: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It is something this suite does not read.
    #[error("cannot open {input:?}: {cause}")]
    Unsupported {
        /// What was given.
        input: String,
        /// What it is.
        cause: Cow<'static, str>,
    },
    /// It claims to be of a kind and breaks that kind's rules.
    #[error("cannot read {input:?}: {cause}")]
    Malformed {
        /// What was given.
        input: String,
        /// The rule that it breaks.
        cause: Cow<'static, str>,
    },
    /// It ends before its first frame begins.
    #[error("cannot open {input:?}: the file is truncated: it ends within {part}")]
    TruncatedHead {
        /// What was given.
        input: String,
        /// The part that is not whole.
        part: &'static str,
    },
    /// It ends within a frame. The frames before were delivered.
    #[error("{input:?} is truncated after {frames} whole frames")]
    Truncated {
        /// What was given.
        input: String,
        /// Whole frames in it.
        frames: u64,
    },
    /// It became shorter while it was read.
    #[error("cannot read {input:?}: the file became shorter while it was read")]
    Shrunk {
        /// What was given.
        input: String,
    },
    /// There is not one frame in it.
    #[error("cannot read {input:?}: it holds no {what}")]
    NoFrames {
        /// What was given.
        input: String,
        /// What it should hold: frames, pictures.
        what: &'static str,
    },
    /// Its pictures have no possible size.
    #[error("cannot open {input:?}")]
    Format {
        /// What was given.
        input: String,
        /// What is wrong with the size.
        source: FormatError,
    },
    /// Another size was asked for than the file's own.
    #[error("cannot open {input:?}: its pictures are {own_width}x{own_height} and are not scaled to {width}x{height}")]
    FixedSize {
        /// What was given.
        input: String,
        /// The file's own columns.
        own_width: u32,
        /// The file's own rows.
        own_height: u32,
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// One frame is corrupt; those after it may be intact.
    #[error("frame {seq} of {input:?} is corrupt")]
    Frame {
        /// What was given.
        input: String,
        /// The frame's number.
        seq: u64,
        /// What is wrong with it.
        source: FrameFault,
    },
    /// Corrupt frames only, for too long.
    #[error("gave up on {input:?} after {frames} corrupt frames in a row")]
    AllCorrupt {
        /// What was given.
        input: String,
        /// How many.
        frames: u32,
        /// The last of them.
        source: Box<Self>,
    },
    /// There is no such camera.
    #[error("cannot open {input:?}: there is no such camera ({found})")]
    NoCamera {
        /// What was given.
        input: String,
        /// Which cameras there are.
        found: String,
    },
    /// The camera is in use.
    #[error("cannot open {input:?}: another program is using the camera")]
    Busy {
        /// What was given.
        input: String,
    },
    /// The camera went away.
    #[error("{input:?} was unplugged")]
    Unplugged {
        /// What was given.
        input: String,
    },
    /// The camera's driver reported an error.
    #[error("the camera {input:?} cannot {action}")]
    Camera {
        /// What was given.
        input: String,
        /// What it was asked to do.
        action: &'static str,
        /// The driver's reason.
        source: io::Error,
    },
    /// The part of the suite that reads it was not compiled in.
    #[error("cannot open {input:?}: this program was built without the feature `{feature}`")]
    FeatureOff {
        /// What was given.
        input: String,
        /// The feature of this crate.
        feature: &'static str,
    },
    /// A decoder broke down.
    #[error("cannot read {input:?}: its decoder broke down: {message}")]
    Panicked {
        /// What was given.
        input: String,
        /// What the decoder said.
        message: String,
    },
    /// No thread could be started for it.
    #[error("cannot start a thread for {input:?}")]
    Thread {
        /// What was given.
        input: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl SourceError {
    /// The error and its causes in one line.
    pub fn one_line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text.replace(['\n', '\r'], " ")
    }

    /// Whether only one frame is lost and the next may be intact.
    pub const fn is_one_frame(&self) -> bool {
        matches!(self, Self::Frame { .. })
    }

    /// Whether the source went away and may come back.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Unplugged { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_the_input_and_every_cause() {
        let error = SourceError::AllCorrupt {
            input: "a.avi".into(),
            frames: 30,
            source: Box::new(SourceError::Frame { input: "a.avi".into(), seq: 7, source: "no\nJPEG".into() }),
        };
        assert_eq!(
            error.one_line(),
            r#"gave up on "a.avi" after 30 corrupt frames in a row: frame 7 of "a.avi" is corrupt: no JPEG"#
        );
    }
}
