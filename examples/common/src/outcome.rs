//! How an example ends.

use bevy::prelude::*;

/// Ends the program because of something the user gave: one line, exit code 2.
pub fn fail(message: &str) -> ! {
    eprintln!("{}: {}", program(), message.replace('\n', " "));
    std::process::exit(2)
}

fn program() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    path.and_then(|path| Some(path.file_stem()?.display().to_string())).unwrap_or_default()
}

/// The exit code for a run in which something the user gave was wrong.
pub fn wrong_input(message: &str) -> AppExit {
    eprintln!("{}: {}", program(), message.replace('\n', " "));
    AppExit::from_code(2)
}
