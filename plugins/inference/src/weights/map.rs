//! A file of weights, mapped into memory and watched.

#![expect(unsafe_code, reason = "mapping a file is unsafe: others may change it; see `MappedFile::open`")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::error::{Change, WeightsError};
use super::guard::{self, Guard};
use super::header::{Header, LENGTH_BYTES};
use super::stamp::{Stamp, Standing};

/// A file of weights, mapped into memory: its bytes are read where the system keeps them, without a copy.
#[derive(Debug)]
pub(super) struct MappedFile {
    path: PathBuf,
    file: File,
    stamp: Stamp,
    /// Before the map, so that it is dropped first: an address that is not ours any more is not guarded any more.
    guard: Guard,
    map: Mmap,
}

impl MappedFile {
    /// Opens and maps a file, and reads its header.
    pub(super) fn open(path: &Path) -> Result<(Self, Header, usize), WeightsError> {
        let name = || path.display().to_string();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => WeightsError::NotFound { file: name() },
            _ => WeightsError::Open { file: name(), source },
        };
        // Asked first: merely opening some devices does something.
        check_kind(path, &std::fs::metadata(path).map_err(failed)?)?;
        let file = options().open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        check_kind(path, &metadata)?;
        let stamp = Stamp::of(&metadata);
        let (header, data) = read_header(&file, stamp.bytes())
            .map_err(failed)?
            .map_err(|source| WeightsError::Malformed { file: name(), source })?;
        // SAFETY: the map is read-only. Its bytes are only ever taken for numbers, and every pattern of bits is one.
        // That others may write to the file meanwhile makes the numbers wrong, which `change` tells; that the file
        // ends before the map does is caught by the guard.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        if map.len() as u64 != stamp.bytes() {
            let change = Change::Length { before: stamp.bytes(), after: map.len() as u64 };
            return Err(WeightsError::Changed { file: name(), change });
        }
        let guard = match Guard::over(&map) {
            Ok(Some(guard)) => guard,
            Ok(None) => return Err(WeightsError::TooManyMaps { file: name(), limit: guard::MAX_GUARDS }),
            Err(source) => return Err(failed(source)),
        };
        let mapped = Self { path: path.to_owned(), file, stamp, guard, map };
        mapped.set_random();
        Ok((mapped, header, data))
    }

    /// All bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    #[cfg(unix)]
    pub(super) fn map(&self) -> &Mmap {
        &self.map
    }

    /// Whether every page that was read so far was there. Costs one load.
    pub(super) fn is_intact(&self) -> bool {
        !self.guard.is_torn()
    }

    /// How the file differs from what it was when it was opened, if it does. Costs a system call.
    pub(super) fn change(&self) -> Option<Change> {
        // The length says more than that a page was missing.
        self.stamp.change(&self.file).or_else(|| (!self.is_intact()).then_some(Change::Unreadable))
    }

    /// What lies under the path now.
    pub(super) fn standing(&self) -> Standing {
        self.stamp.standing(&self.path)
    }
}

/// Reads the header into memory of its own. Through the map, a write by somebody else between two looks at the same
/// byte could make a text of what is none.
fn read_header(file: &File, bytes: u64) -> io::Result<Result<(Header, usize), super::error::HeaderError>> {
    let mut first = [0; LENGTH_BYTES];
    no_read_ahead(file);
    let known = first.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
    read_at(file, &mut first[..known], 0)?;
    let length = match Header::length(&first[..known], bytes) {
        Ok(length) => length,
        Err(error) => return Ok(Err(error)),
    };
    let mut json = vec![0; length];
    read_at(file, &mut json, LENGTH_BYTES as u64)?;
    let data = LENGTH_BYTES + length;
    Ok(Header::parse(&json, bytes - data as u64).map(|header| (header, data)))
}

fn check_kind(path: &Path, metadata: &std::fs::Metadata) -> Result<(), WeightsError> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
    Err(WeightsError::NotAFile { file: path.display().to_string(), what })
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    // A pipe that took the file's place since it was looked at must not hold us up.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    options
}

#[cfg(windows)]
fn options() -> OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_DELETE: u32 = 4;
    let mut options = OpenOptions::new();
    // Nobody may write to it while it is open.
    options.read(true).share_mode(FILE_SHARE_READ | FILE_SHARE_DELETE);
    options
}

#[cfg(not(any(unix, windows)))]
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

/// Tells the system that reading this file is no reason to read what follows. Opening touches no tensor.
#[cfg(target_os = "linux")]
fn no_read_ahead(file: &File) {
    use std::os::fd::AsRawFd;
    // SAFETY: takes the number of an open file. It is advice: when it is not taken, more is read than is needed.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_RANDOM) };
}

#[cfg(not(target_os = "linux"))]
fn no_read_ahead(_: &File) {}
