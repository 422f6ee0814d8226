//! Targets' pictures are read and learnt in the background.
//!
//! ```text
//!  ImageTarget ─► picture loaded? ─► luma ─► features, template ─► TargetDatabase ─► match and align stages
//!                                   └── a task, as many at once as there are threads for it ──┘       └► TargetNumber on the entity
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::asset::{AssetServer, Assets, Handle, LoadState};
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::prelude::*;
use bevy::ecs::world::DeferredWorld;
use bevy::image::Image;
use bevy::log::{info, warn};
use bevy::tasks::futures::check_ready;
use bevy::tasks::{AsyncComputeTaskPool, Task};
use freshet_base::Timestamp;
use freshet_vision::targets::{EnrolError, EnrolledTarget, TargetDatabase};

use crate::target::{ImageTarget, TargetError, TargetRefused};

/// While more pictures are being learnt, those that are done wait at most this long: each change of the database
/// uploads all of it.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// How far the enrolment of targets is.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Targets that are looked for.
    pub enrolled: usize,
    /// Targets whose pictures are still being loaded or learnt.
    pub pending: usize,
    /// Targets that were refused; each has a [`TargetRefused`].
    pub refused: usize,
}

/// On a target that is looked for: its number in the database, given in the order in which targets were spawned.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetNumber(pub u32);

/// Which entity each number belongs to, and since when it is looked for.
#[derive(Resource, Debug, Default)]
pub(crate) struct NumberedTargets {
    entities: Vec<Option<(Entity, Timestamp)>>,
}

impl NumberedTargets {
    /// The target that had this number when a frame was captured. A number may have been another's before.
    pub(crate) fn entity(&self, number: u32, captured: Timestamp) -> Option<Entity> {
        let (entity, since) = self.entities.get(number as usize).copied().flatten()?;
        (captured >= since).then_some(entity)
    }

    fn set(&mut self, number: u32, entity: Option<(Entity, Timestamp)>) {
        let place = number as usize;
        if self.entities.len() <= place {
            self.entities.resize(place + 1, None);
        }
        self.entities[place] = entity;
    }
}

/// On a target whose picture is being learnt, or has been. Its number is taken until this goes.
#[derive(Component)]
#[component(on_remove = give_number_back)]
pub(crate) struct Learning {
    image: Handle<Image>,
    number: u32,
    work: Work,
}

enum Work {
    Loading,
    Task(Task<Result<EnrolledTarget, TargetError>>),
    Done(Arc<EnrolledTarget>),
    Over,
}

fn give_number_back(mut world: DeferredWorld, context: HookContext) {
    let Some(number) = world.get::<Learning>(context.entity).map(|learning| learning.number) else { return };
    if let Some(mut numbers) = world.get_resource_mut::<NumberedTargets>() {
        numbers.set(number, None);
    }
    if let Some(mut database) = world.get_resource_mut::<TargetDatabase>() {
        database.remove(number);
    }
}

/// What belongs to a target goes with it.
pub(crate) fn forget_target(mut world: DeferredWorld, context: HookContext) {
    if let Ok(mut entity) = world.commands().get_entity(context.entity) {
        entity.try_remove::<(TargetNumber, Learning, TargetRefused)>();
    }
}

/// Notices new targets, and those whose picture was exchanged.
pub(crate) fn notice_targets(
    targets: Query<(Entity, &ImageTarget, Option<&Learning>), Changed<ImageTarget>>,
    mut database: ResMut<TargetDatabase>,
    mut commands: Commands,
) {
    for (entity, target, learning) in &targets {
        if !(target.width.is_finite() && target.width > 0.0) {
            refuse(&mut commands, entity, TargetError::Width(target.width));
            continue;
        }
        if learning.is_some_and(|learning| learning.image == target.image) {
            continue;
        }
        let number = match learning {
            // The number stays; what is known under it is forgotten when the new picture is learnt.
            Some(_) => None,
            None => match database.reserve() {
                Ok(number) => Some(number),
                Err(error) => {
                    refuse(&mut commands, entity, error.into());
                    continue;
                }
            },
        };
        let image = target.image.clone();
        let mut entity = commands.entity(entity);
        entity.try_remove::<(TargetNumber, TargetRefused)>();
        match number {
            Some(number) => {
                entity.try_insert(Learning { image, number, work: Work::Loading });
            }
            None => {
                entity.entry::<Learning>().and_modify(move |mut learning| {
                    learning.image = image;
                    learning.work = Work::Loading;
                });
            }
        }
    }
}

