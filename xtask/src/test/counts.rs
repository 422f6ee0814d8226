//! Counting the tests that cargo reports.

use std::fmt;
use std::ops::Add;
use std::process::Command;

use crate::failure::Outcome;
use crate::{process, say};

/// How many tests ran, and how they went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that are marked to be ignored.
    pub skipped: u64,
}

impl Counts {
    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn from_line(line: &str) -> Option<Self> {
        let result = line.trim().strip_prefix("test result: ")?;
        let result = result.strip_prefix("ok. ").or_else(|| result.strip_prefix("FAILED. "))?;
        let count = |name| result.split("; ").find_map(|part| part.strip_suffix(name)?.trim_end().parse().ok());
        Some(Self { passed: count("passed")?, failed: count("failed")?, skipped: count("ignored")? })
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs `cargo test`, shows what it says and adds up its results, also those before a failure.
pub fn run(test: &mut Command, counts: &mut Counts) -> Outcome {
    process::each_line(test, |line| {
        say!("{line}");
        if let Some(result) = Counts::from_line(line) {
            *counts = *counts + result;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_cargos_lines() {
        let read = Counts::from_line;
        let ok = "test result: ok. 31 passed; 0 failed; 2 ignored; 0 measured; 4 filtered out; finished in 0.01s";
        assert_eq!(read(ok), Some(Counts { passed: 31, failed: 0, skipped: 2 }));
        let bad = "test result: FAILED. 1 passed; 12 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s";
        assert_eq!(read(bad), Some(Counts { passed: 1, failed: 12, skipped: 0 }));
        for line in ["test result: ok.", "running 3 tests", "test a::b ... ok", "test result: ok. x passed; 0 failed"] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_sum_reads_as_a_test_result() {
        let sum = Counts { passed: 1, failed: 0, skipped: 2 } + Counts { passed: 3, failed: 0, skipped: 0 };
        assert_eq!(sum.to_string(), "4 passed, 0 failed, 2 skipped");
    }
}
