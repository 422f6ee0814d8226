//! Which of our packages may use which. The table is data, and an edge that it does not allow fails the test.

use std::env;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One package of ours.
struct Package {
    name: &'static str,
    layer: u8,
    may_use: MayUse,
}

/// Which of our packages a package may use. It may never use one of its own layer or above.
#[derive(Clone, Copy)]
enum MayUse {
    /// Nothing of ours.
    Nothing,
    /// What lies on this layer or below.
    UpTo(u8),
    /// Everything below.
    All,
}

/// The layers, as ARCHITECTURE.md draws them.
const LAYERS: &[Package] = &[
    package("freshet_base", 0, MayUse::Nothing),
    package("freshet_ledger", 1, MayUse::All),
    package("freshet_frame", 2, MayUse::All),
    package("freshet_priority", 2, MayUse::All),
    package("freshet_capture", 3, MayUse::All),
    package("freshet_vision", 3, MayUse::All),
    package("freshet_audio", 3, MayUse::All),
    package("freshet_inference", 3, MayUse::All),
    package("freshet_compositor", 3, MayUse::All),
    package("freshet_ar", 4, MayUse::All),
    package("freshet_face", 4, MayUse::All),
    package("freshet_speech", 4, MayUse::All),
    package("freshet_generate", 4, MayUse::All),
    // It moves a rig by the shared vocabulary alone, so that it runs without a single net.
    package("freshet_avatar", 5, MayUse::UpTo(2)),
    package("freshet_inspector", 6, MayUse::All),
    package("bevy_freshet", 7, MayUse::All),
    // The command line of the examples: a user of the facade like any other.
    package(EXAMPLE, 8, MayUse::All),
];

/// What the examples share. The facade's package holds the examples, so it names this one as a dev-dependency.
const EXAMPLE: &str = "freshet_example";

/// Packages that stand beside the layers. Nobody depends on them, but for [`TESTING`].
const BESIDE: &[&str] = &[TESTING, "xtask", "freshet_media", "freshet_models"];

/// Helps every package to test, as a dev-dependency, and uses nothing of ours.
const TESTING: &str = "freshet_testing";

const fn package(name: &'static str, layer: u8, may_use: MayUse) -> Package {
    Package { name, layer, may_use }
}

/// One package of ours uses another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    kind: Kind,
}

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Dev,
}

/// What the table says against these packages and edges; empty when nothing.
fn objections(names: &[String], edges: &[Edge]) -> Vec<String> {
    let known = |name: &String| find(name).is_some() || BESIDE.contains(&name.as_str());
    let unknown = names.iter().filter(|name| !known(name)).map(|name| format!("{name} is not in the table of layers"));
    let forbidden = edges.iter().filter(|edge| !is_allowed(edge));
    let forbidden = forbidden.map(|Edge { from, to, kind }| format!("{from} may not use {to} ({kind:?})"));
    unknown.chain(forbidden).collect()
}

fn is_allowed(edge: &Edge) -> bool {
    if edge.to == TESTING {
        return edge.kind == Kind::Dev && find(&edge.from).is_some();
    }
    if edge.to == EXAMPLE {
        return edge.kind == Kind::Dev && edge.from == "bevy_freshet";
    }
    let (Some(from), Some(to)) = (find(&edge.from), find(&edge.to)) else { return false };
    to.layer < from.layer
        && match from.may_use {
            MayUse::Nothing => false,
            MayUse::UpTo(layer) => to.layer <= layer,
            MayUse::All => true,
        }
}

fn find(name: &str) -> Option<&'static Package> {
    LAYERS.iter().find(|package| package.name == name)
}

/// The names of our packages and the edges between them, of every kind and for every system.
fn packages_and_edges(metadata: &Value) -> (Vec<String>, Vec<Edge>) {
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    let name = |value: &Value| value["name"].as_str().expect("a package has a name").to_owned();
    let names: Vec<String> = packages.iter().map(name).collect();
    let edges = packages.iter().flat_map(|package| {
        let dependencies = package["dependencies"].as_array().expect("a package has dependencies");
        dependencies.iter().map(move |dependency| Edge {
            from: name(package),
            to: name(dependency),
            kind: kind_of(dependency),
        })
    });
    let edges = edges.filter(|edge| names.contains(&edge.to)).collect();
    (names, edges)
}

