//! Why a model has no answer.

use std::error::Error;

use freshet_base::SkipReason;
use freshet_priority::TaskFailure;

/// Why a model has no answer for a frame, or did not come to be ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It was told to stop at a checkpoint. `?` on a checkpoint makes this.
    #[error("it was stopped")]
    Stopped(#[from] TaskFailure),
    /// There is no answer for this frame, and that is no failure: nothing of the kind is in it, say.
    #[error("there is no answer: {}", .0.name())]
    Skipped(SkipReason),
    /// Something went wrong. The model goes on with the next frame.
    #[error("{what}")]
    Failed {
        /// What it was at.
        what: String,
        /// Why it did not work, if more is known.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl ModelError {
    /// Something went wrong, and this is all that is known of it.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), source: None }
    }

    /// Something went wrong while the model was at `what`, because of `source`.
    pub fn because(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { what: what.into(), source: Some(source.into()) }
    }
}

/// An error and what caused it, in one line.
pub(super) fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_and_keep_the_cause_apart() {
        let cause = std::io::Error::other("the disk is full");
        let error = ModelError::because("tensor `conv1.weight`", cause);
        assert_eq!(error.to_string(), "tensor `conv1.weight`");
        assert_eq!(one_line(&error), "tensor `conv1.weight`: the disk is full");
        let stopped: ModelError = TaskFailure::Cancelled.into();
        assert_eq!(one_line(&stopped), "it was stopped: the task was cancelled");
    }
}
