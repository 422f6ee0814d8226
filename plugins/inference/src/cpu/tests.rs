use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;

use super::kernels::Instructions;
use super::own::Own;
use super::*;
use crate::net::trials::{KINDS, Trial};
use crate::net::{Plan, reference};
use crate::precision::Precision;

fn options(kernels: Kernels, threads: usize) -> CandleOptions {
    CandleOptions { kernels, threads: NonZero::new(threads).unwrap(), ..CandleOptions::default() }
}

fn executor(trial: &Trial, options: CandleOptions) -> CandleExecutor {
    let plan = Plan::new(&trial.checked().unwrap());
    CandleExecutor::new(plan, Arc::new(trial.tensors.clone()), options).unwrap()
}

fn to_end(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn outputs(executor: &mut CandleExecutor, trial: &Trial) -> Vec<Vec<f32>> {
    let outputs = executor.run(&trial.input_slices(), &mut to_end).unwrap();
    outputs.iter().map(<[f32]>::to_vec).collect()
}

fn expected(trial: &Trial) -> Vec<Vec<f32>> {
    reference::outputs(&trial.checked().unwrap(), &trial.tensors, &trial.input_slices()).unwrap()
}

/// The largest difference, relative to the largest element, or to a thousandth where all are less. NaN if a number is.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let most = b.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    let apart = a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() / most });
    apart.fold(0.0, |most, next| if next > most || next.is_nan() { next } else { most })
}

fn assert_agree(made: &[Vec<f32>], expected: &[Vec<f32>], within: f32, what: &str) {
    assert_eq!(made.len(), expected.len());
    for (index, (made, expected)) in made.iter().zip(expected).enumerate() {
        let found = difference(made, expected);
        assert!(found < within, "{what}, output {index}: {found}\n{made:?}\n{expected:?}");
    }
}

fn any_kind() -> impl Strategy<Value = &'static str> {
    (0..KINDS.len()).prop_map(|index| KINDS[index])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_kind_of_layer_agrees_with_the_reference(kind in any_kind(), seed in any::<u64>(), threads in 1_usize..4) {
        let trial = Trial::layer(kind, seed);
        let made = outputs(&mut executor(&trial, options(Kernels::Own, threads)), &trial);
        assert_agree(&made, &expected(&trial), 1e-3, &format!("{kind} {:?}", trial.description));
    }

    #[test]
    fn every_kind_of_layer_agrees_by_candle(kind in any_kind(), seed in any::<u64>()) {
        let trial = Trial::layer(kind, seed);
        let made = outputs(&mut executor(&trial, options(Kernels::Candle, 1)), &trial);
        assert_agree(&made, &expected(&trial), 1e-3, &format!("{kind} {:?}", trial.description));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_width_of_vectors_agrees(kind in any_kind(), seed in any::<u64>()) {
        let trial = Trial::layer(kind, seed);
        let plan = Plan::new(&trial.checked().unwrap());
        for instructions in Instructions::all() {
            let mut own = Own::new(&plan, Arc::new(trial.tensors.clone()), 2, instructions).unwrap();
            own.begin(&trial.input_slices());
            for step in 0..plan.steps.len() {
                own.step(&plan, step).unwrap();
            }
            let made: Vec<Vec<f32>> =
                plan.outputs.iter().map(|&output| own.output(&plan, output).unwrap().to_vec()).collect();
            assert_agree(&made, &expected(&trial), 1e-3, &format!("{instructions:?} {kind} {:?}", trial.description));
        }
    }

    #[test]
    fn nets_agree_fused_and_not(seed in any::<u64>(), threads in 1_usize..4) {
        let trial = Trial::net(seed);
        let net = trial.checked().unwrap();
        let expected = expected(&trial);
        for kernels in [Kernels::Own, Kernels::Candle] {
            for (name, plan) in [("fused", Plan::new(&net)), ("unfused", Plan::unfused(&net))] {
                let source = Arc::new(trial.tensors.clone());
                let mut executor = CandleExecutor::new(plan, source, options(kernels, threads)).unwrap();
                let made = outputs(&mut executor, &trial);
                assert_agree(&made, &expected, 1e-3, &format!("{name} by {kernels:?} {:?}", trial.description));
            }
        }
    }

    #[test]
    fn a_second_run_gives_the_same(seed in any::<u64>(), threads in 1_usize..4) {
        let trial = Trial::net(seed);
        let mut executor = executor(&trial, options(Kernels::Own, threads));
        let first = outputs(&mut executor, &trial);
        prop_assert_eq!(&outputs(&mut executor, &trial), &first);
    }

    #[test]
    fn threads_do_not_change_results(seed in any::<u64>()) {
        let trial = Trial::net(seed);
        let alone = outputs(&mut executor(&trial, options(Kernels::Own, 1)), &trial);
        let shared = outputs(&mut executor(&trial, options(Kernels::Own, 3)), &trial);
        assert_agree(&shared, &alone, 1e-5, "three threads");
    }

    #[test]
    fn weights_in_halves_agree_and_are_copied(seed in any::<u64>()) {
        let mut trial = Trial::net(seed);
        trial.tensors.halve();
        let mut executor = executor(&trial, options(Kernels::Own, 2));
        prop_assert!(executor.copied_bytes() > 0);
        assert_agree(&outputs(&mut executor, &trial), &expected(&trial), 1e-3, "halves");
    }
}

