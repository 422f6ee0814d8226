//! Headers that break the rules, one by one.

use proptest::prelude::*;

use super::super::tests::{one_tensor, with_header};
use super::super::{Weights, WeightsError};
use super::*;

const A: &str = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;

fn open(bytes: Vec<u8>) -> Result<Weights, HeaderError> {
    Weights::from_bytes("memory", bytes).map_err(|error| match error {
        WeightsError::Malformed { source, .. } => source,
        error => panic!("{error}"),
    })
}

fn refused(json: &str, data: usize) -> HeaderError {
    open(with_header(json, data)).unwrap_err()
}

fn tensor(name: &str, dtype: &str, shape: &str, begin: u64, end: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
}

#[test]
fn good_headers_are_read() {
    let weights = open(with_header(&format!("{{{A}}}   "), 8)).unwrap();
    assert_eq!(weights.info("a").map(TensorInfo::shape), Some(&[2][..]));
    let any_order = format!("{{{},{A}}}", tensor("\\u00e9", "F16", "[]", 8, 10));
    assert_eq!(open(with_header(&any_order, 10)).unwrap().names().collect::<Vec<_>>(), ["a", "é"]);
    let nothing = open(with_header("{}", 0)).unwrap();
    assert_eq!(nothing.tensors(), []);
    let empty = format!("{{{},{}}}", tensor("e", "F32", "[0,3]", 0, 0), tensor("f", "I64", "[3,0]", 0, 0));
    assert_eq!(open(with_header(&empty, 0)).unwrap().info("e").map(TensorInfo::elements), Some(0));
    let no_texts = format!(r#"{{"__metadata__":null,{A}}}"#);
    assert_eq!(open(with_header(&no_texts, 8)).unwrap().metadata("x"), None);
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    for bytes in 0..8 {
        assert!(matches!(open(vec![0; bytes]), Err(HeaderError::NoLength { bytes: found }) if found == bytes as u64));
    }
    for claim in [u64::MAX, u64::MAX - 7, 1 << 63, MAX_HEADER + 1] {
        let mut bytes = claim.to_le_bytes().to_vec();
        bytes.extend([b' '; 100]);
        assert!(matches!(open(bytes), Err(HeaderError::TooLong { bytes, .. }) if bytes == claim));
    }
    for claim in [93, 94, MAX_HEADER] {
        let mut bytes = claim.to_le_bytes().to_vec();
        bytes.extend([b' '; 92]);
        assert!(matches!(open(bytes), Err(HeaderError::Truncated { rest: 92, .. })));
    }
}

#[test]
fn what_is_no_header_is_refused() {
    for json in ["", " {}", "[]", "null", "{", "{]", "{}x", r#"{"a"}"#, r#"{"a":1}"#, r#"{"a":{}}"#] {
        assert!(matches!(refused(json, 0), HeaderError::Json { .. }), "{json}");
    }
    let mut bytes = with_header(&format!("{{{A}}}"), 8);
    bytes[12] = 0xff;
    assert!(matches!(open(bytes), Err(HeaderError::NotUtf8 { at: 4 })));
    for (what, entry) in [
        ("shape", r#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#),
        ("shape", r#"{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}"#),
        ("shape", r#"{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}"#),
        ("shape", r#"{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}"#),
        ("shape", r#"{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}"#),
        ("shape", r#"{"dtype":"F32","shape":{},"data_offsets":[0,4]}"#),
        ("offsets", r#"{"dtype":"F32","shape":[1],"data_offsets":[0]}"#),
        ("offsets", r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}"#),
        ("offsets", r#"{"dtype":"F32","shape":[1]}"#),
        ("type", r#"{"dtype":7,"shape":[1],"data_offsets":[0,4]}"#),
        ("type", r#"{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}"#),
    ] {
        assert!(matches!(refused(&format!(r#"{{"a":{entry}}}"#), 4), HeaderError::Json { .. }), "{what}: {entry}");
    }
    for texts in ["1", r#"{"a":1}"#, r#"["a"]"#] {
        assert!(matches!(refused(&format!(r#"{{"__metadata__":{texts}}}"#), 0), HeaderError::Json { .. }), "{texts}");
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for open in ["[", r#"{"a":"#] {
        for entry in [open.repeat(100_000), format!("{{\"x\":{}", open.repeat(100_000))] {
            assert!(matches!(refused(&format!(r#"{{"a":{entry}"#), 0), HeaderError::Json { .. }));
        }
    }
}

#[test]
fn names_are_not_used_twice() {
    let both = format!("{{{A},{A}}}");
    assert!(matches!(refused(&both, 8), HeaderError::Overlap { .. }));
    let side_by_side = format!("{{{A},{}}}", tensor("a", "F32", "[2]", 8, 16));
    assert!(matches!(refused(&side_by_side, 16), HeaderError::Duplicate { name } if name == "a"));
    let empty = format!("{{{0},{0}}}", tensor("e", "F32", "[0]", 0, 0));
    assert!(matches!(refused(&empty, 0), HeaderError::Duplicate { .. }));
    assert!(matches!(refused(r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0), HeaderError::Duplicate { .. }));
    assert!(matches!(refused(r#"{"__metadata__":{},"__metadata__":{}}"#, 0), HeaderError::Json { .. }));
}

#[test]
fn places_must_fit_shapes_and_each_other() {
    let one = |dtype, shape, begin, end| format!("{{{}}}", tensor("t", dtype, shape, begin, end));
    let pair = |begin, end| format!("{{{A},{}}}", tensor("t", "U8", &format!("[{}]", end - begin), begin, end));
    assert!(matches!(refused(&one("F32", "[3]", 0, 8), 8), HeaderError::Size { needs: 12, has: 8, .. }));
    assert!(matches!(refused(&one("F99", "[2]", 0, 8), 8), HeaderError::UnknownType { .. }));
    assert!(matches!(refused(&one("F16", "[2]", 0, 8), 8), HeaderError::Size { needs: 4, .. }));
    assert!(matches!(refused(&one("U8", "[0]", 8, 0), 8), HeaderError::Backwards { .. }));
    assert!(matches!(refused(&one("F4", "[3]", 0, 1), 1), HeaderError::PartOfAByte { .. }));
    for shape in ["[18446744073709551615,2]", "[4294967296,4294967296]", "[2305843009213693952]"] {
        assert!(matches!(refused(&one("F64", shape, 0, 8), 8), HeaderError::Overflow { .. }), "{shape}");
    }
    assert!(matches!(refused(&one("U8", "[2]", u64::MAX - 1, u64::MAX), 8), HeaderError::Size { .. }));
    assert!(matches!(refused(&pair(7, 10), 10), HeaderError::Overlap { begin: 7, end: 8, .. }));
    assert!(matches!(refused(&pair(0, 8), 8), HeaderError::Overlap { .. }));
    assert!(matches!(refused(&pair(9, 10), 10), HeaderError::Hole { from: 8, to: 9 }));
    assert!(matches!(refused(&one("U8", "[1]", 1, 2), 2), HeaderError::Hole { from: 0, to: 1 }));
    assert!(matches!(refused(&pair(8, 10), 9), HeaderError::Length { tensors: 10, data: 9 }));
    assert!(matches!(refused(&pair(8, 10), 11), HeaderError::Length { tensors: 10, data: 11 }));
}

#[test]
fn messages_are_bounded() {
    let long = "n".repeat(1 << 20);
    for json in [
        format!("{{{}}}", tensor(&long, &long, "[1]", 0, 4)),
        format!("{{{}}}", tensor(&long, "F32", "[2]", 0, 4)),
        format!(r#"{{"{long}":7}}"#),
        format!(r#"{{"a":{{"dtype":{{"{long}":1}}}}}}"#),
    ] {
        let text = refused(&json, 4).to_string();
        assert!(text.len() < 600, "{text}");
    }
}

#[test]
fn lists_are_bounded() {
    let texts: Vec<_> = (0..70_000).map(|index| format!(r#""{index}":"""#)).collect();
    let text = refused(&format!(r#"{{"__metadata__":{{{}}}}}"#, texts.join(",")), 0).to_string();
    assert!(text.contains("more than 65536 entries of metadata"), "{text}");
    let entry = r#"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
    let tensors: Vec<_> = (0..(1 << 20) + 1).map(|index| format!("\"{index:x}{entry}")).collect();
    let text = refused(&format!("{{{}}}", tensors.join(",")), 0).to_string();
    assert!(text.contains("more than 1048576 tensors"), "{text}");
}

#[test]
fn cut_anywhere_it_is_refused() {
    let whole = one_tensor();
    for bytes in 0..whole.len() {
        let error = Weights::from_bytes("cut", whole[..bytes].to_vec()).unwrap_err();
        assert!(error.to_string().contains("truncated"), "{bytes}: {error}");
    }
}

#[test]
fn something_behind_the_tensors_is_refused() {
    let mut longer = one_tensor();
    longer.push(0);
    assert!(matches!(open(longer), Err(HeaderError::Length { tensors: 8, data: 9 })));
}

/// Whatever is accepted can be read to its end.
fn read_all(bytes: Vec<u8>) {
    if let Ok(weights) = Weights::from_bytes("hostile", bytes) {
        let all: usize = weights.names().map(|name| weights.tensor(name).unwrap().bytes().len()).sum();
        let places: usize = weights.tensors().iter().map(TensorInfo::bytes).sum();
        assert_eq!(all, places);
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let whole = one_tensor();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        read_all(flipped);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_bytes_are_refused_or_harmless(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(bytes);
    }

    #[test]
    fn many_flipped_bits_are_refused_or_harmless(flips in prop::collection::vec((0_usize..1 << 16, 0_u8..8), 1..6)) {
        let mut bytes = with_header(&format!("{{{A},{}}}", tensor("b", "BF16", "[3,2]", 8, 20)), 12 + 8);
        for (at, bit) in flips {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
        }
        read_all(bytes);
    }

    /// The crate's parser is the reference, but for what it lets pass.
    #[test]
    fn the_safetensors_crate_agrees(
        entries in prop::collection::vec((0_u8..4, 0_usize..4, prop::collection::vec(0_usize..4, 0..3), -1_i64..2), 0..5),
        slack in -1_i64..2,
    ) {
        let (mut json, mut end) = (Vec::new(), 0_i64);
        for (name, dtype, shape, shift) in entries {
            let (dtype, bytes) = [("U8", 1), ("F16", 2), ("F32", 4), ("F64", 8)][dtype];
            let size = shape.iter().product::<usize>() as i64 * bytes;
            // Mostly gapless.
            let begin = (end + shift * i64::from(name == 3)).max(0);
            json.push(tensor(&format!("t{name}"), dtype, &format!("{shape:?}"), begin as u64, (begin + size) as u64));
            end = begin + size;
        }
        let bytes = with_header(&format!("{{{}}}", json.join(",")), (end + slack).max(0) as usize);
        let theirs = safetensors::SafeTensors::deserialize(&bytes);
        match open(bytes.clone()) {
            Ok(ours) => {
                let theirs = theirs.unwrap();
                prop_assert_eq!(theirs.len(), ours.tensors().len());
                for (name, view) in theirs.tensors() {
                    let found = ours.tensor(&name).unwrap();
                    prop_assert_eq!((found.shape(), found.bytes()), (view.shape(), view.data()));
                    prop_assert_eq!(found.dtype(), view.dtype());
                }
            }
            Err(HeaderError::Duplicate { .. }) => {}
            // They keep the last of two tensors of one name and check the rest.
            Err(_) => {
                let names: std::collections::BTreeSet<_> = json.iter().map(|entry| &entry[..4]).collect();
                prop_assert!(theirs.is_err() || names.len() < json.len());
            }
        }
    }
}
