//! The guarded ranges, in a form that a signal handler may read: a fixed table of atomics.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use super::MAX_GUARDS;

/// One guarded range.
#[derive(Debug)]
pub(super) struct Entry {
    claimed: AtomicBool,
    /// Odd while the range is valid. It only grows, so that a reader notices when the entry got a new range meanwhile.
    generation: AtomicUsize,
    start: AtomicUsize,
    bytes: AtomicUsize,
    torn: AtomicBool,
}

static TABLE: [Entry; MAX_GUARDS] = [const { Entry::new() }; MAX_GUARDS];

impl Entry {
    const fn new() -> Self {
        Self {
            claimed: AtomicBool::new(false),
            generation: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            torn: AtomicBool::new(false),
        }
    }

    pub(super) fn is_torn(&self) -> bool {
        self.torn.load(Ordering::Acquire)
    }

    pub(super) fn tear(&self) {
        self.torn.store(true, Ordering::Release);
    }

    /// Gives the entry back.
    pub(super) fn release(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.claimed.store(false, Ordering::Release);
    }

    /// One after the range's last byte, when the range holds this address.
    fn end_around(&self, address: usize) -> Option<usize> {
        let before = self.generation.load(Ordering::Acquire);
        if before.is_multiple_of(2) {
            return None;
        }
        let start = self.start.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        // An entry that changes meanwhile is not ours: our range lives as long as somebody reads in it.
        let unchanged = self.generation.load(Ordering::Relaxed) == before;
        (unchanged && address.wrapping_sub(start) < bytes).then(|| start + bytes)
    }
}

/// Puts a range into the table. `None` when the table is full.
pub(super) fn claim(start: usize, bytes: usize) -> Option<&'static Entry> {
    let entry = TABLE.iter().find(|entry| !entry.claimed.swap(true, Ordering::AcqRel))?;
    // A reader that sees the new range must see that the generation was even before it.
    fence(Ordering::Release);
    entry.start.store(start, Ordering::Relaxed);
    entry.bytes.store(bytes, Ordering::Relaxed);
    entry.torn.store(false, Ordering::Relaxed);
    entry.generation.fetch_add(1, Ordering::Release);
    Some(entry)
}

/// The guarded range around an address, and one after its last byte.
pub(super) fn find(address: usize) -> Option<(&'static Entry, usize)> {
    TABLE.iter().find_map(|entry| Some((entry, entry.end_around(address)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_while_it_is_claimed() {
        // No map lies here: the first page of memory is never given out.
        let entry = claim(16, 100).unwrap();
        assert!(find(15).is_none() && find(116).is_none());
        let (found, end) = find(115).unwrap();
        assert!(std::ptr::eq(found, entry));
        assert_eq!(end, 116);
        entry.release();
        assert!(find(50).is_none());
    }
}
