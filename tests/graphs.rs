//! The pictures of the schedules in `docs/graphs` are of the schedules as they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bevy_freshet::FreshetPlugins;
use freshet_testing::{Graph, TestApp, graphs, made_from};

const AGAIN: &str = "run `cargo xtask graph` and commit docs/graphs";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/graphs")
}

fn graphs_now() -> Vec<Graph> {
    let mut app = TestApp::new(|app| {
        app.add_plugins(FreshetPlugins);
    });
    graphs(&mut app.app, |path| path.starts_with("freshet_"))
}

/// The first line that differs, for the message.
fn difference(kept: &str, now: &str) -> String {
    let pairs = kept.lines().map(Some).chain([None]).zip(now.lines().map(Some).chain([None]));
    let differs = pairs.into_iter().find(|(kept, now)| kept != now).unwrap_or_default();
    format!("kept:  {:?}\nnow:   {:?}", differs.0.unwrap_or_default(), differs.1.unwrap_or_default())
}

// Other features and other systems have other systems in their schedules.
#[cfg(all(feature = "ar", feature = "camera", feature = "h264", feature = "pbr", target_os = "linux"))]
#[test]
fn the_kept_graphs_are_of_the_schedules_as_they_are() {
    let graphs = graphs_now();
    assert!(graphs.len() > 8, "{}", graphs.len());
    for Graph { name, dot } in &graphs {
        let path = folder().join(format!("{name}.dot"));
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == *dot, "{} is stale: {AGAIN}\n{}", path.display(), difference(&kept, dot));
    }
    let names: BTreeSet<_> = graphs.iter().map(|graph| graph.name.clone()).collect();
    let kept = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    for path in kept.filter(|path| path.extension().is_some_and(|end| end == "dot" || end == "svg")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(names.contains(&name), "{} is of no schedule any more: {AGAIN}", path.display());
    }
}

#[test]
fn every_picture_was_made_from_the_text_beside_it() {
    let texts = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut count = 0;
    for text in texts.filter(|path| path.extension().is_some_and(|end| end == "dot")) {
        let picture = fs::read_to_string(text.with_extension("svg")).unwrap_or_default();
        let mark = made_from(&fs::read_to_string(&text).unwrap());
        assert!(picture.contains(&mark), "{} is not of this text: {AGAIN}", text.with_extension("svg").display());
        count += 1;
    }
    assert!(count > 8, "{count} texts");
}

/// Two apps in one process: no key, no address and no order of hashing is in the text.
#[test]
fn the_text_is_the_same_each_time() {
    assert_eq!(graphs_now(), graphs_now());
}
