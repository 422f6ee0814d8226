//! The known targets.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::resource::Resource;

use super::enrol::EnrolledTarget;
use super::error::EnrolError;
use super::gpu::TargetBuffers;

/// The known targets: what the match stage looks for and the align stage follows.
///
/// A target keeps its number until it is removed. Cloning is cheap; each change makes the stages upload all of it anew,
/// so add many at once.
#[derive(Resource, Debug, Default, Clone)]
pub struct TargetDatabase {
    places: Vec<Place>,
    /// Grows with each change.
    version: u64,
    /// The same on the GPU, made when a stage first asks; clones share it, a change begins another.
    uploaded: Arc<Mutex<Option<Uploaded>>>,
}

/// What a number stands for.
#[derive(Debug, Clone)]
enum Place {
    Free,
    /// A target that is still being learnt.
    Reserved,
    Held(Arc<EnrolledTarget>),
}

#[derive(Debug)]
struct Uploaded {
    device: wgpu::Device,
    buffers: Arc<TargetBuffers>,
}

impl TargetDatabase {
    /// Most targets it holds.
    pub const CAPACITY: usize = 1_000;

    /// Adds a target and answers its number, the lowest that is free.
    ///
    /// # Errors
    ///
    /// [`EnrolError::DatabaseFull`] when there are [`Self::CAPACITY`] already.
    pub fn insert(&mut self, target: Arc<EnrolledTarget>) -> Result<u32, EnrolError> {
        let number = self.reserve()?;
        self.fill(number, target);
        Ok(number)
    }

    /// Takes a number, the lowest that is free, for a target that is still being learnt.
    ///
    /// # Errors
    ///
    /// [`EnrolError::DatabaseFull`] when there are [`Self::CAPACITY`] already.
    pub fn reserve(&mut self) -> Result<u32, EnrolError> {
        let place = self.places.iter().position(|place| matches!(place, Place::Free)).unwrap_or(self.places.len());
        if place >= Self::CAPACITY {
            return Err(EnrolError::DatabaseFull);
        }
        if place == self.places.len() {
            self.places.push(Place::Free);
        }
        self.places[place] = Place::Reserved;
        Ok(place as u32)
    }

    /// Puts a target under a number that was reserved for it.
    pub fn fill(&mut self, number: u32, target: Arc<EnrolledTarget>) {
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = Place::Held(target);
            self.change();
        }
    }

    /// Forgets a target, or gives a reserved number back. It may be given to another.
    pub fn remove(&mut self, number: u32) {
        let Some(place) = self.places.get_mut(number as usize) else { return };
        let was_held = matches!(std::mem::replace(place, Place::Free), Place::Held(_));
        while self.places.last().is_some_and(|place| matches!(place, Place::Free)) {
            self.places.pop();
        }
        if was_held {
            self.change();
        }
    }

    /// The target of this number.
    pub fn get(&self, number: u32) -> Option<&EnrolledTarget> {
        self.places().nth(number as usize).flatten()
    }

    /// Targets in it, without those that are still being learnt.
    pub fn len(&self) -> usize {
        self.places().flatten().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&mut self) {
        self.version += 1;
        self.uploaded = Arc::default();
    }

    /// A number that is another after each change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The database in this device's memory.
    pub(crate) fn on_gpu(&self, device: &wgpu::Device) -> Arc<TargetBuffers> {
        let mut uploaded = self.uploaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = uploaded.as_ref().filter(|held| held.device == *device) {
            return Arc::clone(&held.buffers);
        }
        let buffers = Arc::new(TargetBuffers::new(device, self));
        *uploaded = Some(Uploaded { device: device.clone(), buffers: Arc::clone(&buffers) });
        buffers
    }

    /// One place for each number up to the highest in use.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Option<&EnrolledTarget>> {
        self.places.iter().map(|place| match place {
            Place::Held(target) => Some(&**target),
            Place::Free | Place::Reserved => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_in_order_and_freed_ones_first() {
        let mut database = TargetDatabase::default();
        let numbers: Vec<_> = (0..3).map(|_| database.reserve().unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2]);
        let version = database.version();
        database.remove(1);
        assert_eq!((database.reserve(), database.version()), (Ok(1), version), "what was never held changes nothing");
        for _ in 3..TargetDatabase::CAPACITY {
            database.reserve().unwrap();
        }
        assert_eq!(database.reserve(), Err(EnrolError::DatabaseFull));
        assert!(database.is_empty() && database.get(0).is_none());
    }
}
