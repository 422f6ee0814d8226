//! The set-up: what the machine lacks is installed on Debian and Ubuntu, and named elsewhere.
//!
//! Everything is found by looking at files, so a second run does nothing and takes no time.

mod apt;
mod machine;
mod needs;
mod system;

use machine::Machine;
pub use machine::has_display;
use needs::{Need, missing};
use system::System;

use crate::failure::{Failure, Outcome};
use crate::say;

/// Installs what is missing, or says what that is.
pub fn run(no_install: bool) -> Outcome {
    let system = System::here();
    let missing = if system.is_linux() { missing(&Machine::here()) } else { Vec::new() };
    match system {
        System::Debian => install_debian(&missing, no_install),
        _ => {
            advise(&system, &missing);
            Ok(())
        }
    }
}

/// Installs a program that only one command needs, where it is missing and can be installed.
pub fn want_program(name: &str, package: &'static str, why: &str, no_install: bool) -> Outcome {
    if Machine::here().has_program(name) {
        return Ok(());
    }
    say!("set-up: missing on this machine:\n  {package:<22} {why}");
    if System::here() == System::Debian && !no_install {
        return apt::install(&[package]);
    }
    Err(Failure::Asked(format!("there is no program `{name}`; the package {package} holds it")))
}

fn install_debian(missing: &[&Need], no_install: bool) -> Outcome {
    if missing.is_empty() {
        say!("set-up: nothing is missing");
        return Ok(());
    }
    say!("set-up: missing on this machine:");
    list(&System::Debian, missing);
    let packages: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    if no_install {
        say!("set-up: not installed (--no-install); by hand: sudo {}", apt::by_hand(&packages));
        return Ok(());
    }
    apt::install(&packages)?;
    say!("set-up: done");
    Ok(())
}

/// Prints what is needed, and goes on: the machine may have it in a place that is not looked at.
fn advise(system: &System, missing: &[&Need]) {
    if let Some(advice) = system.advice() {
        say!("set-up: {advice}");
    }
    if missing.is_empty() {
        return;
    }
    say!("set-up: not found on this machine; these packages hold it:");
    list(system, missing);
    let packages: Vec<&str> = missing.iter().map(|need| need.package(system)).collect();
    if let Some(command) = system.install_command() {
        say!("set-up: install by hand: {command} {}", packages.join(" "));
    }
}

fn list(system: &System, missing: &[&Need]) {
    for need in missing {
        say!("  {:<22} {}", need.package(system), need.why);
    }
}
