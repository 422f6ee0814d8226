//! Dense flow as Middlebury `.flo` files, one for each frame that has one before it.
//!
//! The format is that of Baker et al., "A Database and Evaluation Methodology for Optical Flow" (2011): the number
//! 202021.25, width and height as `i32`, then (u, v) of each pixel row by row as `f32`, all little-endian.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::ecs::prelude::*;
use bevy::render::renderer::{RenderContext, RenderDevice};
use freshet_base::OpticalFlow;
use freshet_frame::{FrameJobs, Pipeline, StreamsGpu};

use super::ExportDone;
use super::delivery::Delivery;
use super::render::ExportQueue;
use super::writer::Work;

/// First in every file; reads `PIEH` as text.
const MAGIC: f32 = 202_021.25;

/// A stream's flow that is being exported.
#[derive(Debug, Clone)]
pub(crate) struct FlowExport {
    pub(super) stream: Entity,
    pub(super) folder: Arc<PathBuf>,
}

/// A frame's flow: four half floats a pixel, the first two of which are the vector.
pub(super) struct FlowField {
    delivery: Delivery,
    width: u32,
    height: u32,
    row_bytes: u32,
}

/// Copies the flow of this app frame's frames.
pub(crate) fn record_flows(
    queue: Res<ExportQueue>,
    jobs: Res<FrameJobs>,
    streams: Res<StreamsGpu>,
    pipeline: Res<Pipeline>,
    device: Res<RenderDevice>,
    mut context: RenderContext,
) {
    let product = pipeline.find::<OpticalFlow>();
    for export in &queue.flows {
        let Some(job) = jobs.jobs.iter().find(|job| job.stream == export.stream) else { continue };
        if job.previous_slot.is_none() || !job.made().contains(product) {
            continue;
        }
        let Some(flow) = streams.get(job.stream).and_then(|stream| stream.textures(product)?.first()) else { continue };
        let path = export.folder.join(format!("{:06}.flo", job.frame.seq));
        let size = flow.texture.size();
        let row_bytes = (size.width * 8).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(row_bytes),
            rows_per_image: Some(size.height),
        };
        let (width, height) = (size.width, size.height);
        Delivery::send(
            &queue,
            &device,
            context.command_encoder(),
            (path, u64::from(row_bytes) * u64::from(height)),
            |encoder, buffer| {
                let into = wgpu::TexelCopyBufferInfo { buffer, layout };
                encoder.copy_texture_to_buffer(flow.texture.as_image_copy(), into, size);
            },
            move |delivery| Work::Flow(FlowField { delivery, width, height, row_bytes }),
        );
    }
}

/// Writes one file.
pub(super) fn write_flow(field: &FlowField) -> ExportDone {
    field.delivery.write(|path, held| {
        let rows = held.chunks_exact(field.row_bytes as usize);
        let vectors = rows.flat_map(|row| row[..field.width as usize * 8].chunks_exact(8).map(vector));
        write_file(path, field.width, field.height, vectors)
    })
}

/// The first two of a texel's four half floats.
fn vector(texel: &[u8]) -> [f32; 2] {
    [0, 2].map(|byte| half::f16::from_le_bytes([texel[byte], texel[byte + 1]]).to_f32())
}

fn write_file(path: &Path, width: u32, height: u32, vectors: impl Iterator<Item = [f32; 2]>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&MAGIC.to_le_bytes())?;
    out.write_all(&width.to_le_bytes())?;
    out.write_all(&height.to_le_bytes())?;
    for [u, v] in vectors {
        out.write_all(&u.to_le_bytes())?;
        out.write_all(&v.to_le_bytes())?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_middlebury_files() {
        let path = std::env::temp_dir().join(format!("freshet-flow-{}.flo", std::process::id()));
        write_file(&path, 2, 1, [[1.5, -2.0], [0.0, 3.25]].into_iter()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(&bytes[..4], b"PIEH");
        assert_eq!(bytes[4..12], [2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes.len(), 12 + 2 * 8);
        assert_eq!(f32::from_le_bytes(*bytes.last_chunk().unwrap()), 3.25);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn half_floats_are_read() {
        let texel = [half::f16::from_f32(1.5).to_le_bytes(), half::f16::from_f32(-7.25).to_le_bytes()].concat();
        assert_eq!(vector(&[texel, vec![0; 4]].concat()), [1.5, -7.25]);
    }
}
