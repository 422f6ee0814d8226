//! `cargo xtask`: the demo, the checks and the small jobs around the code.
//!
//! One file per command. Exit code 0: done. 1: a step failed. 2: something is wrong with what was asked.

mod cli;
mod demo;
mod failure;
mod graph;
mod help;
mod media;
mod new_stage;
mod process;
mod setup;
mod test;
mod workspace;

use std::fmt;
use std::io::{Write, stdout};
use std::process::ExitCode;

use cli::Job;
use failure::Outcome;

/// Prints one line, as `println!` would.
macro_rules! say {
    ($($text:tt)*) => { $crate::print_line(format_args!($($text)*)) };
}
pub(crate) use say;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(job: Job) -> Outcome {
    match job {
        Job::Help(text) => help::print(text),
        Job::Demo(demo) => demo::run(&demo),
        Job::Test(test) => test::run(&test),
        Job::NewStage(stage) => new_stage::run(&stage),
        Job::Graph { no_install } => graph::run(no_install),
        Job::Media => media::run(),
    }
}

/// Unlike `println!` it does not panic when the reader has gone. Tests stay quiet: what they would print reads like the
/// results of a test run.
fn print_line(text: fmt::Arguments<'_>) {
    if !cfg!(test) {
        writeln!(stdout(), "{text}").ok();
    }
}
