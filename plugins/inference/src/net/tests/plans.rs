//! Layers that are fused, and where values lie.

use crate::net::trials::MemoryTensors;
use crate::net::trials::Trial;
use crate::net::{Activation, Net, NetDescription, Op, Placement, Plan, Storage, ValueId};
use proptest::prelude::*;

fn net(layers: &str, outputs: &str) -> Net {
    let mut tensors = MemoryTensors::default();
    tensors.insert("w", &[3, 3, 3, 3], &[0.0; 81]);
    tensors.insert("c", &[3], &[1.0; 3]);
    tensors.insert("picture", &[1, 3, 8, 8], &[1.0; 192]);
    let text = format!(
        r#"{{"version": 1, "name": "n", "inputs": [{{"name": "x", "shape": [1, 3, 8, 8]}}],
            "layers": [{layers}], "outputs": [{outputs}]}}"#
    );
    Net::new(&NetDescription::parse(&text).unwrap(), &tensors).unwrap()
}

fn conv(name: &str, input: &str) -> String {
    format!(r#"{{"name": "{name}", "op": "conv2d", "inputs": ["{input}"], "weight": "w", "padding": [1, 1, 1, 1]}}"#)
}

fn norm(name: &str, input: &str) -> String {
    format!(
        r#"{{"name": "{name}", "op": "batch_norm", "inputs": ["{input}"], "scale": "c", "shift": "c", "mean": "c", "variance": "c"}}"#
    )
}

fn plain(name: &str, op: &str, inputs: &[&str]) -> String {
    format!(r#"{{"name": "{name}", "op": "{op}", "inputs": {inputs:?}}}"#)
}

fn steps(layers: &[String], outputs: &[&str]) -> Vec<String> {
    let outputs: Vec<String> =
        outputs.iter().map(|from| format!(r#"{{"name": "{from}", "from": "{from}"}}"#)).collect();
    let plan = Plan::new(&net(&layers.join(", "), &outputs.join(", ")));
    plan.steps.iter().map(|step| step.name.clone()).collect()
}

#[test]
fn a_residual_block_is_two_steps() {
    let layers = [
        conv("c1", "x"),
        norm("n1", "c1"),
        plain("r1", "relu", &["n1"]),
        conv("c2", "r1"),
        norm("n2", "c2"),
        plain("sum", "add", &["n2", "x"]),
        plain("r2", "relu", &["sum"]),
    ];
    assert_eq!(steps(&layers, &["r2"]), ["c1+n1+r1", "c2+n2+sum+r2"]);
    let plan = Plan::new(&net(&layers.join(", "), r#"{"name": "y", "from": "r2"}"#));
    let last = &plan.steps[1];
    assert!(matches!(last.op, Op::Conv2d { .. }));
    assert!(matches!(last.epilogue.norm, Some(Op::BatchNorm { .. })));
    assert_eq!(last.epilogue.add, Some(ValueId(0)));
    assert_eq!(last.epilogue.activation, Activation::Op(Op::Relu {}));
}

#[test]
fn only_one_of_two_branches_takes_the_sum_along() {
    let layers = [conv("a", "x"), conv("b", "x"), plain("sum", "add", &["a", "b"]), plain("r", "relu", &["sum"])];
    // The step that takes the sum along is due when both are made.
    assert_eq!(steps(&layers, &["r"]), ["b", "a+sum+r"]);
}

#[test]
fn what_comes_out_is_not_fused_away() {
    let layers = [conv("a", "x"), norm("n", "a"), plain("r", "relu", &["n"])];
    assert_eq!(steps(&layers, &["r"]), ["a+n+r"]);
    assert_eq!(steps(&layers, &["r", "a"]), ["a", "n", "r"]);
    assert_eq!(steps(&layers, &["r", "n"]), ["a+n", "r"]);
}

#[test]
fn what_is_read_twice_is_not_fused_away() {
    let layers = [conv("a", "x"), plain("r", "relu", &["a"]), plain("s", "mul", &["a", "r"])];
    assert_eq!(steps(&layers, &["s"]), ["a", "r", "s"]);
    let layers = [conv("a", "x"), plain("twice", "add", &["a", "a"])];
    assert_eq!(steps(&layers, &["twice"]), ["a", "twice"]);
}

#[test]
fn a_sum_with_a_weight_or_another_shape_stays_a_step() {
    let constant = |tensor: &str| format!(r#"{{"name": "k", "op": "constant", "tensor": "{tensor}"}}"#);
    let layers = [constant("picture"), conv("a", "x"), plain("sum", "add", &["a", "k"])];
    assert_eq!(steps(&layers, &["sum"]), ["a", "sum"]);
    let layers = [plain("m", "global_avg_pool2d", &["x"]), conv("a", "x"), plain("sum", "add", &["a", "m"])];
    assert_eq!(steps(&layers, &["sum"]), ["m", "a", "sum"]);
}

#[test]
fn what_only_renames_is_no_step() {
    let reshape = |name: &str, input: &str, shape: &str| {
        format!(r#"{{"name": "{name}", "op": "reshape", "inputs": ["{input}"], "shape": {shape}}}"#)
    };
    let layers = [conv("a", "x"), reshape("f", "a", "[1, -1]"), plain("i", "identity", &["f"])];
    assert_eq!(steps(&layers, &["i"]), ["a"]);
    let plan = Plan::new(&net(&layers.join(", "), r#"{"name": "y", "from": "i"}"#));
    assert_eq!(plan.held(plan.outputs[0]), ValueId(1));
    assert_eq!(plan.shape(plan.outputs[0]).to_vec(), [1, 192]);
}

#[test]
fn an_unfused_plan_has_a_step_for_each_layer() {
    let layers = [conv("a", "x"), norm("n", "a"), plain("r", "relu", &["n"])].join(", ");
    assert_eq!(Plan::unfused(&net(&layers, r#"{"name": "y", "from": "r"}"#)).steps.len(), 3);
}

/// From which step to which a value is needed, found in another way than the plan does: step by step.
fn alive(plan: &Plan) -> Vec<Vec<bool>> {
    let mut alive = vec![vec![false; plan.steps.len()]; plan.values.len()];
    for value in 0..plan.values.len() {
        let made =
            if value < plan.inputs { Some(0) } else { plan.steps.iter().position(|step| step.output.0 == value) };
        let Some(made) = made else { continue };
        let comes_out = plan.outputs.iter().any(|&output| plan.held(output).0 == value);
        let is_read = |step: usize| plan.reads(&plan.steps[step]).any(|read| read.0 == value);
        let last = if comes_out {
            plan.steps.len().saturating_sub(1)
        } else {
            (0..plan.steps.len()).rev().find(|&step| is_read(step)).unwrap_or(made).max(made)
        };
        for step in made..=last {
            if let Some(alive) = alive[value].get_mut(step) {
                *alive = true;
            }
        }
    }
    alive
}

fn assert_apart(plan: &Plan, align: usize) -> Result<(), TestCaseError> {
    let arena = plan.arena(align);
    let alive = alive(plan);
    for (value, place) in arena.places.iter().enumerate() {
        let is_held = plan.values[value].storage == Storage::Held;
        let is_made = value < plan.inputs || plan.steps.iter().any(|step| step.output.0 == value);
        prop_assert_eq!(place.is_some(), is_held && is_made);
        let Some(Placement { offset, elements }) = *place else { continue };
        prop_assert_eq!(offset % align, 0);
        prop_assert_eq!(elements, plan.values[value].shape.elements());
        prop_assert!(offset + elements <= arena.elements);
        for (other, place) in arena.places.iter().enumerate().skip(value + 1) {
            let Some(second) = place else { continue };
            let together = (0..plan.steps.len()).any(|step| alive[value][step] && alive[other][step]);
            let apart = offset + elements <= second.offset || second.offset + second.elements <= offset;
            prop_assert!(apart || !together, "values {value} and {other} overlap");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn values_that_live_together_do_not_overlap(seed in any::<u64>(), align in prop_oneof![Just(1_usize), Just(16), Just(64)]) {
        let net = Trial::net(seed).checked().unwrap();
        assert_apart(&Plan::new(&net), align)?;
        assert_apart(&Plan::unfused(&net), align)?;
    }

    #[test]
    fn every_step_reads_what_is_made(seed in any::<u64>()) {
        let net = Trial::net(seed).checked().unwrap();
        for plan in [Plan::new(&net), Plan::unfused(&net)] {
            let mut made: Vec<bool> = (0..plan.values.len()).map(|value| value < plan.inputs).collect();
            for step in &plan.steps {
                for read in plan.reads(step) {
                    prop_assert!(made[read.0], "{} reads value {}", step.name, read.0);
                }
                made[step.output.0] = true;
            }
            for &output in &plan.outputs {
                let held = plan.held(output);
                prop_assert!(made[held.0] || matches!(plan.values[held.0].storage, Storage::Constant(_)));
            }
        }
    }

    #[test]
    fn memory_is_used_again(seed in any::<u64>()) {
        let net = Trial::net(seed).checked().unwrap();
        let plan = Plan::new(&net);
        let arena = plan.arena(1);
        let all: usize = arena.places.iter().flatten().map(|place| place.elements).sum();
        prop_assert!(arena.elements <= all);
    }
}
