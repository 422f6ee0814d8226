//! What the governor may take from vision, and what frames say of it.
//!
//! | knob | kind | positions |
//! |---|---|---|
//! | `vision/cadence` | cadence | all stages look at every frame, every second, every third |
//! | `vision/flow` | quality | the app's preset, one below it, two below it |
//! | `vision/features` | quality | the app's number of points, a half, a quarter |
//!
//! Full quality is what the app itself has set, before a knob left it or while it is away, and comes back when it returns.

use bevy::app::{App, Plugin};
use bevy::ecs::prelude::*;
use freshet_base::{Degraded, StageLevels};
use freshet_frame::{AttachExt, FrameCaptured, FreshetFirst, FreshetSystems};
use freshet_priority::{Governor, Knob, KnobKind, PriorityPlugin};

use crate::stages::features::FeatureSettings;
use crate::stages::flow::{FlowPreset, FlowSettings};

/// Registers the knobs where there is a governor.
pub(crate) struct QualityPlugin;

impl Plugin for QualityPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<PriorityPlugin>() {
            return;
        }
        app.init_resource::<FullQuality>().add_systems(FreshetFirst, tell_quality.in_set(FreshetSystems::Publish));
        let mut governor = app.world_mut().resource_mut::<Governor>();
        governor.register(Knob::new("vision/cadence", KnobKind::Cadence, 2), turn_cadence);
        governor.register(Knob::new("vision/flow", KnobKind::Quality, 2), turn_flow);
        governor.register(Knob::new("vision/features", KnobKind::Quality, 2), turn_features);
    }
}

/// What the app itself has set, for knobs that are not at full quality.
#[derive(Resource, Debug, Default)]
struct FullQuality {
    cadence: Option<Taken<u8>>,
    flow: Option<Taken<FlowPreset>>,
    features: Option<Taken<u32>>,
}

/// A setting that the governor has changed.
#[derive(Debug, Clone, Copy)]
struct Taken<T> {
    /// What the app wants.
    own: T,
    /// What was put in its place.
    put: T,
}

/// What the app wants of a setting that stands at `present`: what it had set before the governor changed it, or what it has
/// set since.
fn own<T: Copy + PartialEq>(taken: Option<Taken<T>>, present: T) -> T {
    taken.filter(|taken| taken.put == present).map_or(present, |taken| taken.own)
}

fn turn_cadence(world: &mut World, position: u8) -> bool {
    let Some(levels) = world.get_resource::<StageLevels>() else { return false };
    let present = levels.cadence.max(1);
    let own = own(world.resource::<FullQuality>().cadence, present);
    let put = own.saturating_mul(position + 1);
    world.resource_mut::<FullQuality>().cadence = (position > 0).then_some(Taken { own, put });
    world.resource_mut::<StageLevels>().cadence = put;
    true
}

fn turn_flow(world: &mut World, position: u8) -> bool {
    let own = own(world.resource::<FullQuality>().flow, world.resource::<FlowSettings>().preset);
    let Some(put) = below(own, position) else { return false };
    world.resource_mut::<FullQuality>().flow = (position > 0).then_some(Taken { own, put });
    world.resource_mut::<FlowSettings>().preset = put;
    true
}

/// The preset so many places below another, if there is one.
const fn below(own: FlowPreset, places: u8) -> Option<FlowPreset> {
    use FlowPreset::{Accurate, Balanced, Fast};
    match (own, places) {
        (_, 0) => Some(own),
        (Accurate, 1) => Some(Balanced),
        (Accurate, 2) | (Balanced, 1) => Some(Fast),
        _ => None,
    }
}

fn turn_features(world: &mut World, position: u8) -> bool {
    let present = world.resource::<FeatureSettings>().capacity();
    let own = own(world.resource::<FullQuality>().features, present);
    let fewer = FeatureSettings::with_capacity(own >> position);
    if position > 0 && fewer.capacity() == present {
        return false;
    }
    let put = fewer.capacity();
    world.resource_mut::<FullQuality>().features = (position > 0).then_some(Taken { own, put });
    *world.resource_mut::<FeatureSettings>() = fewer;
    true
}

/// Puts what quality was given up for a frame on it.
fn tell_quality(governor: Res<Governor>, mut captured: MessageReader<FrameCaptured>, mut commands: Commands) {
    if !governor.is_degraded() {
        captured.clear();
        return;
    }
    let lowered = || governor.knobs().filter(|knob| knob.position > 0).map(|knob| (knob.name, knob.position));
    for message in captured.read() {
        commands.attach(message.frame, Degraded(lowered().take(Degraded::MOST).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(preset: FlowPreset, points: u32) -> World {
        let mut world = World::new();
        world.init_resource::<FullQuality>();
        world.init_resource::<StageLevels>();
        world.insert_resource(FlowSettings { preset });
        world.insert_resource(FeatureSettings::with_capacity(points));
        world
    }

    #[test]
    fn quality_goes_down_by_steps_and_back_to_what_the_app_had_set() {
        let mut world = world(FlowPreset::Accurate, 2000);
        let flow = |world: &World| world.resource::<FlowSettings>().preset;
        let points = |world: &World| world.resource::<FeatureSettings>().capacity();
        assert!(turn_flow(&mut world, 1) && flow(&world) == FlowPreset::Balanced);
        assert!(turn_flow(&mut world, 2) && flow(&world) == FlowPreset::Fast);
        assert!(turn_flow(&mut world, 0) && flow(&world) == FlowPreset::Accurate);
        world.resource_mut::<FlowSettings>().preset = FlowPreset::Balanced;
        assert!(turn_flow(&mut world, 1) && !turn_flow(&mut world, 2), "there is nothing below fast");
        assert!(turn_features(&mut world, 2) && points(&world) == 500);
        assert!(turn_features(&mut world, 1) && points(&world) == 1000);
        assert!(turn_features(&mut world, 0) && points(&world) == 2000);
        world.resource_mut::<StageLevels>().cadence = 2;
        assert!(turn_cadence(&mut world, 2) && world.resource::<StageLevels>().cadence == 6);
        assert!(turn_cadence(&mut world, 0) && world.resource::<StageLevels>().cadence == 2);
    }

    #[test]
    fn what_the_app_sets_meanwhile_is_what_it_gets_back() {
        let mut world = world(FlowPreset::Accurate, 2000);
        assert!(turn_flow(&mut world, 2));
        world.resource_mut::<FlowSettings>().preset = FlowPreset::Balanced;
        assert!(turn_flow(&mut world, 1) && world.resource::<FlowSettings>().preset == FlowPreset::Fast);
        assert!(turn_flow(&mut world, 0) && world.resource::<FlowSettings>().preset == FlowPreset::Balanced);
    }

    #[test]
    fn points_that_cannot_get_fewer_are_left_alone() {
        let mut world = world(FlowPreset::Fast, *FeatureSettings::CAPACITY.start());
        assert!(!turn_features(&mut world, 1));
    }
}
