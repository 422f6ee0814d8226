//! The step `examples`: each example, headless, for a few frames.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::{process, say, workspace};

/// What every example is run with.
const FEW_FRAMES: &[&str] = &["--headless", "--pace", "every", "--frames", "8"];

/// Examples that are run with something else instead.
const ARGUMENTS: &[(&str, &[&str])] = &[
    // Lists cameras and formats, and ends.
    ("sources", &[]),
    // Counts the schedules, and ends.
    ("graphs", &[]),
];

/// An example that takes longer is stuck.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a running example is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How many lines of a failed example are shown.
const SHOWN_LINES: usize = 40;

/// Builds all examples at once, then runs one after the other.
pub fn run(keep_going: bool) -> Outcome {
    let names = names_in(&workspace::root().join("examples"))?;
    let programs = process::build_examples(&["--examples"])?;
    let mut failed = Vec::new();
    for name in &names {
        if let Err(failure) = run_one(name, &programs) {
            let (Failure::Step(text) | Failure::Asked(text)) = &failure;
            say!("example {name}: FAILED, {text}");
            failed.push(name.as_str());
            if !keep_going {
                break;
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Step(format!("failed: {}", failed.join(", ")))) }
}

/// Every example in the folder: `NAME.rs`, or a folder `NAME` with a `main.rs`.
fn names_in(folder: &Path) -> Outcome<Vec<String>> {
    let cannot = |cause| Failure::Step(format!("cannot list {}: {cause}", folder.display()));
    let entries: Vec<PathBuf> = fs::read_dir(folder).map_err(cannot)?.flatten().map(|entry| entry.path()).collect();
    let is_example =
        |path: &&PathBuf| path.join("main.rs").is_file() || path.extension().is_some_and(|end| end == "rs");
    let name = |path: &PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.iter().filter(is_example).filter_map(name).collect();
    names.sort();
    if names.is_empty() { Err(Failure::Step(format!("no example in {}", folder.display()))) } else { Ok(names) }
}

fn arguments(name: &str) -> &'static [&'static str] {
    ARGUMENTS.iter().find(|(other, _)| *other == name).map_or(FEW_FRAMES, |(_, arguments)| arguments)
}

/// What it says goes to a file beside the program, and is shown only when it fails.
fn run_one(name: &str, programs: &BTreeMap<String, PathBuf>) -> Outcome {
    let program = programs.get(name).ok_or_else(|| Failure::Step("cargo built no program for it".to_owned()))?;
    let log = program.with_extension("log");
    let mut example = process::example(program);
    example.args(arguments(name)).current_dir(workspace::root());
    let start = Instant::now();
    let ended = run_for(&mut example, &log, LIMIT).map_err(|cause| Failure::Step(format!("cannot start: {cause}")))?;
    let seconds = start.elapsed().as_secs_f64();
    if ended.is_some_and(|status| status.success()) {
        say!("example {name}: passed in {seconds:.1} s");
        return Ok(());
    }
    let text = fs::read(&log).unwrap_or_default();
    say!("{}", last_lines(&String::from_utf8_lossy(&text), SHOWN_LINES));
    let how = ended.map_or_else(|| format!("no end after {seconds:.0} s"), |status| status.to_string());
    Err(Failure::Step(format!("{how}; log: {}", log.display())))
}

/// Runs with a limit; `None` when it was reached and the program was ended.
fn run_for(command: &mut Command, log: &Path, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let log = File::create(log)?;
    let mut child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn the_shared_command_line_is_no_example() {
        let folder = env::temp_dir().join(format!("freshet-xtask-examples-{}", process::id()));
        for file in ["common/mod.rs", "mirror.rs", "throughput/main.rs", "notes.txt"] {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::write(folder.join(file), "").unwrap();
        }
        assert_eq!(names_in(&folder), Ok(vec!["mirror".to_owned(), "throughput".to_owned()]));
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(names_in(&folder), Err(Failure::Step(_))));
    }

    #[test]
    fn examples_take_few_frames_unless_the_table_says_otherwise() {
        assert_eq!(arguments("mirror"), FEW_FRAMES);
        assert!(arguments("sources").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let log = env::temp_dir().join(format!("freshet-xtask-limit-{}", process::id()));
        let stuck = run_for(Command::new("sleep").arg("60"), &log, Duration::from_millis(60)).unwrap();
        assert_eq!(stuck, None);
        let quick = run_for(Command::new("sh").args(["-c", "echo said; exit 3"]), &log, LIMIT).unwrap();
        assert_eq!(quick.and_then(|status| status.code()), Some(3));
        assert_eq!(fs::read_to_string(&log).unwrap(), "said\n");
        fs::remove_file(&log).unwrap();
    }

    #[test]
    fn only_the_end_of_a_log_is_shown() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }
}
