//! Any bytes as a file of weights: it is refused, or all of it can be read.

#![no_main]

use freshet_fuzz::weights::{HeaderError, Requirement, Weights, WeightsError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    try_file(bytes.to_vec());
    // The same with the lengths made right, so that what lies behind these checks is reached: a header, 0xff, tensors.
    let end = bytes.iter().position(|&byte| byte == 0xff).unwrap_or(bytes.len());
    let mut file = (end as u64).to_le_bytes().to_vec();
    file.extend_from_slice(&bytes[..end]);
    let data = file.len();
    file.extend_from_slice(bytes.get(end + 1..).unwrap_or_default());
    if let Some(HeaderError::Length { tensors: needs @ ..0x10_0000, .. }) = try_file(file.clone()) {
        file.resize(data + needs as usize, 0x7f);
        let still = try_file(file);
        assert!(!matches!(still, Some(HeaderError::Length { .. })), "{still:?}");
    }
});

fn try_file(bytes: Vec<u8>) -> Option<HeaderError> {
    let length = bytes.len();
    match Weights::from_bytes("fuzz", bytes) {
        Ok(weights) => {
            read_all(&weights, length);
            None
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 2000, "{text}");
            match error {
                WeightsError::Malformed { source, .. } => Some(source),
                error => panic!("{error}"),
            }
        }
    }
}

fn read_all(weights: &Weights, length: usize) {
    let mut read = 0;
    for name in weights.names() {
        let view = weights.tensor(name).expect("a name of the list leads to a tensor");
        read += view.bytes().len();
        let sum = view.bytes().iter().fold(0_u64, |sum, &byte| sum + u64::from(byte));
        std::hint::black_box(sum);
        assert_eq!(view.elements() * view.dtype().bitsize(), view.bytes().len() * 8);
        if let Some(floats) = view.floats() {
            let mut values = vec![0.0; floats.len()];
            floats.read(0, &mut values);
            for (index, value) in values.iter().enumerate() {
                let one = floats.get(index);
                assert!(one == *value || one.is_nan() && value.is_nan());
            }
        }
        let found = weights.find_non_finite(name).expect("bytes do not change");
        assert_eq!(found.is_none(), weights.require_finite(name).is_ok());
        let itself = Requirement { name, shape: view.shape(), dtypes: &[view.dtype()] };
        weights.require([itself]).expect("a tensor is what it is");
    }
    assert!(read <= length);
    for key in weights.metadata_keys() {
        assert!(weights.metadata(key).is_some());
    }
}
