//! From Bevy's graph of systems and sets to a graph of systems.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bevy::ecs::schedule::graph::Direction;
use bevy::ecs::schedule::{NodeId, Schedule, ScheduleGraph, SystemKey, SystemSetKey};
use bevy::ecs::system::ScheduleSystem;

use super::dag::Reach;
use super::model::{Node, ScheduleModel, WorldName};
use super::timed::Meter;

/// Takes the picture of a schedule, built or not. Only reads.
pub(crate) fn capture(
    world: WorldName,
    label: String,
    schedule: &Schedule,
    meters: Vec<(SystemKey, Arc<Meter>)>,
) -> ScheduleModel {
    let graph = schedule.graph();
    let meters: HashMap<_, _> = meters.into_iter().collect();
    // Building moves the systems from the graph to where they run.
    let mut systems: Vec<(SystemKey, &ScheduleSystem)> = match schedule.systems() {
        Ok(systems) => systems.collect(),
        Err(_) => graph.systems.iter().map(|(key, system, _)| (key, system)).collect(),
    };
    systems.sort_by_key(|&(key, _)| key);
    let places: HashMap<_, _> = systems.iter().enumerate().map(|(at, &(key, _))| (key, at)).collect();
    let nodes = systems.iter().map(|&(key, system)| node(graph, key, system, meters.get(&key).cloned())).collect();
    ScheduleModel { world, label, nodes, edges: flat_edges(graph, &places) }
}

fn node(graph: &ScheduleGraph, key: SystemKey, system: &ScheduleSystem, meter: Option<Arc<Meter>>) -> Node {
    let name = system.name();
    let conditions = graph.systems.get_conditions(key).unwrap_or_default();
    let mut sets = BTreeSet::new();
    sets_of(graph, NodeId::System(key), &mut sets);
    let sets = sets.into_iter().filter_map(|key| {
        let set = graph.system_sets.get(key)?;
        (set.system_type().is_none() && !set.is_anonymous()).then(|| format!("{set:?}"))
    });
    Node::new(name.to_string(), name.shortname().to_string())
        .in_sets(sets.collect::<BTreeSet<_>>())
        .run_if(conditions.iter().map(|it| it.condition.name().shortname().to_string()).collect())
        .exclusive(system.is_exclusive())
        .metered(meter)
}

/// The sets that hold a node, and the sets that hold those.
fn sets_of(graph: &ScheduleGraph, node: NodeId, sets: &mut BTreeSet<SystemSetKey>) {
    for parent in graph.hierarchy().graph().neighbors_directed(node, Direction::Incoming) {
        if let NodeId::Set(key) = parent
            && sets.insert(key)
        {
            sets_of(graph, parent, sets);
        }
    }
}

/// The order among the systems themselves, in the fewest edges.
///
/// A set becomes a node before its members and one after them, so that an edge between two sets stays one edge instead of
/// one for each pair of their members.
fn flat_edges(graph: &ScheduleGraph, places: &HashMap<SystemKey, usize>) -> Vec<(usize, usize)> {
    let (hierarchy, dependency) = (graph.hierarchy().graph(), graph.dependency().graph());
    let sets: BTreeSet<_> = hierarchy.nodes().chain(dependency.nodes()).filter_map(|node| node.as_set()).collect();
    let sets: BTreeMap<_, _> = sets.into_iter().enumerate().map(|(at, key)| (key, places.len() + at * 2)).collect();
    let ends = |node: NodeId| match node {
        NodeId::System(key) => places.get(&key).map(|&at| (at, at)),
        NodeId::Set(key) => sets.get(&key).map(|&at| (at, at + 1)),
    };
    // What stands before a set stands before what stands after it, even when the set is empty.
    let mut edges: Vec<_> = sets.values().map(|&at| (at, at + 1)).collect();
    for (set, member) in hierarchy.all_edges() {
        if let (Some((begin, end)), Some((first, last))) = (ends(set), ends(member)) {
            edges.extend([(begin, first), (last, end)]);
        }
    }
    for (before, after) in dependency.all_edges() {
        if let (Some((_, end)), Some((begin, _))) = (ends(before), ends(after)) {
            edges.push((end, begin));
        }
    }
    let systems: Vec<usize> = (0..places.len()).collect();
    Reach::new(places.len() + sets.len() * 2, &edges).reduced(&systems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::ecs::prelude::*;
    use bevy::ecs::schedule::ScheduleLabel;

    #[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
    struct Tested;

    #[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
    enum Step {
        First,
        Nobody,
        Last,
        Outer,
    }

    fn a() {}
    fn b() {}
    fn c() {}
    fn d(_: &mut World) {}
    fn gate() -> bool {
        true
    }

    fn schedule() -> Schedule {
        let mut schedule = Schedule::new(Tested);
        schedule.configure_sets((Step::First, Step::Nobody, Step::Last).chain());
        schedule.configure_sets(Step::Last.in_set(Step::Outer));
        schedule.add_systems((
            c.in_set(Step::Last).after(b).run_if(gate),
            (a, b).in_set(Step::First),
            d.in_set(Step::Last).after(c),
        ));
        schedule
    }

    fn named_edges(model: &ScheduleModel) -> BTreeSet<(&str, &str)> {
        model.edges.iter().map(|&(from, to)| (&*model.nodes[from].short, &*model.nodes[to].short)).collect()
    }

    #[test]
    fn sets_are_flattened_to_the_fewest_edges_between_systems() {
        let model = capture(WorldName::Main, "Tested".into(), &schedule(), Vec::new());
        let names: Vec<_> = model.nodes.iter().map(|node| &*node.short).collect();
        assert_eq!(names, ["c", "a", "b", "d"]);
        assert_eq!(named_edges(&model), BTreeSet::from([("a", "c"), ("b", "c"), ("c", "d")]));

        let node = &model.nodes[0];
        assert_eq!(node.sets, ["Last", "Outer"]);
        assert_eq!((node.conditions.as_slice(), node.exclusive), (["gate".to_owned()].as_slice(), false));
        assert!(model.nodes[3].exclusive && node.name.ends_with("capture::tests::c"), "{}", node.name);
    }

    #[test]
    fn a_built_schedule_has_the_same_picture() {
        let before = capture(WorldName::Main, "Tested".into(), &schedule(), Vec::new());
        let mut built = schedule();
        built.run(&mut World::new());
        let after = capture(WorldName::Main, "Tested".into(), &built, Vec::new());
        assert_eq!(named_edges(&before), named_edges(&after));
    }
}
