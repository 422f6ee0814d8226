//! Every layer over random shapes.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::*;
use super::device::{Weights, describe, difference, gpu, net, numbers, run};
use crate::net::{Plan, reference};
use crate::precision::Precision;

/// A net to try: its text and weights; inputs are made up.
struct Case {
    text: String,
    weights: Weights,
    scale: f32,
}

/// What all cases go through: fused and not, with `f32`, and with `f16` where that is offered.
fn check(case: &Case) -> Result<(), TestCaseError> {
    let net = net(&case.text, &case.weights);
    let inputs: Vec<Vec<f32>> = (net.inputs.iter().enumerate())
        .map(|(index, input)| {
            numbers(input.shape.elements(), index as u64 + 7).iter().map(|x| x * case.scale).collect()
        })
        .collect();
    let given: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let wanted = reference::outputs(&net, &case.weights, &given).unwrap();
    let precise = GpuOptions { precision: Precision::F32, ..Default::default() };
    let mut ways = vec![(Plan::new(&net), precise.clone(), 1e-3)];
    if net.layers.len() > 1 {
        ways.push((Plan::unfused(&net), precise, 1e-3));
    }
    if has_half() {
        let half = GpuOptions { precision: Precision::F16, ..Default::default() };
        ways.push((Plan::new(&net), GpuOptions { cooperative: Cooperative::Off, ..half.clone() }, 1e-2));
        ways.push((Plan::new(&net), half, 1e-2));
    }
    for (plan, options, most) in ways {
        let found =
            run(&plan, &case.weights, &inputs, &options).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (found, wanted) in found.iter().zip(&wanted) {
            let apart = difference(found, wanted);
            prop_assert!(apart < most, "{apart} apart with {:?}: {}", options.precision, case.text);
        }
    }
    Ok(())
}

/// Whether `f16` can be tried here; says so once if not.
fn has_half() -> bool {
    static SAID: std::sync::Once = std::sync::Once::new();
    let has = gpu().traits.features.contains(wgpu::Features::SHADER_F16);
    if !has {
        SAID.call_once(|| eprintln!("skipped: f16, which this device does not have"));
    }
    has
}

