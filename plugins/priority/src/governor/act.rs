//! The governor of a running app.

use std::time::{Duration, Instant};

use bevy::diagnostic::{DiagnosticPath, DiagnosticsStore};
use bevy::ecs::prelude::*;
use bevy::log::{info, warn};

use super::{Change, Control, ControlSettings, FrameCost, Knob};
use crate::budget::FrameBudget;

/// Puts a knob's position into effect. `false` when it cannot: the position is not tried again.
type Apply = Box<dyn FnMut(&mut World, u8) -> bool + Send + Sync>;

/// Keeps turns of the app within their target by giving up quality, and takes it back when there is room.
///
/// It acts once the app has said so (`enabled`) and has knobs to turn: `VisionPlugin` brings some, and an app adds its own.
#[derive(Resource)]
pub struct Governor {
    /// Whether it decides anything. Default off: only the app knows whether its target is one that must be kept.
    pub enabled: bool,
    control: Control,
    actions: Vec<(&'static str, Apply)>,
    began: Instant,
    changes: u64,
    gpu_paths: Vec<DiagnosticPath>,
    /// Measured things of Bevy's store when the paths were looked up.
    known: usize,
    cost: FrameCost,
}

impl Default for Governor {
    fn default() -> Self {
        Self {
            enabled: false,
            control: Control::new(ControlSettings::default()),
            actions: Vec::new(),
            began: Instant::now(),
            changes: 0,
            gpu_paths: Vec::new(),
            known: 0,
            cost: FrameCost { busy: Duration::ZERO },
        }
    }
}

/// Quality was given up or taken back.
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub struct QualityChanged(pub Change);

impl Governor {
    /// With other limits and patience than the usual ones. Their target is replaced by the frame budget's.
    pub fn with_settings(settings: ControlSettings) -> Self {
        Self { control: Control::new(settings), ..Self::default() }
    }

    /// Lets the governor turn a knob. `apply` is called with the position to take, from 0, full quality, to the knob's
    /// `steps`; it answers with `false` when it cannot take it.
    pub fn register(&mut self, knob: Knob, apply: impl FnMut(&mut World, u8) -> bool + Send + Sync + 'static) {
        self.actions.retain(|(name, _)| *name != knob.name);
        self.actions.push((knob.name, Box::new(apply)));
        self.control.register(knob);
    }

    /// Takes a knob away, wherever it stands.
    pub fn unregister(&mut self, name: &str) {
        self.actions.retain(|(known, _)| *known != name);
        self.control.unregister(name);
    }

    /// The knobs and where they stand.
    pub fn knobs(&self) -> impl Iterator<Item = &Knob> + '_ {
        self.control.knobs()
    }

    /// Whether any quality is given up.
    pub fn is_degraded(&self) -> bool {
        self.control.is_degraded()
    }

    /// Changes so far.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// What the last turn cost: the greater of the main world's time and the GPU's.
    pub fn cost(&self) -> Duration {
        self.cost.busy
    }
}

/// Decides on the last turn's cost, and puts the decision into effect.
pub(crate) fn govern(world: &mut World) {
    let target = world.resource::<FrameBudget>().target;
    let main = world.resource::<FrameBudget>().last_needed();
    let mut governor = std::mem::take(&mut *world.resource_mut::<Governor>());
    if governor.enabled && !governor.actions.is_empty() {
        let gpu = world.get_resource::<DiagnosticsStore>().map_or(Duration::ZERO, |store| governor.gpu_time(store));
        governor.decide(world, main.max(gpu), target);
    } else if governor.is_degraded() {
        // Switched off, it gives everything back.
        governor.give_back(world);
    }
    *world.resource_mut::<Governor>() = governor;
}

impl Governor {
    fn give_back(&mut self, world: &mut World) {
        let lowered: Vec<_> = self.control.knobs().filter(|knob| knob.position > 0).map(|knob| knob.name).collect();
        for (name, apply) in self.actions.iter_mut().filter(|(name, _)| lowered.contains(name)) {
            if !apply(world, 0) {
                warn!("knob `{name}` cannot return to full quality");
            }
        }
        self.control.reset();
    }

    fn decide(&mut self, world: &mut World, busy: Duration, target: Duration) {
        self.cost = FrameCost { busy };
        self.control.set_target(target);
        let change = self.control.step(self.cost, self.began.elapsed());
        if let Some(reason) = self.control.take_notice() {
            warn!("{reason}");
        }
        let Some(change) = change else { return };
        let action = self.actions.iter_mut().find(|(name, _)| *name == change.knob);
        if !action.is_some_and(|(_, apply)| apply(world, change.to)) {
            self.control.veto(change.knob, change.to);
            self.control.restore(change.knob, change.from);
            return;
        }
        self.changes += 1;
        info!("{change}");
        world.write_message(QualityChanged(change));
    }

