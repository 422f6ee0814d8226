//! The report as a table for people.

use std::fmt;

use freshet_base::Bytes;

use crate::report::{ByReason, Percentiles, Report};

/// Shows a [`Report`] as a table of some 80 columns.
#[derive(Debug)]
pub struct Table<'a>(pub &'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { adapter, app, ledger, stages, age_ms, memory, .. } = self.0;
        let adapter = adapter.as_ref().map_or("none".into(), |it| format!("{} ({}, {})", it.name, it.backend, it.kind));
        writeln!(out, "adapter       {adapter}")?;
        writeln!(out, "app           {} frames in {:.1} s, {} ms", app.frames, app.seconds, Row(&app.frame_ms))?;
        writeln!(out, "own systems   {} ms", Row(&app.own_systems_ms))?;
        for (name, stage) in stages {
            let gpu = stage.gpu_ms.as_ref().map_or("not timed".into(), |it| format!("gpu {} ms", Row(it)));
            let cpu = stage.cpu_ms.as_ref().map_or(String::new(), |it| format!(", cpu {:.4} ms", it.median));
            writeln!(out, "{name:<13} {} runs, {gpu}{cpu}", stage.runs)?;
        }
        for (name, age) in age_ms {
            writeln!(out, "age           {name} {} ms", Row(age))?;
        }
        let frames = &ledger.frames;
        writeln!(
            out,
            "frames        {} captured, {} recycled{}",
            frames.captured,
            frames.recycled,
            Why(&frames.dropped)
        )?;
        for (name, made) in &ledger.attachments {
            writeln!(out, "attached      {name} {} made, {} late{}", made.made, made.late, Why(&made.skipped))?;
        }
        let up = Bytes(ledger.bytes_up);
        writeln!(out, "bytes up      {} ({up}), padding {}", ledger.bytes_up, ledger.bytes_up_padding)?;
        let down = &ledger.bytes_down;
        writeln!(
            out,
            "bytes down    metadata {}, net outputs {}, model input {}, export {}, pixels {}",
            down.metadata, down.net_outputs, down.model_input, down.export, down.pixels
        )?;
        writeln!(out, "cpu copies    {}", Bytes(ledger.cpu_copies_bytes))?;
        writeln!(
            out,
            "allocations   {} on the hot path, {} inside wgpu and Bevy",
            ledger.hot_path_allocations, ledger.foreign_allocations
        )?;
        let (own, foreign) = (&ledger.waits, &ledger.foreign_waits);
        writeln!(
            out,
            "waits         {} ({:.6} s), {} inside wgpu and Bevy ({:.6} s)",
            own.count, own.seconds, foreign.count, foreign.seconds
        )?;
        let mebibytes = |amount: Option<f64>| amount.map_or("unknown".into(), |amount| format!("{amount:.1} MiB"));
        let (start, end) = (mebibytes(memory.resident_start_mib), mebibytes(memory.resident_end_mib));
        write!(out, "memory        {start} → {end}, GPU {}", Bytes(ledger.gpu_resident_bytes))
    }
}

struct Row<'a>(&'a Percentiles);

impl fmt::Display for Row<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Percentiles { median, p95, p99 } = self.0;
        write!(out, "{median:.4} median, {p95:.4} p95, {p99:.4} p99")
    }
}

struct Why<'a>(&'a ByReason);

impl fmt::Display for Why<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reason, count) in self.0 {
            write!(out, ", {count} {reason}")?;
        }
        Ok(())
    }
}
