//! GPU stages as workloads: ranked like all others, run by the render world.

use bevy::ecs::prelude::*;
use freshet_base::StageLevels;

use super::Workload;

/// On a workload: it is the GPU stage of this name.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Booked)]
pub struct StageWorkload(pub &'static str);

/// Makes a workload of each stage that is new.
pub(crate) fn adopt_stages(levels: Option<Res<StageLevels>>, mut adopted: Local<usize>, mut commands: Commands) {
    let Some(levels) = levels else { return };
    for stage in levels.iter().skip(*adopted) {
        *adopted += 1;
        commands.spawn((Workload::new(stage.name, stage.role), StageWorkload(stage.name)));
    }
}

/// Books what stages cost and how often there was no budget for them.
pub(crate) fn measure_stages(
    levels: Option<Res<StageLevels>>,
    mut stages: Query<(&StageWorkload, &mut Workload, &mut Booked)>,
) {
    let Some(levels) = levels else { return };
    for (stage, mut workload, mut booked) in &mut stages {
        let Some(known) = levels.get(stage.0) else { continue };
        let workload = workload.bypass_change_detection();
        workload.counters.over_budget = known.over_budget;
        // A cost that only faded was not measured.
        if let Some(cost) = known.cost
            && std::mem::replace(&mut booked.measured, known.measured) != known.measured
        {
            workload.cost.record(cost);
        }
    }
}

/// How often the stage had been measured when its cost was last booked.
#[derive(Component, Debug, Default)]
pub(crate) struct Booked {
    measured: u64,
}

/// Tells the stages' levels to whoever admits frames.
pub(crate) fn pass_levels_on(
    levels: Option<ResMut<StageLevels>>,
    stages: Query<(&StageWorkload, &Workload), Changed<Workload>>,
) {
    let Some(mut levels) = levels else { return };
    for (stage, workload) in &stages {
        if let Some(known) = levels.bypass_change_detection().get_mut(stage.0) {
            known.level = workload.level();
        }
    }
}
