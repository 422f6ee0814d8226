//! Lists cameras and their formats, and scenes; with `--source` and `--frames`, captures some frames without a GPU.

#![expect(clippy::print_stdout, reason = "this program is here to print")]

use bevy::prelude::*;
use bevy_freshet::capture::{Capture, list_sources, probe};

fn main() -> AppExit {
    let asked = std::env::args().len() > 1;
    let options = freshet_example::Options::read("synthetic:checker");
    if asked {
        let frames = options.frames.unwrap_or(30) as usize;
        for (capture, _) in options.captures() {
            show_frames(&capture, frames);
        }
    } else {
        list();
    }
    AppExit::Success
}

fn list() {
    let sources = list_sources().unwrap_or_else(|error| freshet_example::fail(&error.one_line()));
    if sources.cameras.is_empty() {
        println!("no camera");
    }
    for camera in &sources.cameras {
        println!("camera:{}  {}  {}", camera.index, camera.name, camera.path.display());
        if let Some(fault) = &camera.fault {
            println!("    {fault}");
        }
        for format in &camera.formats {
            let rates: Vec<_> = format.rates_hz.iter().map(|rate| format!("{rate:.0}")).collect();
            println!("    {}  {}  {} Hz", format.fourcc, format.size, rates.join(", "));
        }
    }
    for scene in &sources.scenes {
        println!("synthetic:{}", scene.name());
    }
}

fn show_frames(capture: &Capture, frames: usize) {
    let report = probe(capture, frames).unwrap_or_else(|error| freshet_example::fail(&error.one_line()));
    for frame in &report.frames {
        println!(
            "frame {:>6}  captured {:>12.6} s  {} {}  age {:>8.3} ms  written in {:>7.3} ms",
            frame.seq,
            frame.captured.as_nanos() as f64 / 1e9,
            frame.format,
            frame.bytes,
            frame.age.as_secs_f64() * 1e3,
            frame.write_time.as_secs_f64() * 1e3,
        );
    }
    let rate = report.rate_hz().map_or("unknown".into(), |rate| format!("{rate:.2} Hz"));
    println!(
        "{} frames, rate {rate}, {} lost by the driver, {} corrupt",
        report.frames.len(),
        report.lost,
        report.corrupt
    );
    if let Some(fault) = &report.fault {
        freshet_example::fail(&fault.one_line());
    }
}
