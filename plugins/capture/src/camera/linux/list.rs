//! Which cameras there are, and what they offer.

use std::io;
use std::path::{Path, PathBuf};

use v4l::FourCC;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture as _;

use super::device::Device;
use crate::camera::{CameraDescription, CameraFormat, CameraSize, FourCc};
use crate::error::SourceError;

/// Where the system keeps its devices.
const DEVICES: &str = "/dev";

/// The cameras of this machine. Devices that deliver no pictures, such as those for a camera's metadata, are left out.
pub(in crate::camera) fn list() -> Result<Vec<CameraDescription>, SourceError> {
    let listed = std::fs::read_dir(DEVICES);
    let listed = listed.map_err(|source| SourceError::Open { input: DEVICES.to_owned(), source })?;
    let mut indices: Vec<u32> = listed.filter_map(|entry| index(&entry.ok()?.path())).collect();
    indices.sort_unstable();
    Ok(indices.into_iter().filter_map(describe).collect())
}

/// The number in a device file's name: 7 of `/dev/video7`.
fn index(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()
}

/// The device file of a camera.
pub(super) fn path(index: u32) -> PathBuf {
    Path::new(DEVICES).join(format!("video{index}"))
}

fn describe(index: u32) -> Option<CameraDescription> {
    let path = path(index);
    let unknown = |fault: io::Error| CameraDescription {
        index,
        name: "unknown".to_owned(),
        path: path.clone(),
        formats: Vec::new(),
        fault: Some(fault.to_string()),
    };
    let device = match Device::open(&path) {
        Ok(device) => device,
        Err(error) => return Some(unknown(error)),
    };
    let capabilities = match device.capabilities() {
        Ok(capabilities) if capabilities.streams => capabilities,
        Ok(_) => return None,
        Err(error) => return Some(unknown(error)),
    };
    let (formats, fault) = match formats(&device) {
        Ok(formats) => (formats, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Some(CameraDescription { index, name: capabilities.name, path, formats, fault })
}

/// What a device offers.
pub(super) fn formats(device: &Device) -> io::Result<Vec<CameraFormat>> {
    let mut formats = Vec::new();
    for description in device.listing.enum_formats()? {
        // A driver that lists no sizes takes what is asked of it, or puts it right.
        let sizes = device.listing.enum_framesizes(description.fourcc).unwrap_or_default();
        let sizes = sizes.into_iter().map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => CameraSize::Exactly { width: size.width, height: size.height },
            FrameSizeEnum::Stepwise(size) => CameraSize::Between {
                least: (size.min_width, size.min_height),
                most: (size.max_width, size.max_height),
                step: (size.step_width, size.step_height),
            },
        });
        let mut sizes: Vec<_> = sizes.collect();
        if sizes.is_empty() {
            let most = (freshet_base::FrameFormat::MAX_SIDE, freshet_base::FrameFormat::MAX_SIDE);
            sizes.push(CameraSize::Between { least: (1, 1), most, step: (1, 1) });
        }
        for size in sizes {
            let rates_hz = rates(device, description.fourcc, size);
            formats.push(CameraFormat { fourcc: FourCc(description.fourcc.repr), size, rates_hz });
        }
    }
    Ok(formats)
}

/// The rates at which pictures of a size come, fastest first; of a range of sizes, those of the largest.
fn rates(device: &Device, fourcc: FourCC, size: CameraSize) -> Vec<f64> {
    let (width, height) = match size {
        CameraSize::Exactly { width, height } => (width, height),
        CameraSize::Between { most, .. } => most,
    };
    // A driver that lists no rates has one, which it does not tell before it is opened.
    let intervals = device.listing.enum_frameintervals(fourcc, width, height).unwrap_or_default();
    let rate = |interval: v4l::Fraction| f64::from(interval.denominator) / f64::from(interval.numerator);
    let rates = intervals.into_iter().flat_map(|interval| match interval.interval {
        FrameIntervalEnum::Discrete(interval) => vec![rate(interval)],
        FrameIntervalEnum::Stepwise(intervals) => whole_rates(rate(intervals.max), rate(intervals.min)),
    });
    let mut rates: Vec<_> = rates.filter(|&rate| crate::spec::is_rate(rate)).collect();
    rates.sort_by(|a, b| b.total_cmp(a));
    rates
}

/// The usual rates between two, and the two.
fn whole_rates(slowest: f64, fastest: f64) -> Vec<f64> {
    let usual = [5.0, 10.0, 15.0, 20.0, 24.0, 25.0, 30.0, 50.0, 60.0, 90.0, 120.0];
    let between = usual.into_iter().filter(|&rate| rate > slowest && rate < fastest);
    between.chain([slowest, fastest]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_video_devices_are_cameras() {
        let index = |name: &str| index(&Path::new(DEVICES).join(name));
        assert_eq!(index("video12"), Some(12));
        assert_eq!((index("video"), index("video-dec0"), index("vbi0"), index("video1x")), (None, None, None, None));
    }

    #[test]
    fn ranges_of_rates_become_the_usual_ones() {
        assert_eq!(whole_rates(7.5, 30.0), [10.0, 15.0, 20.0, 24.0, 25.0, 7.5, 30.0]);
    }
}
