//! Quality against time.

use bevy::ecs::resource::Resource;

/// How well flow is found, and how long it takes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowPreset {
    /// Finest vectors at a quarter of the size: for motion of the whole picture and of large things.
    Fast,
    /// Finest vectors at half the size. The default.
    #[default]
    Balanced,
    /// Refined at full size.
    Accurate,
}

/// What the flow stage is told. A resource; streams are prepared anew when it changes.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct FlowSettings {
    /// Quality against time.
    pub preset: FlowPreset,
}
