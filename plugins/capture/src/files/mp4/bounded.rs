//! A reader that ends.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Reads from memory, and refuses after a number of steps that no honest file needs.
///
/// The reader of the index goes where the file tells it. In a damaged file a box may tell it to come back for ever.
#[derive(Debug)]
pub(super) struct Bounded<'a> {
    bytes: Cursor<&'a [u8]>,
    steps: u64,
}

impl<'a> Bounded<'a> {
    /// A reader of these bytes, with some steps for each byte of the index.
    pub(super) fn new(bytes: &'a [u8], index_bytes: u64) -> Self {
        Self { bytes: Cursor::new(bytes), steps: 10_000 + index_bytes.saturating_mul(4) }
    }

    fn step(&mut self) -> io::Result<()> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| io::Error::other("its boxes lead in a circle"))?;
        Ok(())
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        self.bytes.read(into)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.step()?;
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_in_a_circle_ends() {
        let mut reader = Bounded::new(&[0; 4], 4);
        let mut steps = 0;
        while reader.rewind().is_ok() && reader.read_exact(&mut [0; 4]).is_ok() {
            steps += 1;
        }
        assert!((1000..100_000).contains(&steps));
    }
}
