//! What priorities are worth, measured.
//!
//! ```text
//! cargo bench --workspace --bench priorities -- WHAT [--frames N] [--rounds N]
//! ```
//!
//! | what | measures |
//! |---|---|
//! | `critical` | the period of a 60 Hz critical workload while everything else is busy, in four ways, in one run |
//! | `contexts` | who runs first in each context, from the record |
//! | `deadlines` | missed deadlines of random job sets, feasible and overloaded |
//! | `aging` | how long idle work waits under continuous high load |
//! | `forecast` | waiting after a change of attention, with and without forecast, on the test traces |
//! | `overhead` | a turn with 20 workloads at rest, with and without the plugin |
//! | `governor` | how a step load is answered, and flat input |
//! | `conduct` | workloads that panic, never yield, or miss every deadline, and the others beside them |

#![expect(clippy::print_stdout, reason = "this program is here to print")]

mod aging;
mod conduct;
mod contexts;
mod critical;
mod deadlines;
mod figures;
mod forecast;
mod governor;
mod load;
mod overhead;

use std::process::ExitCode;

/// What can be measured, by its name.
const PARTS: [(&str, fn(&Arguments)); 8] = [
    ("critical", critical::measure),
    ("contexts", contexts::measure),
    ("deadlines", deadlines::measure),
    ("aging", aging::measure),
    ("forecast", forecast::measure),
    ("overhead", overhead::measure),
    ("governor", governor::measure),
    ("conduct", conduct::measure),
];

/// Numbers from the command line.
struct Arguments {
    frames: Option<u32>,
    rounds: Option<u32>,
}

fn main() -> ExitCode {
    // Cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1)?.parse().ok()
    };
    let arguments = Arguments { frames: number("--frames"), rounds: number("--rounds") };
    let wanted = words.first().map_or("", String::as_str);
    let chosen: Vec<_> = PARTS.iter().filter(|(name, _)| wanted == "all" || *name == wanted).collect();
    if chosen.is_empty() {
        let names: Vec<_> = PARTS.iter().map(|part| part.0).collect();
        println!("say what to measure: all, {}", names.join(", "));
        return ExitCode::from(2);
    }
    for (name, measure) in chosen {
        println!("== {name}");
        measure(&arguments);
        println!();
    }
    ExitCode::SUCCESS
}
