//! The brook's clip and its stills, and how they are coded.

use std::path::Path;

use image::ImageFormat;
use indicatif::ProgressBar;
use openh264::OpenH264API;
use openh264::encoder::{
    Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, QpRange, RateControlMode, UsageType,
};
use openh264::formats::YUVSlices;

use crate::error::MediaError;
use crate::files::{coded, jpeg, write};
use crate::mux::mp4::Sample;
use crate::mux::{Clip, avi, mp4};
use crate::picture::Picture;
use crate::scene::{FRAMES, frame};

/// Steps of the work.
pub(crate) const STEPS: u64 = 2 * FRAMES as u64 + 3;

const CLIP: Clip = Clip { width: 320, height: 240, rate_hz: 30 };
const SMALL: (u32, u32) = (96, 64);
const JPEG_QUALITY: u8 = 72;

/// Makes the clip in all its forms, and the stills.
pub(crate) fn make(folder: &Path, progress: &ProgressBar) -> Result<(), MediaError> {
    progress.set_message("painting");
    let paint = |number| {
        progress.inc(1);
        frame(number, CLIP.width, CLIP.height)
    };
    let frames: Vec<_> = (0..FRAMES).map(paint).collect();

    progress.set_message("clip.avi");
    let pictures: Result<Vec<_>, _> =
        frames.iter().map(|frame| jpeg(folder, "clip.avi", frame, JPEG_QUALITY)).collect();
    write(folder, "clip.avi", &avi::file(CLIP, &pictures?))?;
    progress.inc(1);

    progress.set_message("clip.mp4");
    write(folder, "clip.mp4", &h264(&frames, progress)?)?;

    progress.set_message("clip.y4m");
    write(folder, "clip.y4m", &y4m())?;
    progress.inc(1);

    progress.set_message("pictures");
    stills(folder, &frames)?;
    progress.inc(1);
    Ok(())
}

fn stills(folder: &Path, frames: &[Picture]) -> Result<(), MediaError> {
    write(folder, "still.png", &coded(folder, "still.png", &frame(12, 240, 180), ImageFormat::Png)?)?;
    write(folder, "still.jpg", &jpeg(folder, "still.jpg", &frames[12], JPEG_QUALITY)?)?;
    let small = frame(12, SMALL.0, SMALL.1);
    write(folder, "still.bmp", &coded(folder, "still.bmp", &small, ImageFormat::Bmp)?)?;
    for number in 0..8 {
        let name = format!("frames/frame_{number:03}.png");
        let small = frame(number * FRAMES / 8, SMALL.0, SMALL.1);
        write(folder, &name, &coded(folder, &name, &small, ImageFormat::Png)?)?;
    }
    Ok(())
}

/// A tenth of the clip, small and uncompressed.
fn y4m() -> Vec<u8> {
    let (width, height) = SMALL;
    let mut bytes = format!("YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n").into_bytes();
    for number in 0..10 {
        bytes.extend(b"FRAME\n");
        bytes.extend(frame(number * 2, width, height).yuv().concat());
    }
    bytes
}

fn h264(frames: &[Picture], progress: &ProgressBar) -> Result<Vec<u8>, MediaError> {
    // One thread and fixed quality: the same bytes on every machine.
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .usage_type(UsageType::CameraVideoRealTime)
        .max_frame_rate(FrameRate::from_hz(CLIP.rate_hz as f32))
        .rate_control_mode(RateControlMode::Off)
        .qp(QpRange::new(28, 28))
        .skip_frames(false)
        .scene_change_detect(false)
        .adaptive_quantization(false)
        .background_detection(false)
        .intra_frame_period(IntraFramePeriod::from_num_frames(30))
        .num_threads(1);
    let mut coder = Encoder::with_api_config(OpenH264API::from_source(), config)
        .map_err(|source| MediaError::Video { frame: 0, source })?;
    let (mut samples, mut sets) = (Vec::new(), Sets::default());
    for (frame, number) in frames.iter().zip(0..) {
        let [luma, blue, red] = frame.yuv();
        let (width, height) = (frame.width as usize, frame.height as usize);
        let planes = YUVSlices::new((&luma, &blue, &red), (width, height), (width, width / 2, width / 2));
        let time = openh264::Timestamp::from_millis(u64::from(number) * 1000 / u64::from(CLIP.rate_hz));
        let coded = coder.encode_at(&planes, time).map_err(|source| MediaError::Video { frame: number, source })?;
        let is_key = coded.frame_type() == FrameType::IDR;
        samples.push(Sample { bytes: sets.take(&coded.to_vec()), is_key });
        progress.inc(1);
    }
    let Sets { sequence: Some(sequence), picture: Some(picture) } = sets else { return Err(MediaError::NoParameters) };
    Ok(mp4::file(CLIP, &sequence, &picture, &samples))
}

/// The parameter sets, which an MP4 file keeps in its index rather than beside its pictures.
#[derive(Debug, Default)]
struct Sets {
    sequence: Option<Vec<u8>>,
    picture: Option<Vec<u8>>,
}

impl Sets {
    /// Takes the parameter sets out of a coded frame; gives the rest back, each NAL unit behind its length.
    fn take(&mut self, coded: &[u8]) -> Vec<u8> {
        let mut sample = Vec::new();
        for unit in units(coded) {
            match unit.first().map(|head| head & 0x1F) {
                Some(7) => self.sequence = Some(unit.to_vec()),
                Some(8) => self.picture = Some(unit.to_vec()),
                _ => {
                    sample.extend((unit.len() as u32).to_be_bytes());
                    sample.extend(unit);
                }
            }
        }
        sample
    }
}

/// The NAL units between start codes.
fn units(coded: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> = (0..coded.len().saturating_sub(2)).filter(|&at| coded[at..at + 3] == [0, 0, 1]).collect();
    let ends = starts.iter().skip(1).copied().chain([coded.len()]);
    let units = starts.iter().zip(ends).map(|(&start, end)| {
        // A start code of four bytes leaves its first zero at the end of the unit before.
        let unit = &coded[start + 3..end];
        if end < coded.len() { unit.strip_suffix(&[0]).unwrap_or(unit) } else { unit }
    });
    units.filter(|unit| !unit.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lie_between_start_codes() {
        assert_eq!(
            units(&[0, 0, 0, 1, 0x67, 5, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 0]),
            [&[0x67, 5][..], &[0x68], &[0x65, 0]]
        );
        assert!(units(&[1, 2, 3]).is_empty());
    }

    #[test]
    fn parameter_sets_leave_the_sample() {
        let mut sets = Sets::default();
        assert_eq!(sets.take(&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3]), [0, 0, 0, 2, 0x65, 3]);
        assert_eq!((sets.sequence, sets.picture), (Some(vec![0x67, 1]), Some(vec![0x68, 2])));
    }
}
