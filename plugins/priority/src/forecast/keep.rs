//! The file that habits are kept in: what the targets are called, and the model.
//!
//! `FRHABIT1`, number of names (1 byte), for each its length (1 byte) and text, then the model's own bytes.

use std::io;
use std::path::{Path, PathBuf};

use super::{ForecastError, ForecastModel, MAX_TARGETS};

/// Why habits cannot be saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HabitsError {
    /// The file cannot be read or written.
    #[error("cannot read or write the habits {path:?}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path:?} holds no habits")]
    NotHabits {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or of another version.
    #[error("the habits {path:?} cannot be used")]
    Model {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ForecastError,
    },
}

const MAGIC: &[u8; 8] = b"FRHABIT1";
/// No file of ours is larger.
const LARGEST: u64 = 1 << 20;

pub(super) fn write<'a>(path: &Path, names: impl Iterator<Item = &'a str>, model: &[u8]) -> Result<(), HabitsError> {
    let names: Vec<&str> = names.collect();
    let mut bytes = MAGIC.to_vec();
    bytes.push(names.len() as u8);
    for name in names {
        let text = &name.as_bytes()[..name.len().min(255)];
        bytes.push(text.len() as u8);
        bytes.extend_from_slice(text);
    }
    bytes.extend_from_slice(model);
    std::fs::write(path, bytes).map_err(|source| HabitsError::Io { path: path.to_owned(), source })
}

pub(super) fn read(path: &Path) -> Result<(Vec<String>, ForecastModel), HabitsError> {
    let path = || path.to_owned();
    let io = |source| HabitsError::Io { path: path(), source };
    if std::fs::metadata(path()).map_err(io)?.len() > LARGEST {
        return Err(HabitsError::NotHabits { path: path() });
    }
    let bytes = std::fs::read(path()).map_err(io)?;
    let (names, model) = parse(&bytes).ok_or_else(|| HabitsError::NotHabits { path: path() })?;
    let model = ForecastModel::load(model).map_err(|source| HabitsError::Model { path: path(), source })?;
    Ok((names, model))
}

fn parse(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&count, mut rest) = rest.split_first()?;
    if usize::from(count) > MAX_TARGETS {
        return None;
    }
    let mut names = Vec::new();
    for _ in 0..count {
        let (&length, after) = rest.split_first()?;
        let (name, after) = after.split_at_checked(length.into())?;
        names.push(std::str::from_utf8(name).ok()?.to_owned());
        rest = after;
    }
    Some((names, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_a_file_holds_reading_it_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend_from_slice(&bytes);
            for bytes in [&bytes, &with_magic] {
                if let Some((names, model)) = parse(bytes) {
                    prop_assert!(names.len() <= MAX_TARGETS && model.len() <= bytes.len());
                }
            }
        }
    }
}
