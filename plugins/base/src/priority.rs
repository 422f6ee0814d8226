//! How urgent work is, and what it is for.

use std::fmt;
use std::time::Duration;

use bevy::ecs::component::Component;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::SystemSet;
use serde::{Deserialize, Serialize};

/// How urgent a piece of work is. Five levels, the most urgent first.
///
/// | level | what belongs there |
/// |---|---|
/// | `Critical` | what is seen or heard when it is late: decoding, audio, input. Always runs. |
/// | `High` | what the user waits for: inference for what is being looked at |
/// | `Normal` | what will be wanted soon: embedding, indexing |
/// | `Low` | what may take its time: training, clean-up |
/// | `Idle` | what may be for nothing: speculation |
///
/// It is also a system set of `Update`: `app.add_systems(Update, tidy.in_set(Priority::Low))`. And a component: on a
/// stream it says how urgent the stream's frames are on the GPU, compared with those of other streams.
#[derive(
    SystemSet, Component, Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Priority {
    /// Always runs.
    Critical,
    /// The user waits for it.
    High,
    /// It will be wanted soon.
    #[default]
    Normal,
    /// It may take its time.
    Low,
    /// It may be for nothing.
    Idle,
}

impl Priority {
    /// All levels, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Normal, Self::Low, Self::Idle];

    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Idle => "idle",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The level at this place of [`Self::ALL`]; `Idle` for all places beyond.
    pub const fn from_index(index: usize) -> Self {
        match index {
            0 => Self::Critical,
            1 => Self::High,
            2 => Self::Normal,
            3 => Self::Low,
            _ => Self::Idle,
        }
    }

    /// One level up; `Critical` stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        Self::from_index((self as usize).saturating_sub(1))
    }

    /// One level down; `Idle` stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        Self::from_index(self as usize + 1)
    }

    /// Whether it must never be felt: `Low` and `Idle`.
    pub const fn is_background(self) -> bool {
        matches!(self, Self::Low | Self::Idle)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a piece of work is for. Attention turns it into a [`Priority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Pictures that are shown: decoding, conversion.
    Frames,
    /// Sound that is heard.
    Audio,
    /// What the user does.
    Input,
    /// Answers to what the user says or types.
    Chat,
    /// What is found in pictures and sound.
    Perception,
    /// Embedding and indexing for later.
    Indexing,
    /// Fitting models.
    Training,
    /// Clean-up, consolidation.
    Upkeep,
    /// What may be asked next.
    Speculation,
    /// Something of the app's own, which the built-in policy leaves at its base level.
    Other(&'static str),
}

impl Role {
    /// The level it has when nothing in particular is attended to.
    pub const fn base(self) -> Priority {
        match self {
            Self::Frames | Self::Audio | Self::Input => Priority::Critical,
            Self::Chat | Self::Perception => Priority::High,
            Self::Indexing | Self::Other(_) => Priority::Normal,
            Self::Training | Self::Upkeep => Priority::Low,
            Self::Speculation => Priority::Idle,
        }
    }

    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Audio => "audio",
            Self::Input => "input",
            Self::Chat => "chat",
            Self::Perception => "perception",
            Self::Indexing => "indexing",
            Self::Training => "training",
            Self::Upkeep => "upkeep",
            Self::Speculation => "speculation",
            Self::Other(name) => name,
        }
    }
}

/// The level of each GPU stage, and what it costs: written by whoever ranks work, read by whoever admits frames.
///
/// It stands here so that neither has to know the other.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct StageLevels {
    entries: Vec<StageLevel>,
    /// GPU time that stages may take in a turn of the app. `None`, the default, is no limit.
    ///
    /// Stages are granted their measured times in the order of their levels; those for which nothing is left are
    /// skipped for the frame, with the reason. `Critical` ones always run.
    pub budget: Option<Duration>,
    /// Frames that are looked at by all stages: every one (1, the default, and 0), every second (2), and so on. The others
    /// get what is shown and what `Critical` stages make, and say why the rest is missing.
    pub cadence: u8,
}

/// One stage in [`StageLevels`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageLevel {
    /// The stage's name.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
    /// Its present level.
    pub level: Priority,
    /// What it takes on the GPU in a turn of the app, as measured of late. `None` until it has run.
    pub cost: Option<Duration>,
    /// How often that was measured: the cost fades while the stage does not run.
    pub measured: u64,
    /// Frames of which it did not run because the budget was used up.
    pub over_budget: u64,
}

impl StageLevels {
    /// Makes a stage known, at its role's base level.
    pub fn add(&mut self, name: &'static str, role: Role) {
        if self.get(name).is_none() {
            self.entries.push(StageLevel { name, role, level: role.base(), cost: None, measured: 0, over_budget: 0 });
        }
    }

    /// The stage of this name.
    pub fn get(&self, name: &str) -> Option<&StageLevel> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The stage of this name.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut StageLevel> {
        self.entries.iter_mut().find(|entry| entry.name == name)
    }

    /// The stages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &StageLevel> {
        self.entries.iter()
    }

    /// The stages, in the order in which they were added.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut StageLevel> {
        self.entries.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_numbered_in_the_order_listed_and_saturate() {
        assert!(Priority::ALL.iter().enumerate().all(|(index, &level)| {
            level.index() == index && Priority::from_index(index) == level && level.raised() <= level
        }));
        assert_eq!((Priority::Critical.raised(), Priority::Idle.lowered()), (Priority::Critical, Priority::Idle));
        assert_eq!((Priority::Low.raised(), Priority::High.lowered()), (Priority::Normal, Priority::Normal));
        assert!(Priority::Critical < Priority::Idle, "sorting puts the most urgent first");
    }
}
