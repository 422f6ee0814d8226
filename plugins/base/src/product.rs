//! What stages make and consumers want.

/// Something a stage makes of a frame: a picture on the GPU or an attachment.
///
/// A consumer asks for it with `Wants<T>` on the stream; the stage that makes it names it as its product. The type is
/// only the name: the product itself stays on the GPU or arrives as a component.
pub trait Product: Send + Sync + 'static {
    /// The product's name in records, reports and pictures of the pipeline: `snake_case`.
    const NAME: &'static str;
}

macro_rules! products {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Product for $name {
            const NAME: &'static str = $text;
        }
    )+};
}

products! {
    /// The stream's picture as it is now: one RGBA8 texture per stream that is overwritten by each new frame.
    ///
    /// What screens show. It costs one texture and no copy.
    LivePicture = "live_picture",
    /// The frame's own RGBA8 picture (gamma-encoded), one texture per frame of the pool.
    ///
    /// For whoever needs the colours of a frame that is no longer the newest.
    Picture = "picture",
    /// The frame's luma: R8, full range, the full size of the picture, one texture per frame of the pool.
    Luma = "luma",
    /// Luma at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size, each texel the mean of four of the level above.
    Pyramid = "pyramid",
    /// The flow as a picture for people: colour wheel and arrows, one RGBA8 texture per stream.
    FlowPicture = "flow_picture",
    /// The features as a picture for people: circles on the frame, one RGBA8 texture per stream.
    FeaturePicture = "feature_picture",
    /// Pairs of points of known targets and of the frame, on the GPU.
    Matches = "matches",
    /// The targets that are being followed, on the GPU: kept from frame to frame.
    TargetTracks = "target_tracks",
    /// Homographies of known targets as their matches say, before alignment; on the GPU.
    TargetHomographies = "target_homographies",
}
