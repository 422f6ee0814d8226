//! Schedules as plain data.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::timed::Meter;

/// Which world a schedule runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WorldName {
    /// The app's own.
    Main,
    /// The render app's.
    Render,
}

impl fmt::Display for WorldName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Main => "main",
            Self::Render => "render",
        })
    }
}

/// One schedule: its systems and their order.
#[derive(Debug)]
pub(crate) struct ScheduleModel {
    pub(crate) world: WorldName,
    /// Its label, such as `Update`.
    pub(crate) label: String,
    /// In the order in which they were added.
    pub(crate) nodes: Vec<Node>,
    /// Which node must have ended before which starts, without what follows from others.
    pub(crate) edges: Vec<(usize, usize)>,
}

/// One system.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// With its whole path.
    pub(crate) name: String,
    /// Without the path.
    pub(crate) short: String,
    /// The sets that hold it, by name; sets without a name are left out.
    pub(crate) sets: Vec<String>,
    /// Its own run conditions by name.
    pub(crate) conditions: Vec<String>,
    /// Whether it has the world to itself.
    pub(crate) exclusive: bool,
    /// Whether it belongs to this suite.
    pub(crate) ours: bool,
    /// What it takes; `None` for a system without a stopwatch.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl Node {
    /// A system of this name.
    pub(crate) fn new(name: String, short: String) -> Self {
        let ours = is_ours(&name);
        Self { name, short, ours, ..Self::default() }
    }

    pub(crate) fn in_sets(self, sets: BTreeSet<String>) -> Self {
        Self { sets: sets.into_iter().collect(), ..self }
    }

    pub(crate) fn run_if(self, conditions: Vec<String>) -> Self {
        Self { conditions, ..self }
    }

    pub(crate) fn exclusive(self, exclusive: bool) -> Self {
        Self { exclusive, ..self }
    }

    pub(crate) fn metered(self, meter: Option<Arc<Meter>>) -> Self {
        Self { meter, ..self }
    }

    /// Whether a search finds it: each word stands in its name or in a set's, in upper or lower case.
    pub(crate) fn matches(&self, search: &str) -> bool {
        let has = |text: &str, word: &str| text.to_lowercase().contains(&word.to_lowercase());
        search.split_whitespace().all(|word| has(&self.name, word) || self.sets.iter().any(|set| has(set, word)))
    }
}

/// Whether a path begins in one of the suite's crates.
pub(crate) fn is_ours(path: &str) -> bool {
    path.starts_with("freshet_") || path.starts_with("bevy_freshet::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_systems_are_known_by_their_path() {
        for (path, ours) in [
            ("freshet_frame::admit::admit_frames", true),
            ("bevy_freshet::anything", true),
            ("bevy_render::freshet_like", false),
            ("my_game::freshet_frame::copy", false),
        ] {
            assert_eq!(is_ours(path), ours, "{path}");
        }
    }

    #[test]
    fn a_search_finds_words_in_names_and_sets() {
        let sets = BTreeSet::from(["RenderSystems::Prepare".to_owned()]);
        let node = Node::new("freshet_vision::flow::dispatch_flow".into(), "dispatch_flow".into()).in_sets(sets);
        assert!(node.matches("") && node.matches("FLOW") && node.matches("prepare vision"));
        assert!(!node.matches("flow upload"));
    }
}
