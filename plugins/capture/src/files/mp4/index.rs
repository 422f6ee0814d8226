//! What an MP4 file holds: its samples, and when they are shown.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use freshet_base::{ColorSpace, FrameFormat, PixelFormat};
use re_mp4::{Avc1Box, Mp4, StsdBoxContent, Track, TrackKind};

use super::bounded::Bounded;
use super::boxes::look_through;
use super::sps::Sps;
use crate::error::SourceError;
use crate::files::map::MappedFile;

/// The samples of the first video track, each one picture.
#[derive(Debug)]
pub(super) struct Index {
    /// Where the samples lie in the file, in the order of decoding. Only those that are whole.
    pub(super) samples: Vec<Range<usize>>,
    /// When the pictures are shown, after the first, in that order.
    pub(super) times: Vec<Duration>,
    /// How long all of them take.
    pub(super) duration: Duration,
    /// Whether the file ends before the last sample.
    pub(super) truncated: bool,
    /// The parameter sets, each with a start code.
    pub(super) parameters: Vec<u8>,
    /// Bytes of the length before each NAL unit.
    pub(super) length_bytes: usize,
    /// The format of the pictures.
    pub(super) format: FrameFormat,
}

impl Index {
    /// Reads the index of the file.
    pub(super) fn read(file: &MappedFile, bytes: &[u8]) -> Result<Self, SourceError> {
        let overview = look_through(file, bytes)?;
        // The reader indexes its tables without looking; a table that is too short makes it panic.
        let read =
            catch_unwind(AssertUnwindSafe(|| Mp4::read(Bounded::new(bytes, overview.index_bytes), overview.end)));
        let damaged = || file.malformed("its index is damaged");
        let mp4 = read.map_err(|_| damaged())?.map_err(|fault| file.malformed(fault.to_string()))?;
        let tracks = mp4.tracks().values();
        let track = tracks.filter(|track| track.kind == Some(TrackKind::Video)).min_by_key(|track| track.track_id);
        let Some(track) = track else { return Err(no_video(file, &mp4)) };
        let StsdBoxContent::Avc1(coding) = &track.trak(&mp4).mdia.minf.stbl.stsd.contents else {
            let name = track.codec_string(&mp4).unwrap_or_else(|| "something unknown".into());
            return Err(unsupported(file, &name));
        };
        Self::of_track(file, bytes, track, coding)
    }

    fn of_track(file: &MappedFile, bytes: &[u8], track: &Track, coding: &Avc1Box) -> Result<Self, SourceError> {
        let format = format(file, coding)?;
        let range = |sample: &re_mp4::Sample| {
            let end = sample.offset.checked_add(sample.size)?;
            (end <= bytes.len() as u64).then_some(sample.offset as usize..end as usize)
        };
        let samples: Vec<_> = track.samples.iter().map_while(range).collect();
        let whole = &track.samples[..samples.len()];

        let mut shown: Vec<_> = whole.iter().map(|sample| (sample.composition_timestamp, sample.duration)).collect();
        shown.sort_unstable();
        let ticks = track.timescale.max(1);
        let time = |passed: u64| Duration::from_secs_f64(passed as f64 / ticks as f64);
        let first = shown.first().map_or(0, |&(shown, _)| shown);
        let since = |&(shown, _): &(i64, u64)| time(u64::try_from(shown.saturating_sub(first)).unwrap_or(0));
        let times: Vec<_> = shown.iter().map(since).collect();
        // A last picture that is to be shown for minutes is a mistake of whoever wrote the file.
        let last = shown.last().map_or(0, |&(_, duration)| duration.min(ticks.saturating_mul(60)));
        Ok(Self {
            duration: times.last().copied().unwrap_or_default() + time(last),
            truncated: samples.len() < track.samples.len(),
            samples,
            times,
            parameters: parameters(coding),
            length_bytes: usize::from(coding.avcc.length_size_minus_one & 3) + 1,
            format,
        })
    }

    /// The mean rate.
    pub(super) fn rate_hz(&self) -> Option<f64> {
        let rate = self.samples.len() as f64 / self.duration.as_secs_f64();
        crate::spec::is_rate(rate).then_some(rate)
    }
}

fn no_video(file: &MappedFile, mp4: &Mp4) -> SourceError {
    let codings = mp4.moov.traks.iter().map(|track| &track.mdia.minf.stbl.stsd.contents);
    let unknown = codings.filter_map(|coding| match coding {
        StsdBoxContent::Unknown(name) => Some(name.to_string()),
        _ => None,
    });
    match unknown.reduce(|all, name| format!("{all}, {name}")) {
        Some(names) => unsupported(file, &names),
        None => file.malformed("it has no video track"),
    }
}

fn unsupported(file: &MappedFile, coding: &str) -> SourceError {
    file.unsupported(format!("its video is coded as {coding}; of MP4 files, H.264 (avc1) is read"))
}

/// The format of the pictures, from the first sequence parameter set.
fn format(file: &MappedFile, coding: &Avc1Box) -> Result<FrameFormat, SourceError> {
    let sets = &coding.avcc.sequence_parameter_sets;
    let set = sets.first().ok_or_else(|| file.malformed("its H.264 header has no sequence parameter set"))?;
    let set = Sps::read(&set.bytes).ok_or_else(|| file.malformed("its H.264 header is damaged"))?;
    if set.chroma != 1 || set.bits != 8 {
        let chroma = ["4:0:0", "4:2:0", "4:2:2", "4:4:4"][set.chroma.min(3) as usize];
        return Err(
            file.unsupported(format!("its H.264 has {} bits and chroma {chroma}; 8 bits and 4:2:0 are read", set.bits))
        );
    }
    if set.interlaced {
        return Err(file.unsupported("its H.264 is interlaced, which is not supported"));
    }
    let format = file.format(set.width, set.height, PixelFormat::I420)?;
    let guess = format.color;
    Ok(format
        .with_color(ColorSpace { matrix: set.matrix.unwrap_or(guess.matrix), range: set.range.unwrap_or(guess.range) }))
}

/// The parameter sets as the decoder takes them: each behind a start code.
fn parameters(coding: &Avc1Box) -> Vec<u8> {
    let sets = coding.avcc.sequence_parameter_sets.iter().chain(&coding.avcc.picture_parameter_sets);
    sets.flat_map(|set| [0, 0, 0, 1].into_iter().chain(set.bytes.iter().copied())).collect()
}
