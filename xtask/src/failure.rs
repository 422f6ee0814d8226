//! Why a command stopped, and the exit code that says so.

use std::io::Write;
use std::process::ExitCode;

/// Why a command stopped. Both kinds are one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Something is wrong with what was asked, or with the machine. Exit code 2.
    Asked(String),
    /// A step failed; it has said itself what was wrong. Exit code 1.
    Step(String),
}

/// What a command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Prints the line and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Asked(text) => (text, 2),
            Self::Step(text) => (text, 1),
        };
        writeln!(std::io::stderr(), "error: {text}").ok();
        ExitCode::from(code)
    }
}
