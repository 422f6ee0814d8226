//! The frame code, written into native bytes: see [`FrameCode`].

use freshet_base::{Component, FrameCode, FrameFormat};

use super::paint::black_and_white;

/// Where the code's rows of cells begin: at the top and at the bottom.
fn tops(format: &FrameFormat, side: u32) -> [u32; 2] {
    [0, format.height - side]
}

/// Takes the colour out of where the code will be, once for all frames: black and white have none.
pub(super) fn clear(format: FrameFormat, bytes: &mut [u8]) {
    let Some(side) = FrameCode::cell_side(format.width, format.height) else { return };
    if format.pixels.is_rgb() || format.pixels.is_gray() {
        return;
    }
    for component in [Component::Second, Component::Third] {
        let layout = format.pixels.component(component, format.width, format.height);
        for top in tops(&format, side) {
            for row in top >> layout.down_y..=(top + side - 1) >> layout.down_y {
                for column in 0..(FrameCode::CELLS * side) >> layout.down_x {
                    bytes[(layout.offset + row * layout.stride + column * layout.step) as usize] = 128;
                }
            }
        }
    }
}

/// Writes the code of a frame's number.
pub(super) fn stamp(format: FrameFormat, seq: u32, bytes: &mut [u8]) {
    let Some(side) = FrameCode::cell_side(format.width, format.height) else { return };
    let (black, white) = black_and_white(&format);
    let components = [Component::First, Component::Second, Component::Third];
    let count = if format.pixels.is_rgb() { 3 } else { 1 };
    let layouts = components.map(|component| format.pixels.component(component, format.width, format.height));
    for top in tops(&format, side) {
        for layout in &layouts[..count] {
            let start = layout.offset + top * layout.stride;
            for column in 0..FrameCode::CELLS * side {
                let bit = FrameCode::CELLS - 1 - column / side;
                let level = if FrameCode::encode(seq) >> bit & 1 == 1 { white } else { black };
                bytes[(start + column * layout.step) as usize] = level;
            }
        }
        // Luma and RGB lie in the first plane, and the rows of the code are all the same.
        let (stride, length) = (layouts[0].stride as usize, (FrameCode::CELLS * side * layouts[0].step) as usize);
        let first = top as usize * stride;
        for row in 1..side as usize {
            bytes.copy_within(first..first + length, first + row * stride);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{Scene, Synthetic};
    use freshet_base::PixelFormat;

    /// Reads the code as a shader does: luma at the middle of each cell.
    fn read(format: &FrameFormat, bytes: &[u8], bottom: bool) -> Option<u32> {
        let side = FrameCode::cell_side(format.width, format.height)?;
        let y = if bottom { format.height - side } else { 0 } + side / 2;
        let mut cells = 0;
        for cell in 0..FrameCode::CELLS {
            let x = cell * side + side / 2;
            let native = [Component::First, Component::Second, Component::Third].map(|component| {
                let layout = format.pixels.component(component, format.width, format.height);
                let at = layout.offset + (y >> layout.down_y) * layout.stride + (x >> layout.down_x) * layout.step;
                f32::from(bytes[at as usize]) / 255.0
            });
            let green = if format.pixels.is_gray() {
                native[0]
            } else {
                let [red, green, blue] = format.rgb_from_native().apply(native);
                assert!((red - green).abs() < 0.02 && (blue - green).abs() < 0.02, "{format}: cells have no colour");
                green
            };
            cells = cells << 1 | u64::from(green > 0.5);
        }
        FrameCode::decode(cells)
    }

    #[test]
    fn every_format_says_its_number_twice() {
        for pixels in PixelFormat::ALL {
            for (width, height) in [(640, 480), (641, 479), (97, 5), (127, 31)] {
                let synthetic = Synthetic::new(Scene::Noise).with_pixels(pixels).with_size(width, height).unwrap();
                for seq in [0, 1, 59, 0xDEAD_BEEF] {
                    let bytes = synthetic.render(seq);
                    let format = synthetic.format();
                    for bottom in [false, true] {
                        assert_eq!(read(&format, &bytes, bottom), Some(seq as u32), "{format} {bottom}");
                    }
                }
            }
        }
    }

    #[test]
    fn pictures_that_are_too_small_have_no_code() {
        let small = Synthetic::new(Scene::Bars).with_size(1, 1).unwrap();
        assert_eq!(small.render(0), small.render(1));
    }
}
