//! JPEG as webcams send it: colour at half the size, and for each picture the codes that suit it.
//!
//! The image crate's coder keeps colour at full size, for which a film pays half as much again.

mod huffman;

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use crate::picture::Picture;
use huffman::{Bits, Code};

/// The steps of the standard's annex K for brightness and for colour, row by row.
const STEPS: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// Codes a picture whose sides are multiples of 16. Quality is from 50 to 100, as in libjpeg.
pub(crate) fn coded(picture: &Picture, quality: u16) -> Vec<u8> {
    let scale = 200 - 2 * quality;
    let order = order();
    let steps = STEPS.map(|steps| order.map(|place| ((steps[place] * scale + 50) / 100).max(1)));
    let symbols = symbols(&blocks(picture, &order, &steps));
    // One code for the first number of a block and one for the others, of brightness and of colour.
    let code = |kind: Kind| Code::of(symbols.iter().filter(|symbol| symbol.kind == kind).map(|symbol| symbol.byte));
    let codes = [(false, false), (false, true), (true, false), (true, true)]
        .map(|(is_color, is_first)| code(Kind { is_color, is_first }));
    let mut bits = Bits::default();
    for Symbol { kind, byte, rest, length } in symbols {
        let (word, word_length) = codes[2 * usize::from(kind.is_color) + usize::from(kind.is_first)].word(byte);
        bits.push(word, word_length);
        bits.push(rest, length);
    }
    [head(picture, &steps, &codes), bits.bytes(), vec![0xFF, 0xD9]].concat()
}

/// A part of the file: its name, its length, its content.
fn segment(name: u8, content: &[u8]) -> Vec<u8> {
    [&[0xFF, name], (content.len() as u16 + 2).to_be_bytes().as_slice(), content].concat()
}

fn head(picture: &Picture, steps: &[[u16; 64]; 2], codes: &[Code; 4]) -> Vec<u8> {
    let mut head = vec![0xFF, 0xD8];
    head.extend(segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    for (number, steps) in (0..).zip(steps) {
        head.extend(segment(0xDB, &[&[number], steps.map(|step| step as u8).as_slice()].concat()));
    }
    let ([high, low], [left, right]) = ((picture.height as u16).to_be_bytes(), (picture.width as u16).to_be_bytes());
    head.extend(segment(0xC0, &[8, high, low, left, right, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]));
    for (place, code) in [0x10, 0x00, 0x11, 0x01].into_iter().zip(codes) {
        head.extend(segment(0xC4, &[vec![place], code.table()].concat()));
    }
    head.extend(segment(0xDA, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]));
    head
}

/// The places of a block in zigzag, from the mean to the finest.
fn order() -> [usize; 64] {
    let mut order: [usize; 64] = std::array::from_fn(|place| place);
    order.sort_by_key(|place| {
        let (row, column) = (place / 8, place % 8);
        (row + column, if (row + column) % 2 == 0 { column } else { row })
    });
    order
}

/// A block's numbers in zigzag, in steps.
struct Block {
    /// 0 for brightness, 1 and 2 for colour.
    plane: usize,
    numbers: [i32; 64],
}

/// The picture's blocks as they are coded: four of brightness and two of colour for each square of 16 pixels.
fn blocks(picture: &Picture, order: &[usize; 64], steps: &[[u16; 64]; 2]) -> Vec<Block> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let part = |place: usize, parts: [f32; 3], middle: f32| {
        let sum: f32 = (0..3).map(|channel| parts[channel] * f32::from(picture.bytes[3 * place + channel])).sum();
        sum - middle
    };
    let bright = |x: usize, y: usize| part(y * width + x, [0.299, 0.587, 0.114], 128.0);
    let colors = [[-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];
    let color = |plane: usize, x: usize, y: usize| {
        let corner = 2 * y * width + 2 * x;
        let corners = [corner, corner + 1, corner + width, corner + width + 1];
        corners.map(|place| part(place, colors[plane], 0.0)).iter().sum::<f32>() / 4.0
    };
    let waves = waves();
    let block = |plane: usize, light: &dyn Fn(usize, usize) -> f32| {
        let pixels = std::array::from_fn(|place| light(place % 8, place / 8));
        let found = transformed(&pixels, &waves);
        let steps = &steps[plane.min(1)];
        let numbers = std::array::from_fn(|place| {
            let parts = found[order[place]] / f32::from(steps[place]);
            // What is hardly more than half a step is mostly noise, and dear.
            let least = if place == 0 { 0.5 } else { std::env::var("DZ").unwrap().parse::<f32>().unwrap() };
            ((parts.abs() + 1.0 - least).floor() * parts.signum()) as i32
        });
        Block { plane, numbers }
    };
    let mut blocks = Vec::new();
    for place in 0..width * height / 256 {
        let (left, top) = (place % (width / 16) * 16, place / (width / 16) * 16);
        for (right, down) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
            blocks.push(block(0, &|x, y| bright(left + right + x, top + down + y)));
        }
        for plane in [0, 1] {
            blocks.push(block(plane + 1, &|x, y| color(plane, left / 2 + x, top / 2 + y)));
        }
    }
    blocks
}

/// The cosines of the transform, a wave in each row.
fn waves() -> [[f32; 8]; 8] {
    std::array::from_fn(|wave| {
        let scale = if wave == 0 { FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
        std::array::from_fn(|place| scale * (PI / 16.0 * (2 * place + 1) as f32 * wave as f32).cos())
    })
}

/// How much of each wave there is.
fn transformed(pixels: &[f32; 64], waves: &[[f32; 8]; 8]) -> [f32; 64] {
    let sum = |from: &[f32; 64], wave: usize, start: usize, stride: usize| -> f32 {
        (0..8).map(|place| waves[wave][place] * from[start + place * stride]).sum()
    };
    let rows: [f32; 64] = std::array::from_fn(|place| sum(pixels, place % 8, place / 8 * 8, 1));
    std::array::from_fn(|place| sum(&rows, place / 8, place % 8, 8))
}

/// Which code a symbol is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    is_color: bool,
    is_first: bool,
}

/// A byte to code and the bits that follow it as they are.
struct Symbol {
    kind: Kind,
    byte: u8,
    rest: u32,
    length: u32,
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

fn symbols(blocks: &[Block]) -> Vec<Symbol> {
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
    use crate::scene::frame;

    #[test]
    fn the_order_is_a_zigzag() {
        assert_eq!(order()[..12], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25]);
        assert_eq!(order()[60..], [47, 55, 62, 63].map(|place| place));
    }

    /// Another's decoder gives the picture back.
    #[test]
    fn a_decoder_reads_it() {
        let picture = frame(7, 160, 128);
        let Ok(read) = image::load_from_memory(&coded(&picture, 90)) else { panic!("no picture") };
        let read = read.into_rgb8();
        assert_eq!((read.width(), read.height()), (160, 128));
        let squares = read.iter().zip(&picture.bytes).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        let error = (squares.sum::<f64>() / picture.bytes.len() as f64).sqrt();
        assert!(error < 7.0, "{error}");
    }

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
