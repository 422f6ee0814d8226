//! From a pose to native bytes.

use freshet_base::{Component, FrameFormat, PixelFormat};

use super::Scene;
use super::motion::{apply, homography, inverse};

/// How a colour becomes one sample, 0 to 255: a weight for each of red, green and blue, and what is added.
#[derive(Debug, Clone, Copy)]
struct Sample {
    weights: [f32; 3],
    plus: f32,
}

impl Sample {
    fn of(self, color: [f32; 3]) -> u8 {
        let [red, green, blue] = self.weights;
        // The cast brings what is beyond a byte to its ends.
        (color[0] * red + color[1] * green + color[2] * blue + self.plus + 0.5) as u8
    }
}

/// The samples of a format: the inverse of how the format is read.
fn samples(format: &FrameFormat) -> [Sample; 3] {
    let read = format.rgb_from_native();
    let [first, second, third] = read.rows;
    let rows = [first[0], first[1], first[2], second[0], second[1], second[2], third[0], third[1], third[2]];
    let adjugate = inverse(rows.map(f64::from));
    // A row times its inverse's column is 1, which gives the factor that `inverse` leaves out.
    let factor = f64::from(rows[0]) * adjugate[0] + f64::from(rows[1]) * adjugate[3] + f64::from(rows[2]) * adjugate[6];
    std::array::from_fn(|sample| Sample {
        weights: std::array::from_fn(|color| {
            (adjugate[3 * sample + color] / factor) as f32 * 255.0 / read.scale[sample]
        }),
        plus: -read.bias[sample] / read.scale[sample] * 255.0,
    })
}

/// The luma, or the level of red, green and blue, of black and of white.
pub(super) fn black_and_white(format: &FrameFormat) -> (u8, u8) {
    let [first, ..] = samples(format);
    (first.of([0.0; 3]), first.of([1.0; 3]))
}

/// Two rows of colours: a sample of chroma may serve two.
#[derive(Debug)]
pub(super) struct Band(Vec<[f32; 3]>);

impl Band {
    /// Memory for two rows of a picture this wide.
    pub(super) fn new(width: u32) -> Self {
        Self(vec![[0.0; 3]; 2 * width as usize])
    }
}

/// Paints a pose of the scene into native bytes, two rows at a time.
pub(super) fn paint(scene: Scene, format: FrameFormat, pose: u64, Band(band): &mut Band, bytes: &mut [u8]) {
    let (width, height) = (format.width, format.height);
    let scene_from_frame = inverse(homography(scene, pose, width, height));
    let samples = samples(&format);
    if format.pixels == PixelFormat::Rgba {
        bytes.fill(255);
    }
    for top in (0..height).step_by(2) {
        let rows = (height - top).min(2);
        for (index, color) in band[..(rows * width) as usize].iter_mut().enumerate() {
            let (x, y) = (index as u32 % width, top + index as u32 / width);
            let (x, y) = apply(&scene_from_frame, x.into(), y.into());
            *color = scene.color(x as f32, y as f32, width as f32, height as f32);
        }
        encode(&format, &samples, band, top, rows, bytes);
    }
}

/// Writes the samples of a band of two rows, or of the last row.
fn encode(format: &FrameFormat, samples: &[Sample; 3], band: &[[f32; 3]], top: u32, rows: u32, bytes: &mut [u8]) {
    let width = format.width;
    let components = [Component::First, Component::Second, Component::Third];
    let count = if format.pixels.is_gray() { 1 } else { 3 };
    for (component, sample) in components.into_iter().zip(samples).take(count) {
        let layout = format.pixels.component(component, width, format.height);
        for row in (0..rows).step_by(1 << layout.down_y) {
            let row_start = layout.offset + ((top + row) >> layout.down_y) * layout.stride;
            for column in (0..width).step_by(1 << layout.down_x) {
                let color = if layout.down_x == 0 && layout.down_y == 0 {
                    band[(row * width + column) as usize]
                } else {
                    // Where the picture ends within the block, its last pixel counts twice.
                    let right = (column + 1).min(width - 1);
                    let below = if layout.down_y == 0 { row } else { rows - 1 };
                    mean(
                        [(row, column), (row, right), (below, column), (below, right)]
                            .map(|(row, column)| band[(row * width + column) as usize]),
                    )
                };
                bytes[(row_start + (column >> layout.down_x) * layout.step) as usize] = sample.of(color);
            }
        }
    }
}

