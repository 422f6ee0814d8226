//! What can be tuned.

use std::time::Duration;

use bevy::ecs::resource::Resource;

use crate::pose::PoseFilterSettings;

/// How targets are shown.
#[derive(Resource, Debug, Clone, PartialEq)]
pub struct ArSettings {
    /// Longest time for which a pose is carried on at its velocity to the moment at which it is shown. Longer hides more
    /// delay, but overshoots where the motion turns. Default 100 ms; zero shows poses as they were measured.
    pub prediction: Duration,
    /// Smoothing of poses; `None`, the default, shows them as they were measured: alignment leaves little to smooth.
    pub smoothing: Option<PoseFilterSettings>,
    /// Time for which a target that is out of sight stays [`Lost`](crate::TargetState::Lost), before it counts as one
    /// that is searched for. Default 1 s.
    pub lost_for: Duration,
    /// Whether what stands on a target is hidden while it is not tracked. Default: yes.
    pub hide_untracked: bool,
}

impl Default for ArSettings {
    fn default() -> Self {
        Self {
            prediction: Duration::from_millis(100),
            smoothing: None,
            lost_for: Duration::from_secs(1),
            hide_untracked: true,
        }
    }
}
