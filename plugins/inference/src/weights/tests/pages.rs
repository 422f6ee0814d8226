//! Which pages come when.

use std::process::Command;

use super::super::{Advice, Residency, Weights};
use super::*;

pub(in crate::weights) const LAYERS: usize = 8;
pub(in crate::weights) const LAYER_BYTES: usize = 1 << 20;

/// The content of every layer.
pub(in crate::weights) fn layer_bytes() -> Vec<u8> {
    (0..LAYER_BYTES).map(|index| (index % 251) as u8).collect()
}

/// A file of eight layers that the system does not hold in memory. `None` where it cannot be moved out.
pub(in crate::weights) fn cold() -> Option<(TempFile, Weights)> {
    let data = layer_bytes();
    let names: Vec<_> = (0..LAYERS).map(|index| format!("layer{index}")).collect();
    let tensors: Vec<_> =
        names.iter().map(|name| (name.as_str(), Dtype::U8, &[LAYER_BYTES][..], data.as_slice())).collect();
    let file = temp_file(&safetensors(&tensors));
    std::fs::File::open(file.path()).unwrap().sync_all().unwrap();
    // Copies nothing, and tells the system to forget the file.
    let input = format!("if={}", file.path().display());
    let dd = Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status();
    if !dd.is_ok_and(|status| status.success()) {
        return None;
    }
    let weights = Weights::open(file.path()).unwrap();
    (layer(&weights, LAYERS - 1).cached == 0).then_some((file, weights))
}

fn layer(weights: &Weights, index: usize) -> Residency {
    weights.residency(&format!("layer{index}")).unwrap().unwrap()
}

fn read(weights: &Weights, index: usize) {
    let sum = weights.read(&format!("layer{index}"), |view| view.bytes().iter().map(|&byte| u64::from(byte)).sum());
    let sum: u64 = sum.unwrap();
    assert!(sum > 0);
}

#[test]
fn opening_touches_no_tensor() {
    let Some((_file, weights)) = cold() else { return };
    for index in 0..LAYERS {
        let found = layer(&weights, index);
        assert_eq!(found.mapped, 0, "layer {index}");
        // The first layer begins on the page that the header ends on.
        assert!(found.cached <= usize::from(index == 0), "layer {index}: {found:?}");
    }
}

#[test]
fn a_layer_brings_its_pages_and_no_others() {
    let Some((_file, weights)) = cold() else { return };
    read(&weights, 3);
    for index in 0..LAYERS {
        let found = layer(&weights, index);
        match index {
            3 => assert_eq!((found.cached, found.mapped), (found.pages, found.pages)),
            // They share a page with it, or with the header.
            0 | 2 | 4 => assert!(found.cached <= 1 && found.mapped <= 1, "layer {index}: {found:?}"),
            _ => assert_eq!((found.cached, found.mapped), (0, 0), "layer {index}"),
        }
    }
}

#[test]
fn what_is_not_needed_leaves_the_address_space() {
    let Some((_file, weights)) = cold() else { return };
    read(&weights, 5);
    weights.advise("layer5", Advice::DontNeed).unwrap();
    let found = layer(&weights, 5);
    assert_eq!((found.cached, found.mapped), (found.pages, 0));
    read(&weights, 5);
}

#[test]
fn what_will_be_needed_is_brought() {
    let Some((_file, weights)) = cold() else { return };
    weights.advise("layer6", Advice::WillNeed).unwrap();
    let brought = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let found = layer(&weights, 6);
        found.cached == found.pages && found.mapped == 0
    });
    assert!(brought, "{:?}", layer(&weights, 6));
    assert!(layer(&weights, 5).cached <= 1 && layer(&weights, 7).cached <= 1);
}

#[test]
fn weights_in_memory_have_no_pages() {
    let weights = Weights::from_bytes("memory", one_tensor()).unwrap();
    assert_eq!(weights.residency("t").unwrap(), None);
    weights.advise("t", Advice::WillNeed).unwrap();
    assert!(weights.residency("u").is_err() && weights.advise("u", Advice::DontNeed).is_err());
}
