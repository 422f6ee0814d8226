//! A camera's mapped buffers.
//!
//! ```text
//! queued ─► driver fills ─► dequeued: ours to read ─► queued …        three of four stay with the driver
//! ```

#![expect(unsafe_code, reason = "the driver shares its buffers as memory maps")]

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};
use v4l::buffer::Flags;
use v4l::device::Handle;
use v4l::v4l_sys::{
    v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE as VIDEO_CAPTURE, v4l2_buffer,
    v4l2_memory_V4L2_MEMORY_MMAP as MEMORY_MAPPED, v4l2_requestbuffers,
};
use v4l::v4l2::vidioc;

use super::device::call;

/// The buffers of a camera that streams. Dropped, the stream is stopped and the buffers are given back.
pub(super) struct Buffers {
    handle: Arc<Handle>,
    maps: Vec<MmapRaw>,
    /// The buffer that is ours now, and how much of it is filled.
    filled: Option<(usize, usize)>,
}

/// What the driver says of a buffer that it filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filled {
    /// The driver's number of the frame.
    pub(super) sequence: u32,
    /// When it was captured, on the system's monotonic clock.
    pub(super) monotonic: Option<Duration>,
    /// The driver marked the content as damaged.
    pub(super) is_damaged: bool,
}

impl Buffers {
    /// Asks for some buffers, maps them, hands them to the driver and starts the stream.
    pub(super) fn start(handle: Arc<Handle>, count: u32) -> io::Result<Self> {
        let count = request(&handle, count)?;
        let mut buffers = Self { handle, maps: Vec::new(), filled: None };
        for index in 0..count {
            let map = buffers.map(index)?;
            buffers.maps.push(map);
            buffers.queue(index)?;
        }
        if buffers.maps.is_empty() {
            return Err(io::Error::other("the driver has no buffers"));
        }
        // SAFETY: VIDIOC_STREAMON takes a pointer to the number of the buffers' type.
        unsafe { call(&buffers.handle, vidioc::VIDIOC_STREAMON, &mut { VIDEO_CAPTURE })? };
        Ok(buffers)
    }

    fn map(&self, index: u32) -> io::Result<MmapRaw> {
        let mut buffer = description(index);
        // SAFETY: the structure is the one of VIDIOC_QUERYBUF.
        unsafe { call(&self.handle, vidioc::VIDIOC_QUERYBUF, &mut buffer)? };
        // SAFETY: for mapped memory the driver fills in the offset.
        let offset = unsafe { buffer.m.offset };
        MmapOptions::new().offset(offset.into()).len(buffer.length as usize).map_raw_read_only(self.handle.fd())
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        // SAFETY: the structure is the one of VIDIOC_QBUF. Nobody reads the buffer: `filled` does not name it.
        unsafe { call(&self.handle, vidioc::VIDIOC_QBUF, &mut description(index)) }
    }

    /// Gives the last buffer back and waits for the next, `timeout` at most. `None` when none came.
    pub(super) fn next(&mut self, timeout: Duration) -> io::Result<Option<Filled>> {
        if let Some((index, _)) = self.filled.take() {
            self.queue(index as u32)?;
        }
        match self.handle.poll(libc::POLLIN, timeout.as_millis() as i32) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            polled => polled?,
        };
        let mut buffer = description(0);
        // SAFETY: the structure is the one of VIDIOC_DQBUF.
        let dequeued = unsafe { call(&self.handle, vidioc::VIDIOC_DQBUF, &mut buffer) };
        match dequeued {
            // The driver called although it has nothing.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(10));
                return Ok(None);
            }
            done => done?,
        }
        let index = buffer.index as usize;
        let length = self.maps.get(index).map_or(0, MmapRaw::len).min(buffer.bytesused as usize);
        self.filled = Some((index, length));
        let flags = Flags::from(buffer.flags);
        let time = &buffer.timestamp;
        let since_boot = Duration::new(time.tv_sec.max(0) as u64, (time.tv_usec.clamp(0, 999_999) * 1000) as u32);
        let is_monotonic = flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
        Ok(Some(Filled {
            sequence: buffer.sequence,
            monotonic: is_monotonic.then_some(since_boot),
            is_damaged: flags.contains(Flags::ERROR),
        }))
    }

    /// The content of the buffer that came last; empty when none is ours.
    pub(super) fn bytes(&self) -> &[u8] {
        let Some((index, length)) = self.filled else { return &[] };
        let Some(map) = self.maps.get(index) else { return &[] };
        // SAFETY: the map lives as long as `self` and is at least `length` long. The buffer is dequeued, so the driver
        // does not write into it until `next` queues it again, for which this borrow has to end.
        unsafe { std::slice::from_raw_parts(map.as_ptr(), length) }
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: VIDIOC_STREAMOFF takes a pointer to the number of the buffers' type.
        let stopped = unsafe { call(&self.handle, vidioc::VIDIOC_STREAMOFF, &mut { VIDEO_CAPTURE }) };
        self.maps.clear();
        // A device that is gone has nothing to stop and nothing to give back.
        drop((stopped, request(&self.handle, 0)));
    }
}

/// Asks the driver for this many buffers; answers how many there are.
fn request(handle: &Handle, count: u32) -> io::Result<u32> {
    // SAFETY: the structure is plain numbers, for which zeros are valid, and it is the one of VIDIOC_REQBUFS.
    unsafe {
        let mut wanted: v4l2_requestbuffers = mem::zeroed();
        (wanted.count, wanted.type_, wanted.memory) = (count, VIDEO_CAPTURE, MEMORY_MAPPED);
        call(handle, vidioc::VIDIOC_REQBUFS, &mut wanted)?;
        Ok(wanted.count)
    }
}

/// A mapped buffer's description, to be filled in by the driver.
fn description(index: u32) -> v4l2_buffer {
    // SAFETY: the structure is plain numbers and a union of numbers, for which zeros are valid.
    let mut buffer: v4l2_buffer = unsafe { mem::zeroed() };
    (buffer.index, buffer.type_, buffer.memory) = (index, VIDEO_CAPTURE, MEMORY_MAPPED);
    buffer
}
