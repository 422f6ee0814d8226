//! Writes the schedules of this suite as graphs for graphviz, one file for each; `cargo xtask graph` makes pictures of
//! them.
//!
//! `graphs FOLDER` writes, `graphs` only counts.

use std::io::{self, Write};
use std::path::Path;
use std::{env, fs};

use bevy_freshet::FreshetPlugins;
use freshet_testing::{TestApp, graphs};

fn main() -> io::Result<()> {
    let mut app = TestApp::new(|app| {
        app.add_plugins(FreshetPlugins);
    });
    let graphs = graphs(&mut app.app, |path| path.starts_with("freshet_"));
    writeln!(io::stdout(), "{} schedules with systems of this suite", graphs.len())?;
    let Some(folder) = env::args_os().nth(1) else { return Ok(()) };
    fs::create_dir_all(&folder)?;
    graphs.iter().try_for_each(|graph| fs::write(Path::new(&folder).join(format!("{}.dot", graph.name)), &graph.dot))
}
