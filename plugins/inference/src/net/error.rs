//! What may be wrong with a net.

use std::fmt;

/// Problems that are listed; of more, their number is.
const LISTED: usize = 12;

/// Why a description is not a net.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The file says nothing of a net.
    #[error("there is no `freshet.net` among the metadata: these are weights without a description of a net")]
    Missing,
    /// The text is longer than any net needs.
    #[error("the description takes {bytes} bytes; at most {most} are read")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
        /// Bytes that are read.
        most: usize,
    },
    /// It is not JSON, or not of this form.
    #[error("the description is not of the form of a net")]
    Description(#[source] serde_json::Error),
    /// It is of another version.
    #[error("the description is of version {found}; this library reads {known}")]
    Version {
        /// What it says.
        found: u64,
        /// What is read.
        known: u64,
    },
    /// Layers, inputs or outputs are wrong.
    #[error("{0}")]
    Layers(Problems),
}

impl NetError {
    pub(super) fn layers(problems: Vec<String>) -> Self {
        Self::Layers(Problems(problems))
    }
}

/// What is wrong, each in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(LISTED).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        if self.0.len() > LISTED {
            write!(f, "; and {} more", self.0.len() - LISTED)?;
        }
        Ok(())
    }
}
