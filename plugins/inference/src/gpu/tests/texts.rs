//! Texts of kernels: each is valid, and places lie within their buffers.

use super::super::*;
use super::device::{Weights, describe, net, numbers};
use crate::net::Plan;

/// What a device with everything offers.
fn rich() -> GpuTraits {
    let mut traits = GpuTraits::weak();
    traits.features = wgpu::Features::SHADER_F16 | wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
    traits.limits.max_compute_workgroup_storage_size = 48 << 10;
    traits.kind = wgpu::DeviceType::DiscreteGpu;
    traits.subgroup = Some(32);
    traits.cooperative = true;
    traits
}

fn validate(kernel: Kernel, source: &str) {
    let module = match naga::front::wgsl::parse_str(source) {
        Ok(module) => module,
        Err(error) => panic!("{kernel:?}: {}", error.emit_to_string(source)),
    };
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
    if let Err(error) = validator.validate(&module) {
        panic!("{kernel:?}: {}", error.emit_to_string(source));
    }
}

/// A net with a product of every kind.
fn everything() -> (String, Weights) {
    let layers = [
        r#"{"name": "a", "op": "conv2d", "inputs": ["x"], "weight": "w", "padding": [1, 1, 1, 1], "bias": "b"}"#,
        r#"{"name": "r", "op": "prelu", "inputs": ["a"], "slope": "b"}"#,
        r#"{"name": "d", "op": "conv2d", "inputs": ["r"], "weight": "dw", "groups": 64, "padding": [2, 2, 2, 2]}"#,
        r#"{"name": "g", "op": "conv2d", "inputs": ["d"], "weight": "gw", "groups": 2}"#,
        r#"{"name": "u", "op": "conv_transpose2d", "inputs": ["g"], "weight": "w3", "stride": [2, 2]}"#,
        r#"{"name": "p", "op": "max_pool2d", "inputs": ["u"], "kernel": [2, 2]}"#,
        r#"{"name": "s", "op": "resize", "inputs": ["p"], "mode": "linear", "size": [8, 8]}"#,
        r#"{"name": "v", "op": "reshape", "inputs": ["s"], "shape": [1, 64, -1]}"#,
        r#"{"name": "l", "op": "linear", "inputs": ["v"], "weight": "lw", "bias": "b"}"#,
        r#"{"name": "n", "op": "layer_norm", "inputs": ["l"]}"#,
        r#"{"name": "t", "op": "attention", "inputs": ["n", "n", "n"], "heads": 2}"#,
        r#"{"name": "m", "op": "matmul", "inputs": ["t", "l"], "transpose_b": true}"#,
        r#"{"name": "e", "op": "embedding", "inputs": ["m"], "weight": "lw"}"#,
        r#"{"name": "q", "op": "mean", "inputs": ["e"], "axes": [1, 2]}"#,
        r#"{"name": "o", "op": "linear", "inputs": ["q"], "weight": "lw", "bias": "b"}"#,
    ];
    let weights = Weights::default()
        .with("w", &[64, 64, 3, 3], numbers(64 * 64 * 9, 1))
        .with("w3", &[64, 64, 3, 3], numbers(64 * 64 * 9, 1))
        .with("gw", &[64, 32, 1, 1], numbers(64 * 32, 1))
        .with("dw", &[64, 1, 5, 5], numbers(64 * 25, 1))
        .with("lw", &[64, 64], numbers(64 * 64, 1))
        .with("b", &[64], numbers(64, 1));
    (describe(&[("x", &[1, 64, 14, 14])], &layers.join(", "), "o"), weights)
}

#[test]
fn every_kernel_is_valid() {
    let (text, weights) = everything();
    let net = net(&text, &weights);
    let mut seen = std::collections::HashSet::new();
    for plan in [Plan::new(&net), Plan::unfused(&net)] {
        for traits in [GpuTraits::weak(), rich()] {
            for cooperative in [Cooperative::Auto, Cooperative::Off] {
                let options = GpuOptions { cooperative, ..Default::default() };
                let made = GpuPlan::new(&plan, &weights, &traits, &options).unwrap();
                for (kernel, source) in made.sources() {
                    validate(kernel, source);
                    seen.insert(kernel);
                }
            }
        }
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}
