//! Where a source writes the pixels of one frame.

use freshet_base::FrameFormat;
use thiserror::Error;
use wgpu::BufferViewMut;

/// Where a source writes the pixels of one frame: straight into mapped GPU memory, or, without a GPU, into a slice.
///
/// The memory is write-only and holds an older frame; a source writes every plane.
#[derive(Debug)]
pub struct FrameWriter<'a> {
    format: FrameFormat,
    target: Target<'a>,
}

#[derive(Debug)]
enum Target<'a> {
    Mapped(BufferViewMut),
    Memory(&'a mut [u8]),
}

/// Why pixels could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The bytes given are too few.
    #[error("the picture has {given} bytes where {needed} are needed")]
    Short {
        /// Bytes given.
        given: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The format has no such plane.
    #[error("the format has no plane {plane}")]
    NoPlane {
        /// Number of the plane, from 0.
        plane: usize,
    },
}

impl<'a> FrameWriter<'a> {
    pub(crate) fn mapped(format: FrameFormat, view: BufferViewMut) -> Self {
        Self { format, target: Target::Mapped(view) }
    }

    /// A writer into plain memory, for sources that run without a GPU: in tests and probes.
    ///
    /// # Errors
    ///
    /// When the memory is smaller than a frame of this format.
    pub fn memory(format: FrameFormat, memory: &'a mut [u8]) -> Result<Self, WriteError> {
        let needed = format.bytes().0 as usize;
        if memory.len() < needed {
            return Err(WriteError::Short { given: memory.len(), needed });
        }
        Ok(Self { format, target: Target::Memory(memory) })
    }

    /// The format of the frame that is written.
    pub fn format(&self) -> FrameFormat {
        self.format
    }

    /// Writes a whole frame whose rows and planes are packed tightly. Bytes beyond the frame are ignored.
    ///
    /// # Errors
    ///
    /// When there are fewer bytes than the frame has; nothing is written then.
    pub fn write_frame(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let needed = self.format.bytes().0 as usize;
        let picture = bytes.get(..needed).ok_or(WriteError::Short { given: bytes.len(), needed })?;
        self.put(0, picture);
        Ok(())
    }

    /// Writes one plane whose rows begin `stride` bytes apart in `bytes`.
    ///
    /// # Errors
    ///
    /// When the format has no such plane, or `bytes` ends before the plane's last row does; nothing is written then.
    pub fn write_plane(&mut self, plane: usize, bytes: &[u8], stride: usize) -> Result<(), WriteError> {
        let target = *self.format.planes().get(plane).ok_or(WriteError::NoPlane { plane })?;
        let needed = stride.max(target.row_bytes) * (target.rows - 1) + target.row_bytes;
        if bytes.len() < needed || stride < target.row_bytes {
            return Err(WriteError::Short { given: bytes.len().min(stride * target.rows), needed });
        }
        if stride == target.row_bytes {
            self.put(target.offset, &bytes[..target.bytes()]);
            return Ok(());
        }
        for (row, source) in bytes.chunks(stride).take(target.rows).enumerate() {
            self.put(target.offset + row * target.row_bytes, &source[..target.row_bytes]);
        }
        Ok(())
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        match &mut self.target {
            Target::Mapped(view) => view.slice(offset..offset + bytes.len()).copy_from_slice(bytes),
            Target::Memory(memory) => memory[offset..offset + bytes.len()].copy_from_slice(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::PixelFormat;

    #[test]
    fn rows_with_a_stride_are_packed() {
        let format = FrameFormat::new(3, 2, PixelFormat::Nv12).unwrap();
        let mut memory = [0; 10];
        let mut writer = FrameWriter::memory(format, &mut memory).unwrap();
        writer.write_plane(0, &[1, 2, 3, 99, 4, 5, 6], 4).unwrap();
        writer.write_plane(1, &[7, 8, 9, 10, 99, 99], 6).unwrap();
        assert_eq!(memory, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn short_pictures_are_refused_whole() {
        let format = FrameFormat::new(4, 2, PixelFormat::Gray8).unwrap();
        let mut memory = [7; 8];
        assert!(FrameWriter::memory(format, &mut memory[..7]).is_err());
        let mut writer = FrameWriter::memory(format, &mut memory).unwrap();
        assert_eq!(writer.write_frame(&[0; 7]), Err(WriteError::Short { given: 7, needed: 8 }));
        assert!(writer.write_plane(0, &[0; 9], 6).is_err());
        assert!(writer.write_plane(0, &[0; 8], 3).is_err());
        assert_eq!(writer.write_plane(1, &[0; 8], 4), Err(WriteError::NoPlane { plane: 1 }));
        assert_eq!(memory, [7; 8]);
    }
}
