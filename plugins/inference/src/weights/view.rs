//! One tensor, where it lies.

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use safetensors::Dtype;

use super::header::TensorInfo;

/// One tensor, borrowed from where the weights lie. Its bytes are little-endian, row after row.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    info: &'a TensorInfo,
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    pub(super) fn new(info: &'a TensorInfo, bytes: &'a [u8]) -> Self {
        Self { info, bytes }
    }

    /// Its name, type and shape.
    pub fn info(&self) -> &'a TensorInfo {
        self.info
    }

    /// Type of its elements.
    pub fn dtype(&self) -> Dtype {
        self.info.dtype()
    }

    /// Its sides, the slowest first.
    pub fn shape(&self) -> &'a [usize] {
        self.info.shape()
    }

    /// How many elements it has.
    pub fn elements(&self) -> usize {
        self.info.elements()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its elements in place. `None` when they are of another type, or do not begin at a multiple of 4 bytes: files
    /// may be written so. [`Self::floats`] reads those as well.
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        self.in_place(Dtype::F32)
    }

    /// Its elements in place, as [`Self::as_f32`].
    pub fn as_f16(&self) -> Option<&'a [f16]> {
        self.in_place::<u16>(Dtype::F16).map(|bits| bits.reinterpret_cast())
    }

    /// Its elements in place, as [`Self::as_f32`].
    pub fn as_bf16(&self) -> Option<&'a [bf16]> {
        self.in_place::<u16>(Dtype::BF16).map(|bits| bits.reinterpret_cast())
    }

    /// Its elements as floating point numbers, wherever they begin. `None` when they are neither f32 nor f16 nor bf16.
    pub fn floats(&self) -> Option<Floats<'a>> {
        match self.dtype() {
            Dtype::F32 => Some(Floats::F32(self.bytes.as_chunks().0)),
            Dtype::F16 => Some(Floats::F16(self.bytes.as_chunks().0)),
            Dtype::BF16 => Some(Floats::Bf16(self.bytes.as_chunks().0)),
            _ => None,
        }
    }

    fn in_place<T: bytemuck::AnyBitPattern>(&self, dtype: Dtype) -> Option<&'a [T]> {
        let fits = cfg!(target_endian = "little") && self.dtype() == dtype;
        fits.then(|| bytemuck::try_cast_slice(self.bytes).ok())?
    }
}

/// Floating point numbers as they lie in a file.
#[derive(Debug, Clone, Copy)]
pub enum Floats<'a> {
    /// 32 bits each.
    F32(&'a [[u8; 4]]),
    /// 16 bits each, IEEE 754.
    F16(&'a [[u8; 2]]),
    /// 16 bits each, the upper half of an f32.
    Bf16(&'a [[u8; 2]]),
}

impl Floats<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(all) => all.len(),
            Self::F16(all) | Self::Bf16(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    ///
    /// # Panics
    ///
    /// There are not so many.
    pub fn get(&self, index: usize) -> f32 {
        match self {
            Self::F32(all) => f32::from_le_bytes(all[index]),
            Self::F16(all) => f16::from_le_bytes(all[index]).to_f32(),
            Self::Bf16(all) => bf16::from_le_bytes(all[index]).to_f32(),
        }
    }

    /// Fills `into` with those from `first` on.
    ///
    /// # Panics
    ///
    /// There are not so many.
    pub fn read(&self, first: usize, into: &mut [f32]) {
        let range = first..first + into.len();
        match self {
            Self::F32(all) => {
                for (value, bytes) in into.iter_mut().zip(&all[range]) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16(all) => match in_place(&all[range.clone()]) {
                Some(bits) => bits.reinterpret_cast::<f16>().convert_to_f32_slice(into),
                None => self.read_each(range, into),
            },
            Self::Bf16(all) => match in_place(&all[range.clone()]) {
                Some(bits) => bits.reinterpret_cast::<bf16>().convert_to_f32_slice(into),
                None => self.read_each(range, into),
            },
        }
    }

    fn read_each(&self, range: std::ops::Range<usize>, into: &mut [f32]) {
        for (value, index) in into.iter_mut().zip(range) {
            *value = self.get(index);
        }
    }
}

fn in_place(bytes: &[[u8; 2]]) -> Option<&[u16]> {
    cfg!(target_endian = "little").then(|| bytemuck::try_cast_slice(bytes).ok())?
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::super::tests::safetensors;
    use super::*;

    const VALUES: [f32; 5] = [0.0, -1.5, 65504.0, 6.1e-5, 0.125];

    #[test]
    fn all_kinds_of_floats_are_read_wherever_they_begin() {
        let f32s: Vec<u8> = VALUES.into_iter().flat_map(f32::to_le_bytes).collect();
        let f16s: Vec<u8> = VALUES.into_iter().flat_map(|value| f16::from_f32(value).to_le_bytes()).collect();
        let bf16s: Vec<u8> = VALUES.into_iter().flat_map(|value| bf16::from_f32(value).to_le_bytes()).collect();
        for bytes_before in 0..4 {
            // The crate sorts by type, so that bytes come last: a header of our own puts them first.
            let mut json =
                format!(r#"{{"pad":{{"dtype":"U8","shape":[{bytes_before}],"data_offsets":[0,{bytes_before}]}}"#);
            let (mut data, mut begin) = (vec![0; bytes_before], bytes_before);
            for (name, bytes) in [("F32", &f32s), ("F16", &f16s), ("BF16", &bf16s)] {
                let end = begin + bytes.len();
                json += &format!(r#","{name}":{{"dtype":"{name}","shape":[5],"data_offsets":[{begin},{end}]}}"#);
                data.extend_from_slice(bytes);
                begin = end;
            }
            json.push('}');
            let mut file = super::super::tests::with_header(&json, 0);
            file.extend_from_slice(&data);
            let weights = Weights::from_bytes("memory", file).unwrap();
            for name in ["F32", "F16", "BF16"] {
                let view = weights.tensor(name).unwrap();
                let floats = view.floats().unwrap();
                let mut read = [0.0; 4];
                floats.read(1, &mut read);
                for index in 0..5 {
                    let value = floats.get(index);
                    assert!((value - VALUES[index]).abs() <= VALUES[index].abs() * 4e-3, "{name} {index}: {value}");
                    assert!(index == 0 || read[index - 1] == value);
                }
                let is_aligned = (view.bytes().as_ptr() as usize).is_multiple_of(if name == "F32" { 4 } else { 2 });
                let in_place = [view.as_f32().is_some(), view.as_f16().is_some(), view.as_bf16().is_some()];
                let expected = ["F32", "F16", "BF16"].map(|dtype| dtype == name && is_aligned);
                assert_eq!(in_place, expected, "{name} behind {bytes_before} bytes");
            }
            assert!(weights.tensor("pad").unwrap().floats().is_none());
        }
    }

    #[test]
    fn files_of_the_crate_are_aligned_in_a_map() {
        let file = super::super::tests::temp_file(&safetensors(&[("f", Dtype::F32, &[1], &[0; 4])]));
        let weights = Weights::open(file.path()).unwrap();
        assert!(weights.tensor("f").unwrap().as_f32().is_some());
    }
}
