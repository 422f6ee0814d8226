//! Words of bits for bytes, short ones for those that are frequent.

/// The longest word that JPEG allows.
const LONGEST: usize = 16;
/// Stands for the word of nothing but ones, which JPEG leaves unused.
const NONE: usize = 256;

/// A code: for each byte its word.
#[derive(Debug)]
pub(super) struct Code {
    /// Bytes from the shortest word to the longest.
    bytes: Vec<u8>,
    /// How many words there are of each length from 1.
    counts: [u8; LONGEST],
    /// By byte: the word and its length.
    words: [(u32, u32); 256],
}

impl Code {
    /// The best code for these bytes.
    pub(super) fn of(bytes: impl Iterator<Item = u8>) -> Self {
        let mut times = [0_u64; 256];
        bytes.for_each(|byte| times[usize::from(byte)] += 1);
        let mut lengths = lengths(&times);
        while lengths.iter().any(|(_, length)| *length > LONGEST) {
            // The rare ones become less so, until their words are short enough.
            times.iter_mut().filter(|times| **times > 0).for_each(|times| *times = *times / 2 + 1);
            lengths = self::lengths(&times);
        }
        lengths.sort_by_key(|&(symbol, length)| (length, symbol));
        let mut code = Self { bytes: Vec::new(), counts: [0; LONGEST], words: [(0, 0); 256] };
        let (mut word, mut before) = (0_u32, 0);
        for (symbol, length) in lengths.into_iter().filter(|(symbol, _)| *symbol != NONE) {
            word <<= length - before;
            before = length;
            code.words[symbol] = (word, length as u32);
            code.counts[length - 1] += 1;
            code.bytes.push(symbol as u8);
            word += 1;
        }
        code
    }

    /// A byte's word and its length.
    pub(super) fn word(&self, byte: u8) -> (u32, u32) {
        self.words[usize::from(byte)]
    }

    /// The code as a JPEG file tells it.
    pub(super) fn table(&self) -> Vec<u8> {
        [self.counts.as_slice(), &self.bytes].concat()
    }
}

/// How long each word should be: the two rarest groups become one, whose words are a bit longer, until one is left.
fn lengths(times: &[u64; 256]) -> Vec<(usize, usize)> {
    let used = (0..256).filter(|symbol| times[*symbol] > 0);
    let mut groups: Vec<_> = used.map(|symbol| (times[symbol], vec![(symbol, 0)])).collect();
    // Rarer than all others, so that its word is among the longest, and sorted behind them.
    groups.push((0, vec![(NONE, 0)]));
    while groups.len() > 1 {
        groups.sort_by_key(|(times, words)| (std::cmp::Reverse(*times), words[0].0));
        let (Some(rarest), Some(rare)) = (groups.pop(), groups.pop()) else { break };
        let words = rare.1.into_iter().chain(rarest.1).map(|(symbol, length)| (symbol, length + 1));
        groups.push((rare.0 + rarest.0, words.collect()));
    }
    groups.into_iter().flat_map(|(_, words)| words).collect()
}

/// Bits on their way to bytes.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    waiting: u64,
    length: u32,
}

impl Bits {
    /// Appends the lowest bits of a word.
    pub(super) fn push(&mut self, word: u32, length: u32) {
        self.waiting = self.waiting << length | u64::from(word);
        self.length += length;
        while self.length >= 8 {
            self.length -= 8;
            let byte = (self.waiting >> self.length) as u8;
            self.bytes.push(byte);
            // A marker begins with ones: a zero says that this is none.
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    /// The bytes, the last one filled with ones.
    pub(super) fn bytes(mut self) -> Vec<u8> {
        self.push(0x7F, 7);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_bytes_have_short_words() {
        let code = Code::of([1, 1, 1, 1, 2, 2, 3].into_iter());
        assert_eq!([1, 2, 3].map(|byte| code.word(byte)), [(0, 1), (0b10, 2), (0b110, 3)]);
        assert_eq!(code.table()[..4], [1, 1, 1, 0]);
    }

    /// Times that double would give words of 40 bits.
    #[test]
    fn no_word_is_too_long_and_none_is_all_ones() {
        let bytes = (0..20_u8).flat_map(|byte| std::iter::repeat_n(byte, 1 << byte));
        let code = Code::of(bytes);
        for byte in 0..20 {
            let (word, length) = code.word(byte);
            assert!((1..=16).contains(&length) && word != (1 << length) - 1, "{byte}: {word:b} {length}");
        }
        // Room is left for one more word, as long as the longest.
        let room: f64 = (0..20).map(|byte| 0.5_f64.powi(code.word(byte).1 as i32)).sum();
        assert!(room < 1.0, "{room}");
    }

    #[test]
    fn a_byte_of_ones_is_followed_by_zero() {
        let mut bits = Bits::default();
        bits.push(0b1111_1111, 8);
        bits.push(0b10, 2);
        assert_eq!(bits.bytes(), [0xFF, 0, 0b1011_1111]);
    }
}
