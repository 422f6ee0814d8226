//! A V4L2 device: what it is, and the format of its pictures.

#![expect(unsafe_code, reason = "V4L2 is spoken through ioctl, and its structures are unions")]

use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use v4l::device::Handle;
use v4l::v4l_sys::{
    V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE,
    v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE as VIDEO_CAPTURE, v4l2_capability, v4l2_format, v4l2_pix_format,
};
use v4l::v4l2::{ioctl, vidioc};

use crate::camera::FourCc;

/// A device, opened.
pub(super) struct Device {
    /// The same device as the `v4l` crate sees it, for listing its formats.
    pub(super) listing: v4l::Device,
}

/// What a device can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub(super) name: String,
    /// It delivers pictures into buffers that it shares.
    pub(super) streams: bool,
    /// It would, but each plane into a buffer of its own.
    pub(super) only_planes: bool,
}

/// The format that the driver settled on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) fourcc: FourCc,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from row to row of the first plane; 0 when it does not say.
    pub(super) stride: u32,
    /// How colours are coded: V4L2's numbers of colour space, YUV coding and range.
    pub(super) color_space: u32,
    pub(super) yuv_coding: u32,
    pub(super) range: u32,
}

impl Device {
    /// Opens a device file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self { listing: v4l::Device::with_path(path)? })
    }

    /// The open device file.
    pub(super) fn handle(&self) -> Arc<Handle> {
        self.listing.handle()
    }

    /// What the device can do.
    pub(super) fn capabilities(&self) -> io::Result<Capabilities> {
        // SAFETY: the structure is plain numbers, for which zeros are valid, and it is the one of VIDIOC_QUERYCAP.
        let found: v4l2_capability = unsafe {
            let mut found = mem::zeroed();
            call(&self.handle(), vidioc::VIDIOC_QUERYCAP, &mut found)?;
            found
        };
        let name: Vec<u8> = found.card.iter().copied().take_while(|&byte| byte != 0).collect();
        let flags = found.device_caps;
        Ok(Capabilities {
            name: String::from_utf8_lossy(&name).into_owned(),
            streams: flags & V4L2_CAP_VIDEO_CAPTURE != 0 && flags & V4L2_CAP_STREAMING != 0,
            only_planes: flags & V4L2_CAP_VIDEO_CAPTURE_MPLANE != 0,
        })
    }

    /// Asks for a format. The driver settles on one that may differ.
    pub(super) fn set_format(&self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Settled> {
        // SAFETY: the structure is plain numbers, for which zeros are valid; of its union the member is used that its
        // type says; and it is the one of VIDIOC_S_FMT.
        let settled: v4l2_pix_format = unsafe {
            let mut format: v4l2_format = mem::zeroed();
            format.type_ = VIDEO_CAPTURE;
            format.fmt.pix.width = width;
            format.fmt.pix.height = height;
            format.fmt.pix.pixelformat = u32::from_le_bytes(fourcc.0);
            call(&self.handle(), vidioc::VIDIOC_S_FMT, &mut format)?;
            format.fmt.pix
        };
        // SAFETY: both members of this union are the same number.
        let yuv_coding = unsafe { settled.__bindgen_anon_1.ycbcr_enc };
        Ok(Settled {
            fourcc: FourCc(settled.pixelformat.to_le_bytes()),
            width: settled.width,
            height: settled.height,
            stride: settled.bytesperline,
            color_space: settled.colorspace,
            yuv_coding,
            range: settled.quantization,
        })
    }
}

/// Calls the driver, again when a signal came between.
///
/// # Safety
///
/// `T` is the structure that `request` takes.
pub(super) unsafe fn call<T>(handle: &Handle, request: vidioc::_IOC_TYPE, argument: &mut T) -> io::Result<()> {
    loop {
        // SAFETY: the caller vouches for the structure; it is borrowed for the call.
        match unsafe { ioctl(handle.fd(), request, (&raw mut *argument).cast()) } {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
