//! The systems of workloads.

use bevy::app::App;
use bevy::ecs::change_detection::CheckChangeTicks;
use bevy::ecs::prelude::*;
use bevy::ecs::system::{BoxedSystem, IntoSystem};

use super::Workload;

/// The systems of workloads, each in a slot of its own.
#[derive(Resource, Default)]
pub(crate) struct WorkloadSystems {
    slots: Vec<Slot>,
}

#[derive(Default)]
struct Slot {
    entity: Option<Entity>,
    /// Out while it runs.
    system: Option<BoxedSystem>,
}

impl WorkloadSystems {
    fn put(&mut self, entity: Entity, system: BoxedSystem) -> usize {
        let slot = Slot { entity: Some(entity), system: Some(system) };
        match self.slots.iter_mut().position(|slot| slot.entity.is_none()) {
            Some(free) => {
                self.slots[free] = slot;
                free
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        }
    }

    /// The slots in use, and whose they are.
    pub(super) fn entities(&self) -> impl Iterator<Item = (usize, Entity)> + '_ {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.entity?)))
    }

    /// Takes a system out to run it, if it is still this workload's.
    pub(super) fn take(&mut self, slot: usize, entity: Entity) -> Option<BoxedSystem> {
        self.slots.get_mut(slot).filter(|slot| slot.entity == Some(entity))?.system.take()
    }

    /// Puts it back, unless the workload has gone meanwhile.
    pub(super) fn put_back(&mut self, slot: usize, entity: Entity, system: BoxedSystem) {
        if let Some(slot) = self.slots.get_mut(slot).filter(|slot| slot.entity == Some(entity)) {
            slot.system = Some(system);
        }
    }

    pub(super) fn remove(&mut self, entity: Entity) {
        for slot in self.slots.iter_mut().filter(|slot| slot.entity == Some(entity)) {
            *slot = Slot::default();
        }
    }
}

/// Adding workloads.
pub trait AddWorkload {
    /// What adding answers with.
    type Added<'a>
    where
        Self: 'a;

    /// Adds a workload whose system runs in whichever level is its present one. It has the world to itself while it
    /// runs, one workload after another, on the thread of exclusive systems: long work belongs into tasks, which
    /// [`Tasks`](crate::Tasks) spawns from here, by the workload's name: let no two have the same.
    ///
    /// Bevy keeps messages for two turns. A workload that may wait for longer reads components instead.
    fn add_workload<M>(&mut self, workload: Workload, system: impl IntoSystem<(), (), M> + 'static) -> Self::Added<'_>;
}

impl AddWorkload for World {
    type Added<'a> = EntityWorldMut<'a>;

    fn add_workload<M>(&mut self, workload: Workload, system: impl IntoSystem<(), (), M> + 'static) -> Self::Added<'_> {
        let mut system: BoxedSystem = Box::new(IntoSystem::into_system(system));
        // What it may access is asked of schedules only; here it has the world to itself.
        drop(system.initialize(self));
        let entity = self.spawn(workload).id();
        self.get_resource_or_init::<WorkloadSystems>().put(entity, system);
        self.entity_mut(entity)
    }
}

impl AddWorkload for App {
    type Added<'a> = &'a mut Self;

    fn add_workload<M>(&mut self, workload: Workload, system: impl IntoSystem<(), (), M> + 'static) -> &mut Self {
        self.world_mut().add_workload(workload, system);
        self
    }
}

/// Change ticks are 32 bits wide: systems that Bevy does not know must be told before they wrap around.
pub(crate) fn check_ticks(check: On<CheckChangeTicks>, mut systems: ResMut<WorkloadSystems>) {
    for system in systems.slots.iter_mut().filter_map(|slot| slot.system.as_mut()) {
        system.check_change_tick(*check);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::Role;

    #[test]
    fn slots_are_used_again_and_belong_to_one_workload() {
        let mut world = World::new();
        let mut add = || world.add_workload(Workload::new("one", Role::Upkeep), || {}).id();
        let (first, second) = (add(), add());
        let mut systems = world.remove_resource::<WorkloadSystems>().unwrap();
        let taken = systems.take(0, first).unwrap();
        assert!(systems.take(0, first).is_none(), "it is out");
        systems.remove(first);
        systems.put_back(0, first, taken);
        assert!(systems.take(0, first).is_none(), "it has gone");
        assert_eq!(systems.entities().collect::<Vec<_>>(), [(1, second)]);
        assert_eq!(systems.put(first, Box::new(IntoSystem::into_system(|| {}))), 0);
    }
}
