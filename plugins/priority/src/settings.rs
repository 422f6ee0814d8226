//! What can be set.

use std::time::Duration;

use bevy::ecs::resource::Resource;

use crate::forecast::ForecastSettings;
use crate::pool::{AgingBounds, PoolSettings};

/// How work is ranked and how much of it there may be. Read when the plugin is added, but for what is said otherwise.
#[derive(Resource, Debug, Clone)]
pub struct PrioritySettings {
    /// How long a turn of the app may take: set it to the period of the screen, if that is another than the default of
    /// 1/60 s. Later, [`FrameBudget::target`](crate::FrameBudget) counts.
    pub target: Duration,
    /// GPU time that stages may take in a turn; `None` is no limit. Later, `StageLevels::budget` counts. Default `None`:
    /// only the app knows what else it draws.
    pub gpu_budget: Option<Duration>,
    /// How long work may be kept waiting. Read in each turn for workloads' systems; the pool takes it over once.
    pub aging: AgingBounds,
    /// A run of a workload's system that takes longer than this stops everything, and is held against it. Longer is
    /// more lenient. Read in each turn. Default 100 ms.
    pub stall_limit: Duration,
    /// The worker pools. Their aging bounds are taken from `aging`.
    pub pool: PoolSettings,
    /// What comes next is guessed, and how.
    pub forecast: ForecastSettings,
}

impl Default for PrioritySettings {
    fn default() -> Self {
        Self {
            target: Duration::from_nanos(1_000_000_000 / 60),
            gpu_budget: None,
            aging: AgingBounds::default(),
            stall_limit: Duration::from_millis(100),
            pool: PoolSettings::default(),
            forecast: ForecastSettings::default(),
        }
    }
}
