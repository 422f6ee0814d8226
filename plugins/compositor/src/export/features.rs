//! Features as files, one for each frame: for comparisons, not for the road.
//!
//! A file holds, little-endian, `count: u32`, `capacity: u32`, then `count` points of 32 bytes (`x, y, scale, angle,
//! response: f32, level: u32`, 8 bytes of padding), then `count` descriptors of 32 bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::ecs::prelude::*;
use bevy::render::renderer::{RenderContext, RenderDevice};
use freshet_base::Features;
use freshet_frame::{FrameJobs, Pipeline, StreamsGpu};

use super::ExportDone;
use super::delivery::Delivery;
use super::render::ExportQueue;
use super::writer::Work;

/// Where points begin in a frame's buffer.
const HEADER_BYTES: usize = 256;
/// Bytes of a point, and of a descriptor.
const EACH_BYTES: usize = 32;
/// What descriptors begin at a multiple of.
const ALIGNMENT: usize = 256;

/// A stream's features that are being exported.
#[derive(Debug, Clone)]
pub(crate) struct FeatureExport {
    pub(super) stream: Entity,
    pub(super) folder: Arc<PathBuf>,
}

/// A frame's features, as they lie in its buffer.
pub(super) struct FeatureSet(Delivery);

/// Copies the features of this app frame's frames.
pub(crate) fn record_features(
    queue: Res<ExportQueue>,
    jobs: Res<FrameJobs>,
    streams: Res<StreamsGpu>,
    pipeline: Res<Pipeline>,
    device: Res<RenderDevice>,
    mut context: RenderContext,
) {
    let product = pipeline.find::<Features>();
    for export in &queue.features {
        let Some(job) = jobs.jobs.iter().find(|job| job.stream == export.stream) else { continue };
        let held = streams.get(job.stream).and_then(|stream| stream.buffers(product)?.get(job.slot));
        let (Some(found), true) = (held, job.made().contains(product)) else { continue };
        Delivery::send(
            &queue,
            &device,
            context.command_encoder(),
            (export.folder.join(format!("{:06}.bin", job.frame.seq)), found.size()),
            |encoder, buffer| encoder.copy_buffer_to_buffer(found, 0, buffer, 0, found.size()),
            |delivery| Work::Features(FeatureSet(delivery)),
        );
    }
}

/// Writes one file.
pub(super) fn write_features(set: &FeatureSet) -> ExportDone {
    set.0.write(write_file)
}

/// Writes what of a frame's buffer is in use.
fn write_file(path: &Path, held: &[u8]) -> io::Result<()> {
    let cut_short = || io::Error::new(io::ErrorKind::InvalidData, "the buffer is smaller than its header says");
    let number = |at: usize| held.get(at..at + 4).and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
    let (count, capacity) = number(0).zip(number(4)).ok_or_else(cut_short)?;
    let used = count.min(capacity) as usize * EACH_BYTES;
    let descriptors = (HEADER_BYTES + capacity as usize * EACH_BYTES).next_multiple_of(ALIGNMENT);
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(held.get(..8).ok_or_else(cut_short)?)?;
    out.write_all(held.get(HEADER_BYTES..HEADER_BYTES + used).ok_or_else(cut_short)?)?;
    out.write_all(held.get(descriptors..descriptors + used).ok_or_else(cut_short)?)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_use_is_written() {
        let path = std::env::temp_dir().join(format!("freshet-features-{}.bin", std::process::id()));
        let capacity = 10_usize;
        let mut held = vec![0; 768 + capacity * EACH_BYTES];
        held[0] = 2;
        held[4] = capacity as u8;
        held[HEADER_BYTES] = 7;
        held[768] = 9;
        write_file(&path, &held).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len(), bytes[8], bytes[8 + 64]), (8 + 2 * 64, 7, 9));
        assert!(write_file(&path, &held[..700]).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
