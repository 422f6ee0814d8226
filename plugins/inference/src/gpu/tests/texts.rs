//! Texts of kernels: each is valid, and places lie within their buffers.

use super::super::*;
use super::device::{Weights, describe, net, numbers};
use crate::net::Plan;
use crate::precision::Precision;
use places::Space;

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

/// A plan of one layer, made for a weak device.
fn weak(inputs: &[(&str, &[usize])], layer: &str, weights: &Weights) -> Result<GpuPlan, GpuError> {
    let names: Vec<String> = inputs.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let layer = format!(r#"{{"name": "l", "inputs": [{}], {layer}}}"#, names.join(", "));
    let net = net(&describe(inputs, &layer, "l"), weights);
    GpuPlan::new(&Plan::new(&net), weights, &GpuTraits::weak(), &GpuOptions::default())
}

/// Sizes that no device should be given end in an error that says so.
#[test]
fn what_does_not_fit_is_refused() {
    let none = Weights::default();
    let large = weak(&[("x", &[1 << 26])], r#""op": "relu""#, &none);
    assert!(matches!(large, Err(GpuError::TooLarge { bytes, limit, .. }) if bytes > limit), "{large:?}");
    let long = weak(&[("x", &[1 << 12, 1 << 12]), ("z", &[1 << 12, 1 << 12])], r#""op": "matmul""#, &none);
    assert!(long.is_err() || long.is_ok_and(|plan| plan.flops() == 1 << 37));
    let window = r#""op": "max_pool2d", "kernel": [9000, 9000], "padding": [8999, 8999, 8999, 8999]"#;
    let window = weak(&[("x", &[1, 1, 1, 1])], window, &none);
    assert!(matches!(window, Err(GpuError::TooMuchWork { .. })), "{window:?}");
    let head = weak(
        &[("q", &[1, 1, 9000]), ("k", &[1, 1, 9000]), ("v", &[1, 1, 9000])],
        r#""op": "attention", "heads": 1"#,
        &none,
    );
    assert!(matches!(head, Err(GpuError::Unsupported { .. })), "{head:?}");
    let options = GpuOptions { precision: Precision::F16, ..Default::default() };
    let plan =
        Plan::new(&net(&describe(&[("x", &[4])], r#"{"name": "l", "op": "relu", "inputs": ["x"]}"#, "l"), &none));
    let half = GpuPlan::new(&plan, &none, &GpuTraits::weak(), &options);
    assert!(matches!(half, Err(GpuError::Feature { .. })));
}

/// More workgroups than a device takes along one axis go into rows.
#[test]
fn many_workgroups_go_into_rows() {
    let plan = weak(&[("x", &[1 << 24])], r#""op": "relu""#, &Weights::default()).unwrap();
    let [x, y] = plan.dispatches[0].groups;
    assert!(x <= 65_535 && y <= 65_535 && u64::from(x) * u64::from(y) * 128 >= 1 << 24);
}

/// Every place that a kernel is given lies within its buffer, and no two values that live together share memory.
#[test]
fn places_are_within_buffers() {
    let (text, weights) = everything();
    let net = net(&text, &weights);
    let plan = Plan::new(&net);
    for traits in [GpuTraits::weak(), rich()] {
        let made = GpuPlan::new(&plan, &weights, &traits, &GpuOptions::default()).unwrap();
        let element = if made.half { 2 } else { 4 };
        let found = places::place(&plan);
        for (value, place) in plan.values.iter().zip(&found.places) {
            let Some(place) = place else { continue };
            let size = if place.space == Space::Io { found.io } else { found.arena };
            assert!(place.offset as usize + value.shape.elements() <= size, "{}", value.name);
            assert_eq!(place.offset % 64, 0);
        }
        for job in &made.weights {
            assert!((job.offset + job.elements) as u64 * element <= made.memory.weights[job.shard]);
        }
        for job in &made.aux {
            assert!((job.offset + job.elements) as u64 * 4 <= made.memory.aux);
        }
        for slot in made.inputs.iter().chain(&made.outputs) {
            assert!(slot.offset + slot.bytes <= made.memory.io && slot.offset.is_multiple_of(256));
        }
        let limits = &traits.limits;
        assert!(
            [made.memory.arena, made.memory.io, made.memory.scratch]
                .iter()
                .all(|&bytes| bytes <= limits.max_storage_buffer_binding_size)
        );
    }
}

/// What a step reads is not overwritten while it is read: every two values alive at the same step lie apart.
#[test]
fn values_alive_together_lie_apart() {
    let (text, weights) = everything();
    let net = net(&text, &weights);
    let plan = Plan::unfused(&net);
    let found = places::place(&plan);
    for (at, step) in plan.steps.iter().enumerate() {
        let later = plan.steps[at + 1..].iter().flat_map(|step| plan.reads(step)).collect::<Vec<_>>();
        let made_before = |value: &crate::net::ValueId| {
            value.0 < plan.inputs || plan.steps[..at].iter().any(|step| step.output == *value)
        };
        let alive = plan.reads(step).chain(later.iter().copied()).filter(made_before);
        let range = |value: crate::net::ValueId| {
            let place = found.places[value.0].unwrap();
            (place.space, place.offset as usize..place.offset as usize + plan.shape(value).elements())
        };
        let (space, own) = range(step.output);
        for value in alive.filter(|value| *value != step.output) {
            let (other_space, other) = range(value);
            assert!(space != other_space || own.end <= other.start || other.end <= own.start, "{}", step.name);
        }
    }
}

/// Whatever a product's size, the tile that is chosen can be run.
#[test]
fn chosen_tiles_can_be_run() {
    for (threads, memory) in [(1024, 48 << 10), (256, 48 << 10), (256, 32 << 10)] {
        for m in [16, 24, 64, 100, 512] {
            for n in [16, 49, 196, 3136, 50_000] {
                for k in [16, 64, 147, 576, 4608] {
                    let tile = Tile::units(m, n, k, 256, (threads, memory));
                    assert!(tile.suits_units(threads, memory), "{m} {n} {k}: {tile:?}");
                    assert!(tile.unit_threads() <= threads && tile.unit_memory() <= memory, "{m} {n} {k}: {tile:?}");
                    let plain = Tile::plain(m, n, k, 1, 256);
                    assert!(plain.threads() <= 256 && (plain.rows + plain.columns) * plain.depth * 4 <= 16 << 10);
                    assert!((plain.rows * plain.depth / 4).is_multiple_of(plain.threads()), "{plain:?}");
                    assert!(plain.threads().is_multiple_of(plain.columns), "{plain:?}");
                }
            }
        }
    }
}
