//! The help texts.

use crate::failure::Outcome;
use crate::say;

/// Prints a text; asking for help is no mistake.
#[expect(clippy::unnecessary_wraps, reason = "it is a command like the others")]
pub fn print(text: &str) -> Outcome {
    say!("{}", text.trim_end());
    Ok(())
}

/// The help of a command by name, or the overview.
pub fn about(command: &str) -> Option<&'static str> {
    let texts =
        [("", OVERVIEW), ("demo", DEMO), ("test", TEST), ("new-stage", NEW_STAGE), ("graph", GRAPH), ("media", MEDIA)];
    texts.into_iter().find(|(name, _)| *name == command).map(|(_, text)| text)
}

pub const OVERVIEW: &str = "\
Usage: cargo xtask COMMAND [OPTION ...]

  demo        set this machine up, then build and run the main example, `mirror`
  test        set this machine up, then run every check
  new-stage   make the folder of a new GPU stage
  graph       draw the schedules of both worlds into docs/graphs
  media       make the bundled media in assets/media again
  help        this text; `cargo xtask help COMMAND` says more

The set-up installs what is missing with apt-get on Debian and Ubuntu, and says
first what and why. Elsewhere it prints what is needed.

Exit code: 0 done, 1 a step failed, 2 something is wrong with what was asked.
";

pub const DEMO: &str = "\
Usage: cargo xtask demo [--no-install] [--out DIR] [-- ARGUMENT ...]

Sets this machine up, then builds and runs the main example, `mirror`.
With a display it runs in a window until you close it. Without one it runs
headless for 120 frames, leaves a picture, a clip, a record and a report, and
says where they are.

  --no-install   only print what the set-up would install
  --out DIR      where the files go (default: target/demo)
  ARGUMENT       for the example; it replaces the demo's own
";

pub const TEST: &str = "\
Usage: cargo xtask test [--no-install] [--keep-going] [STEP ...]

Sets this machine up, then runs the steps, all of them or those that are named:

  fmt        every file is formatted
  clippy     no lint speaks, in any target with all features
  test       unit tests, and the tests across plugins
  doctest    the examples in the documentation run
  doc        the documentation builds without a warning
  shaders    naga accepts every shader
  examples   every example runs headless for a few frames
  licences   every dependency's licence is allowed by deny.toml

  --no-install   only print what the set-up would install
  --keep-going   run the other steps when one has failed

At the end stands a table of the steps, and on the last line the sum of all
tests: `N passed, M failed, K skipped`.
";

pub const NEW_STAGE: &str = "\
Usage: cargo xtask new-stage NAME [--in DIR]

Makes the folder of a GPU stage in plugins/vision/src/stages: four source files,
a shader and tests, with the seven answers to fill in. Adds it to the list of
modules beside it. Overwrites nothing.

  NAME       in snake_case, such as edge_map
  --in DIR   make it in another folder, and leave the list of modules alone
";

pub const GRAPH: &str = "\
Usage: cargo xtask graph [--no-install]

Draws every schedule that has a system of this suite, of the main world and of
the render world, into docs/graphs: a text for graphviz and an SVG of each. The
tests say when they are stale.

  --no-install   only print what the set-up would install
";

pub const MEDIA: &str = "\
Usage: cargo xtask media

Makes the bundled media in assets/media again, with the program in tools/media.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::step_names;

    #[test]
    fn every_text_fits_a_terminal_and_every_command_has_one() {
        for command in ["", "demo", "test", "new-stage", "graph", "media"] {
            let text = about(command).unwrap();
            assert!(text.starts_with("Usage: ") && text.lines().all(|line| line.len() <= 80), "{command}");
            assert!(command.is_empty() || OVERVIEW.contains(&format!("\n  {command} ")), "{command}");
        }
        assert_eq!(about("dance"), None);
    }

    #[test]
    fn the_steps_in_the_help_are_the_steps() {
        let listed = TEST.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
        let listed: Vec<&str> = listed.filter(|word| !word.starts_with("--")).collect();
        assert_eq!(listed, step_names());
    }
}