    /// What the GPU was busy for in a turn of late, as Bevy's recorder has measured; zero where it does not measure.
    fn gpu_time(&mut self, store: &DiagnosticsStore) -> Duration {
        /// Older times are of work that no longer runs.
        const FRESH: Duration = Duration::from_millis(250);
        let known = store.iter().count();
        if std::mem::replace(&mut self.known, known) != known {
            self.gpu_paths.clear();
            self.gpu_paths.extend(outermost(store.iter().map(|diagnostic| diagnostic.path())).cloned());
        }
        let now = Instant::now();
        let newest = self.gpu_paths.iter().filter_map(|path| store.get(path)?.measurement());
        let fresh = newest.filter(|newest| now.saturating_duration_since(newest.time) < FRESH);
        Duration::from_secs_f64(fresh.map(|newest| newest.value.max(0.0) / 1e3).sum())
    }
}

/// The GPU spans that lie in no other.
fn outermost<'a>(paths: impl Iterator<Item = &'a DiagnosticPath>) -> impl Iterator<Item = &'a DiagnosticPath> {
    const SPAN: &str = "/elapsed_gpu";
    let spans: Vec<_> =
        paths.filter(|path| path.as_str().starts_with("render/") && path.as_str().ends_with(SPAN)).collect();
    let folders: Vec<_> = spans.iter().map(|path| path.as_str().trim_end_matches(SPAN)).collect();
    spans.into_iter().filter(move |path| {
        let folder = path.as_str().trim_end_matches(SPAN);
        !folders.iter().any(|outer| folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::KnobKind;

    #[derive(Resource, Default)]
    struct Position(u8);

    fn world() -> World {
        let mut world = World::new();
        world.init_resource::<Position>();
        world.init_resource::<Messages<QualityChanged>>();
        world
    }

    #[test]
    fn what_is_decided_is_applied_and_told() {
        let mut world = world();
        let mut governor = Governor::default();
        governor.register(Knob::new("test/knob", KnobKind::Quality, 2), |world, to| {
            world.resource_mut::<Position>().0 = to;
            true
        });
        let target = Duration::from_millis(10);
        for _ in 0..40 {
            governor.decide(&mut world, Duration::from_millis(30), target);
        }
        assert_eq!((world.resource::<Position>().0, governor.is_degraded(), governor.changes()), (2, true, 2));
        let messages = world.resource::<Messages<QualityChanged>>();
        assert!(messages.iter_current_update_messages().any(|message| message.0.to == 2));
    }

    #[test]
    fn a_position_that_cannot_be_taken_is_given_up() {
        let mut world = world();
        let mut governor = Governor::default();
        let mut asked = 0;
        governor.register(Knob::new("test/stuck", KnobKind::Quality, 1), move |world, _| {
            asked += 1;
            world.resource_mut::<Position>().0 = asked;
            false
        });
        for _ in 0..400 {
            governor.decide(&mut world, Duration::from_millis(30), Duration::from_millis(10));
        }
        assert_eq!(world.resource::<Position>().0, 1, "asked once, and not again");
        assert!(!governor.is_degraded() && governor.changes() == 0);
    }

    #[test]
    fn a_step_back_that_fails_leaves_the_knob_where_it_is() {
        let mut world = world();
        let mut governor = Governor::default();
        governor.register(Knob::new("test/sticky", KnobKind::Quality, 1), |_, to| to > 0);
        let target = Duration::from_millis(10);
        for _ in 0..20 {
            governor.decide(&mut world, Duration::from_millis(30), target);
        }
        assert!(governor.is_degraded());
        for _ in 0..400 {
            governor.decide(&mut world, Duration::from_millis(1), target);
        }
        assert!(governor.is_degraded(), "it never came back");
    }

    #[test]
    fn only_the_outermost_spans_are_added_up() {
        let paths =
            ["render/a/elapsed_gpu", "render/a/b/elapsed_gpu", "render/ab/elapsed_gpu", "render/a/elapsed_cpu", "fps"]
                .map(DiagnosticPath::new);
        let outermost: Vec<_> = outermost(paths.iter()).map(DiagnosticPath::as_str).collect();
        assert_eq!(outermost, ["render/a/elapsed_gpu", "render/ab/elapsed_gpu"]);
    }
}
