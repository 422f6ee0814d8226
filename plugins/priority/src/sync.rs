//! The atomics that the two model-checked protocols are written against: those of the standard library here, those of
//! loom in the models.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
