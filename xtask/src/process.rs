//! Child processes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{env, io};

use crate::failure::{Failure, Outcome};
use crate::workspace;

/// What every cargo run over the code selects.
///
/// Cargo merges the features of the selected packages only. Two selections mean two sets of features, and every
/// dependency whose set differs is compiled twice; for Bevy that is a quarter of an hour. So clippy, the tests, the
/// examples and the demo all select the whole workspace with its default features: all but those that need a vendor's
/// compiler (`cuda`) or system (`metal`). (The root package's dev-dependencies ask for
/// everything that the plugins ask for, so that a plain `cargo run --example` finds the same features too.)
pub const SELECTION: [&str; 1] = ["--workspace"];

/// Cargo, in the root of the checkout.
pub fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut cargo = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(workspace::root());
    cargo
}

/// A program. Backtraces are off unless they were asked for: taking one costs milliseconds, and errors are values here.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    if env::var_os("RUST_BACKTRACE").is_none() {
        command.env("RUST_BACKTRACE", "0");
    }
    command
}

/// Runs to the end; a non-zero exit is a failed step.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|cause| cannot_start(command, &cause))?;
    check(command, status)
}

/// Whether it starts, and ends with exit code 0. Nothing of it is shown.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// What it writes on standard output.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|cause| cannot_start(command, &cause))?;
    check(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs to the end and hands over each line of standard output as it comes.
pub fn each_line(command: &mut Command, mut take: impl FnMut(&str)) -> Outcome {
    let mut child: Child = command.stdout(Stdio::piped()).spawn().map_err(|cause| cannot_start(command, &cause))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            take(String::from_utf8_lossy(&line).trim_end_matches('\r'));
        }
    }
    let status = child.wait().map_err(|cause| cannot_start(command, &cause))?;
    check(command, status)
}

/// Builds examples and gives the path of each program by name. `which` is `--examples` or `--example NAME`.
///
/// They are built here and started directly, because `cargo run` cannot select the whole workspace.
pub fn build_examples(which: &[&str]) -> Outcome<BTreeMap<String, PathBuf>> {
    let mut programs = BTreeMap::new();
    let mut build = cargo(["build", "--message-format=json-render-diagnostics"]);
    each_line(build.args(SELECTION).args(which), |line| programs.extend(example_program(line)))?;
    Ok(programs)
}

/// A built example. Bevy looks for assets beside the manifest that `cargo run` names, so it is named here too.
pub fn example(path: &PathBuf) -> Command {
    let mut example = program(path);
    example.env("CARGO_MANIFEST_DIR", workspace::root());
    example
}

/// The name and path in one of cargo's messages, when it is about a built example.
fn example_program(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let is_example = target["kind"].as_array()?.iter().any(|kind| kind == "example");
    let path = message["executable"].as_str()?;
    is_example.then(|| Some((target["name"].as_str()?.to_owned(), path.into())))?
}

fn check(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(Failure::Step(format!("{}: {status}", line_of(command)))) }
}

fn cannot_start(command: &Command, cause: &io::Error) -> Failure {
    Failure::Step(format!("cannot start {}: {cause}", line_of(command)))
}

/// The command as one would type it.
pub fn line_of(command: &Command) -> String {
    let name = PathBuf::from(command.get_program());
    let name = name.file_stem().unwrap_or(name.as_os_str()).to_string_lossy().into_owned();
    command.get_args().fold(name, |line, argument| line + " " + &argument.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_examples_are_picked_from_cargos_messages() {
        let artifact = |kind: &str, path: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"kind":["{kind}"],"name":"mirror"}},"executable":{path}}}"#
            )
        };
        let found = example_program(&artifact("example", "\"/t/mirror\""));
        assert_eq!(found, Some(("mirror".to_owned(), PathBuf::from("/t/mirror"))));
        assert_eq!(example_program(&artifact("lib", "null")), None);
        assert_eq!(example_program(&artifact("bin", "\"/t/xtask\"")), None);
        assert_eq!(example_program(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(example_program("not json"), None);
    }

    #[test]
    fn a_command_reads_as_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        assert_eq!(line_of(command.args(["test", "--doc"])), "cargo test --doc");
    }

    #[test]
    fn a_missing_program_is_a_failed_step_not_a_panic() {
        let failure = run(&mut program("no-such-program-here")).unwrap_err();
        assert!(matches!(&failure, Failure::Step(text) if text.contains("no-such-program-here")), "{failure:?}");
    }
}
