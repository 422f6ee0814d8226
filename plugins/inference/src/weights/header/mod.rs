//! The header of a safetensors file: names, types, shapes and places of its tensors, and a few texts.
//!
//! ```text
//! u64 length │ JSON: { "__metadata__": {..}, "name": { "dtype", "shape", "data_offsets" }, .. } │ tensors, gapless
//! ```
//!
//! The parser of the `safetensors` crate keeps the last of two tensors with one name and puts no bound on shapes and
//! lists. This one reads from anybody, so it refuses both.

mod json;
#[cfg(test)]
mod tests;

use std::ops::Range;

use safetensors::Dtype;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use self::json::{RawHeader, RawTensor};
use super::error::{HeaderError, clip};

/// Bytes that tell the header's length.
pub(super) const LENGTH_BYTES: usize = 8;
/// The longest header that the format allows, in bytes.
pub(super) const MAX_HEADER: u64 = 100_000_000;

/// What the header says of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    name: Box<str>,
    dtype: Dtype,
    shape: Box<[usize]>,
    /// From the first byte behind the header.
    place: Range<usize>,
}

impl TensorInfo {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Type of its elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its sides, the slowest first. Empty for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many elements it has.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes that it takes in the file.
    pub fn bytes(&self) -> usize {
        self.place.len()
    }

    pub(super) fn place(&self) -> &Range<usize> {
        &self.place
    }
}

/// A header that obeys the format.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// By name.
    tensors: Vec<TensorInfo>,
    /// By key.
    texts: Vec<(Box<str>, Box<str>)>,
}

impl Header {
    /// The header's length, from the first bytes of a file of this many bytes.
    pub(super) fn length(first: &[u8], file_bytes: u64) -> Result<usize, HeaderError> {
        let length = first.first_chunk::<LENGTH_BYTES>().ok_or(HeaderError::NoLength { bytes: file_bytes })?;
        let header = u64::from_le_bytes(*length);
        if header > MAX_HEADER {
            return Err(HeaderError::TooLong { bytes: header, limit: MAX_HEADER });
        }
        let rest = file_bytes.saturating_sub(LENGTH_BYTES as u64);
        if header > rest {
            return Err(HeaderError::Truncated { header, rest });
        }
        Ok(header as usize)
    }

    /// Reads a header in front of this many bytes of tensors, and holds it against every rule of the format.
    pub(super) fn parse(json: &[u8], data_bytes: u64) -> Result<Self, HeaderError> {
        let text = str::from_utf8(json).map_err(|error| HeaderError::NotUtf8 { at: error.valid_up_to() })?;
        if !text.starts_with('{') {
            return Err(HeaderError::Json { cause: "it does not begin with '{'".to_owned() });
        }
        let RawHeader { tensors, mut texts } =
            serde_json::from_str(text).map_err(|error| HeaderError::Json { cause: clip(&error.to_string()) })?;
        let tensors = tensors.into_iter().map(TensorInfo::try_from).collect::<Result<Vec<_>, _>>()?;
        texts.sort_unstable();
        let mut header = Self { tensors, texts };
        header.check_places(data_bytes)?;
        header.tensors.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        header.check_names()?;
        Ok(header)
    }

    /// Every byte belongs to exactly one tensor.
    fn check_places(&mut self, data_bytes: u64) -> Result<(), HeaderError> {
        self.tensors.sort_unstable_by_key(|info| (info.place.start, info.place.end));
        let mut end = 0;
        for info in &self.tensors {
            let begin = info.place.start;
            if begin < end {
                return Err(HeaderError::Overlap { tensor: clip(&info.name), begin, end });
            }
            if begin > end {
                return Err(HeaderError::Hole { from: end, to: begin });
            }
            end = info.place.end;
        }
        match end as u64 {
            tensors if tensors == data_bytes => Ok(()),
            tensors => Err(HeaderError::Length { tensors, data: data_bytes }),
        }
    }

    fn check_names(&self) -> Result<(), HeaderError> {
        let twice = |name: &str| Err(HeaderError::Duplicate { name: clip(name) });
        if let Some(pair) = self.tensors.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return twice(&pair[0].name);
        }
        match self.texts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => twice(&pair[0].0),
            None => Ok(()),
        }
    }

    /// Place of a tensor in the list of [`Self::tensors`].
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.tensors.binary_search_by(|info| (*info.name).cmp(name)).ok()
    }

    /// All tensors, by name.
    pub(super) fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// A text of the metadata.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let index = self.texts.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        Some(&self.texts[index].1)
    }

    /// Names of all texts of the metadata, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(key, _)| &**key)
    }
}

impl TryFrom<RawTensor> for TensorInfo {
    type Error = HeaderError;

    fn try_from(raw: RawTensor) -> Result<Self, HeaderError> {
        let tensor = || clip(&raw.name);
        let known: StrDeserializer<'_, ValueError> = raw.dtype.as_str().into_deserializer();
        let dtype = Dtype::deserialize(known)
            .map_err(|_| HeaderError::UnknownType { tensor: tensor(), dtype: clip(&raw.dtype) })?;
        let bits = raw.shape.iter().try_fold(dtype.bitsize(), |bits, &side| bits.checked_mul(side));
        let bits = bits.ok_or_else(|| HeaderError::Overflow { tensor: tensor() })?;
        if bits % 8 != 0 {
            return Err(HeaderError::PartOfAByte { tensor: tensor() });
        }
        let (begin, end) = (raw.begin, raw.end);
        let has = end.checked_sub(begin).ok_or_else(|| HeaderError::Backwards { tensor: tensor(), begin, end })?;
        if has != bits / 8 {
            return Err(HeaderError::Size { tensor: tensor(), needs: bits / 8, has });
        }
        Ok(Self { name: raw.name, dtype, shape: raw.shape.into(), place: begin..end })
    }
}
