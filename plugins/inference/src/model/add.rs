//! Adding models to an app.

use std::marker::PhantomData;
use std::sync::Arc;

use bevy::app::App;
use bevy::ecs::prelude::*;
use bevy::ecs::system::{BoxedSystem, IntoSystem};
use freshet_base::FrameId;
use freshet_frame::{FreshetFirst, FreshetSystems, Pipeline};
use freshet_priority::{AddWorkload, Workload};

use super::Model;
use super::desk::{Chamber, Desk, Running, Work, check_ticks};
use super::mailbox::Mailbox;
use super::start::start;
use super::state::{ModelChanged, ModelControl, ModelOf, ModelState, ModelStats};
use super::tend::tend;

/// Adding models.
pub trait AddModel {
    /// Adds a model, one of its type at most, after `FramePlugin` and `PriorityPlugin`.
    ///
    /// `workload` says how urgent its thoughts are, how often they begin at most, and how long one may take: its
    /// deadline runs from the beginning of a thought, and one that passes it is given up at its next checkpoint. Its name is
    /// the model's.
    ///
    /// `make` makes the model, on a worker thread, when an answer is first wanted, and again when it is rebuilt.
    ///
    /// `look` is a system that takes from a frame what the model is to know of it. It is asked in `First`, about the
    /// newest frames of streams that want an answer, and again in the next turn while it answers with `None`: what is
    /// needed of a frame comes some turns after it.
    fn add_model<M: Model, Marker>(
        &mut self,
        workload: Workload,
        make: impl Fn() -> M + Send + Sync + 'static,
        look: impl IntoSystem<In<FrameId>, Option<M::Input>, Marker> + 'static,
    ) -> &mut Self;
}

impl AddModel for App {
    fn add_model<M: Model, Marker>(
        &mut self,
        workload: Workload,
        make: impl Fn() -> M + Send + Sync + 'static,
        look: impl IntoSystem<In<FrameId>, Option<M::Input>, Marker> + 'static,
    ) -> &mut Self {
        assert!(
            !self.world().contains_resource::<Desk<M>>(),
            "model `{}` is added twice: an app has one of each type",
            workload.name()
        );
        let name = workload.name();
        self.add_message::<ModelChanged>();
        let world = self.world_mut();
        world.get_resource_or_init::<Pipeline>().make_in_main_world::<(M::Output,), M::Needs>(name);
        let mut look: BoxedSystem<In<FrameId>, Option<M::Input>> = Box::new(IntoSystem::into_system(look));
        // What it may access is asked of schedules only; here it has the world to itself.
        drop(look.initialize(world));
        let mut model = world.add_workload(workload, start::<M>);
        let entity = model
            .insert((ModelOf::<M>(PhantomData), ModelState::default(), ModelStats::default(), ModelControl::default()))
            .id();
        let streams = world.query_filtered();
        let work = Work {
            entity,
            name,
            make: Arc::new(make),
            look,
            mailbox: Mailbox::default(),
            chamber: Chamber::default(),
            retired: None,
            running: Running::Nothing,
            state: ModelState::default(),
            stats: ModelStats::default(),
            is_asked: false,
            streams,
            settled: Vec::with_capacity(16),
            over_budget: 0,
            failed_in_a_row: 0,
        };
        world.insert_resource(Desk::new(work));
        // After what came back from the GPU is on its frames, and before the app's systems.
        self.add_observer(check_ticks::<M>).add_systems(FreshetFirst, tend::<M>.in_set(FreshetSystems::Publish))
    }
}
