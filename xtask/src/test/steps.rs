//! The steps, as a table.

use std::env;
use std::process::Command;

use super::counts::{self, Counts};
use super::{examples, licences};
use crate::failure::{Failure, Outcome};
use crate::process::{self, SELECTION};

/// One step.
pub struct Step {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub what: &'static str,
    /// Whether the code is compiled, so that the machine must be set up.
    pub builds: bool,
    /// Runs it. The second argument asks it to go on after its first failure.
    pub run: fn(&mut Counts, bool) -> Outcome,
}

/// All steps, in order: what is quick, then what compiles most and is used again by what follows.
pub const STEPS: &[Step] = &[
    step("fmt", "every file is formatted", false, |_, _| {
        process::run(&mut process::cargo(["fmt", "--all", "--check"]))
    }),
    step("clippy", "no lint speaks, in any target with all features", true, clippy),
    step("test", "unit tests, and the tests across plugins", true, test),
    step("doctest", "the examples in the documentation run", true, doctest),
    step("doc", "the documentation builds without a warning", true, doc),
    step("shaders", "naga accepts every shader", true, shaders),
    step("examples", "every example runs headless for a few frames", true, |_, go_on| examples::run(go_on)),
    step("licences", "every dependency's licence is allowed by deny.toml", false, |_, _| licences::run()),
];

const fn step(name: &'static str, what: &'static str, builds: bool, run: fn(&mut Counts, bool) -> Outcome) -> Step {
    Step { name, what, builds, run }
}

/// The steps of these names in the table's order; all of them when no name is given.
pub fn chosen(names: &[String]) -> Outcome<Vec<&'static Step>> {
    let known = |name: &&String| STEPS.iter().any(|step| step.name == **name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::Asked(format!("no step is called {unknown:?}; the steps are {}", all.join(", "))));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn clippy(_: &mut Counts, keep_going: bool) -> Outcome {
    let mut clippy = process::cargo(["clippy", "--all-targets"]);
    clippy.args(SELECTION);
    if keep_going {
        clippy.arg("--keep-going");
    }
    process::run(clippy.args(["--", "-D", "warnings"]))
}

/// `--tests` is libraries, programs and integration tests. Examples are built as they are in their own step; as test
/// programs they would be linked a second time.
fn test(counts: &mut Counts, keep_going: bool) -> Outcome {
    tests(&["--tests"], keep_going, counts)
}

fn doctest(counts: &mut Counts, keep_going: bool) -> Outcome {
    tests(&["--doc"], keep_going, counts)
}

fn tests(which: &[&str], keep_going: bool, counts: &mut Counts) -> Outcome {
    let mut test = process::cargo(["test"]);
    test.args(SELECTION).args(which);
    if keep_going {
        test.arg("--no-fail-fast");
    }
    counts::run(&mut test, counts)
}

fn doc(_: &mut Counts, keep_going: bool) -> Outcome {
    let mut doc = process::cargo(["doc", "--no-deps"]);
    doc.args(SELECTION);
    if keep_going {
        doc.arg("--keep-going");
    }
    deny_doc_warnings(&mut doc);
    process::run(&mut doc)
}

fn deny_doc_warnings(doc: &mut Command) {
    let flags = env::var("RUSTDOCFLAGS").unwrap_or_default();
    doc.env("RUSTDOCFLAGS", format!("{flags} -D warnings").trim());
}

/// The tests named `shaders` in the one integration test program. A filter that matches nothing passes, so what ran is
/// counted.
fn shaders(counts: &mut Counts, _: bool) -> Outcome {
    let mut test = process::cargo(["test"]);
    counts::run(test.args(SELECTION).args(["--test", "freshet", "shaders"]), counts)?;
    if counts.passed > 0 {
        return Ok(());
    }
    Err(Failure::Step("no test named shaders ran".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &[&str]) -> Outcome<Vec<&'static str>> {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        Ok(chosen(&asked)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_run_in_the_tables_order() {
        assert_eq!(names(&["licences", "fmt"]), Ok(vec!["fmt", "licences"]));
        assert_eq!(names(&[]).map(|names| names.len()), Ok(STEPS.len()));
    }

    #[test]
    fn an_unknown_step_is_a_users_mistake_that_lists_the_steps() {
        let failure = names(&["fmt", "lint"]).unwrap_err();
        assert!(matches!(&failure, Failure::Asked(text) if text.contains("\"lint\"") && text.contains("clippy")));
    }
}