#[test]
fn large_weights_are_read_where_they_lie() {
    let trial = Trial::layer("linear", 3);
    let elements: usize =
        trial.tensors.names().map(|name| crate::net::Tensors::info(&trial.tensors, name).unwrap().elements()).sum();
    let own = executor(&trial, options(Kernels::Own, 1)).copied_bytes();
    let candle = executor(&trial, options(Kernels::Candle, 1)).copied_bytes();
    assert!(own < elements * 4 / 2, "{own} of {}", elements * 4);
    assert!(candle >= elements * 4);
}

#[test]
fn nan_among_weights_comes_out_and_nothing_hangs() {
    for kernels in [Kernels::Own, Kernels::Candle] {
        for seed in 0..30 {
            let mut trial = Trial::net(seed);
            let names: Vec<String> = trial.tensors.names().map(str::to_owned).collect();
            for name in &names {
                trial.tensors.set(name, 0, f32::NAN);
            }
            let made = outputs(&mut executor(&trial, options(kernels, 2)), &trial);
            // The scores at the end hang on every weight.
            if kernels == Kernels::Own {
                assert!(made[0].iter().any(|value| value.is_nan()), "seed {seed}: {made:?}");
            }
        }
    }
}

#[test]
fn nan_passes_through_every_kind_of_layer() {
    for kind in
        ["relu", "clip", "max_pool2d", "max", "min", "leaky_relu", "prelu", "silu", "exp", "softmax", "max_over"]
    {
        for seed in 0..10 {
            let mut trial = Trial::layer(kind, seed);
            for input in &mut trial.inputs {
                input.fill(f32::NAN);
            }
            let made = outputs(&mut executor(&trial, options(Kernels::Own, 1)), &trial);
            let expected = expected(&trial);
            for (made, expected) in made.iter().flatten().zip(expected.iter().flatten()) {
                assert_eq!(made.is_nan(), expected.is_nan(), "{kind} {seed}");
            }
        }
    }
}

#[test]
fn an_input_of_another_size_is_named() {
    let trial = Trial::net(1);
    let mut executor = executor(&trial, options(Kernels::Own, 1));
    let wrong = vec![0.0; 7];
    let error = executor.run(&[&wrong], &mut to_end).unwrap_err();
    assert!(
        matches!(&error, ExecutorError::Input { name, found: 7, needed } if name == "input0" && *needed == trial.inputs[0].len())
    );
    let error = executor.run(&[], &mut to_end).unwrap_err();
    assert!(matches!(error, ExecutorError::Inputs { found: 0, needed: 1 }));
    // Nothing is broken by that.
    assert_agree(&outputs(&mut executor, &trial), &expected(&trial), 1e-3, "after errors");
}

#[test]
fn a_tensor_that_is_gone_is_named() {
    let trial = Trial::net(2);
    let net = trial.checked().unwrap();
    let plan = Plan::new(&net);
    for kernels in [Kernels::Own, Kernels::Candle] {
        for name in net.layers.iter().flat_map(|layer| layer.op.tensors()) {
            let mut tensors = trial.tensors.clone();
            tensors.remove(name);
            let made = CandleExecutor::new(plan.clone(), Arc::new(tensors), options(kernels, 1));
            assert!(matches!(made.err(), Some(ExecutorError::Tensor { tensor, .. }) if tensor == name));
        }
    }
}

