//! A made-up schedule book.

use std::sync::Arc;
use std::time::Duration;

use super::measure::Schedulebook;
use super::model::{Node, ScheduleModel, WorldName};
use super::timed::Meter;

/// Two schedules, of which the second is ours in part.
pub(crate) fn book() -> Schedulebook {
    let schedule = |label: &str, names: &[&str], edges: &[(usize, usize)]| {
        let node = |name: &&str| {
            let short = name.rsplit("::").next().unwrap_or(name);
            Node::new((*name).into(), short.into()).metered(Some(Arc::new(Meter::default())))
        };
        let nodes = names.iter().map(node).collect();
        Arc::new(ScheduleModel { world: WorldName::Main, label: label.into(), nodes, edges: edges.to_vec() })
    };
    let names = [
        "bevy_time::time_system",
        "freshet_frame::open::open_streams",
        "freshet_frame::admit::admit_frames",
        "freshet_ledger::publish::publish_the_books_of_all_streams",
        "bevy_ecs::message::message_update_system",
        "bevy_app::nothing",
    ];
    let schedules =
        vec![schedule("First", &names[..1], &[]), schedule("Last", &names, &[(0, 1), (1, 2), (0, 4), (4, 3)])];
    Schedulebook { schedules, ..Default::default() }
}

/// Lets every system run once.
pub(crate) fn run(book: &Schedulebook) {
    for (at, node) in book.schedules.iter().flat_map(|it| &it.nodes).enumerate() {
        node.meter.as_ref().unwrap().add(Duration::from_micros(7 * at as u64 + 3));
    }
}
