//! What happens when a page of a mapped file cannot be read: the file was made shorter, or its disk failed.
//!
//! The system then sends `SIGBUS` to the thread that reads, which ends the program. Here a handler of that signal puts
//! pages of zeros in place of what is missing and notes that the map is torn, so that the reader goes on and finds out
//! at its next look. A signal that is not about one of our maps goes to the handler that was there before.
//!
//! ```text
//! read ─► no page ─► SIGBUS ─┬─ inside a guarded map ─► zeros over the rest, torn = true ─► the read goes on
//!                            └─ elsewhere ───────────► the handler that was there before
//! ```
//!
//! Whoever installs a handler of their own later and does not pass the signal on switches this off. On Windows a
//! mapped file cannot be made shorter, so there is nothing to do.

#[cfg(unix)]
mod handler;
#[cfg(unix)]
mod table;

use std::io;

/// How many maps can be guarded at once.
pub(super) const MAX_GUARDS: usize = 256;

/// Guards a range of memory for as long as it lives. To be dropped before the range is unmapped.
#[derive(Debug)]
pub(super) struct Guard {
    #[cfg(unix)]
    entry: &'static table::Entry,
}

#[cfg(unix)]
impl Guard {
    /// Guards a map. `None` when too many are guarded already.
    pub(super) fn over(map: &memmap2::Mmap) -> io::Result<Option<Self>> {
        handler::install()?;
        Ok(table::claim(map.as_ptr() as usize, map.len()).map(|entry| Self { entry }))
    }

    /// Whether a page could not be read.
    pub(super) fn is_torn(&self) -> bool {
        self.entry.is_torn()
    }
}

#[cfg(unix)]
impl Drop for Guard {
    fn drop(&mut self) {
        self.entry.release();
    }
}

#[cfg(not(unix))]
impl Guard {
    pub(super) fn over(_: &memmap2::Mmap) -> io::Result<Option<Self>> {
        Ok(Some(Self {}))
    }

    pub(super) fn is_torn(&self) -> bool {
        false
    }
}
