//! Coded frames into files.

pub(crate) mod avi;
pub(crate) mod mp4;

/// What a clip's file says of its pictures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clip {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rate_hz: u32,
}
