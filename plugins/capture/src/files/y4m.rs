//! Y4M: uncompressed video behind lines of text.
//!
//! ```text
//! YUV4MPEG2 W640 H480 F30:1 Ip C420jpeg XCOLORRANGE=FULL⏎ FRAME⏎ Y… U… V… FRAME⏎ Y… U… V…
//! ```

use freshet_base::{ColorRange, ColorSpace, FrameFormat, PixelFormat};
use freshet_frame::FrameWriter;

use super::map::MappedFile;
use crate::error::SourceError;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// The longest line that is taken for one.
const MAX_LINE: usize = 4096;

/// A Y4M file as a source. Frames go from the mapped file straight into their slots.
#[derive(Debug)]
pub(super) struct Y4mSource {
    file: MappedFile,
    head: Head,
    /// Where the next frame's line begins.
    position: usize,
    /// Where the announced frame's pixels begin.
    pixels: usize,
    /// Frames of this pass.
    frames: u64,
    seq: u64,
}

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Head {
    format: FrameFormat,
    rate_hz: Option<f64>,
    /// Bytes of the line, with its end.
    length: usize,
}

impl Y4mSource {
    /// Reads the first line.
    pub(super) fn open(file: MappedFile) -> Result<Self, SourceError> {
        let head = Head::read(&file, file.bytes()?)?;
        Ok(Self { file, head, position: head.length, pixels: 0, frames: 0, seq: 0 })
    }

    fn truncated(&self) -> SourceError {
        SourceError::Truncated { input: self.file.input().to_owned(), frames: self.frames }
    }
}

impl FrameSource for Y4mSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.file.input().to_owned(),
            format: Some(self.head.format),
            rate_hz: self.head.rate_hz,
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let rest = self.file.bytes()?.get(self.position..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Next::End);
        }
        let word = &rest[..rest.len().min(5)];
        if !b"FRAME".starts_with(word) {
            return Err(self.file.malformed(format!("where frame {} should begin is something else", self.frames)));
        }
        let line = line(rest).ok_or_else(|| self.truncated())?;
        let pixels = self.position + line.len() + 1;
        let length = self.head.format.bytes().0 as usize;
        if rest.len() < line.len() + 1 + length {
            return Err(self.truncated());
        }
        self.pixels = pixels;
        self.position = pixels + length;
        let frame = NextFrame::new(self.seq, self.head.format);
        self.frames += 1;
        self.seq += 1;
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let bytes = self.file.bytes()?.get(self.pixels..).unwrap_or_default();
        out.write_frame(bytes).map_err(|fault| self.file.corrupt(self.seq.saturating_sub(1), fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.position = self.head.length;
        self.frames = 0;
        Ok(())
    }
}

/// The first line of `bytes`, without its end.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(MAX_LINE)];
    bytes.split(|&byte| byte == b'\n').next().filter(|line| line.len() < bytes.len())
}

impl Head {
    fn read(file: &MappedFile, bytes: &[u8]) -> Result<Self, SourceError> {
        let text = line(bytes).ok_or_else(|| match bytes.len() {
            0..MAX_LINE => file.truncated_head("its first line"),
            _ => file.malformed("its first line has no end"),
        })?;
        let text = str::from_utf8(text).map_err(|_| file.malformed("its first line is no text"))?;
        let (mut width, mut height, mut rate_hz, mut pixels, mut range) = (0, 0, None, PixelFormat::I420, None);
        for field in text.split_ascii_whitespace().skip(1) {
            let (tag, value) = field.split_at_checked(1).unwrap_or((field, ""));
            let side = || value.parse().map_err(|_| file.malformed(format!("{field:?} is no size")));
            match tag {
                "W" => width = side()?,
                "H" => height = side()?,
                "F" => rate_hz = rate(value),
                "C" => pixels = chroma(value).ok_or_else(|| unsupported_chroma(file, value))?,
                "X" => range = value.strip_prefix("COLORRANGE=").and_then(color_range).or(range),
                // Interlacing and the shape of pixels change nothing in the bytes.
                _ => {}
            }
        }
        let format = file.format(width, height, pixels)?;
        // Gray video has video's range, unlike gray pictures.
        let color = ColorSpace::guess(height);
        let color = ColorSpace { range: range.unwrap_or(color.range), ..color };
        Ok(Self { format: format.with_color(color), rate_hz, length: text.len() + 1 })
    }
}

fn unsupported_chroma(file: &MappedFile, chroma: &str) -> SourceError {
    file.unsupported(format!("its pixels are coded as {chroma}; of Y4M, 8-bit 420, 422, 444 and mono are read"))
}

fn rate(value: &str) -> Option<f64> {
    let (frames, seconds) = value.split_once(':')?;
    let rate = frames.parse::<f64>().ok()? / seconds.parse::<f64>().ok()?;
    crate::spec::is_rate(rate).then_some(rate)
}

fn chroma(value: &str) -> Option<PixelFormat> {
    Some(match value {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => PixelFormat::I420,
        "422" => PixelFormat::I422,
        "444" => PixelFormat::I444,
        "mono" => PixelFormat::Gray8,
        _ => return None,
    })
}

fn color_range(value: &str) -> Option<ColorRange> {
    match value {
        "FULL" => Some(ColorRange::Full),
        "LIMITED" => Some(ColorRange::Limited),
        _ => None,
    }
}
