//! What of a schedule is shown, and where.

use super::dag::Reach;
use super::layout::{Layout, Point, layout};
use super::model::ScheduleModel;

/// A line between two boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// Where it begins and ends: places in [`View::nodes`].
    pub(crate) ends: (usize, usize),
    /// Whether it leads through systems that are not shown.
    pub(crate) dashed: bool,
}

/// The part of a schedule that is shown, drawn.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The systems that are shown: places in the schedule.
    pub(crate) nodes: Vec<usize>,
    /// The lines between them.
    pub(crate) links: Vec<Link>,
    /// The size of each box.
    pub(crate) sizes: Vec<Point>,
    /// Where boxes and lines lie.
    pub(crate) layout: Layout,
}

impl View {
    /// Draws a schedule, all of it or what belongs to this suite. `size` gives the size of a system's box.
    pub(crate) fn new(schedule: &ScheduleModel, ours_only: bool, size: impl Fn(usize) -> Point) -> Self {
        let shown = |&node: &usize| !ours_only || schedule.nodes[node].ours;
        let nodes: Vec<usize> = (0..schedule.nodes.len()).filter(shown).collect();
        let links = links(schedule, &nodes);
        let sizes: Vec<Point> = nodes.iter().map(|&node| size(node)).collect();
        let ends: Vec<_> = links.iter().map(|link| link.ends).collect();
        let layout = layout(&sizes, &ends);
        Self { nodes, links, sizes, layout }
    }
}

/// The order among some systems, in the fewest lines.
fn links(schedule: &ScheduleModel, nodes: &[usize]) -> Vec<Link> {
    let reduced = Reach::new(schedule.nodes.len(), &schedule.edges).reduced(nodes);
    let direct: std::collections::HashSet<_> = schedule.edges.iter().copied().collect();
    let dashed = |(from, to): (usize, usize)| !direct.contains(&(nodes[from], nodes[to]));
    reduced.into_iter().map(|ends| Link { ends, dashed: dashed(ends) }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::{Node, WorldName};
    use super::*;

    fn schedule() -> ScheduleModel {
        let names = ["freshet_frame::a", "bevy_render::b", "freshet_frame::c", "bevy_render::d", "freshet_vision::e"];
        let nodes = names.map(|name| Node::new(name.into(), name.into())).into();
        let edges = vec![(0, 1), (1, 2), (2, 4), (3, 4)];
        ScheduleModel { world: WorldName::Render, label: "RenderGraph".into(), nodes, edges }
    }

    #[test]
    fn a_filter_keeps_the_ways_through_what_it_hides_as_dashed_lines() {
        let view = View::new(&schedule(), true, |_| [50.0, 20.0]);
        assert_eq!(view.nodes, [0, 2, 4]);
        let links: Vec<_> = view.links.iter().map(|link| (link.ends, link.dashed)).collect();
        assert_eq!(links, [((0, 1), true), ((1, 2), false)]);
    }

    #[test]
    fn without_a_filter_every_edge_is_shown_as_it_is() {
        let view = View::new(&schedule(), false, |node| [50.0 + node as f32, 20.0]);
        assert_eq!((view.nodes.len(), view.sizes[3]), (5, [53.0, 20.0]));
        assert!(view.links.len() == 4 && view.links.iter().all(|link| !link.dashed));
    }
}