fn mean(colors: [[f32; 3]; 4]) -> [f32; 3] {
    [0, 1, 2].map(|channel| colors.iter().map(|color| color[channel]).sum::<f32>() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use freshet_base::{ColorMatrix, ColorRange, ColorSpace};

    const MATRICES: [ColorMatrix; 3] = [ColorMatrix::Bt601, ColorMatrix::Bt709, ColorMatrix::Bt2020];

    /// Every format and colour space shows the colours of the scene when it is read as it says.
    #[test]
    fn colours_come_back_from_every_format() {
        for pixels in PixelFormat::ALL {
            for matrix in MATRICES {
                for range in [ColorRange::Limited, ColorRange::Full] {
                    let color = ColorSpace { matrix, range };
                    let bars = Synthetic::new(Scene::Bars).with_pixels(pixels).with_color(color);
                    // Odd sides, and too small for a code.
                    let bars = bars.with_size(81, 61).unwrap();
                    check_bars(&bars.format(), &bars.render(0));
                }
            }
        }
    }

    fn check_bars(format: &FrameFormat, bytes: &[u8]) {
        for bar in 0..8 {
            let (x, y) = (bar * 81 / 8 + 5, 20);
            let native = [Component::First, Component::Second, Component::Third].map(|component| {
                let layout = format.pixels.component(component, format.width, format.height);
                let at = layout.offset + (y >> layout.down_y) * layout.stride + (x >> layout.down_x) * layout.step;
                f32::from(bytes[at as usize]) / 255.0
            });
            let wanted = Scene::Bars.color(x as f32, y as f32, 81.0, 61.0);
            if format.pixels.is_gray() {
                let read = format.color.rgb_from_yuv();
                let luma = read.scale[0] * native[0] + read.bias[0];
                let weights = format.color.matrix.luma_weights();
                let wanted: f32 = wanted.iter().zip(weights).map(|(level, weight)| level * weight).sum();
                assert!((luma - wanted).abs() < 0.005, "{format} bar {bar}: {luma} for {wanted}");
            } else {
                let found = format.rgb_from_native().apply(native);
                for (found, wanted) in found.into_iter().zip(wanted) {
                    assert!((found - wanted).abs() < 0.012, "{format} {:?} bar {bar}", format.color);
                }
            }
        }
    }

    /// The homography is where things really are.
    #[test]
    fn the_picture_moves_as_the_homography_says() {
        for scene in [Scene::Noise, Scene::Checker] {
            let synthetic = Synthetic::new(scene).with_pixels(PixelFormat::Gray8).with_size(320, 240).unwrap();
            let still = synthetic.render(0);
            for seq in [1, 17, 30, 44] {
                let (moved, homography) = (synthetic.render(seq), synthetic.homography(seq));
                let mut differences = 0.0;
                for y in (50..190).step_by(3) {
                    for x in (50..270).step_by(3) {
                        let (there_x, there_y) = apply(&homography, f64::from(x), f64::from(y));
                        let there = bilinear(&moved, there_x, there_y);
                        differences += (there - f64::from(still[(y * 320 + x) as usize])).abs();
                    }
                }
                let mean = differences / (47.0 * 74.0);
                assert!(mean < 3.0, "{scene:?} {seq}: {mean}");
            }
        }
    }

    fn bilinear(picture: &[u8], x: f64, y: f64) -> f64 {
        let at = |dx: usize, dy: usize| f64::from(picture[(y as usize + dy) * 320 + x as usize + dx]);
        let (right, down) = (x.fract(), y.fract());
        let top = at(0, 0) + (at(1, 0) - at(0, 0)) * right;
        top + (at(0, 1) + (at(1, 1) - at(0, 1)) * right - top) * down
    }
}
