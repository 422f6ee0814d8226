//! Puts stopwatches on the systems of whole worlds before they first run, and keeps the picture of their order.

use std::any::TypeId;
use std::mem;
use std::sync::Arc;

use bevy::app::{App, AppLabel};
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::{Schedule, Schedules, SystemKey, SystemWithAccess, Systems};
use bevy::ecs::system::System;

use super::capture::capture;
use super::model::{ScheduleModel, WorldName};
use super::timed::{Meter, Timing, timed};

/// The schedules of all worlds, as they stood before their first run. A resource of the main world.
#[derive(Resource, Debug, Default)]
pub(crate) struct Schedulebook {
    /// Main world first, then by label.
    pub(crate) schedules: Vec<Arc<ScheduleModel>>,
    /// Turns the stopwatches of all of them on and off.
    pub(crate) timing: Timing,
}

/// Times and captures the schedules of the main world.
///
/// Call it when all plugins have been finished and nothing has run: in a plugin's `cleanup`. What is added later is
/// neither timed nor shown.
pub(crate) fn measure_main(app: &mut App) {
    let mut book = app.world_mut().remove_resource::<Schedulebook>().unwrap_or_default();
    let schedules = measure_world(app.world_mut(), WorldName::Main, &book.timing);
    book.add(schedules);
    app.insert_resource(book);
}

/// Times and captures the schedules of a sub-app's world, just before its first turn.
///
/// Call it in a plugin's `finish`: in `cleanup` the render app may already have gone to its own thread. It takes effect
/// at the first extraction, when every plugin has been finished and none of the world's schedules has run; the result
/// goes into the main world's [`Schedulebook`].
pub(crate) fn measure_sub_app(app: &mut App, label: impl AppLabel, name: WorldName) {
    app.init_resource::<Schedulebook>();
    let Some(sub_app) = app.get_sub_app_mut(label) else { return };
    let mut extract = sub_app.take_extract();
    let mut measured = false;
    sub_app.set_extract(move |main, world| {
        if !mem::replace(&mut measured, true)
            && let Some(mut book) = main.get_resource_mut::<Schedulebook>()
        {
            let schedules = measure_world(world, name, &book.timing);
            book.add(schedules);
        }
        if let Some(extract) = extract.as_mut() {
            extract(main, world);
        }
    });
}

impl Schedulebook {
    fn add(&mut self, schedules: Vec<ScheduleModel>) {
        self.schedules.extend(schedules.into_iter().map(Arc::new));
        self.schedules.sort_by(|one, other| (one.world, &one.label).cmp(&(other.world, &other.label)));
    }
}

/// Times and captures every schedule that is not running now; a running one is out of its place and left alone.
fn measure_world(world: &mut World, name: WorldName, timing: &Timing) -> Vec<ScheduleModel> {
    let Some(mut schedules) = world.get_resource_mut::<Schedules>() else { return Vec::new() };
    let models = schedules.iter_mut().map(|(label, schedule)| {
        let meters = time_systems(schedule, timing);
        capture(name, format!("{label:?}"), schedule, meters)
    });
    models.filter(|model| !model.nodes.is_empty()).collect()
}

/// Puts a stopwatch on every system of a schedule that has never been built. One that has been is left as it is: its
/// systems have moved to where they run.
///
/// Keys, order, sets and run conditions stay. Every system is entered anew, so that the schedule asks each for its access
/// once more: a system whose access is not known would run beside systems that it must not run beside.
fn time_systems(schedule: &mut Schedule, timing: &Timing) -> Vec<(SystemKey, Arc<Meter>)> {
    let systems = &mut schedule.graph_mut().systems;
    let keys: Vec<_> = systems.iter().map(|(key, ..)| key).collect();
    if keys.len() != systems.len() || keys != keys_of_a_new_list(keys.len()) {
        return Vec::new();
    }
    let mut old = mem::take(systems);
    let mut meters = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(place) = old.get_mut(key) else { continue };
        let system = mem::replace(place, nothing());
        let conditions = old.get_conditions_mut(key).map(mem::take).unwrap_or_default();
        let conditions = conditions.into_iter().map(|it| it.condition).collect();
        if is_apply_deferred(&system) {
            systems.insert(Box::new(system), conditions);
        } else {
            let (system, meter) = timed(system, timing);
            meters.push((systems.insert(system, conditions), meter));
        }
    }
    meters
}

/// The keys that a list of systems hands out when none is ever removed.
fn keys_of_a_new_list(length: usize) -> Vec<SystemKey> {
    let mut list = Systems::default();
    (0..length).map(|_| list.insert(Box::new(ApplyDeferred), Vec::new())).collect()
}

fn nothing() -> SystemWithAccess {
    SystemWithAccess::new(Box::new(ApplyDeferred))
}

/// The executor knows these by their type, and does their work itself.
fn is_apply_deferred(system: &SystemWithAccess) -> bool {
    system.system_type() == TypeId::of::<ApplyDeferred>()
}

#[cfg(test)]
mod tests;
