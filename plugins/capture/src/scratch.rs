//! Memory that a decoder uses again for every frame.

use freshet_base::Bytes;
use freshet_ledger::{CPU_COPIED, CPU_RESIDENT};

/// Memory that a decoder uses again for every frame, booked as long as it is held.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    booked: u64,
}

impl Scratch {
    /// The first `length` bytes, with whatever they held before. The memory grows when it has to and never shrinks.
    pub(crate) fn take(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
            self.book();
        }
        &mut self.bytes[..length]
    }

    /// The memory as a list that is to be filled from the start.
    pub(crate) fn fill(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.bytes.clear();
        fill(&mut self.bytes);
        self.book();
        &self.bytes
    }

    /// What was taken or filled last.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn book(&mut self) {
        let held = self.bytes.capacity() as u64;
        CPU_RESIDENT.add(Bytes(held - self.booked));
        self.booked = held;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        CPU_RESIDENT.remove(Bytes(self.booked));
    }
}

/// Books pixels that went from one place in memory to another before they were written into their slot.
pub(crate) fn book_copy(bytes: usize) {
    CPU_COPIED.add(Bytes(bytes as u64));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_once_and_is_used_again() {
        let mut scratch = Scratch::default();
        scratch.take(8).fill(7);
        assert_eq!(scratch.take(4), [7; 4]);
        assert_eq!(scratch.fill(|bytes| bytes.extend([1, 2])), [1, 2]);
        assert!(scratch.booked >= 8);
    }
}
