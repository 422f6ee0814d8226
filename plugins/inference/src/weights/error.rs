//! Why weights cannot be opened or read.

use std::io;

use thiserror::Error;

/// Why weights cannot be opened or read. Every text names the file, and the tensor where there is one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// There is no such file.
    #[error("cannot open the weights {file:?}: there is no such file")]
    NotFound {
        /// The file.
        file: String,
    },
    /// The system refused to open, ask after or map it.
    #[error("cannot open the weights {file:?}")]
    Open {
        /// The file.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("cannot open the weights {file:?}: it is {what}, not a file")]
    NotAFile {
        /// The path.
        file: String,
        /// What lies there.
        what: &'static str,
    },
    /// The name of bundled weights leads out of the folder of assets.
    #[error("cannot open the bundled weights {file:?}: the name must lead to a file below the folder of assets")]
    NotBundled {
        /// The name.
        file: String,
    },
    /// More files are mapped than can be guarded at once.
    #[error("cannot open the weights {file:?}: {limit} files are mapped already")]
    TooManyMaps {
        /// The file.
        file: String,
        /// How many can be.
        limit: usize,
    },
    /// It breaks the rules of the safetensors format.
    #[error("cannot read the weights {file:?}: {source}")]
    Malformed {
        /// The file.
        file: String,
        /// The rule that it breaks.
        #[source]
        source: HeaderError,
    },
    /// There is no tensor of this name.
    #[error("the weights {file:?} hold no tensor {tensor:?}")]
    NoTensor {
        /// The file.
        file: String,
        /// The name, cut short when it is long.
        tensor: String,
    },
    /// Tensors that were asked for are missing or different.
    #[error("the weights {file:?} do not fit: {faults}")]
    Unfit {
        /// The file.
        file: String,
        /// All that is wrong, one after the other; cut after the first ones when it is much.
        faults: String,
        /// How many tensors are missing or different.
        count: usize,
    },
    /// A tensor is of a type that cannot be used here.
    #[error("the tensor {tensor:?} of the weights {file:?} is {found:?}, and {wanted} is needed")]
    WrongType {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: safetensors::Dtype,
        /// What would do.
        wanted: &'static str,
    },
    /// A tensor holds a value that is infinite or no number.
    #[error("the tensor {tensor:?} of the weights {file:?} holds {value} at element {index}")]
    NotFinite {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// The first such element, counted through the tensor's rows.
        index: usize,
        /// The value.
        value: f64,
    },
    /// The file is not what it was when it was opened. Nothing read since can be trusted; open it again.
    #[error("the weights {file:?} changed while they were in use: {change}")]
    Changed {
        /// The file.
        file: String,
        /// What changed.
        change: Change,
    },
}

/// What changed about a file in use.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It has another length now.
    #[error("the file was {before} bytes long and is {after} bytes long now")]
    Length {
        /// Bytes when it was opened.
        before: u64,
        /// Bytes now.
        after: u64,
    },
    /// It was written to.
    #[error("the file was written to")]
    Written,
    /// A page could not be read: the file ended before it, or its disk failed.
    #[error("a part could not be read: the file became shorter, or its disk failed")]
    Unreadable,
    /// The system says nothing about the file any more.
    #[error("the system cannot tell its state any more")]
    Unknown,
}

/// A rule of the safetensors format that a file breaks.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It ends before the 8 bytes that tell the header's length.
    #[error("the file is truncated: it is {bytes} bytes long, and the length of the header alone takes 8")]
    NoLength {
        /// Length of the file.
        bytes: u64,
    },
    /// The header is longer than the format allows.
    #[error("the header claims {bytes} bytes, and {limit} is the most")]
    TooLong {
        /// What the file claims.
        bytes: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The file ends within the header.
    #[error("the file is truncated: its header takes {header} bytes, and {rest} are left")]
    Truncated {
        /// What the file claims.
        header: u64,
        /// What there is.
        rest: u64,
    },
    /// The header is no text.
    #[error("the header is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Bytes of it that are.
        at: usize,
    },
    /// The header is no JSON object of the kind that is needed.
    #[error("the header is malformed: {cause}")]
    Json {
        /// What the parser says.
        cause: String,
    },
    /// Two tensors, or two entries of the metadata, have one name.
    #[error("the header names {name:?} twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// There is more than can be sensible.
    #[error("the header lists more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that is allowed.
        limit: usize,
    },
    /// A tensor is of a type that is not known.
    #[error("the tensor {tensor:?} is of the unknown type {dtype:?}")]
    UnknownType {
        /// The tensor.
        tensor: String,
        /// The type.
        dtype: String,
    },
    /// A tensor has more elements than can be counted.
    #[error("the tensor {tensor:?} has more elements than can be counted")]
    Overflow {
        /// The tensor.
        tensor: String,
    },
    /// A tensor's place is not as large as the tensor.
    #[error("the tensor {tensor:?} takes {needs} bytes by its shape and {has} by its place")]
    Size {
        /// The tensor.
        tensor: String,
        /// Bytes by shape and type.
        needs: usize,
        /// Bytes by its place.
        has: usize,
    },
    /// A tensor of types smaller than a byte does not end with a byte.
    #[error("the tensor {tensor:?} does not end with a whole byte")]
    PartOfAByte {
        /// The tensor.
        tensor: String,
    },
    /// A tensor ends before it begins.
    #[error("the tensor {tensor:?} ends at byte {end}, before its begin {begin}")]
    Backwards {
        /// The tensor.
        tensor: String,
        /// Its first byte.
        begin: usize,
        /// One after its last.
        end: usize,
    },
    /// A tensor begins before the one in front of it ends.
    #[error("the tensor {tensor:?} begins at byte {begin}, within the one that ends at {end}")]
    Overlap {
        /// The tensor.
        tensor: String,
        /// Its first byte.
        begin: usize,
        /// One after the last byte of the one before.
        end: usize,
    },
    /// Bytes belong to no tensor.
    #[error("no tensor holds the bytes {from} to {to}")]
    Hole {
        /// The first of them.
        from: usize,
        /// One after the last.
        to: usize,
    },
    /// The tensors end elsewhere than the file.
    #[error("the tensors take {tensors} bytes, and the file has {data}: {}", if data < tensors { "it is truncated" } else { "something follows them" })]
    Length {
        /// Bytes of all tensors.
        tensors: u64,
        /// Bytes behind the header.
        data: u64,
    },
}

/// At most 80 characters of a text that may be of any length.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
