//! Which of a camera's formats is taken.

use freshet_base::PixelFormat;

use super::describe::{CameraFormat, Coding, FourCc};
use crate::capture::Capture;

/// The size wished for when none is named: what every camera has, and cheap.
const DEFAULT_SIZE: (u32, u32) = (640, 480);
/// The rate wished for when none is named.
const DEFAULT_RATE_HZ: f64 = 30.0;
/// Uncompressed formats that come slower than this lose to Motion JPEG.
const SLOW_HZ: f64 = 15.0;

/// What is asked of the driver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) fourcc: FourCc,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The rate to ask for; `None` when the camera tells no rates.
    pub(super) rate_hz: Option<f64>,
}

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wish {
    size: (u32, u32),
    rate_hz: f64,
    pixels: Option<PixelFormat>,
}

impl Wish {
    /// What a capture wishes for.
    pub(super) fn of(capture: &Capture) -> Self {
        Self {
            size: capture.size.unwrap_or(DEFAULT_SIZE),
            rate_hz: capture.rate_hz.unwrap_or(DEFAULT_RATE_HZ),
            pixels: capture.pixels,
        }
    }

    /// Whether pictures of this coding are what is wished for.
    fn allows(&self, fourcc: FourCc) -> bool {
        match (fourcc.coding(), self.pixels) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(Coding::Raw(pixels)), Some(wished)) => pixels == wished,
            // Colour pictures in JPEG come as packed YUV.
            (Some(Coding::Jpeg), Some(wished)) => wished == PixelFormat::Yuv24,
        }
    }
}

/// The format to take: of those that are read, the nearest size; of these, uncompressed before Motion JPEG unless it is
/// slow; of these, the nearest rate; of these, the fewest bytes. `None` when nothing offered fits the wish.
pub(super) fn choose(formats: &[CameraFormat], wish: &Wish) -> Option<Choice> {
    let choices = formats.iter().filter(|format| wish.allows(format.fourcc)).map(|format| {
        let (width, height) = format.size.nearest(wish.size);
        let distance = |rate: f64| (rate - wish.rate_hz).abs();
        let rate_hz = format.rates_hz.iter().copied().min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        Choice { fourcc: format.fourcc, width, height, rate_hz }
    });
    choices.min_by(|a, b| badness(a, wish).partial_cmp(&badness(b, wish)).unwrap_or(std::cmp::Ordering::Equal))
}

/// How far a choice is from the wish; compared from the first number on.
fn badness(choice: &Choice, wish: &Wish) -> (u64, u8, f64, u64) {
    let distance = u64::from(choice.width.abs_diff(wish.size.0)) + u64::from(choice.height.abs_diff(wish.size.1));
    let rate = choice.rate_hz.unwrap_or(wish.rate_hz);
    let is_slow = rate < SLOW_HZ.min(wish.rate_hz);
    let (kind, bytes) = match choice.fourcc.coding() {
        Some(Coding::Raw(PixelFormat::Gray8)) if wish.pixels.is_none() => (3, 1),
        Some(Coding::Raw(pixels)) => (if is_slow { 2 } else { 0 }, pixels.bytes(choice.width, choice.height)),
        Some(Coding::Jpeg) => (1, 0),
        None => (u8::MAX, 0),
    };
    (distance, kind, (rate - wish.rate_hz).abs(), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CameraSize;

    fn format(fourcc: &[u8; 4], width: u32, height: u32, rates_hz: &[f64]) -> CameraFormat {
        let size = CameraSize::Exactly { width, height };
        CameraFormat { fourcc: FourCc(*fourcc), size, rates_hz: rates_hz.to_vec() }
    }

    fn chosen(formats: &[CameraFormat], capture: &Capture) -> Option<([u8; 4], u32, Option<f64>)> {
        let choice = choose(formats, &Wish::of(capture))?;
        Some((choice.fourcc.0, choice.width, choice.rate_hz))
    }

    /// What a web camera on USB 2 offers.
    fn web_camera() -> Vec<CameraFormat> {
        vec![
            format(b"MJPG", 1920, 1080, &[30.0]),
            format(b"MJPG", 1280, 720, &[30.0]),
            format(b"MJPG", 640, 480, &[30.0]),
            format(b"YUYV", 1920, 1080, &[5.0]),
            format(b"YUYV", 1280, 720, &[10.0]),
            format(b"YUYV", 640, 480, &[30.0, 15.0]),
            format(b"H264", 640, 480, &[60.0]),
        ]
    }

    #[test]
    fn raw_is_taken_unless_it_is_slow() {
        let camera = Capture::camera(0);
        assert_eq!(chosen(&web_camera(), &camera), Some((*b"YUYV", 640, Some(30.0))));
        let large = camera.clone().with_size(1900, 1000);
        assert_eq!(chosen(&web_camera(), &large), Some((*b"MJPG", 1920, Some(30.0))));
        let slow = large.with_rate(5.0);
        assert_eq!(chosen(&web_camera(), &slow), Some((*b"YUYV", 1920, Some(5.0))));
        let wished = camera.with_size(1280, 720).with_pixels(PixelFormat::Yuyv);
        assert_eq!(chosen(&web_camera(), &wished), Some((*b"YUYV", 1280, Some(10.0))));
    }

    #[test]
    fn what_is_not_offered_is_not_chosen() {
        assert_eq!(chosen(&web_camera(), &Capture::camera(0).with_pixels(PixelFormat::Nv12)), None);
        assert_eq!(chosen(&[format(b"H264", 640, 480, &[30.0])], &Capture::camera(0)), None);
        assert_eq!(chosen(&[], &Capture::camera(0)), None);
    }

    #[test]
    fn fewer_bytes_are_better_and_gray_is_the_last_resort() {
        let all = [b"RGB3", b"GREY", b"YUYV", b"NV12"].map(|fourcc| format(fourcc, 640, 480, &[30.0]));
        assert_eq!(chosen(&all, &Capture::camera(0)), Some((*b"NV12", 640, Some(30.0))));
        assert_eq!(chosen(&all[1..2], &Capture::camera(0)), Some((*b"GREY", 640, Some(30.0))));
        let unknown_rates = [format(b"YUYV", 640, 480, &[])];
        assert_eq!(chosen(&unknown_rates, &Capture::camera(0)), Some((*b"YUYV", 640, None)));
    }
}
