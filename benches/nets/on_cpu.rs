//! On the CPU.

use std::sync::Arc;
use std::time::Instant;

use bevy_freshet::inference::cpu::{CandleExecutor, CandleOptions, Kernels};

use crate::{Asked, Subject, least, median};

pub fn measure(subject: &Subject, asked: &Asked, kernels: Kernels) -> Result<serde_json::Value, String> {
    let options = CandleOptions { threads: asked.threads, kernels, ..CandleOptions::default() };
    let source = Arc::new(subject.weights.clone());
    let fail = |error: bevy_freshet::inference::cpu::ExecutorError| error.to_string();
    let mut executor = CandleExecutor::new(subject.plan.clone(), source, options).map_err(fail)?;
    let inputs = subject.inputs();
    let mut go_on = |_| std::ops::ControlFlow::Continue(());
    let mut outputs: Vec<Vec<f32>> = Vec::new();
    let mut times = Vec::new();
    for run in 0..asked.runs + 3 {
        let start = Instant::now();
        let made = executor.run(&inputs, &mut go_on).map_err(fail)?;
        let time = start.elapsed().as_secs_f64() * 1e3;
        // The first ones touch memory for the first time.
        if run >= 3 {
            times.push(time);
        }
        if run == 0 {
            outputs = made.iter().map(<[f32]>::to_vec).collect();
        }
    }
    Ok(serde_json::json!({
        "net": subject.net.name,
        "executor": if kernels == Kernels::Own { "cpu" } else { "candle" },
        "threads": asked.threads.get(),
        "min_ms": least(&times),
        "median_ms": median(times),
        "copied_bytes": executor.copied_bytes(),
        "apart": subject.apart(&outputs),
    }))
}
