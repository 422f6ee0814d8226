//! Blocks of waves into what is coded.

use super::blocks::Block;

/// Which code a symbol is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) is_color: bool,
    pub(super) is_first: bool,
}

/// A byte to code and the bits that follow it as they are.
pub(super) struct Symbol {
    pub(super) kind: Kind,
    pub(super) byte: u8,
    pub(super) rest: u32,
    pub(super) length: u32,
}

impl Symbol {
    /// A number behind this many zeros.
    fn of(kind: Kind, zeros: u8, number: i32) -> Self {
        let length = 32 - number.unsigned_abs().leading_zeros();
        // A negative number is written one lower, without what is above its bits.
        let rest = (number + (number >> 31)) as u32 & ((1 << length) - 1);
        Self { kind, byte: zeros << 4 | length as u8, rest, length }
    }
}

/// Blocks as symbols: the first number as what has changed since the last block of its plane, the others behind the
/// zeros before them.
pub(super) fn symbols(blocks: &[Block]) -> Vec<Symbol> {
    let (mut symbols, mut before) = (Vec::new(), [0; 3]);
    for Block { plane, numbers } in blocks {
        let kind = |is_first| Kind { is_color: *plane > 0, is_first };
        symbols.push(Symbol::of(kind(true), 0, numbers[0] - before[*plane]));
        before[*plane] = numbers[0];
        let mut zeros = 0;
        for number in &numbers[1..] {
            if *number == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                symbols.push(Symbol { kind: kind(false), byte: 0xF0, rest: 0, length: 0 });
                zeros -= 16;
            }
            symbols.push(Symbol::of(kind(false), zeros, *number));
            zeros = 0;
        }
        if zeros > 0 {
            symbols.push(Symbol { kind: kind(false), byte: 0, rest: 0, length: 0 });
        }
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_are_one_lower() {
        let kind = Kind { is_color: false, is_first: false };
        let parts = |number| {
            let symbol = Symbol::of(kind, 2, number);
            (symbol.byte, symbol.rest, symbol.length)
        };
        assert_eq!([parts(5), parts(-5), parts(-1)], [(0x23, 0b101, 3), (0x23, 0b010, 3), (0x21, 0, 1)]);
    }
}
