//! Who runs first in each context, and how soon.

use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::priority::{AddWorkload, Attention, Context, LevelChanged, PriorityPlugin, Timeline, Workload};

use crate::Arguments;

pub fn measure(_: &Arguments) {
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), PriorityPlugin::default()));
    app.world_mut().resource_mut::<bevy_freshet::priority::FrameBudget>().target = std::time::Duration::from_secs(60);
    for (name, role) in [
        ("speculation", Role::Speculation),
        ("training", Role::Training),
        ("indexing", Role::Indexing),
        ("perception", Role::Perception),
        ("chat", Role::Chat),
        ("frames", Role::Frames),
    ] {
        app.add_workload(Workload::new(name, role), || {});
    }
    app.update();
    for context in [Context::Neutral, Context::Chat, Context::Call, Context::Idle, Context::Neutral] {
        app.world_mut().resource_mut::<Attention>().force(Some(context));
        // One turn: what is forced before it holds in it.
        app.update();
        let timeline = app.world().resource::<Timeline>();
        let mut spans: Vec<_> = timeline.spans().rev().take(6).collect();
        spans.sort_by_key(|span| span.start);
        let order: Vec<_> = spans.iter().map(|span| format!("{} ({})", span.name, span.level)).collect();
        let changed = app.world().resource::<Messages<LevelChanged>>().iter_current_update_messages().count();
        println!("{:<8} {}   [{changed} levels changed]", context.name(), order.join(" > "));
    }
}