#[test]
fn a_checkpoint_stops_a_run_before_any_step() {
    for kernels in [Kernels::Own, Kernels::Candle] {
        let trial = Trial::net(5);
        let mut executor = executor(&trial, options(kernels, 2));
        let steps = executor.plan().steps.len();
        for stop in 0..steps {
            let mut seen = Vec::new();
            let mut checkpoint = |step| {
                seen.push(step);
                if step == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let error = executor.run(&trial.input_slices(), &mut checkpoint).unwrap_err();
            let name = executor.plan().steps[stop].name.clone();
            assert!(matches!(error, ExecutorError::Stopped { layer } if layer == name));
            assert_eq!(seen, (0..=stop).collect::<Vec<_>>());
            assert!(matches!(executor.finish().err(), Some(ExecutorError::NotReady)));
        }
        assert_agree(&outputs(&mut executor, &trial), &expected(&trial), 1e-3, "after stops");
    }
}

#[test]
fn steps_can_be_done_one_at_a_time() {
    let trial = Trial::net(7);
    let mut executor = executor(&trial, options(Kernels::Own, 2));
    assert!(matches!(executor.step(), Err(ExecutorError::NotReady)));
    executor.begin(&trial.input_slices()).unwrap();
    assert!(executor.plan().steps.is_empty() || executor.finish().is_err());
    executor.begin(&trial.input_slices()).unwrap();
    for step in 0..executor.plan().steps.len() {
        assert_eq!(executor.next_step(), Some(step));
        executor.step().unwrap();
    }
    assert_eq!(executor.next_step(), None);
    assert!(matches!(executor.step(), Err(ExecutorError::NotReady)));
    let made: Vec<Vec<f32>> = executor.finish().unwrap().iter().map(<[f32]>::to_vec).collect();
    assert_agree(&made, &expected(&trial), 1e-3, "one at a time");
    assert!(executor.finish().is_err());
}

#[test]
fn executors_run_side_by_side() {
    let threads: Vec<_> = (0..3)
        .map(|seed| {
            let named = std::thread::Builder::new().name(format!("test {seed}"));
            named.spawn(move || {
                let trial = Trial::net(seed);
                let mut executor = executor(&trial, options(Kernels::Own, 2));
                let expected = expected(&trial);
                for _ in 0..50 {
                    assert_agree(&outputs(&mut executor, &trial), &expected, 1e-3, "side by side");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.unwrap().join().unwrap();
    }
}

#[test]
fn an_executor_may_move_between_threads() {
    fn assert_send<T: Send>() {}
    assert_send::<CandleExecutor>();
}

#[test]
fn half_precision_is_refused_on_the_cpu() {
    let trial = Trial::net(0);
    let plan = Plan::new(&trial.checked().unwrap());
    let options = CandleOptions { precision: Precision::F16, ..CandleOptions::default() };
    let made = CandleExecutor::new(plan, Arc::new(trial.tensors), options);
    assert!(matches!(made.err(), Some(ExecutorError::Precision)));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_there_is_named() {
    let trial = Trial::net(0);
    let plan = Plan::new(&trial.checked().unwrap());
    let options = CandleOptions { device: CandleDevice::Cuda(3), ..CandleOptions::default() };
    let error = CandleExecutor::new(plan, Arc::new(trial.tensors), options).err().unwrap();
    assert!(error.to_string().contains("CUDA device 3"));
}

#[test]
fn every_step_says_what_does_it() {
    let trial = Trial::net(0);
    let own = executor(&trial, options(Kernels::Own, 1));
    assert_eq!(own.step_kinds().len(), own.plan().steps.len());
    assert!(own.working_bytes() > 0);
    assert!(executor(&trial, options(Kernels::Candle, 1)).step_kinds().iter().all(|&kind| kind == "candle"));
}

/// Net files and what another framework makes of them: those of the repository, or those in the folder that
/// `FRESHET_NETS` names.
#[test]
fn whole_nets_agree_with_their_files() {
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/trials");
    let folder = std::env::var("FRESHET_NETS").unwrap_or_else(|_| bundled.to_owned());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = path.to_string_lossy().into_owned();
        let Some(stem) = text.strip_suffix(".io.safetensors") else { continue };
        let (bytes, io) = (std::fs::read(format!("{stem}.safetensors")).unwrap(), std::fs::read(&path).unwrap());
        // Tests end, and their memory with them.
        let bytes: &'static [u8] = bytes.leak();
        let (_, header) = safetensors::SafeTensors::read_metadata(bytes).unwrap();
        let text = &header.metadata().as_ref().unwrap()[crate::net::NetDescription::KEY];
        let source = Arc::new(safetensors::SafeTensors::deserialize(bytes).unwrap());
        let io = safetensors::SafeTensors::deserialize(&io).unwrap();
        let read = |name: String| crate::net::TensorSource::view(&io, &name).unwrap().to_f32().into_owned();
        let net = crate::net::Net::new(&crate::net::NetDescription::parse(text).unwrap(), &*source).unwrap();
        let inputs: Vec<Vec<f32>> = net.inputs.iter().map(|input| read(format!("input:{}", input.name))).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let expected: Vec<Vec<f32>> =
            net.outputs.iter().map(|output| read(format!("output:{}", output.name))).collect();
        for kernels in [Kernels::Own, Kernels::Candle] {
            for plan in [Plan::new(&net), Plan::unfused(&net)] {
                let mut executor = CandleExecutor::new(plan, source.clone(), options(kernels, 2)).unwrap();
                let made = executor.run(&inputs, &mut to_end).unwrap();
                let made: Vec<Vec<f32>> = made.iter().map(<[f32]>::to_vec).collect();
                assert_agree(&made, &expected, 1e-3, &net.name);
            }
        }
    }
}
