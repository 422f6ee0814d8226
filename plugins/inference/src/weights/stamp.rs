//! What tells whether a file is still the one that was opened.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::error::Change;

/// Length, time of the last write and identity of a file.
///
/// The time of the last change of its entry (`ctime`) would tell more, but giving the file another name changes it as
/// well, and that does no harm. A write within one tick of the file system's clock after opening (milliseconds, on
/// older systems) is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    written: Option<SystemTime>,
    identity: Identity,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), written: metadata.modified().ok(), identity: identity(metadata) }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How the open file differs from what it was, if it does.
    pub(super) fn change(&self, file: &File) -> Option<Change> {
        let Ok(metadata) = file.metadata() else { return Some(Change::Unknown) };
        let now = Self::of(&metadata);
        if now.bytes != self.bytes {
            return Some(Change::Length { before: self.bytes, after: now.bytes });
        }
        (now.written != self.written).then_some(Change::Written)
    }

    /// What lies under the path that this file was opened by.
    pub(super) fn standing(&self, path: &Path) -> Standing {
        match std::fs::metadata(path).map(|metadata| Self::of(&metadata)) {
            Ok(now) if now == *self => Standing::Current,
            Ok(_) => Standing::Replaced,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Standing::Gone,
            Err(_) => Standing::Replaced,
        }
    }
}

/// What lies under the path that weights were opened by. In use, they stay what they were in all three cases: the
/// system keeps a file that was replaced or removed until the last map of it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The file that was opened, as it was; or the weights come from memory.
    Current,
    /// Another file, or a changed one. Opening the path again gives other weights.
    Replaced,
    /// Nothing.
    Gone,
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}
