//! JPEG as webcams send it: colour at half the size, and for each picture the codes that suit it.
//!
//! The image crate's coder keeps colour at full size and has the same codes for every picture, which a film pays for.

mod blocks;
mod huffman;
mod symbols;

use crate::picture::Picture;
use blocks::{blocks, order};
use huffman::{Bits, Code};
use symbols::{Kind, Symbol, symbols};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::frame;

    /// Another's decoder gives the picture back.
    #[test]
    fn a_decoder_reads_it() {
        let picture = frame(7, 160, 128);
        let Ok(read) = image::load_from_memory(&coded(&picture, 90)) else { panic!("no picture") };
        let read = Picture { width: read.width(), height: read.height(), bytes: read.into_rgb8().into_raw() };
        assert_eq!((read.width, read.height), (picture.width, picture.height));
        // Brightness first, then colour, which loses more.
        for ((read, painted), most) in read.yuv().iter().zip(picture.yuv()).zip([3.0, 4.0, 4.0]) {
            let squares = read.iter().zip(&painted).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
            let error = (squares.sum::<f64>() / painted.len() as f64).sqrt();
            assert!(error < most, "{error}");
        }
    }
}
