//! The JSON of the header, read with a bound on everything that can grow.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::weights::error::HeaderError;

const MAX_TENSORS: usize = 1 << 20;
const MAX_TEXTS: usize = 1 << 16;
const MAX_RANK: usize = 16;
const METADATA: &str = "__metadata__";

/// The header as it stands in the file.
pub(super) struct RawHeader {
    pub(super) tensors: Vec<RawTensor>,
    pub(super) texts: Vec<(Box<str>, Box<str>)>,
}

pub(super) struct RawTensor {
    pub(super) name: Box<str>,
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    pub(super) begin: usize,
    pub(super) end: usize,
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with a tensor under each name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut header = RawHeader { tensors: Vec::new(), texts: Vec::new() };
        let mut has_texts = false;
        while let Some(Text(name)) = map.next_key()? {
            if name == METADATA {
                if std::mem::replace(&mut has_texts, true) {
                    return Err(Error::custom("it has its metadata twice"));
                }
                header.texts = map.next_value::<Option<Texts>>()?.map_or_else(Vec::new, |texts| texts.0);
            } else {
                let Entry { dtype, shape, data_offsets: (begin, end) } = map.next_value()?;
                let name = name.into_owned().into_boxed_str();
                if header.tensors.len() == MAX_TENSORS {
                    return Err(Error::custom(HeaderError::TooMany { what: "tensors", limit: MAX_TENSORS }));
                }
                header.tensors.push(RawTensor { name, dtype: dtype.0.into_owned(), shape: shape.0, begin, end });
            }
        }
        Ok(header)
    }
}

/// A text that is borrowed where it needs no unescaping.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// What stands under a tensor's name.
#[derive(serde::Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    dtype: Text<'a>,
    shape: Shape,
    data_offsets: (usize, usize),
}

struct Shape(Vec<usize>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShapeVisitor;
        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "at most {MAX_RANK} whole numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sides: A) -> Result<Shape, A::Error> {
                let mut shape = Vec::new();
                while let Some(side) = sides.next_element()? {
                    if shape.len() == MAX_RANK {
                        return Err(Error::invalid_length(MAX_RANK + 1, &self));
                    }
                    shape.push(side);
                }
                Ok(Shape(shape))
            }
        }
        deserializer.deserialize_seq(ShapeVisitor)
    }
}

struct Texts(Vec<(Box<str>, Box<str>)>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with a text under each key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some((Text(key), Text(text))) = map.next_entry()? {
                    if texts.len() == MAX_TEXTS {
                        let error = HeaderError::TooMany { what: "entries of metadata", limit: MAX_TEXTS };
                        return Err(Error::custom(error));
                    }
                    texts.push((key.into(), text.into()));
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_map(TextsVisitor)
    }
}
