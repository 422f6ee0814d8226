//! The stages, one folder each: what it is (`mod`), the passes it prepares for a stream (`prepare`, where it does not fit
//! into `mod`), its shaders.

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