/// Starts learning pictures that are loaded.
pub(crate) fn start_learning(
    mut targets: Query<(Entity, &mut Learning)>,
    images: Res<Assets<Image>>,
    server: Res<AssetServer>,
    mut commands: Commands,
) {
    let at_once = AsyncComputeTaskPool::get().thread_num().max(1);
    let mut running = targets.iter().filter(|(_, learning)| matches!(learning.work, Work::Task(_))).count();
    for (entity, mut learning) in &mut targets {
        if running >= at_once {
            return;
        }
        if !matches!(learning.work, Work::Loading) {
            continue;
        }
        if let Some(image) = images.get(&learning.image) {
            let image = image.clone();
            learning.work = Work::Task(AsyncComputeTaskPool::get().spawn(async move { learn(image) }));
            running += 1;
        } else if let Some(LoadState::Failed(error)) = server.get_load_state(&learning.image) {
            // What follows the first line is a backtrace.
            let cause = error.to_string().lines().next().unwrap_or_default().to_owned();
            learning.work = Work::Over;
            refuse(&mut commands, entity, TargetError::Picture(cause));
        }
    }
}

fn learn(image: Image) -> Result<EnrolledTarget, TargetError> {
    let (width, height) = (image.width(), image.height());
    let format = image.texture_descriptor.format;
    if width == 0 || height == 0 {
        return Err(EnrolError::Size { width, height }.into());
    }
    let rgba = image.convert(wgpu_format()).and_then(|image| image.data);
    let Some(rgba) = rgba else { return Err(TargetError::Format(format!("{format:?}"))) };
    let luma: Vec<u8> = rgba.chunks_exact(4).map(luma).collect();
    Ok(EnrolledTarget::enrol(&luma, width, height)?)
}

fn wgpu_format() -> bevy::render::render_resource::TextureFormat {
    bevy::render::render_resource::TextureFormat::Rgba8UnormSrgb
}

/// Luma of a pixel (ITU-R BT.601), over white where it is transparent.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue, alpha] = [0, 1, 2, 3].map(|channel| f32::from(pixel[channel]));
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    (luma * alpha / 255.0 + 255.0 - alpha + 0.5) as u8
}

/// Collects what was learnt, and publishes it.
pub(crate) fn finish_learning(
    mut targets: Query<(Entity, &mut Learning)>,
    mut database: ResMut<TargetDatabase>,
    mut numbers: ResMut<NumberedTargets>,
    mut published: Local<Option<Instant>>,
    mut commands: Commands,
) {
    let (mut pending, mut done) = (0, 0);
    for (entity, mut learning) in &mut targets {
        let finished = match &mut learning.work {
            Work::Task(task) => check_ready(task),
            _ => None,
        };
        match finished {
            Some(Ok(target)) => learning.work = Work::Done(Arc::new(target)),
            Some(Err(error)) => {
                learning.work = Work::Over;
                refuse(&mut commands, entity, error);
            }
            None => {}
        }
        pending += usize::from(matches!(learning.work, Work::Loading | Work::Task(_)));
        done += usize::from(matches!(learning.work, Work::Done(_)));
    }
    let waited = published.is_none_or(|last| last.elapsed() >= PUBLISH_EVERY);
    if done == 0 || (pending > 0 && !waited) {
        return;
    }
    *published = Some(Instant::now());
    for (entity, mut learning) in &mut targets {
        let Work::Done(target) = &learning.work else { continue };
        database.fill(learning.number, Arc::clone(target));
        numbers.set(learning.number, Some((entity, Timestamp::now())));
        commands.entity(entity).try_insert(TargetNumber(learning.number));
        learning.work = Work::Over;
    }
    info!("{} targets are looked for, {pending} more are being learnt", database.len());
}

/// Keeps the count.
pub(crate) fn count_enrolment(
    targets: Query<(Has<TargetNumber>, Has<TargetRefused>), With<ImageTarget>>,
    mut enrolment: ResMut<Enrolment>,
) {
    let mut now = Enrolment::default();
    for (enrolled, refused) in &targets {
        match (enrolled, refused) {
            (true, _) => now.enrolled += 1,
            (false, true) => now.refused += 1,
            (false, false) => now.pending += 1,
        }
    }
    enrolment.set_if_neq(now);
}

fn refuse(commands: &mut Commands, entity: Entity, error: TargetError) {
    warn!("target {entity} is not looked for: {error}");
    commands.entity(entity).try_remove::<(TargetNumber, Learning)>().try_insert(TargetRefused(error));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_is_weighted_and_laid_over_white() {
        assert_eq!(luma(&[255, 255, 255, 255]), 255);
        assert_eq!(luma(&[255, 0, 0, 255]), 76);
        assert_eq!(luma(&[0, 0, 0, 0]), 255);
    }
}
