//! Numbers that are chosen to do harm: an error, and no overflow.

use crate::net::trials::MemoryTensors;
use crate::net::{Net, NetDescription};
use proptest::prelude::*;

/// A net of one layer; `None` when it is an error.
fn one(shape: &str, layer: &str, tensors: &MemoryTensors) -> Option<Vec<usize>> {
    let text = format!(
        r#"{{"version": 1, "name": "n", "inputs": [{{"name": "x", "shape": {shape}}}],
            "layers": [{{"name": "last", "inputs": ["x"], {layer}}}], "outputs": [{{"name": "y", "from": "last"}}]}}"#
    );
    let net = Net::new(&NetDescription::parse(&text).ok()?, tensors).ok()?;
    Some(net.outputs[0].shape.to_vec())
}

fn tensors() -> MemoryTensors {
    let mut tensors = MemoryTensors::default();
    tensors.insert("w", &[4, 3, 3, 3], &[0.0; 108]);
    tensors.insert("t", &[3, 4, 3, 3], &[0.0; 108]);
    tensors.insert("flat", &[12], &[0.0; 12]);
    tensors
}

#[test]
fn what_no_kernel_could_do_is_an_error() {
    let most = u64::MAX;
    for layer in [
        r#""op": "max_pool2d", "kernel": [0, 0]"#.to_owned(),
        r#""op": "max_pool2d", "kernel": [0, 2]"#.to_owned(),
        r#""op": "avg_pool2d", "kernel": [2, 2], "stride": [0, 1]"#.to_owned(),
        r#""op": "max_pool2d", "kernel": [2, 2], "dilation": [0, 1]"#.to_owned(),
        r#""op": "max_pool2d", "kernel": [2, 2], "padding": [2, 0, 0, 0]"#.to_owned(),
        format!(r#""op": "max_pool2d", "kernel": [{most}, {most}]"#),
        format!(r#""op": "conv2d", "weight": "w", "stride": [{most}, 1]"#),
        format!(r#""op": "conv2d", "weight": "w", "dilation": [{most}, 1]"#),
        format!(r#""op": "conv2d", "weight": "w", "padding": [{most}, {most}, {most}, {most}]"#),
        r#""op": "conv2d", "weight": "w", "stride": [0, 0]"#.to_owned(),
        r#""op": "conv2d", "weight": "w", "dilation": [0, 0]"#.to_owned(),
        r#""op": "conv2d", "weight": "w", "groups": 0"#.to_owned(),
        r#""op": "conv2d", "weight": "flat""#.to_owned(),
        format!(r#""op": "conv_transpose2d", "weight": "t", "stride": [{most}, {most}]"#),
        format!(r#""op": "conv_transpose2d", "weight": "t", "output_padding": [{most}, 0]"#),
        format!(r#""op": "conv_transpose2d", "weight": "t", "groups": {most}"#),
        r#""op": "conv_transpose2d", "weight": "t", "padding": [100, 100, 100, 100]"#.to_owned(),
        r#""op": "resize", "mode": "nearest", "size": [0, 5]"#.to_owned(),
        r#""op": "resize", "mode": "nearest", "size": [1048576, 1048576]"#.to_owned(),
        format!(r#""op": "resize", "mode": "nearest", "size": [{most}, {most}]"#),
        r#""op": "pixel_shuffle", "factor": 0"#.to_owned(),
        format!(r#""op": "pixel_shuffle", "factor": {most}"#),
        r#""op": "pixel_unshuffle", "factor": 0"#.to_owned(),
        format!(r#""op": "pixel_unshuffle", "factor": {most}"#),
        r#""op": "reshape", "shape": [-1, -1]"#.to_owned(),
        r#""op": "reshape", "shape": [-2, 96]"#.to_owned(),
        r#""op": "reshape", "shape": [0, -1]"#.to_owned(),
        r#""op": "reshape", "shape": []"#.to_owned(),
        format!(r#""op": "reshape", "shape": [{0}, {0}]"#, i64::MAX),
        r#""op": "transpose", "axes": [0, 0, 1, 2]"#.to_owned(),
        r#""op": "transpose", "axes": [0, 1, 2, 9]"#.to_owned(),
        r#""op": "slice", "axis": 4, "start": 0, "end": 1"#.to_owned(),
        r#""op": "slice", "axis": 1, "start": 2, "end": 2"#.to_owned(),
        r#""op": "slice", "axis": 1, "start": 0, "end": 2, "step": 0"#.to_owned(),
        format!(r#""op": "slice", "axis": 1, "start": {}, "end": {}"#, i64::MAX, i64::MIN),
        format!(r#""op": "pad", "before": [{most}, 0, 0, 0], "after": [{most}, 0, 0, 0]"#),
        r#""op": "pad", "before": [0], "after": [0]"#.to_owned(),
        r#""op": "softmax", "axis": 4"#.to_owned(),
        format!(r#""op": "softmax", "axis": {}"#, i64::MIN),
        r#""op": "layer_norm", "axes_count": 0"#.to_owned(),
        format!(r#""op": "layer_norm", "axes_count": {most}"#),
        r#""op": "group_norm", "groups": 0"#.to_owned(),
        format!(r#""op": "group_norm", "groups": {most}"#),
        format!(r#""op": "mean", "axes": [{}]"#, i64::MIN),
        r#""op": "linear", "weight": "w""#.to_owned(),
        r#""op": "embedding", "weight": "w""#.to_owned(),
        r#""op": "concat", "axis": -5"#.to_owned(),
        r#""op": "prelu", "slope": "flat""#.to_owned(),
    ] {
        assert_eq!(one("[1, 3, 8, 8]", &layer, &tensors()), None, "{layer}");
    }
}

#[test]
fn what_no_memory_could_hold_is_an_error() {
    for shape in ["[]", "[0]", "[1, 1, 1, 1, 1, 1, 1]", "[4294967296]", "[65536, 65536]", "[18446744073709551615]"] {
        assert_eq!(one(shape, r#""op": "relu""#, &tensors()), None, "{shape}");
    }
    let layer = r#""op": "pad", "before": [0, 0, 1000000, 1000000], "after": [0, 0, 0, 0]"#;
    assert_eq!(one("[1, 3, 8, 8]", layer, &tensors()), None);
}

#[test]
fn relative_numbers_become_absolute() {
    let tensors = tensors();
    let slice = r#""op": "slice", "axis": -1, "start": -3, "end": 9223372036854775807, "step": 2"#;
    assert_eq!(one("[1, 3, 8, 8]", slice, &tensors), Some(vec![1, 3, 8, 2]));
    assert_eq!(one("[1, 3, 8, 8]", r#""op": "reshape", "shape": [2, -1]"#, &tensors), Some(vec![2, 96]));
    let mean = r#""op": "mean", "axes": [-1, 2, 2], "keep": false"#;
    assert_eq!(one("[1, 3, 8, 8]", mean, &tensors), Some(vec![1, 3]));
    let pool = r#""op": "max_pool2d", "kernel": [3, 3], "stride": [2, 2], "ceil": true"#;
    assert_eq!(one("[1, 3, 8, 8]", pool, &tensors), Some(vec![1, 3, 4, 4]));
}

proptest! {
    #[test]
    fn windows_never_overflow(
        numbers in proptest::collection::vec(prop_oneof![0_u64..5, any::<u64>(), (0_u64..40).prop_map(|bits| 1 << bits)], 12),
        name in prop_oneof![Just("conv2d"), Just("conv_transpose2d"), Just("max_pool2d"), Just("avg_pool2d")],
    ) {
        let n = &numbers;
        let own = match name {
            "conv2d" => format!(r#""weight": "w", "dilation": [{}, {}], "groups": {}"#, n[0], n[1], n[2]),
            "conv_transpose2d" => format!(
                r#""weight": "t", "dilation": [{}, {}], "groups": {}, "output_padding": [{}, {}]"#,
                n[0], n[1], n[2], n[3], n[4]
            ),
            _ => format!(r#""kernel": [{}, {}], "ceil": {}"#, n[0], n[1], n[2] % 2 == 0),
        };
        let layer = format!(
            r#""op": "{name}", {own}, "stride": [{}, {}], "padding": [{}, {}, {}, {}]"#,
            n[5], n[6], n[7], n[8], n[9], n[10]
        );
        if let Some(shape) = one("[1, 3, 8, 8]", &layer, &tensors()) {
            prop_assert!(shape.iter().product::<usize>() <= i32::MAX as usize);
        }
    }

    #[test]
    fn any_text_is_a_net_or_an_error(text in ".{0,200}") {
        drop(NetDescription::parse(&text));
    }
}
