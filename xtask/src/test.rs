//! `cargo xtask test`: every check, as named steps.

mod counts;
mod examples;
mod licences;
mod policy;
mod steps;

use std::time::{Duration, Instant};

use counts::Counts;
use steps::Step;

use crate::cli::Test;
use crate::failure::{Failure, Outcome};
use crate::{process, say, setup};

/// The names of all steps, in order.
#[cfg(test)]
pub fn step_names() -> Vec<&'static str> {
    steps::STEPS.iter().map(|step| step.name).collect()
}

/// How one step went.
struct Done {
    name: &'static str,
    time: Duration,
    counts: Counts,
    failure: Option<Failure>,
}

/// Set-up, the steps, a table, the sum.
pub fn run(test: &Test) -> Outcome {
    let steps = steps::chosen(&test.steps)?;
    check_components(&steps)?;
    if steps.iter().any(|step| step.builds) {
        setup::run(test.no_install)?;
    }
    let mut done = Vec::new();
    for step in &steps {
        let outcome = run_step(step, test.keep_going);
        let failed = outcome.failure.is_some();
        done.push(outcome);
        if failed && !test.keep_going {
            break;
        }
    }
    let left_out = steps[done.len()..].iter().map(|step| step.name);
    summarise(&done, left_out)
}

fn run_step(step: &Step, keep_going: bool) -> Done {
    say!("\n== {}: {}", step.name, step.what);
    let start = Instant::now();
    let mut counts = Counts::default();
    let failure = (step.run)(&mut counts, keep_going).err();
    let time = start.elapsed();
    match &failure {
        None => say!("== {}: passed in {:.1} s", step.name, time.as_secs_f64()),
        Some(Failure::Step(text) | Failure::Asked(text)) => say!("== {}: FAILED, {text}", step.name),
    }
    Done { name: step.name, time, counts, failure }
}

/// The table, then the sum on the last line.
fn summarise<'a>(done: &[Done], left_out: impl Iterator<Item = &'a str>) -> Outcome {
    say!("\n{:<10} {:<8} {:>9}  {:>6}", "step", "result", "seconds", "tests");
    for step in done {
        let result = if step.failure.is_some() { "FAILED" } else { "passed" };
        let tests = if step.counts == Counts::default() { String::new() } else { step.counts.passed.to_string() };
        say!("{:<10} {:<8} {:>9.1}  {:>6}", step.name, result, step.time.as_secs_f64(), tests);
    }
    for name in left_out {
        say!("{name:<10} not run");
    }
    let total: Duration = done.iter().map(|step| step.time).sum();
    say!("{:<10} {:<8} {:>9.1}\n", "all", "", total.as_secs_f64());
    say!("{}", sum(done));
    let failed: Vec<&str> = done.iter().filter(|step| step.failure.is_some()).map(|step| step.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Step(format!("failed: {}", failed.join(", ")))) }
}

/// All tests, each counted once: the shader tests are part of `test` too. A failed step without a failed test counts as
/// one, so that the line never reads as a success.
fn sum(done: &[Done]) -> Counts {
    let counted_in_test = |name| name == "shaders" && done.iter().any(|step| step.name == "test");
    done.iter().fold(Counts::default(), |sum, step| {
        let mut counts = if counted_in_test(step.name) { Counts::default() } else { step.counts };
        if step.failure.is_some() {
            counts.failed = counts.failed.max(1);
        }
        sum + counts
    })
}

/// Formatter and linter are parts of the toolchain that can be left out; say so before anything is compiled.
fn check_components(steps: &[&Step]) -> Outcome {
    let chosen = |name| steps.iter().any(|step| step.name == name);
    let missing = |name| chosen(name) && !process::succeeds(&mut process::cargo([name, "--version"]));
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter_map(|(step, component)| missing(step).then_some(component))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (what, add) = (missing.join(" and "), missing.join(" "));
    Err(Failure::Asked(format!("the toolchain lacks {what}: rustup component add {add}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(name: &'static str, passed: u64, failed: u64, stopped: bool) -> Done {
        let failure = stopped.then(|| Failure::Step("exit status: 1".to_owned()));
        Done { name, time: Duration::ZERO, counts: Counts { passed, failed, skipped: 1 }, failure }
    }

    #[test]
    fn shader_tests_are_counted_once() {
        let all = [done("test", 40, 0, false), done("doctest", 5, 0, false), done("shaders", 3, 0, false)];
        assert_eq!(sum(&all), Counts { passed: 45, failed: 0, skipped: 2 });
        assert_eq!(sum(&all[2..]), Counts { passed: 3, failed: 0, skipped: 1 });
    }

    #[test]
    fn a_failed_step_is_never_a_success_in_the_sum() {
        assert_eq!(sum(&[done("clippy", 0, 0, true)]).failed, 1);
        assert_eq!(sum(&[done("test", 4, 2, true)]).failed, 2);
        assert_eq!(sum(&[done("test", 4, 0, false), done("shaders", 3, 0, true)]).failed, 1);
    }

    #[test]
    fn the_summary_names_what_failed() {
        let failure = summarise(&[done("fmt", 0, 0, false), done("doc", 0, 0, true)], ["shaders"].into_iter());
        assert_eq!(failure, Err(Failure::Step("failed: doc".to_owned())));
        assert_eq!(summarise(&[done("fmt", 0, 0, false)], [].into_iter()), Ok(()));
    }
}
