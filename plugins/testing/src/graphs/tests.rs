//! Graphs of made-up worlds.

use bevy::app::Update;

use super::*;

#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Read,
    Empty,
}

fn first() {}
fn second() {}
fn others() {}

/// This crate's systems but one.
fn is_ours(path: &str) -> bool {
    path.contains("graphs::tests::") && !path.contains("others")
}

fn app(before: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    before(&mut app);
    app.configure_sets(Update, (Step::Read, Step::Empty).chain());
    app.add_systems(Update, ((first, second.before(others)).chain().in_set(Step::Read), others));
    app
}

#[test]
fn only_schedules_with_our_systems_are_drawn() {
    let graphs = graphs(&mut app(|_| {}), is_ours);
    let names: Vec<_> = graphs.iter().map(|graph| graph.name.as_str()).collect();
    assert_eq!(names, ["main_update"]);
    let dot = &graphs[0].dot;
    let path = "freshet_testing::graphs::tests";
    assert!(dot.contains(&format!("\"{path}::first\" -> \"{path}::second\"\n")), "{dot}");
    assert!(dot.contains(&format!("\"{path}::second\" -> \"{path}::others\"\n")), "{dot}");
    assert!(dot.contains("\"set Read\" -> \"set Empty\" [ltail=\"cluster set Read\"]"), "{dot}");
}

#[test]
fn the_text_does_not_depend_on_what_others_add() {
    let plain = graphs(&mut app(|_| {}), is_ours);
    let more = graphs(
        &mut app(|app| {
            app.add_systems(Update, (|| {}, others, || {}).chain());
        }),
        is_ours,
    );
    assert_eq!(plain, more);
}

#[test]
fn labels_become_file_names() {
    let names = ["ExtractSchedule", "Core3d", "OnEnter(Game::Paused)", "EguiPrimaryContextPass"].map(snake_case);
    assert_eq!(names, ["extract_schedule", "core3d", "on_enter_game_paused", "egui_primary_context_pass"]);
}

#[test]
fn the_hash_is_the_published_one() {
    // From the authors' test vectors.
    assert_eq!((fnv1a(b""), fnv1a(b"foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
}
