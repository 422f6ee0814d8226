//! The panel's figures, from the world.

use bevy::ecs::prelude::*;
use freshet_frame::{Demand, Pipeline, Stream, StreamState, StreamStats};
use freshet_ledger::{Report, WarmUp};

use super::{PanelInputs, StreamInput};
use crate::record::Recorder;

/// Reads what the panel is made from. Streams keep their places.
pub(crate) fn gather<'a>(world: &'a World, report: &'a Report) -> PanelInputs<'a> {
    let pipeline = world.get_resource::<Pipeline>();
    PanelInputs {
        report,
        streams: streams(world, pipeline),
        stage_order: pipeline.map_or(Vec::new(), |known| known.stages().iter().map(|stage| stage.name).collect()),
        warming_up: world.get_resource::<WarmUp>().is_some_and(|warm_up| warm_up.left_out.is_none()),
        recorded: world.get_resource::<Recorder>().map(Recorder::recorded),
    }
}

fn streams<'a>(world: &'a World, pipeline: Option<&'a Pipeline>) -> Vec<StreamInput<'a>> {
    // Without the components there is no stream yet.
    let Some(mut query) = world.try_query::<(EntityRef, &Stream, &StreamState, &StreamStats, &Demand)>() else {
        return Vec::new();
    };
    let mut streams: Vec<_> = query
        .iter(world)
        .map(|(entity, stream, state, stats, demand)| StreamInput {
            stream: entity.id(),
            name: &stream.name,
            state,
            stats,
            age: stats.newest.age(),
            wants: pipeline.map_or(Vec::new(), |pipeline| pipeline.wants(entity).collect()),
            also_made: pipeline.map_or(Vec::new(), |pipeline| {
                let also = pipeline.closure(demand.wanted()).without(demand.wanted());
                pipeline.names(also).collect()
            }),
        })
        .collect();
    streams.sort_by_key(|input| input.stream.index_u32());
    streams
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::{FrameCode, Luma};
    use freshet_frame::{WantExt, Wants};

    #[test]
    fn streams_are_found_with_who_wants_what() {
        let mut world = World::new();
        let report = Report::default();
        assert!(gather(&world, &report).streams.is_empty(), "a world that knows no stream");

        world.init_resource::<Pipeline>();
        let first = world.spawn((Stream::new("door"), Wants::<FrameCode>::default())).id();
        let second = world.spawn(Stream::new("street")).id();
        world.commands().want::<Luma>(first, "flow");
        world.commands().want::<Luma>(first, "hud");
        world.flush();

        let inputs = gather(&world, &report);
        assert_eq!(inputs.streams.iter().map(|input| input.stream).collect::<Vec<_>>(), [first, second]);
        let door = &inputs.streams[0];
        assert_eq!(door.name, "door");
        assert_eq!(door.wants, [("frame_code", ["by hand"].as_slice()), ("luma", ["flow", "hud"].as_slice())]);
        assert!(inputs.streams[1].wants.is_empty() && !inputs.warming_up && inputs.recorded.is_none());
    }
}
