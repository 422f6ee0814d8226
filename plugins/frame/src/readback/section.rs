//! Where each stage's results lie.

use bevy::ecs::prelude::*;
use freshet_base::FrameId;

use crate::demand::Products;

/// Reads one stage's results and attaches them to their frame.
pub type Decode = fn(&[u8], FrameId, &mut Commands);

/// The place of one stage's results among a frame's metadata.
#[derive(Debug, Clone, Copy)]
pub struct MetadataSection {
    /// The product that is read back.
    pub(crate) product: Products,
    /// Its name.
    pub(crate) name: &'static str,
    /// Byte in the stream's metadata buffer on the GPU; a multiple of 256, as bindings must be.
    pub(crate) offset: u64,
    /// Byte in a readback slot, where sections follow one another closely.
    pub(crate) packed: u64,
    /// Bytes, a multiple of 4.
    pub(crate) bytes: u64,
    /// Reads it.
    pub(crate) decode: Decode,
}

impl MetadataSection {
    /// Most bytes of results that come back for a frame.
    pub const LIMIT: u64 = 4096;
    /// Alignment of sections within the metadata buffer.
    pub(crate) const ALIGNMENT: u64 = 256;
}

/// All sections, in both worlds.
#[derive(Resource, Debug, Default, Clone)]
pub struct MetadataLayout {
    sections: Vec<MetadataSection>,
}

impl MetadataLayout {
    /// Adds a section.
    ///
    /// # Panics
    ///
    /// At start-up, when the stages of the app together want more than [`MetadataSection::LIMIT`] bytes a frame: what
    /// is larger is not metadata and stays on the GPU.
    pub(crate) fn add(&mut self, product: Products, name: &'static str, bytes: u64, decode: Decode) {
        let (mut offset, mut packed) = (0, 0);
        if let Some(last) = self.sections.last() {
            offset = (last.offset + last.bytes).next_multiple_of(MetadataSection::ALIGNMENT);
            packed = last.packed + last.bytes;
        }
        let bytes = bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        assert!(
            packed + bytes <= MetadataSection::LIMIT,
            "{name} wants {bytes} bytes of metadata a frame; {} are left",
            MetadataSection::LIMIT - packed
        );
        self.sections.push(MetadataSection { product, name, offset, packed, bytes, decode });
    }

    /// The sections.
    pub(crate) fn sections(&self) -> &[MetadataSection] {
        &self.sections
    }

    /// The products that are read back.
    pub(crate) fn products(&self) -> Products {
        self.sections.iter().fold(Products::NONE, |all, section| all.with(section.product))
    }

    /// Bytes of the metadata buffer on the GPU.
    pub(crate) fn buffer_bytes(&self) -> u64 {
        self.sections.last().map_or(MetadataSection::ALIGNMENT, |last| last.offset + last.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::Pipeline;
    use freshet_base::{FrameCode, Luma};

    fn ignore(_: &[u8], _: FrameId, _: &mut Commands) {}

    #[test]
    fn sections_are_aligned_on_the_gpu_and_packed_on_the_way_back() {
        let mut pipeline = Pipeline::default();
        let mut layout = MetadataLayout::default();
        layout.add(pipeline.product::<Luma>(), "a", 10, ignore);
        layout.add(pipeline.product::<FrameCode>(), "b", 8, ignore);
        let places: Vec<_> = layout.sections().iter().map(|one| (one.offset, one.packed, one.bytes)).collect();
        assert_eq!(places, [(0, 0, 12), (256, 12, 8)]);
        assert_eq!(layout.buffer_bytes(), 264);
    }

    #[test]
    #[should_panic = "wants 4092 bytes of metadata a frame; 4088 are left"]
    fn more_than_the_limit_is_refused() {
        let mut pipeline = Pipeline::default();
        let mut layout = MetadataLayout::default();
        layout.add(pipeline.product::<Luma>(), "a", 8, ignore);
        layout.add(pipeline.product::<FrameCode>(), "b", 4092, ignore);
    }
}
