//! The schedules as pictures: text for graphviz, the same on every run.
//!
//! ```text
//!  Schedule ─► bevy_mod_debugdump ─► read: sets, systems, edges ─► settle: few boxes, few edges ─► write: sorted text
//! ```
//!
//! What `bevy_mod_debugdump` writes names nodes by their keys, so that one more system of Bevy's renames all of them, and
//! draws each set that a system is in. Here nodes are named by their paths, a set with one member is left out, and
//! everything is sorted: a change of the text is a change of the order.

mod read;
mod settle;
mod write;

use bevy::app::App;
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::{Schedule, Schedules};
use bevy::render::RenderApp;
use bevy_mod_debugdump::schedule_graph::{Settings, schedule_graph_dot};

/// The graph of one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The world and the schedule's label, fit for a file's name: `render_extract_schedule`.
    pub name: String,
    /// Text for graphviz.
    pub dot: String,
}

/// The graph of every schedule, of the main world and of the render world, that has a system of one of these crates:
/// those systems, the sets that hold them, and what they are directly ordered against.
///
/// To be called before the app's first turn: later the systems have moved from the graph to where they run. Nothing is
/// built or initialised for it, because some systems can only be initialised where they run.
pub fn graphs(app: &mut App, is_ours: fn(&str) -> bool) -> Vec<Graph> {
    let mut graphs = graphs_of(app.world(), "main", is_ours);
    if let Some(render_app) = app.get_sub_app(RenderApp) {
        graphs.extend(graphs_of(render_app.world(), "render", is_ours));
    }
    graphs.sort_by(|one, other| one.name.cmp(&other.name));
    graphs
}

fn graphs_of(world: &World, name: &str, is_ours: fn(&str) -> bool) -> Vec<Graph> {
    let Some(schedules) = world.get_resource::<Schedules>() else { return Vec::new() };
    let has_ours = |schedule: &Schedule| schedule.graph().systems.iter().any(|(_, system, _)| is_ours(&system.name()));
    let ours = schedules.iter().filter(|(_, schedule)| has_ours(schedule));
    let graphs = ours.map(|(label, schedule)| {
        let settings = Settings::default().filter_name(is_ours);
        let label = format!("{label:?}");
        let picture = settle::settle(read::read(&schedule_graph_dot(schedule, world, &settings)), is_ours);
        Graph {
            name: format!("{name}_{}", snake_case(&label)),
            dot: write::write(&picture, &format!("{name} world · {label}")),
        }
    });
    graphs.collect()
}

/// `ExtractSchedule` as `extract_schedule`; what cannot stand in a file's name is left out.
fn snake_case(label: &str) -> String {
    let mut name = String::new();
    for letter in label.chars() {
        match letter {
            'A'..='Z' => {
                if name.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit()) {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' => name.push(letter),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    name.trim_end_matches('_').to_owned()
}

/// The line that ties a picture to the text it was made from. `cargo xtask graph` puts it into every SVG.
pub fn made_from(dot: &str) -> String {
    format!("<!-- made from a dot file with FNV-1a {:016x} -->", fnv1a(dot.as_bytes()))
}

/// The hash of Fowler, Noll and Vo, 64 bits: short, and the same everywhere.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
