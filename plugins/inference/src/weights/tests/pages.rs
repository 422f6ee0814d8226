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

/// Moves a file out of memory, but for pages that somebody has mapped.
fn evict(path: &Path) -> Option<()> {
    // Copies nothing, and tells the system to forget the file.
    let input = format!("if={}", path.display());
    let dd = Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status();
    dd.is_ok_and(|status| status.success()).then_some(())
}

/// A file of eight layers that the system does not hold in memory. `None` where it cannot be moved out.
pub(in crate::weights) fn cold() -> Option<(TempFile, Weights)> {
    let data = layer_bytes();
    let names: Vec<_> = (0..LAYERS).map(|index| format!("layer{index}")).collect();
    let tensors: Vec<_> =
        names.iter().map(|name| (name.as_str(), Dtype::U8, &[LAYER_BYTES][..], data.as_slice())).collect();
    let file = temp_file(&safetensors(&tensors));
    std::fs::File::open(file.path()).unwrap().sync_all().unwrap();
    evict(file.path())?;
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
    assert_eq!(layer(&weights, 5).mapped, 0);
    read(&weights, 5);
}

/// Whether all pages of a layer are in memory soon, without anybody reading them.
fn is_brought(weights: &Weights, index: usize) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let found = layer(weights, index);
        assert_eq!(found.mapped, 0);
        found.cached == found.pages
    })
}

#[test]
fn what_will_be_needed_is_brought() {
    let Some((_file, weights)) = cold() else { return };
    weights.advise("layer6", Advice::WillNeed).unwrap();
    assert!(is_brought(&weights, 6), "{:?}", layer(&weights, 6));
    assert!(layer(&weights, 5).cached <= 1 && layer(&weights, 7).cached <= 1);
}

#[test]
fn a_tensor_that_is_looked_up_is_brought() {
    let Some((_file, weights)) = cold() else { return };
    weights.info("layer2").unwrap();
    assert_eq!(layer(&weights, 2).cached, 0);
    weights.tensor("layer2").unwrap();
    assert!(is_brought(&weights, 2), "{:?}", layer(&weights, 2));
}

#[test]
fn a_tensor_that_is_gone_is_brought_again() {
    for is_told in [true, false] {
        let Some((file, weights)) = cold() else { return };
        weights.tensor("layer1").unwrap();
        assert!(is_brought(&weights, 1));
        if is_told {
            weights.advise("layer1", Advice::DontNeed).unwrap();
        } else {
            std::thread::sleep(std::time::Duration::from_millis(1100));
        }
        evict(file.path()).unwrap();
        assert_eq!(layer(&weights, 1).cached, 0);
        weights.tensor("layer1").unwrap();
        assert!(is_brought(&weights, 1), "{is_told}: {:?}", layer(&weights, 1));
    }
}

#[test]
fn the_system_reads_nothing_ahead() {
    let Some((_file, weights)) = cold() else { return };
    // Not asked for: as when the system dropped a page again.
    let view = weights.view(weights.index("layer4").unwrap());
    std::hint::black_box(view.bytes()[LAYER_BYTES / 2]);
    assert_eq!(layer(&weights, 4).cached, 1);
}

#[test]
fn weights_in_memory_have_no_pages() {
    let weights = Weights::from_bytes("memory", one_tensor()).unwrap();
    assert_eq!(weights.residency("t").unwrap(), None);
    weights.advise("t", Advice::WillNeed).unwrap();
    assert!(weights.residency("u").is_err() && weights.advise("u", Advice::DontNeed).is_err());
}
