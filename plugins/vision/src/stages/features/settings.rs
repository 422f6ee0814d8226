//! How many points, and where they lie in memory.

use std::ops::RangeInclusive;

use bevy::ecs::resource::Resource;
use wgpu::{BindingResource, Buffer, BufferBinding};

/// What the features stage is told. A resource; streams are prepared anew when it changes.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureSettings {
    capacity: u32,
}

impl FeatureSettings {
    /// Points that may be asked for.
    pub const CAPACITY: RangeInclusive<u32> = 64..=8192;
    /// Bytes before the first point: the count and the capacity, `u32` each.
    pub const HEADER_BYTES: u64 = 256;
    /// Bytes of a point: `x, y, scale, angle, response: f32`, `level: u32`, and 8 of padding.
    pub const POINT_BYTES: u64 = 32;
    /// Bytes of a descriptor: 256 bits.
    pub const DESCRIPTOR_BYTES: u64 = 32;

    /// At most this many points in a frame, brought into [`Self::CAPACITY`]. More finds more in pictures rich in detail
    /// and costs time in proportion. Default 2,000.
    pub fn with_capacity(points: u32) -> Self {
        Self { capacity: points.clamp(*Self::CAPACITY.start(), *Self::CAPACITY.end()) }
    }

    /// The settings that a frame's buffer was made with.
    pub(crate) fn of_buffer(buffer: &Buffer) -> Self {
        // The size grows with the capacity; the padding is less than a point and its descriptor and a binding's step.
        let each = Self::POINT_BYTES + Self::DESCRIPTOR_BYTES;
        let mut settings = Self { capacity: ((buffer.size() - Self::HEADER_BYTES) / each) as u32 };
        while settings.bytes() > buffer.size() {
            settings.capacity -= 1;
        }
        settings
    }

    /// Most points in a frame.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Bytes of a frame's buffer.
    pub fn bytes(&self) -> u64 {
        self.descriptors_at() + u64::from(self.capacity) * Self::DESCRIPTOR_BYTES
    }

    /// Byte of the first descriptor: bindings begin at multiples of 256.
    fn descriptors_at(&self) -> u64 {
        (Self::HEADER_BYTES + u64::from(self.capacity) * Self::POINT_BYTES).next_multiple_of(256)
    }

    /// Header and points of a frame's buffer, to be bound.
    pub fn points<'a>(&self, buffer: &'a Buffer) -> BindingResource<'a> {
        let bytes = Self::HEADER_BYTES + u64::from(self.capacity) * Self::POINT_BYTES;
        range(buffer, 0, bytes)
    }

    /// Descriptors of a frame's buffer, to be bound.
    pub fn descriptors<'a>(&self, buffer: &'a Buffer) -> BindingResource<'a> {
        range(buffer, self.descriptors_at(), u64::from(self.capacity) * Self::DESCRIPTOR_BYTES)
    }
}

fn range(buffer: &Buffer, offset: u64, bytes: u64) -> BindingResource<'_> {
    BindingResource::Buffer(BufferBinding { buffer, offset, size: std::num::NonZeroU64::new(bytes) })
}

impl Default for FeatureSettings {
    fn default() -> Self {
        Self { capacity: 2000 }
    }
}
