//! Crops, warps and normalises: a region of a stream's live picture becomes a net's input.

use std::num::NonZeroU64;

use bevy::math::Affine2;
use bytemuck::{Pod, Zeroable};
use freshet_frame::Parameters;
use freshet_ledger::foreign;

use crate::net::{Channels, PictureInput};

/// Threads of a workgroup on a side.
const SIDE: u32 = 8;

/// Samples on a side of a pixel at most: a frame of 4096 columns in an input of 512.
const MOST_TAPS: f32 = 4.0;

/// What the shader is told, as it lies in its uniform.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Crop {
    x_from: [f32; 3],
    taps: u32,
    y_from: [f32; 3],
    channels: u32,
    factor: [f32; 3],
    width: u32,
    summand: [f32; 3],
    height: u32,
}

impl Crop {
    /// The crop that puts a region of the picture into an input of this size, normalised as the net says.
    pub fn new(image_from_input: Affine2, input_px: [u32; 2], picture: &PictureInput) -> Self {
        let Affine2 { matrix2: m, translation: t } = image_from_input;
        let [width, height] = input_px;
        // Texels that a pixel of the input covers along its longer side; each sample is the mean of two.
        let covered = m.x_axis.length().max(m.y_axis.length());
        Self {
            x_from: [m.x_axis.x, m.y_axis.x, t.x],
            taps: (covered / 2.0).ceil().clamp(1.0, MOST_TAPS) as u32,
            y_from: [m.x_axis.y, m.y_axis.y, t.y],
            channels: match picture.channels {
                Channels::Rgb => 0,
                Channels::Bgr => 1,
                Channels::Luma => 2,
            },
            factor: picture.std.map(|std| 255.0 * picture.scale / std),
            width,
            summand: std::array::from_fn(|channel| -picture.mean[channel] / picture.std[channel]),
            height,
        }
    }
}

/// What the crop is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CropInto {
    /// Normalised `f32`, for executors on the GPU.
    Values,
    /// RGBA8, for executors elsewhere: a quarter of the bytes.
    Bytes,
}

/// The compiled shader.
#[derive(Debug)]
pub(crate) struct CropKernel {
    pipeline: wgpu::ComputePipeline,
    sampler: wgpu::Sampler,
    into: CropInto,
    input_px: [u32; 2],
}

impl CropKernel {
    /// Compiles it: off the frame path.
    pub fn new(device: &wgpu::Device, into: CropInto, input_px: [u32; 2]) -> Self {
        let module = device.create_shader_module(wgpu::include_wgsl!("crop.wgsl"));
        let entry_point = match into {
            CropInto::Values => "crop_values",
            CropInto::Bytes => "crop_bytes",
        };
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: None,
            module: &module,
            entry_point: Some(entry_point),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("freshet:crop"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        Self { pipeline, sampler, into, input_px }
    }

    /// Binds it to a picture and to where the crop is written.
    pub fn bind(
        &self,
        device: &wgpu::Device,
        picture: &wgpu::TextureView,
        target: (&wgpu::Buffer, u64, u64),
    ) -> BoundCrop {
        let parameters = Parameters::new(device, size_of::<Crop>());
        let binding = match self.into {
            CropInto::Values => 3,
            CropInto::Bytes => 4,
        };
        let (buffer, offset, bytes) = target;
        let target = wgpu::BufferBinding { buffer, offset, size: NonZeroU64::new(bytes) };
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("freshet:crop"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                entry(0, parameters.uniform().as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(picture)),
                entry(2, wgpu::BindingResource::Sampler(&self.sampler)),
                entry(binding, wgpu::BindingResource::Buffer(target)),
            ],
        });
        BoundCrop { parameters, group }
    }

    /// Records the dispatch.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>, bound: &BoundCrop) {
        foreign(|| {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &bound.group, &[]);
            pass.dispatch_workgroups(self.input_px[0].div_ceil(SIDE), self.input_px[1].div_ceil(SIDE), 1);
        });
    }
}

/// The crop of one stream's picture.
#[derive(Debug)]
pub(crate) struct BoundCrop {
    /// What the shader is told: changes with the region.
    pub parameters: Parameters,
    group: wgpu::BindGroup,
}

/// RGBA8 bytes as the normalised input `[1, C, H, W]`: what the shader does, for executors elsewhere.
pub(crate) fn normalise(bytes: &[u8], picture: &PictureInput, values: &mut [f32]) {
    let pixels = bytes.as_chunks::<4>().0;
    let plane = pixels.len();
    let PictureInput { channels, scale, mean, std } = *picture;
    let order = match channels {
        Channels::Rgb => [0, 1, 2],
        Channels::Bgr => [2, 1, 0],
        Channels::Luma => {
            for (value, [red, green, blue, _]) in values.iter_mut().zip(pixels) {
                let luma = 0.2126 * f32::from(*red) + 0.7152 * f32::from(*green) + 0.0722 * f32::from(*blue);
                *value = (luma * scale - mean[0]) / std[0];
            }
            return;
        }
    };
    for (channel, (values, place)) in values.chunks_exact_mut(plane.max(1)).zip(order).enumerate() {
        let (factor, summand) = (scale / std[channel], -mean[channel] / std[channel]);
        for (value, pixel) in values.iter_mut().zip(pixels) {
            *value = f32::from(pixel[place]).mul_add(factor, summand);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use freshet_testing::Wgsl;

    #[test]
    fn rust_and_wgsl_agree() {
        let shader = Wgsl::parse(include_str!("crop.wgsl")).unwrap();
        assert_eq!(shader.entry_points(), ["crop_values", "crop_bytes"]);
        for entry in ["crop_values", "crop_bytes"] {
            assert_eq!(shader.workgroup_size(entry), Some([SIDE, SIDE, 1]));
        }
        for (field, offset) in [
            ("x_from", offset_of!(Crop, x_from)),
            ("taps", offset_of!(Crop, taps)),
            ("y_from", offset_of!(Crop, y_from)),
            ("channels", offset_of!(Crop, channels)),
            ("factor", offset_of!(Crop, factor)),
            ("width", offset_of!(Crop, width)),
            ("summand", offset_of!(Crop, summand)),
            ("height", offset_of!(Crop, height)),
        ] {
            assert_eq!(shader.offset_of("Crop", field), Some(offset as u32), "{field}");
        }
    }

    #[test]
    fn bytes_are_normalised_channel_by_channel() {
        let bytes = [255, 0, 51, 255, 0, 102, 0, 255];
        let picture =
            PictureInput { channels: Channels::Bgr, scale: 1.0 / 255.0, mean: [0.2, 0.0, 0.5], std: [1.0, 2.0, 0.5] };
        let mut values = [0.0; 6];
        normalise(&bytes, &picture, &mut values);
        let wanted = [0.0, -0.2, 0.0, 0.2, 1.0, -1.0];
        assert!(values.iter().zip(wanted).all(|(value, wanted)| (value - wanted).abs() < 1e-6), "{values:?}");
        let luma = PictureInput { channels: Channels::Luma, ..PictureInput::default() };
        normalise(&bytes, &luma, &mut values[..2]);
        assert!((values[0] - (0.2126 + 0.0722 * 0.2)).abs() < 1e-5 && (values[1] - 0.7152 * 0.4).abs() < 1e-5);
    }
}