fn kind_of(dependency: &Value) -> Kind {
    match dependency["kind"].as_str() {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => panic!("cargo knows a new kind of dependency: {other}"),
    }
}

/// Needs no network and no lock file: dependencies are not resolved.
fn workspace_metadata() -> Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"]).arg(manifest);
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

#[test]
fn no_package_uses_one_that_the_table_does_not_allow() {
    let (names, edges) = packages_and_edges(&workspace_metadata());
    // A check over nothing would pass: these two are there on the first day.
    assert!(names.iter().any(|name| name == "bevy_freshet"), "{names:?}");
    assert!(edges.contains(&edge("freshet_frame", "freshet_ledger", Kind::Normal)), "{edges:?}");
    let objections = objections(&names, &edges);
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn the_table_forbids_what_it_should() {
    let forbidden = [
        edge("freshet_base", "freshet_ledger", Kind::Normal),
        edge("freshet_base", "freshet_ledger", Kind::Dev),
        edge("freshet_frame", "freshet_priority", Kind::Normal),
        edge("freshet_frame", "freshet_vision", Kind::Build),
        edge("freshet_vision", "freshet_capture", Kind::Dev),
        edge("freshet_avatar", "freshet_face", Kind::Normal),
        edge("freshet_inspector", "bevy_freshet", Kind::Dev),
        edge("freshet_frame", "freshet_testing", Kind::Normal),
        edge("freshet_testing", "freshet_base", Kind::Normal),
        edge("bevy_freshet", "xtask", Kind::Dev),
        edge("xtask", "freshet_testing", Kind::Dev),
    ];
    for edge in forbidden {
        assert_eq!(objections(&[], std::slice::from_ref(&edge)).len(), 1, "{edge:?}");
    }
}

#[test]
fn the_table_allows_what_it_should() {
    let allowed = [
        edge("freshet_ledger", "freshet_base", Kind::Normal),
        edge("freshet_vision", "freshet_frame", Kind::Normal),
        edge("freshet_face", "freshet_vision", Kind::Normal),
        edge("freshet_avatar", "freshet_frame", Kind::Normal),
        edge("freshet_inspector", "freshet_avatar", Kind::Normal),
        edge("bevy_freshet", "freshet_inspector", Kind::Normal),
        edge("freshet_frame", "freshet_testing", Kind::Dev),
        edge("bevy_freshet", "freshet_testing", Kind::Dev),
    ];
    assert_eq!(objections(&[], &allowed), [""; 0]);
}

#[test]
fn a_package_that_is_not_in_the_table_is_named() {
    let names = ["freshet_base", "freshet_testing", "freshet_surprise"].map(str::to_owned);
    assert_eq!(objections(&names, &[]), ["freshet_surprise is not in the table of layers"]);
}

#[test]
fn edges_of_every_kind_are_read_and_foreign_ones_left_out() {
    let metadata = serde_json::json!({ "packages": [
        { "name": "freshet_base", "dependencies": [] },
        { "name": "freshet_ledger", "dependencies": [
            { "name": "freshet_base", "kind": null },
            { "name": "freshet_base", "kind": "build", "rename": "base" },
            { "name": "freshet_base", "kind": "dev", "target": "cfg(unix)" },
            { "name": "serde", "kind": null },
        ] },
    ] });
    let (names, edges) = packages_and_edges(&metadata);
    assert_eq!(names, ["freshet_base", "freshet_ledger"]);
    let expected = [Kind::Normal, Kind::Build, Kind::Dev].map(|kind| edge("freshet_ledger", "freshet_base", kind));
    assert_eq!(edges, expected);
}

fn edge(from: &str, to: &str, kind: Kind) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), kind }
}
