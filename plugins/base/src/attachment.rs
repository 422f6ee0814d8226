//! What travels with a frame.

use bevy::ecs::component::{Component, Mutable};
use serde::Serialize;

/// A result that is attached to a frame entity as a component and travels with it until the frame is recycled.
///
/// `Clone`, because the stream's `Latest<T>` keeps the newest one; large results hold their data in an `Arc`.
/// `Serialize`, because recorders write it down.
pub trait Attachment: Component<Mutability = Mutable> + Clone + Serialize {
    /// The attachment's name in records and reports: `snake_case`.
    const NAME: &'static str;
}
