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
    targets: Vec<Option<Arc<EnrolledTarget>>>,
    /// Grows with each change.
    version: u64,
    /// The same on the GPU, made when a stage first asks; clones share it, a change begins another.
    uploaded: Arc<Mutex<Option<Uploaded>>>,
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
        self.change();
        if let Some(free) = self.targets.iter().position(Option::is_none) {
            self.targets[free] = Some(target);
            return Ok(free as u32);
        }
        if self.targets.len() >= Self::CAPACITY {
            return Err(EnrolError::DatabaseFull);
        }
        self.targets.push(Some(target));
        Ok(self.targets.len() as u32 - 1)
    }

    /// Forgets a target. Its number may be given to another.
    pub fn remove(&mut self, number: u32) {
        self.change();
        if let Some(place) = self.targets.get_mut(number as usize) {
            *place = None;
        }
        while self.targets.last().is_some_and(Option::is_none) {
            self.targets.pop();
        }
    }

    /// The target of this number.
    pub fn get(&self, number: u32) -> Option<&EnrolledTarget> {
        self.targets.get(number as usize)?.as_deref()
    }

    /// Targets in it.
    pub fn len(&self) -> usize {
        self.targets.iter().flatten().count()
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
        self.targets.iter().map(Option::as_deref)
    }
}
