//! Small letters, three pixels wide and five high.

use crate::picture::Picture;

/// The letters that are needed, row by row, the leftmost pixel in bit 2.
const GLYPHS: [(char, [u8; 5]); 24] = [
    ('0', [7, 5, 5, 5, 7]),
    ('1', [2, 6, 2, 2, 7]),
    ('2', [7, 1, 7, 4, 7]),
    ('3', [7, 1, 3, 1, 7]),
    ('4', [5, 5, 7, 1, 1]),
    ('5', [7, 4, 7, 1, 7]),
    ('6', [7, 4, 7, 5, 7]),
    ('7', [7, 1, 2, 2, 2]),
    ('8', [7, 5, 7, 5, 7]),
    ('9', [7, 5, 7, 1, 7]),
    ('F', [7, 4, 6, 4, 4]),
    ('R', [6, 5, 6, 5, 5]),
    ('E', [7, 4, 6, 4, 7]),
    ('S', [3, 4, 2, 1, 6]),
    ('H', [5, 5, 7, 5, 5]),
    ('T', [7, 2, 2, 2, 2]),
    ('A', [2, 5, 7, 5, 5]),
    ('P', [7, 5, 7, 4, 4]),
    ('I', [7, 2, 2, 2, 7]),
    ('N', [6, 5, 5, 5, 5]),
    ('G', [7, 4, 5, 5, 7]),
    ('L', [4, 4, 4, 4, 7]),
    ('O', [7, 5, 5, 5, 7]),
    ('D', [6, 5, 5, 5, 6]),
];

/// Writes a text, each of its pixels `scale` wide, with a shadow.
pub(crate) fn write(picture: &mut Picture, text: &str, left: u32, top: u32, scale: u32) {
    for (shift, color) in [(1, [20, 30, 40]), (0, [250, 250, 240])] {
        for (place, letter) in text.chars().enumerate() {
            let left = left + shift + place as u32 * 4 * scale;
            let Some((_, rows)) = GLYPHS.iter().find(|(glyph, _)| *glyph == letter) else { continue };
            for pixel in 0..15 * scale * scale {
                let (x, y) = (pixel % (3 * scale), pixel / (3 * scale));
                if rows[(y / scale) as usize] >> (2 - x / scale) & 1 == 1 {
                    picture.set(left + x, top + shift + y, color);
                }
            }
        }
    }
}

/// A text has ink here, in units of a letter's pixels from its upper left corner.
pub(crate) fn covers(text: &str, right: f32, down: f32) -> bool {
    if right < 0.0 || !(0.0..5.0).contains(&down) {
        return false;
    }
    let (column, row) = (right as usize, down as usize);
    let glyph = text.chars().nth(column / 4).and_then(|letter| GLYPHS.iter().find(|(glyph, _)| *glyph == letter));
    // The fourth column parts the letters.
    column % 4 < 3 && glyph.is_some_and(|(_, rows)| rows[row] >> (2 - column % 4) & 1 == 1)
}
