//! What a description that is wrong is told.

use crate::net::trials::MemoryTensors;
use crate::net::{Net, NetDescription, NetError};

fn text(layers: &str) -> String {
    format!(
        r#"{{"version": 1, "name": "n", "inputs": [{{"name": "x", "shape": [1, 3, 8, 8]}}],
            "layers": [{layers}], "outputs": [{{"name": "y", "from": "last"}}]}}"#
    )
}

fn parse_error(layers: &str) -> String {
    NetDescription::parse(&text(layers)).unwrap_err().to_string()
}

fn check(layers: &str, tensors: &MemoryTensors) -> Result<Net, NetError> {
    Net::new(&NetDescription::parse(&text(layers)).unwrap(), tensors)
}

fn check_error(layers: &str) -> String {
    check(layers, &MemoryTensors::default()).unwrap_err().to_string()
}

fn assert_names(error: &str, names: &[&str]) {
    for name in names {
        assert!(error.contains(name), "`{name}` is not in: {error}");
    }
}

#[test]
fn an_unknown_layer_is_named() {
    assert_names(&parse_error(r#"{"name": "last", "op": "conv9d", "inputs": ["x"]}"#), &["last", "conv9d"]);
}

#[test]
fn an_unknown_field_is_named() {
    let error = parse_error(r#"{"name": "last", "op": "conv2d", "inputs": ["x"], "weight": "w", "strides": [1, 1]}"#);
    assert_names(&error, &["last", "strides"]);
    assert_names(&parse_error(r#"{"name": "last", "op": "relu", "inputs": ["x"], "slope": 1}"#), &["last", "slope"]);
}

#[test]
fn a_missing_field_and_a_wrong_type_are_named() {
    assert_names(&parse_error(r#"{"name": "last", "op": "conv2d", "inputs": ["x"]}"#), &["last", "weight"]);
    let error = parse_error(r#"{"name": "last", "op": "softmax", "inputs": ["x"], "axis": "two"}"#);
    assert_names(&error, &["last", "two"]);
    assert_names(&parse_error(r#"{"name": "last", "op": "relu", "inputs": "x"}"#), &["last", "inputs"]);
    assert_names(&parse_error(r#"{"op": "relu", "inputs": ["x"]}"#), &["0", "name"]);
    assert_names(&parse_error(r#"{"name": "last", "inputs": ["x"]}"#), &["last", "op"]);
}

#[test]
fn every_layer_that_is_wrong_is_listed() {
    let layers =
        r#"{"name": "a", "op": "one"}, {"name": "b", "op": "relu", "inputs": ["x"]}, {"name": "c", "op": "two"}"#;
    assert_names(&parse_error(layers), &["`a`", "`c`"]);
    assert!(!parse_error(layers).contains("`b`"));
}

#[test]
fn text_that_is_no_net_is_an_error() {
    for text in ["", "{", "null", "[]", "{}", "\u{0}", r#"{"version": 1}"#] {
        assert!(matches!(NetDescription::parse(text), Err(NetError::Description(_))), "{text}");
    }
    let other = text("").replace("\"version\": 1", "\"version\": 2");
    assert!(matches!(NetDescription::parse(&other), Err(NetError::Version { found: 2, .. })));
    let more = text("").replace("\"name\": \"n\"", "\"name\": \"n\", \"more\": 1");
    assert!(matches!(NetDescription::parse(&more), Err(NetError::Description(_))));
    let long = " ".repeat(17 << 20);
    assert!(matches!(NetDescription::parse(&long), Err(NetError::TooLong { .. })));
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(NetDescription::parse(&deep), Err(NetError::Description(_))));
}

#[test]
fn a_cycle_is_an_error_that_names_its_layers() {
    let layers = r#"{"name": "a", "op": "relu", "inputs": ["b"]}, {"name": "b", "op": "relu", "inputs": ["a"]},
        {"name": "last", "op": "add", "inputs": ["a", "x"]}"#;
    assert_names(&check_error(layers), &["cycle", "`a`", "`b`"]);
    assert_names(&check_error(r#"{"name": "last", "op": "add", "inputs": ["last", "x"]}"#), &["cycle", "`last`"]);
}

#[test]
fn layers_may_stand_in_any_order() {
    let layers =
        r#"{"name": "last", "op": "relu", "inputs": ["first"]}, {"name": "first", "op": "abs", "inputs": ["x"]}"#;
    let net = check(layers, &MemoryTensors::default()).unwrap();
    let names: Vec<&str> = net.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["first", "last"]);
}

#[test]
fn layers_that_nothing_needs_are_left_out() {
    let layers = r#"{"name": "other", "op": "relu", "inputs": ["x"]}, {"name": "last", "op": "abs", "inputs": ["x"]}"#;
    assert_eq!(check(layers, &MemoryTensors::default()).unwrap().layers.len(), 1);
}

#[test]
fn names_twice_and_values_that_nothing_makes_are_listed() {
    let layers =
        r#"{"name": "x", "op": "relu", "inputs": ["x"]}, {"name": "last", "op": "relu", "inputs": ["nowhere"]}"#;
    assert_names(&check_error(layers), &["`x`", "twice", "`last`", "`nowhere`"]);
    assert_names(&check_error(r#"{"name": "other", "op": "relu", "inputs": ["x"]}"#), &["`y`", "`last`"]);
    assert_names(&check_error(r#"{"name": "last", "op": "add", "inputs": ["x"]}"#), &["`last`", "2"]);
}

#[test]
fn missing_tensors_are_all_listed() {
    let layers = r#"{"name": "a", "op": "conv2d", "inputs": ["x"], "weight": "wa"},
        {"name": "b", "op": "batch_norm", "inputs": ["x"], "scale": "s", "shift": "t", "mean": "m", "variance": "v"},
        {"name": "c", "op": "linear", "inputs": ["b"], "weight": "wc", "bias": "bc"},
        {"name": "last", "op": "add", "inputs": ["a", "c"]}"#;
    assert_names(&check_error(layers), &["`a`", "`wa`", "`b`", "`s`", "`t`", "`m`", "`v`", "`c`", "`wc`", "`bc`"]);
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both() {
    let mut tensors = MemoryTensors::default();
    tensors.insert("w", &[4, 3, 3, 3], &[0.0; 108]);
    tensors.insert("b", &[5], &[0.0; 5]);
    let layers = r#"{"name": "last", "op": "conv2d", "inputs": ["x"], "weight": "w", "bias": "b"}"#;
    assert_names(&check(layers, &tensors).unwrap_err().to_string(), &["`last`", "`b`", "[5]", "[4]"]);
    let layers = r#"{"name": "last", "op": "conv2d", "inputs": ["x"], "weight": "w", "groups": 3}"#;
    assert_names(&check(layers, &tensors).unwrap_err().to_string(), &["`last`", "groups"]);
}

#[test]
fn pictures_that_cannot_be_are_errors() {
    let of = |picture: &str, shape: &str| {
        let text = format!(
            r#"{{"version": 1, "name": "n", "inputs": [{{"name": "x", "shape": {shape}, "picture": {picture}}}],
                "layers": [], "outputs": [{{"name": "y", "from": "x"}}]}}"#
        );
        Net::new(&NetDescription::parse(&text).unwrap(), &MemoryTensors::default())
    };
    assert!(of("{}", "[1, 3, 4, 4]").is_ok());
    assert!(of(r#"{"channels": "luma"}"#, "[1, 1, 4, 4]").is_ok());
    for (picture, shape) in [
        ("{}", "[1, 1, 4, 4]"),
        ("{}", "[2, 3, 4, 4]"),
        ("{}", "[3, 4, 4]"),
        (r#"{"std": [0.0, 1.0, 1.0]}"#, "[1, 3, 4, 4]"),
        (r#"{"scale": 1e39}"#, "[1, 3, 4, 4]"),
    ] {
        assert!(of(picture, shape).is_err(), "{picture} {shape}");
    }
}
