//! What goes where.

use std::ops::Range;

use safetensors::Dtype;
use wgpu::COPY_BUFFER_ALIGNMENT;

use super::super::handle::Weights;
use super::super::view::TensorView;
use super::error::UploadError;
use super::layout::{Element, Layout};
use super::target::Target;

/// Bytes that are written before the clock is looked at.
const PIECE_BYTES: usize = 256 << 10;
/// Numbers that are converted at once.
const BLOCK: usize = 256;

/// A tensor, and where it goes.
#[derive(Debug)]
pub struct UploadItem {
    /// The tensor's name.
    pub tensor: String,
    /// Where it goes. Needs `COPY_DST`.
    pub target: wgpu::Buffer,
    /// The first byte there, a multiple of 4. What is written is rounded up to 4 bytes with zeros.
    pub offset: u64,
    /// How it lies there.
    pub layout: Layout,
}

/// An item that was checked against the file.
#[derive(Debug)]
pub(super) struct Planned {
    item: UploadItem,
    /// The tensor's place in the list of the file.
    tensor: usize,
    /// Its place in the file.
    place: Range<usize>,
    /// Bytes of an element on the GPU.
    element_bytes: usize,
    /// How many of them there will be.
    elements: usize,
    /// How many are written.
    written: usize,
    is_same: bool,
}

impl Planned {
    pub(super) fn new(weights: &Weights, item: UploadItem) -> Result<Self, UploadError> {
        let tensor = weights.index(&item.tensor)?;
        let info = &weights.tensors()[tensor];
        let is_same = item.layout.is_same(info.dtype());
        let is_float = matches!(info.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16);
        let (element_bytes, elements) = match &item.layout {
            // Its bytes are its elements.
            _ if is_same => (1, info.bytes()),
            Layout::Repacked(element, repack) => (element.bytes(), repack.elements()),
            Layout::As(element) if is_float && *element != Element::U32 => (element.bytes(), info.elements()),
            Layout::As(wanted) => {
                let (file, tensor) = (weights.file().to_owned(), item.tensor);
                return Err(UploadError::WrongType { file, tensor, found: info.dtype(), wanted: *wanted });
            }
            Layout::Same => (1, info.bytes()),
        };
        let planned = Self { tensor, place: weights.place(tensor), item, element_bytes, elements, written: 0, is_same };
        planned.check_target(weights.file())?;
        Ok(planned)
    }

    fn check_target(&self, file: &str) -> Result<(), UploadError> {
        let (target, offset) = (&self.item.target, self.item.offset);
        let bytes = self.bytes().next_multiple_of(COPY_BUFFER_ALIGNMENT);
        let fits = offset.checked_add(bytes).is_some_and(|end| end <= target.size());
        if !fits || !offset.is_multiple_of(COPY_BUFFER_ALIGNMENT) {
            let (file, tensor) = (file.to_owned(), self.item.tensor.clone());
            return Err(UploadError::Target { file, tensor, bytes, offset, buffer: target.size() });
        }
        if !target.usage().contains(wgpu::BufferUsages::COPY_DST) {
            return Err(UploadError::Usage { file: file.to_owned(), tensor: self.item.tensor.clone() });
        }
        Ok(())
    }

    /// Bytes on the GPU.
    pub(super) fn bytes(&self) -> u64 {
        self.elements as u64 * self.element_bytes as u64
    }

    /// Its place in the file.
    pub(super) fn place(&self) -> &Range<usize> {
        &self.place
    }

    pub(super) fn is_done(&self) -> bool {
        self.written == self.elements
    }

    pub(super) fn is_converted(&self) -> bool {
        !self.is_same
    }

    /// The next elements that fit into so many bytes. `None` when none do.
    pub(super) fn next(&self, room: usize) -> Option<Piece> {
        let room = room.min(PIECE_BYTES) / 4 * 4;
        let left = self.elements - self.written;
        let count = left.min(room / self.element_bytes);
        (count > 0).then(|| Piece {
            elements: self.written..self.written + count,
            bytes: count * self.element_bytes,
            padded: (count * self.element_bytes).next_multiple_of(COPY_BUFFER_ALIGNMENT as usize),
        })
    }

    /// What of the file has to be in memory for a piece.
    pub(super) fn needs(&self, piece: &Piece) -> Range<usize> {
        if matches!(self.item.layout, Layout::Repacked(..)) {
            return self.place.clone();
        }
        // As many bytes of the file for each element as for any other.
        let per_element = self.place.len() / self.elements;
        self.place.start + piece.elements.start * per_element..self.place.start + piece.elements.end * per_element
    }

    /// Writes a piece into staging memory of its padded size.
    pub(super) fn write(
        &mut self,
        weights: &Weights,
        piece: &Piece,
        memory: wgpu::WriteOnly<'_, [u8]>,
    ) -> Result<(), UploadError> {
        let (memory, mut padding) = memory.split_at(piece.bytes);
        padding.fill(0);
        let view = weights.view(self.tensor);
        let element = match (&self.item.layout, self.is_same) {
            (Layout::As(element) | Layout::Repacked(element, _), false) => *element,
            _ => Element::U32,
        };
        let mut target = Target::new(memory, element);
        match &mut self.item.layout {
            _ if self.is_same => target.bytes(&view.bytes()[piece.elements.clone()]),
            Layout::Repacked(_, repack) => repack.write(&view, piece.elements.clone(), &mut target),
            Layout::As(_) | Layout::Same => convert(&view, piece.elements.clone(), &mut target),
        }
        let written = target.end();
        if written.too_many || written.missing > 0 {
            let (tensor, elements) = (self.item.tensor.clone(), piece.elements.len());
            return Err(UploadError::Repack { tensor, elements, too_many: written.too_many });
        }
        if let Some(value) = written.too_large {
            let (file, tensor) = (weights.file().to_owned(), self.item.tensor.clone());
            return Err(UploadError::TooLarge { file, tensor, value });
        }
        self.written = piece.elements.end;
        Ok(())
    }

    /// Records the way of a piece from a staging buffer.
    pub(super) fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        piece: &Piece,
        staging: &wgpu::Buffer,
        offset: usize,
    ) {
        let to = self.item.offset + piece.elements.start as u64 * self.element_bytes as u64;
        encoder.copy_buffer_to_buffer(staging, offset as u64, &self.item.target, to, piece.padded as u64);
    }
}

/// A run of elements.
#[derive(Debug)]
pub(super) struct Piece {
    elements: Range<usize>,
    pub(super) bytes: usize,
    /// Rounded up to what copies are made of.
    pub(super) padded: usize,
}

fn convert(view: &TensorView<'_>, elements: Range<usize>, target: &mut Target<'_>) {
    // Checked when the item was planned.
    let Some(floats) = view.floats() else { return };
    let mut block = [0.0; BLOCK];
    for start in elements.clone().step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(elements.end - start)];
        floats.read(start, block);
        target.float_slice(block);
    }
}
