//! The same conversion on the CPU, plainly: what the shader is compared with, and what others compare with it.

use freshet_base::{Component, FrameFormat};

/// RGBA8 pictures and luma of one frame, on the CPU.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// Four bytes a pixel, gamma-encoded, opaque.
    pub rgba: Vec<u8>,
    /// One byte a pixel, full range.
    pub luma: Vec<u8>,
}

/// Converts the native bytes of a frame. Bytes that are missing count as 0.
pub fn convert(format: &FrameFormat, native: &[u8]) -> Converted {
    let layouts = [Component::First, Component::Second, Component::Third]
        .map(|component| format.pixels.component(component, format.width, format.height));
    let map = format.rgb_from_native();
    let weights = format.color.matrix.luma_weights();
    let pixels = format.width as usize * format.height as usize;
    let mut converted = Converted { rgba: Vec::with_capacity(pixels * 4), luma: Vec::with_capacity(pixels) };
    for y in 0..format.height {
        for x in 0..format.width {
            let code = |index: usize| {
                let layout = layouts[index];
                let byte = layout.offset + (y >> layout.down_y) * layout.stride + (x >> layout.down_x) * layout.step;
                f32::from(native.get(byte as usize).copied().unwrap_or(0)) / 255.0
            };
            let codes =
                if format.pixels.is_gray() { [code(0), 128.0 / 255.0, 128.0 / 255.0] } else { [0, 1, 2].map(code) };
            let rgb = map.apply(codes);
            let luma = if format.pixels.is_rgb() {
                rgb[0] * weights[0] + rgb[1] * weights[1] + rgb[2] * weights[2]
            } else {
                map.scale[0] * codes[0] + map.bias[0]
            };
            let byte = |level: f32| (level.clamp(0.0, 1.0) * 255.0).round() as u8;
            converted.rgba.extend([byte(rgb[0]), byte(rgb[1]), byte(rgb[2]), 255]);
            converted.luma.push(byte(luma));
        }
    }
    converted
}
