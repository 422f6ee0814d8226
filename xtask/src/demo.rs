//! `cargo xtask demo`: builds and runs the main example.

use std::path::{Path, PathBuf};
use std::{fs, path};

use crate::cli::Demo;
use crate::failure::{Failure, Outcome};
use crate::{process, say, setup, workspace};

/// The main example.
const EXAMPLE: &str = "mirror";

/// Set-up, build, run.
pub fn run(demo: &Demo) -> Outcome {
    setup::run(demo.no_install)?;
    let windowed = setup::has_display();
    let mut arguments = demo.extra.clone();
    let mut files = Vec::new();
    if !windowed {
        files = files_in(&output_folder(demo.out.as_deref())?);
        arguments = with_defaults(&headless_arguments(&files), demo.extra.clone());
    }
    say!("demo: building {EXAMPLE}");
    let programs = process::build_examples(&["--example", EXAMPLE])?;
    let Some(program) = programs.get(EXAMPLE) else {
        return Err(Failure::Step(format!("cargo built no program for the example {EXAMPLE}")));
    };
    say!("demo: {EXAMPLE} {}", arguments.join(" "));
    // The command itself stands on the line above, and the example has said what was wrong.
    process::run(process::example(program).args(&arguments)).map_err(|_| Failure::Step(format!("{EXAMPLE} failed")))?;
    tell(&files, &arguments)
}

/// One file that the headless demo leaves.
struct Output {
    flag: &'static str,
    what: &'static str,
    path: PathBuf,
}

fn files_in(folder: &Path) -> Vec<Output> {
    let output = |flag, name, what| Output { flag, what, path: folder.join(name) };
    vec![
        output("--screenshot", "mirror.png", "the last picture"),
        output("--clip", "mirror-clip.png", "a clip, as an animated PNG: open it in a browser"),
        output("--record", "mirror.jsonl", "one line per frame"),
        output("--report", "mirror.json", "the ledger and the timings"),
    ]
}

/// Makes the folder. What an earlier demo left is removed, so that no old file passes for a new one.
fn output_folder(asked: Option<&Path>) -> Outcome<PathBuf> {
    let folder = match asked {
        Some(folder) => path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()),
        None => workspace::root().join("target/demo"),
    };
    let cannot = |cause| Failure::Asked(format!("cannot write to {}: {cause}", folder.display()));
    fs::create_dir_all(&folder).map_err(cannot)?;
    for file in files_in(&folder) {
        if file.path.exists() {
            fs::remove_file(&file.path).map_err(cannot)?;
        }
    }
    Ok(folder)
}

fn headless_arguments(files: &[Output]) -> Vec<(String, Option<String>)> {
    let plain = [("--headless", None), ("--pace", Some("every")), ("--frames", Some("120"))];
    let plain = plain.map(|(flag, value)| (flag.to_owned(), value.map(str::to_owned)));
    let files = files.iter().map(|file| (file.flag.to_owned(), Some(file.path.display().to_string())));
    plain.into_iter().chain(files).collect()
}

/// The demo's own flags, then the user's. A flag that the user gives replaces the demo's.
fn with_defaults(defaults: &[(String, Option<String>)], extra: Vec<String>) -> Vec<String> {
    let given = |flag: &str| extra.iter().any(|word| word == flag || word.starts_with(&format!("{flag}=")));
    // A length in seconds replaces the length in frames.
    let replaced = |flag: &str| given(flag) || (flag == "--frames" && given("--seconds"));
    let kept = defaults.iter().filter(|(flag, _)| !replaced(flag));
    let words = kept.flat_map(|(flag, value)| [Some(flag.clone()), value.clone()]).flatten();
    words.chain(extra.iter().cloned()).collect()
}

/// Says where each file lies. A file that was asked for and is not there is a failure.
fn tell(files: &[Output], arguments: &[String]) -> Outcome {
    let asked = |file: &&Output| arguments.iter().any(|word| Path::new(word) == file.path);
    for file in files.iter().filter(asked) {
        if !file.path.is_file() {
            return Err(Failure::Step(format!("{EXAMPLE} left no {}", file.path.display())));
        }
        say!("demo: {}  ({})", file.path.display(), file.what);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_users_flags_replace_the_demos() {
        let defaults = headless_arguments(&files_in(Path::new("/out")));
        let plain = with_defaults(&defaults, Vec::new());
        assert_eq!(plain[..5], words("--headless --pace every --frames 120")[..]);
        assert!(plain.contains(&"/out/mirror-clip.png".to_owned()));
        let changed = with_defaults(&defaults, words("--frames=7 --pace real"));
        assert_eq!(changed[..3], words("--headless --screenshot /out/mirror.png")[..]);
        assert!(changed.ends_with(&words("--frames=7 --pace real")));
        assert!(!with_defaults(&defaults, words("--seconds 2")).contains(&"--frames".to_owned()));
    }

    #[test]
    fn a_file_that_is_not_there_fails_the_demo() {
        let files = files_in(Path::new("/no/such/folder"));
        let asked = with_defaults(&headless_arguments(&files), Vec::new());
        assert!(matches!(tell(&files, &asked), Err(Failure::Step(_))));
        assert_eq!(tell(&files, &[]), Ok(()));
    }
}