fn over<S: Strategy>(cases: u32, strategy: S, make: impl Fn(S::Value) -> Option<Case>) {
    let mut runner = TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, max_shrink_iters: 12, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let outcome = runner.run(&strategy, |value| make(value).map_or(Ok(()), |case| check(&case)));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn one(inputs: &[(&str, &[usize])], layer: &str) -> Case {
    let names: Vec<String> = inputs.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let layer = format!(r#"{{"name": "l", "inputs": [{}], {layer}}}"#, names.join(", "));
    Case { text: describe(inputs, &layer, "l"), weights: Weights::default(), scale: 1.0 }
}

const ACTIVATIONS: [&str; 21] = [
    r#""op": "relu""#,
    r#""op": "silu""#,
    r#""op": "gelu""#,
    r#""op": "gelu_tanh""#,
    r#""op": "sigmoid""#,
    r#""op": "tanh""#,
    r#""op": "hard_sigmoid""#,
    r#""op": "hard_swish""#,
    r#""op": "mish""#,
    r#""op": "exp""#,
    r#""op": "abs""#,
    r#""op": "neg""#,
    r#""op": "erf""#,
    r#""op": "clip", "min": 0, "max": 6"#,
    r#""op": "clip", "min": -0.25"#,
    r#""op": "clip", "max": 0.5"#,
    r#""op": "leaky_relu", "slope": 0.2"#,
    r#""op": "elu", "alpha": 0.7"#,
    r#""op": "identity""#,
    r#""op": "prelu", "slope": "slope""#,
    r#""op": "prelu", "slope": "slope1""#,
];

#[test]
fn activations() {
    for activation in ACTIVATIONS {
        let mut case = one(&[("x", &[2, 3, 5, 7])], activation);
        case.weights = Weights::default().with("slope", &[3], vec![0.1, 0.2, -0.3]).with("slope1", &[1], vec![0.4]);
        case.scale = 5.0;
        check(&case).unwrap();
    }
}

fn conv_case(
    (n, c, m, groups): (usize, usize, usize, usize),
    (h, w): (usize, usize),
    (kh, kw): (usize, usize),
    (stride, dilation, padding): ([usize; 2], [usize; 2], [usize; 4]),
    (tail, activation): (u32, usize),
) -> Option<Case> {
    let out = |size: usize, axis: usize, kernel: usize| {
        let padded = size + padding[axis] + padding[axis + 2];
        let reach = dilation[axis] * (kernel - 1) + 1;
        padded.checked_sub(reach).map(|rest| rest / stride[axis] + 1)
    };
    let (oh, ow) = (out(h, 0, kh)?, out(w, 1, kw)?);
    let (inputs, outputs) = (c * groups, m * groups);
    let mut layers = format!(
        r#"{{"name": "conv", "op": "conv2d", "inputs": ["x"], "weight": "w", {} "stride": {stride:?}, "padding": {padding:?}, "dilation": {dilation:?}, "groups": {groups}}}"#,
        if tail & 1 == 1 { r#""bias": "b","# } else { "" }
    );
    let mut last = "conv";
    let mut add = |text: String, name: &'static str| {
        layers.push_str(", ");
        layers.push_str(&text);
        last = name;
    };
    if tail & 2 == 2 {
        let norm = r#"{"name": "bn", "op": "batch_norm", "inputs": ["conv"], "scale": "s", "shift": "t", "mean": "m", "variance": "v"}"#;
        add(norm.to_owned(), "bn");
    }
    if tail & 4 == 4 {
        let from = if tail & 2 == 2 { "bn" } else { "conv" };
        add(format!(r#"{{"name": "add", "op": "add", "inputs": ["r", "{from}"]}}"#), "add");
    }
    if tail & 8 == 8 {
        let from = if tail & 4 == 4 {
            "add"
        } else if tail & 2 == 2 {
            "bn"
        } else {
            "conv"
        };
        add(format!(r#"{{"name": "act", "inputs": ["{from}"], {}}}"#, ACTIVATIONS[activation]), "act");
    }
    let residual = [n, outputs, oh, ow];
    let image = [n, inputs, h, w];
    let all: [(&str, &[usize]); 2] = [("x", &image), ("r", &residual)];
    let text = describe(if tail & 4 == 4 { &all } else { &all[..1] }, &layers, last);
    let positive = numbers(outputs, 6).iter().map(|x| x.abs() + 0.3).collect();
    let weights = Weights::default()
        .with("w", &[outputs, c, kh, kw], numbers(outputs * c * kh * kw, 3))
        .with("b", &[outputs], numbers(outputs, 4))
        .with("s", &[outputs], numbers(outputs, 5))
        .with("v", &[outputs], positive)
        .with("t", &[outputs], numbers(outputs, 8))
        .with("m", &[outputs], numbers(outputs, 9))
        .with("slope", &[outputs], numbers(outputs, 10))
        .with("slope1", &[1], vec![0.3]);
    Some(Case { text, weights, scale: 1.0 })
}

#[test]
fn convolutions() {
    let shape = (
        1_usize..3,
        prop_oneof![1_usize..8, Just(16), Just(32)],
        prop_oneof![1_usize..10, 30_usize..70],
        prop_oneof![4 => Just(1_usize), 1 => 2_usize..4],
    );
    let size = (1_usize..14, 1_usize..14);
    let kernel = (1_usize..4, 1_usize..4);
    let window = ([1_usize..3, 1_usize..4], [1_usize..3, 1_usize..3], [0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3]);
    over(8, (shape, size, kernel, window, (0_u32..16, 0_usize..21)), |(shape, size, kernel, window, tail)| {
        conv_case(shape, size, kernel, window, tail)
    });
}

#[test]
fn convolutions_of_single_channels() {
    let shape = (1_usize..3, 2_usize..20, prop_oneof![3 => Just(1_usize), 1 => Just(2_usize)]);
    let window = (prop_oneof![Just((3_usize, 3_usize)), Just((5, 5)), Just((7, 3))], 1_usize..3, 0_usize..3);
    over(
        4,
        (shape, (5_usize..20, 5_usize..20), window, 0_u32..16),
        |((n, groups, m), size, (kernel, stride, padding), tail)| {
            conv_case((n, 1, m, groups), size, kernel, ([stride; 2], [1; 2], [padding; 4]), (tail, 13))
        },
    );
}

/// Sums long enough, over few enough elements, that they are split.
#[test]
fn split_sums() {
    for (c, tail) in [(64, 15), (144, 5), (67, 11)] {
        check(&conv_case((1, c, 20, 1), (5, 6), (3, 3), ([1; 2], [1; 2], [1; 4]), (tail, 0)).unwrap()).unwrap();
    }
}

#[test]
fn transposed_convolutions() {
    let shape = (1_usize..3, 1_usize..6, 1_usize..6, prop_oneof![2 => Just(1_usize), 1 => Just(2_usize)]);
    let window = (
        (1_usize..5, 1_usize..5),
        (1_usize..4, 1_usize..4),
        (1_usize..3, 1_usize..3),
        0_usize..2,
        0_usize..2,
        any::<bool>(),
    );
    over(
        5,
        (shape, (1_usize..8, 1_usize..8), window),
        |((n, c, m, groups), (h, w), (k, stride, dilation, pad, more, biased))| {
            let out = |size: usize, k: usize, s: usize, d: usize| {
                ((size - 1) * s + d * (k - 1) + 1 + more).checked_sub(2 * pad)
            };
            out(h, k.0, stride.0, dilation.0).filter(|&size| size > 0)?;
            out(w, k.1, stride.1, dilation.1).filter(|&size| size > 0)?;
            let layer = format!(
                r#""op": "conv_transpose2d", "weight": "w", {} "stride": [{}, {}], "padding": [{pad}, {pad}, {pad}, {pad}], "output_padding": [{more}, {more}], "dilation": [{}, {}], "groups": {groups}"#,
                if biased { r#""bias": "b","# } else { "" },
                stride.0,
                stride.1,
                dilation.0,
                dilation.1
            );
            let mut case = one(&[("x", &[n, c * groups, h, w])], &layer);
            case.weights = Weights::default()
                .with("w", &[c * groups, m, k.0, k.1], numbers(c * groups * m * k.0 * k.1, 3))
                .with("b", &[m * groups], numbers(m * groups, 4));
            Some(case)
        },
    );
}

#[test]
fn linear_layers() {
    let leading = prop_oneof![Just(vec![1_usize]), Just(vec![3]), Just(vec![2, 5]), Just(vec![1, 2, 70])];
    over(
        6,
        (leading, prop_oneof![1_usize..9, 60_usize..140], prop_oneof![1_usize..9, 60_usize..200], 0_u32..4),
        |(leading, k, m, tail)| {
            let mut shape = leading.clone();
            shape.push(k);
            let bias = if tail & 1 == 1 { r#", "bias": "b""# } else { "" };
            let layers = format!(
                r#"{{"name": "l", "op": "linear", "inputs": ["x"], "weight": "w"{bias}}}, {{"name": "a", "op": "silu", "inputs": ["l"]}}"#
            );
            let text = describe(&[("x", &shape)], &layers, if tail & 2 == 2 { "a" } else { "l" });
            let weights = Weights::default().with("w", &[m, k], numbers(m * k, 3)).with("b", &[m], numbers(m, 4));
            Some(Case { text, weights, scale: 1.0 })
        },
    );
}

#[test]
fn products_of_values() {
    let batches = prop_oneof![
        Just((vec![], vec![])),
        Just((vec![2, 3], vec![2, 3])),
        Just((vec![2, 1], vec![3])),
        Just((vec![], vec![4])),
        Just((vec![1, 2, 1, 2], vec![2, 1, 3, 1])),
    ];
    over(5, (batches, 1_usize..40, 1_usize..40, 1_usize..90, any::<bool>()), |((a, b), m, n, k, transposed)| {
        let (mut a, mut b): (Vec<usize>, Vec<usize>) = (a, b);
        a.extend([m, k]);
        b.extend(if transposed { [n, k] } else { [k, n] });
        Some(one(&[("x", &a), ("z", &b)], &format!(r#""op": "matmul", "transpose_b": {transposed}"#)))
    });
}

#[test]
fn two_operands() {
    for op in ["add", "sub", "mul", "div", "max", "min"] {
        for (a, b) in [
            (vec![2, 3, 4], vec![2, 3, 4]),
            (vec![2, 3, 4], vec![3, 1]),
            (vec![5], vec![2, 1, 3, 1, 1, 5]),
            (vec![1, 6, 1, 1], vec![2, 6, 3, 4]),
        ] {
            let mut case = one(&[("x", &a), ("z", &b)], &format!(r#""op": "{op}""#));
            case.scale = 3.0;
            if op == "div" {
                // Divisors away from zero, so that the greatest number says something.
                let layers =
                    r#"{"name": "e", "op": "exp", "inputs": ["z"]}, {"name": "l", "op": "div", "inputs": ["x", "e"]}"#;
                case.text = describe(&[("x", &a), ("z", &b)], layers, "l");
            }
            check(&case).unwrap();
        }
    }
    let layers = r#"{"name": "c", "op": "constant", "tensor": "k", "inputs": []}, {"name": "l", "op": "pow", "inputs": ["x", "c"]}"#;
    let weights = Weights::default().with("k", &[4], vec![2.0, 3.0, 0.0, 1.0]);
    check(&Case { text: describe(&[("x", &[3, 4])], layers, "l"), weights, scale: 2.0 }).unwrap();
}

#[test]
fn norms() {
    let weights = |count: usize| {
        Weights::default()
            .with("s", &[count], numbers(count, 3))
            .with("t", &[count], numbers(count, 4))
            .with("m", &[count], numbers(count, 5))
            .with("v", &[count], numbers(count, 6).iter().map(|x| x.abs() + 0.2).collect())
    };
    let mut cases = vec![
        (
            vec![2, 6, 5, 7],
            6,
            r#""op": "batch_norm", "scale": "s", "shift": "t", "mean": "m", "variance": "v""#.to_owned(),
        ),
        (vec![2, 6, 300], 300, r#""op": "layer_norm", "weight": "s", "bias": "t""#.to_owned()),
        (vec![3, 9], 9, r#""op": "layer_norm""#.to_owned()),
        (vec![2, 5, 33], 33, r#""op": "rms_norm", "weight": "s""#.to_owned()),
        (vec![2, 6, 5, 7], 6, r#""op": "group_norm", "groups": 3, "weight": "s", "bias": "t""#.to_owned()),
        (vec![2, 6, 4, 4], 6, r#""op": "group_norm", "groups": 6"#.to_owned()),
    ];
    cases.push((vec![4, 2], 2, r#""op": "rms_norm""#.to_owned()));
    for (shape, count, layer) in cases {
        let mut case = one(&[("x", &shape)], &layer);
        case.weights = weights(count);
        case.scale = 3.0;
        check(&case).unwrap();
    }
    let mut case =
        one(&[("x", &[2, 3, 4, 5])], r#""op": "layer_norm", "axes_count": 2, "weight": "w2", "epsilon": 0.001"#);
    case.weights = Weights::default().with("w2", &[4, 5], numbers(20, 1));
    check(&case).unwrap();
}

#[test]
fn gathered_along_axes() {
    over(
        8,
        (prop::collection::vec(1_usize..7, 1..5), 0_usize..5, 0_usize..3, any::<bool>()),
        |(shape, axis, kind, keep)| {
            let axis = axis % shape.len();
            let other = (axis + 2) % shape.len();
            let op = ["mean", "sum", "max_over"][kind];
            let axes = if other == axis { vec![axis] } else { vec![axis, other] };
            Some(one(&[("x", &shape)], &format!(r#""op": "{op}", "axes": {axes:?}, "keep": {keep}"#)))
        },
    );
    for (shape, axis) in [(vec![3, 200], -1), (vec![2, 5, 7], 1), (vec![1000, 3], 1), (vec![40, 130, 2], -2)] {
        for op in ["softmax", "log_softmax", "l2_normalize"] {
            let mut case = one(&[("x", &shape)], &format!(r#""op": "{op}", "axis": {axis}"#));
            case.scale = 6.0;
            check(&case).unwrap();
        }
    }
    check(&one(&[("x", &[2, 5, 17, 13])], r#""op": "global_avg_pool2d""#)).unwrap();
    check(&one(&[("x", &[5000, 3])], r#""op": "max_over", "axes": [1]"#)).unwrap();
}

#[test]
fn pools() {
    let window = ((1_usize..4, 1_usize..4), (1_usize..3, 1_usize..4), (0_usize..2, 0_usize..2), 1_usize..3, 0_usize..6);
    over(8, ((3_usize..12, 3_usize..12), window), |((h, w), (kernel, stride, pad, dilation, kind))| {
        let pad = (pad.0.min(kernel.0 - 1), pad.1.min(kernel.1 - 1));
        let dilation = if kind < 2 { dilation } else { 1 };
        if dilation * (kernel.0 - 1) + 1 > h + pad.0 || dilation * (kernel.1 - 1) + 1 > w + pad.1 {
            return None;
        }
        let more = match kind {
            0 | 1 => format!(r#""op": "max_pool2d", "dilation": [{dilation}, {dilation}]"#),
            _ => format!(r#""op": "avg_pool2d", "count_padding": {}"#, kind < 4),
        };
        let layer = format!(
            r#"{more}, "kernel": [{}, {}], "stride": [{}, {}], "padding": [{}, {}, 0, {}], "ceil": {}"#,
            kernel.0,
            kernel.1,
            stride.0,
            stride.1,
            pad.0,
            pad.1,
            pad.1,
            kind % 2 == 0
        );
        Some(one(&[("x", &[2, 3, h, w])], &layer))
    });
}

#[test]
fn sizes() {
    for mode in ["nearest", "linear"] {
        for coordinates in ["half_pixel", "asymmetric", "align_corners"] {
            for (from, into) in [([4, 6], [8, 12]), ([7, 5], [3, 9]), ([1, 3], [4, 1])] {
                let layer =
                    format!(r#""op": "resize", "mode": "{mode}", "size": {into:?}, "coordinates": "{coordinates}""#);
                check(&one(&[("x", &[1, 2, from[0], from[1]])], &layer)).unwrap();
            }
        }
    }
    check(&one(&[("x", &[2, 18, 3, 4])], r#""op": "pixel_shuffle", "factor": 3"#)).unwrap();
    check(&one(&[("x", &[2, 2, 6, 4])], r#""op": "pixel_unshuffle", "factor": 2"#)).unwrap();
}

#[test]
fn attention() {
    for (n, lq, lk, heads, depth, causal) in
        [(1, 5, 5, 2, 8, true), (2, 7, 300, 1, 20, false), (1, 1, 9, 3, 64, false), (1, 3, 4, 1, 200, false)]
    {
        let d = heads * depth;
        let layer = format!(r#""op": "attention", "heads": {heads}, "causal": {causal}"#);
        let mut case = one(&[("q", &[n, lq, d]), ("k", &[n, lk, d]), ("v", &[n, lk, d])], &layer);
        case.scale = 2.0;
        check(&case).unwrap();
    }
}

#[test]
fn rearrangements() {
    let shapes: [(&[usize], &str); 8] = [
        (&[2, 3, 4], r#""op": "transpose", "axes": [2, 0, 1]"#),
        (&[2, 3, 2, 2, 3, 4], r#""op": "transpose", "axes": [5, 0, 3, 1, 4, 2]"#),
        (&[5, 9], r#""op": "slice", "axis": 1, "start": -7, "end": 100, "step": 3"#),
        (&[6, 2, 2], r#""op": "slice", "axis": 0, "start": 1, "end": -1"#),
        (&[2, 3], r#""op": "pad", "before": [1, 0], "after": [0, 2], "value": -1.5"#),
        (&[1, 2, 3, 4], r#""op": "pad", "before": [0, 0, 1, 1], "after": [0, 0, 1, 1]"#),
        (&[4, 1, 6], r#""op": "transpose", "axes": [1, 2, 0]"#),
        (&[3, 4], r#""op": "reshape", "shape": [2, -1]"#),
    ];
    for (shape, layer) in shapes {
        check(&one(&[("x", shape)], layer)).unwrap();
    }
    for axis in [0, 1, -1] {
        let mut shapes = [[2, 3, 4]; 3];
        shapes[1][axis as usize % 3] = 1;
        if axis == -1 {
            shapes = [[2, 3, 4], [2, 3, 1], [2, 3, 5]];
        }
        check(&one(
            &[("a", &shapes[0]), ("b", &shapes[1]), ("c", &shapes[2])],
            &format!(r#""op": "concat", "axis": {axis}"#),
        ))
        .unwrap();
    }
    let mut case = one(&[("x", &[2, 3])], r#""op": "embedding", "weight": "table""#);
    case.weights = Weights::default().with("table", &[5, 7], numbers(35, 2));
    case.scale = 9.0;
    check(&case).unwrap();
}

/// What is not a number goes through: no layer hides it.
#[test]
fn what_is_no_number_stays_so() {
    let options = GpuOptions { precision: Precision::F32, ..Default::default() };
    let layers = [
        r#""op": "relu""#,
        r#""op": "clip", "min": 0, "max": 6"#,
        r#""op": "hard_swish""#,
        r#""op": "gelu""#,
        r#""op": "max_pool2d", "kernel": [1, 1]"#,
        r#""op": "max_over", "axes": [3]"#,
        r#""op": "softmax""#,
    ];
    for layer in layers {
        let case = one(&[("x", &[1, 1, 2, 3])], layer);
        let inputs = vec![vec![f32::NAN, 1.0, -1.0, 2.0, -2.0, 0.5]];
        let found = run(&Plan::new(&net(&case.text, &case.weights)), &case.weights, &inputs, &options).unwrap();
        assert!(found[0][0].is_nan(), "{layer}: {found:?}");
        assert!(!found[0][found[0].len() - 1].is_nan(), "{layer}: {found:?}");
    }
    let case = one(&[("x", &[3]), ("z", &[3])], r#""op": "max""#);
    let inputs = vec![vec![f32::NAN, 1.0, 2.0], vec![0.0, f32::NAN, 1.0]];
    let found = run(&Plan::new(&net(&case.text, &case.weights)), &case.weights, &inputs, &options).unwrap();
    assert!(found[0][0].is_nan() && found[0][1].is_nan() && found[0][2] == 2.0);
}

/// Outputs that are inputs, constants or the same value twice.
#[test]
fn outputs_of_every_kind() {
    let text = r#"{"version": 1, "name": "t", "inputs": [{"name": "x", "shape": [2, 3]}], "layers": [
        {"name": "c", "op": "constant", "tensor": "k", "inputs": []},
        {"name": "r", "op": "reshape", "inputs": ["x"], "shape": [3, 2]},
        {"name": "n", "op": "neg", "inputs": ["x"]}],
        "outputs": [{"name": "a", "from": "r"}, {"name": "b", "from": "c"}, {"name": "d", "from": "n"}, {"name": "e", "from": "n"}]}"#;
    check(&Case { text: text.to_owned(), weights: Weights::default().with("k", &[5], numbers(5, 1)), scale: 1.0 })
        .unwrap();
}
