//! The stages, one folder each: what it is (`mod`), its pipelines, what it prepares for a stream, what it records for a
//! frame, and its shader.

pub mod align;
pub mod convert;
pub mod feature_picture;
pub mod features;
pub mod flow;
pub mod flow_picture;
pub mod frame_code;
pub mod light;
pub mod matching;
pub mod pose;
pub mod pyramid;
pub mod tracks;
