//! The thread that writes.

use std::path::PathBuf;
use std::sync::Arc;

use bevy::log::warn;
use crossbeam_channel::{Receiver, Sender};

use super::features::{FeatureSet, write_features};
use super::file::ClipFile;
use super::flow::{FlowField, write_flow};
use super::{ExportDone, ExportError};

/// What the writing thread is given.
pub(super) enum Work {
    Picture(Picture),
    Flow(FlowField),
    Features(FeatureSet),
    Finish,
}

/// A picture in a mapped buffer.
pub(super) struct Picture {
    pub(super) path: Arc<PathBuf>,
    /// Pictures the file is to have.
    pub(super) frames: u32,
    pub(super) rate_hz: u16,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from row to row in the buffer.
    pub(super) row_bytes: u32,
    pub(super) format: wgpu::TextureFormat,
    pub(super) buffer: wgpu::Buffer,
    /// Whether the buffer could be mapped.
    pub(super) arrived: bool,
}

/// Starts the thread. It ends when the app does.
pub(super) fn start(waiting: usize) -> (Sender<Work>, Receiver<ExportDone>) {
    let (work, inbox) = crossbeam_channel::bounded(waiting);
    let (outbox, done) = crossbeam_channel::bounded(waiting);
    let thread = std::thread::Builder::new().name("freshet:export".into()).spawn(move || write_all(&inbox, &outbox));
    if let Err(error) = thread {
        warn!("nothing can be exported: no thread for writing: {error}");
    }
    (work, done)
}

fn write_all(inbox: &Receiver<Work>, outbox: &Sender<ExportDone>) {
    let mut files: Vec<ClipFile> = Vec::new();
    for work in inbox {
        match work {
            Work::Picture(picture) => {
                if let Some(done) = write_picture(&mut files, &picture) {
                    drop(outbox.send(done));
                }
            }
            Work::Flow(field) => drop(outbox.send(write_flow(&field))),
            Work::Features(set) => drop(outbox.send(write_features(&set))),
            Work::Finish => {
                for file in files.drain(..) {
                    drop(outbox.send(file.close()));
                }
            }
        }
    }
}

/// Writes one picture. Answers when its file is whole or has failed.
fn write_picture(files: &mut Vec<ClipFile>, picture: &Picture) -> Option<ExportDone> {
    let path = picture.path.to_path_buf();
    let failed = |error| Some(ExportDone { path: path.clone(), result: Err(error) });
    let place = files.iter().position(|file| file.path() == picture.path.as_path());
    let Some(rgba) = rgba(picture) else {
        let error = if picture.arrived {
            ExportError::Format { path: path.clone(), format: format!("{:?}", picture.format) }
        } else {
            ExportError::DeviceLost { path: path.clone() }
        };
        place.map(|place| files.swap_remove(place));
        return failed(error);
    };
    let place = match place {
        Some(place) => place,
        None => match ClipFile::create(&path, (picture.width, picture.height), picture.frames, picture.rate_hz) {
            Ok(file) => {
                files.push(file);
                files.len() - 1
            }
            Err(error) => return failed(error),
        },
    };
    match files[place].add((picture.width, picture.height), &rgba) {
        Ok(true) => Some(files.swap_remove(place).close()),
        Ok(false) => None,
        Err(error) => {
            files.swap_remove(place);
            failed(error)
        }
    }
}

/// The picture's bytes, tightly packed.
fn rgba(picture: &Picture) -> Option<Vec<u8>> {
    let swap = match picture.format {
        wgpu::TextureFormat::Rgba8Unorm | wgpu::TextureFormat::Rgba8UnormSrgb => false,
        wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Bgra8UnormSrgb => true,
        _ => return None,
    };
    if !picture.arrived {
        return None;
    }
    let view = picture.buffer.slice(..).get_mapped_range();
    let rows = view.chunks_exact(picture.row_bytes as usize);
    let mut rgba: Vec<u8> = rows.flat_map(|row| &row[..picture.width as usize * 4]).copied().collect();
    for pixel in rgba.chunks_exact_mut(4) {
        if swap {
            pixel.swap(0, 2);
        }
        pixel[3] = 255;
    }
    Some(rgba)
}
