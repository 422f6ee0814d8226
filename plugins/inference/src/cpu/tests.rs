use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::*;
use crate::net::trials::{KINDS, Trial};
use crate::net::{Plan, reference};

fn options(kernels: Kernels, threads: usize) -> CandleOptions {
    CandleOptions { kernels, threads: NonZero::new(threads).unwrap(), ..CandleOptions::default() }
}

fn run(trial: &Trial, plan: Plan, options: CandleOptions) -> Vec<Vec<f32>> {
    let mut executor = CandleExecutor::new(plan, Arc::new(trial.tensors.clone()), options).unwrap();
    let outputs = executor.run(&trial.input_slices(), &mut |_| ControlFlow::Continue(())).unwrap();
    outputs.iter().map(<[f32]>::to_vec).collect()
}

/// The largest difference, relative to the largest element.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let most = b.iter().fold(1e-6_f32, |most, value| most.max(value.abs()));
    a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() / most }).fold(0.0, |most, next| if next > most || next.is_nan() { next } else { most })
}

fn assert_agrees(trial: &Trial, plan: Plan, options: CandleOptions, what: &str) {
    let net = trial.checked().unwrap();
    let expected = reference::outputs(&net, &trial.tensors, &trial.input_slices()).unwrap();
    let made = run(trial, plan, options);
    for (index, (made, expected)) in made.iter().zip(&expected).enumerate() {
        let found = difference(made, expected);
        assert!(found < 1e-3, "{what}, output {index}: {found} {:?}\n{made:?}\n{expected:?}", trial.description);
    }
}

fn every_kind_agrees(kernels: Kernels) {
    for kind in KINDS {
        for seed in 0..40 {
            let trial = Trial::layer(kind, seed);
            let net = trial.checked().unwrap();
            assert_agrees(&trial, Plan::new(&net), options(kernels, 1 + seed as usize % 3), &format!("{kind} {seed}"));
        }
    }
}

#[test]
fn every_kind_of_layer_agrees_with_the_reference_by_candle() {
    every_kind_agrees(Kernels::Candle);
}
