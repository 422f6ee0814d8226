//! Pictures that leave the GPU because the user asked for a file.
//!
//! ```text
//!  Exports::picture ─► copy into a buffer, mapped when done ─► writing thread ─► PNG, animated PNG
//!                      booked as export                        bounded queue
//! ```

mod delivery;
mod features;
mod file;
mod flow;
mod render;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bevy::asset::{AssetId, Handle};
use bevy::ecs::entity::Entity;
use bevy::ecs::message::Message;
use bevy::ecs::resource::Resource;
use bevy::image::Image;
use crossbeam_channel::{Receiver, Sender};
use thiserror::Error;

pub(crate) use features::record_features;
pub(crate) use flow::record_flows;
pub(crate) use render::{ExportQueue, extract_exports, record_exports};

/// Pictures that may wait for the writing thread; one more is dropped and counted.
const WAITING_PICTURES: usize = 64;

/// Writes pictures to files: the one way for pixels to leave the GPU.
///
/// Any image that is on the GPU and may be copied from: a stream's live picture, the image a camera renders into.
#[derive(Resource)]
pub struct Exports {
    requests: Vec<Export>,
    flows: Vec<flow::FlowExport>,
    features: Vec<features::FeatureExport>,
    open: Arc<AtomicUsize>,
    writer: Sender<writer::Work>,
    done: Receiver<ExportDone>,
}

/// One file to be written.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    image: AssetId<Image>,
    path: Arc<PathBuf>,
    frames: u32,
    rate_hz: u16,
}

/// A file is written, or could not be.
#[derive(Message, Debug)]
pub struct ExportDone {
    /// The file.
    pub path: PathBuf,
    /// Pictures in it, or why there is none.
    pub result: Result<u32, ExportError>,
}

/// Why a picture was not written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file cannot be made or written.
    #[error("cannot write {path:?}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system or the encoder says.
        source: std::io::Error,
    },
    /// The texture's format has no place in a file.
    #[error("{path:?}: pictures of {format} cannot be written")]
    Format {
        /// The file.
        path: PathBuf,
        /// The texture's format.
        format: String,
    },
    /// The device was lost before the picture was there.
    #[error("{path:?}: the graphics device was lost")]
    DeviceLost {
        /// The file.
        path: PathBuf,
    },
}

impl Default for Exports {
    fn default() -> Self {
        let (writer, done) = writer::start(WAITING_PICTURES);
        Self { requests: Vec::new(), flows: Vec::new(), features: Vec::new(), open: Arc::default(), writer, done }
    }
}

impl Exports {
    /// Writes the image as it is after the present app frame to a PNG file.
    pub fn picture(&mut self, image: &Handle<Image>, path: impl Into<PathBuf>) {
        self.clip(image, path, 1, 1);
    }

    /// Writes the next `frames` app frames of the image to an animated PNG that is played at `rate_hz`.
    pub fn clip(&mut self, image: &Handle<Image>, path: impl Into<PathBuf>, frames: u32, rate_hz: u16) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.requests.push(Export { image: image.id(), path: Arc::new(path.into()), frames: frames.max(1), rate_hz });
    }

    /// Writes the flow of each of the stream's frames that has one before it to `folder/SEQ.flo`, from now on, in the
    /// format of the Middlebury benchmark. The stream's `OpticalFlow` must be wanted, and the folder there.
    pub fn flow(&mut self, stream: Entity, folder: impl Into<PathBuf>) {
        self.flows.push(flow::FlowExport { stream, folder: Arc::new(folder.into()) });
    }

    /// Writes the features of each of the stream's frames to `folder/SEQ.bin`, from now on: `count: u32`, `capacity:
    /// u32`, then 32 bytes for each point, then 32 for each descriptor. The stream's `Features` must be wanted, and the
    /// folder there.
    pub fn features(&mut self, stream: Entity, folder: impl Into<PathBuf>) {
        self.features.push(features::FeatureExport { stream, folder: Arc::new(folder.into()) });
    }

    /// Closes clips that have fewer frames than were asked for: what is there is a whole file.
    pub fn finish(&mut self) {
        drop(self.writer.try_send(writer::Work::Finish));
    }

    /// Files that are not written yet.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Files that were written since this was last asked.
    pub(crate) fn take_done(&mut self) -> Option<ExportDone> {
        let done = self.done.try_recv().ok()?;
        self.open.fetch_sub(1, Ordering::Relaxed);
        Some(done)
    }
}
