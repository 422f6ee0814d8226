//! Reading textures back, which only tests do.

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy_freshet::base::Product;
use bevy_freshet::frame::{Pipeline, StreamsGpu};
use freshet_testing::TestApp;

/// A level of one of a product's textures: its size and its bytes, tightly packed.
pub struct Texels {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// Reads a level of the texture in `slot` of a product. Waits for the GPU.
pub fn texels<P: Product>(app: &mut TestApp, stream: Entity, slot: usize, level: u32) -> Option<Texels> {
    let world = app.app.sub_app(RenderApp).world();
    let product = world.resource::<Pipeline>().find::<P>();
    let held = world.resource::<StreamsGpu>().get(stream)?.textures(product)?.get(slot)?;
    let texture = held.texture.clone();
    if level >= texture.mip_level_count() {
        return None;
    }
    let device = world.resource::<RenderDevice>().clone();
    let queue = world.resource::<RenderQueue>().clone();
    let (width, height) = ((texture.width() >> level).max(1), (texture.height() >> level).max(1));
    let texel = texture.format().block_copy_size(None).unwrap();
    let row = (width * texel).next_multiple_of(256);
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&default());
    encoder.copy_texture_to_buffer(
        wgpu::TexelCopyTextureInfo { mip_level: level, ..texture.as_image_copy() },
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: Some(height) },
        },
        wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
    );
    queue.submit([encoder.finish()]);
    buffer.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.unwrap());
    app.finish_gpu();
    let view = buffer.slice(..).get_mapped_range();
    let bytes = view.chunks_exact(row as usize).flat_map(|line| &line[..(width * texel) as usize]).copied().collect();
    Some(Texels { width, height, bytes })
}

/// Reads the buffer in `slot` of a product. Waits for the GPU.
pub fn bytes<P: Product>(app: &mut TestApp, stream: Entity, slot: usize) -> Option<Vec<u8>> {
    let world = app.app.sub_app(RenderApp).world();
    let product = world.resource::<Pipeline>().find::<P>();
    let held = world.resource::<StreamsGpu>().get(stream)?.buffers(product)?.get(slot)?.clone();
    let device = world.resource::<RenderDevice>().clone();
    let queue = world.resource::<RenderQueue>().clone();
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: held.size(),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&default());
    encoder.copy_buffer_to_buffer(&held, 0, &buffer, 0, held.size());
    queue.submit([encoder.finish()]);
    buffer.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.unwrap());
    app.finish_gpu();
    let bytes = buffer.slice(..).get_mapped_range().to_vec();
    Some(bytes)
}
