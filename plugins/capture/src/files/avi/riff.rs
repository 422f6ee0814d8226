//! The chunks of a RIFF file, in the order in which they lie.
//!
//! ```text
//! RIFF n AVI  ┬ LIST n hdrl … headers                      walked: what is in ┬
//!             ├ LIST n movi ┬ 00dc n …                     passed over: all else
//!             │             └ LIST n rec  ┬ 01wb n …
//!             └ idx1 n …
//! RIFF n AVIX ┬ LIST n movi …                              files beyond 1 GiB go on like this
//! ```

/// A chunk: its name, and where its content lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) name: [u8; 4],
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Chunk {
    /// Its content.
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..).and_then(|rest| rest.get(..self.length)).unwrap_or_default()
    }
}

/// The file ends within a chunk, or before it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truncated;

/// A walk along a file's chunks. Lists that hold frames or headers are entered, so their chunks come one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    position: usize,
    /// Where the file should end at least, by what was said so far.
    promised: usize,
}

impl Chunks {
    /// A walk from the start of the file.
    pub(super) const fn new() -> Self {
        Self { position: 0, promised: 0 }
    }

    /// The next chunk. `None` at the end of the file.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Option<Chunk>, Truncated> {
        loop {
            let Some((head, _)) = bytes.get(self.position..).and_then(|rest| rest.split_first_chunk::<8>()) else {
                // A few stray bytes at the end are no chunk; missing ones are missed.
                return if bytes.len() < self.promised { Err(Truncated) } else { Ok(None) };
            };
            let [n0, n1, n2, n3, length @ ..] = *head;
            let (name, length) = ([n0, n1, n2, n3], u32::from_le_bytes(length) as usize);
            let start = self.position + 8;
            if matches!(&name, b"RIFF" | b"LIST") {
                let kind = bytes.get(start..start + 4).ok_or(Truncated)?;
                if matches!(kind, b"AVI " | b"AVIX" | b"movi" | b"rec " | b"hdrl" | b"strl") {
                    // A recorder that was interrupted leaves a length of zero: such a list ends with the file.
                    self.promised = self.promised.max(if length == 0 { 0 } else { start.saturating_add(length) });
                    self.position = start + 4;
                    continue;
                }
            }
            let end = start.saturating_add(length);
            if end > bytes.len() {
                return Err(Truncated);
            }
            // Chunks begin at even places.
            self.position = end + length % 2;
            return Ok(Some(Chunk { name, start, length }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut bytes = [name.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    }

    fn file() -> Vec<u8> {
        let record = chunk(b"LIST", &[b"rec ".as_slice(), &chunk(b"00dc", b"two")].concat());
        let movi = [b"movi".as_slice(), &chunk(b"00dc", b"one!"), &chunk(b"01wb", b"sound"), &record].concat();
        let first = [b"AVI ".as_slice(), &chunk(b"LIST", &movi), &chunk(b"idx1", &[9; 16])].concat();
        let second = [b"AVIX".as_slice(), &chunk(b"LIST", &[b"movi".as_slice(), &chunk(b"00dc", b"3")].concat())];
        [chunk(b"RIFF", &first), chunk(b"RIFF", &second.concat())].concat()
    }

    fn walk(bytes: &[u8]) -> (Vec<&[u8]>, Result<(), Truncated>) {
        let (mut chunks, mut found) = (Chunks::new(), Vec::new());
        loop {
            match chunks.next(bytes) {
                Ok(Some(chunk)) if chunk.name == *b"00dc" => found.push(chunk.of(bytes)),
                Ok(Some(_)) => {}
                Ok(None) => return (found, Ok(())),
                Err(truncated) => return (found, Err(truncated)),
            }
        }
    }

    #[test]
    fn chunks_come_in_order_from_every_list() {
        assert_eq!(walk(&file()), (vec![b"one!".as_slice(), b"two", b"3"], Ok(())));
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = file();
        for end in 8..whole.len() - 1 {
            // Between the two parts of the file nothing is missing that the first part promised.
            let (_, ended) = walk(&whole[..end]);
            let first_part = 8 + u32::from_le_bytes(whole[4..8].try_into().unwrap()) as usize;
            let is_cut = !(first_part..first_part + 8).contains(&end);
            assert_eq!(ended.is_err(), is_cut, "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let (found, _) = walk(&bytes);
            prop_assert!(found.len() <= bytes.len() / 8);
        }

        #[test]
        fn any_damage_ends(at in 0_usize..100, value: u8) {
            let mut bytes = file();
            let at = at % bytes.len();
            bytes[at] = value;
            let (found, _) = walk(&bytes);
            prop_assert!(found.len() <= bytes.len() / 8);
        }
    }
}
