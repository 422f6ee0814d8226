//! What the shader must know of a format.

use bytemuck::{Pod, Zeroable};
use freshet_base::{Component, FrameFormat};

/// Where a component's samples lie; the shader's `Samples`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct Samples {
    pub(crate) offset: u32,
    pub(crate) step: u32,
    pub(crate) stride: u32,
    pub(crate) pad: u32,
    pub(crate) down: [u32; 4],
}

/// The shader's `Params`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(crate) struct Params {
    pub(crate) samples: [Samples; 3],
    pub(crate) size: [u32; 2],
    pub(crate) gray: u32,
    pub(crate) rgb: u32,
    pub(crate) scale: [f32; 4],
    pub(crate) bias: [f32; 4],
    pub(crate) red: [f32; 4],
    pub(crate) green: [f32; 4],
    pub(crate) blue: [f32; 4],
    pub(crate) weights: [f32; 4],
}

impl Params {
    pub(crate) fn new(format: &FrameFormat) -> Self {
        let samples = [Component::First, Component::Second, Component::Third].map(|component| {
            let layout = format.pixels.component(component, format.width, format.height);
            Samples {
                offset: layout.offset,
                step: layout.step,
                stride: layout.stride,
                pad: 0,
                down: [layout.down_x, layout.down_y, 0, 0],
            }
        });
        let map = format.rgb_from_native();
        let padded = |[a, b, c]: [f32; 3]| [a, b, c, 0.0];
        Self {
            samples,
            size: [format.width, format.height],
            gray: u32::from(format.pixels.is_gray()),
            rgb: u32::from(format.pixels.is_rgb()),
            scale: padded(map.scale),
            bias: padded(map.bias),
            red: padded(map.rows[0]),
            green: padded(map.rows[1]),
            blue: padded(map.rows[2]),
            weights: padded(format.color.matrix.luma_weights()),
        }
    }
}
