//! Scenes that are computed: a textured plane that moves by a known homography, with each frame's number in its pixels.
//!
//! ```text
//! seq ─► pose ─► homography ─► paint ─► kept ─► stamp the code ─► slot
//!                             (once a pose)     (every frame)
//! ```

mod motion;
mod paint;
mod scene;
mod source;
mod stamp;

use freshet_base::{Bytes, ColorSpace, FormatError, FrameFormat, PixelFormat};

use paint::Band;

pub use motion::PERIOD;
pub use scene::Scene;
pub use source::SyntheticSource;

/// A scene that is computed, in any format.
///
/// ```
/// # use freshet_capture::{Scene, Synthetic};
/// let noise = Synthetic::new(Scene::Noise).with_rate(60.0);
/// let [xx, xy, x, ..] = noise.homography(7);   // where the pixels of frame 0 are in frame 7
/// assert_eq!(noise.render(7).len(), 640 * 480 * 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    scene: Scene,
    format: FrameFormat,
    color: Option<ColorSpace>,
    rate_hz: f64,
    budget: Bytes,
}

impl Synthetic {
    /// This scene at 640x480, YUYV, 30 Hz.
    pub fn new(scene: Scene) -> Self {
        let color = ColorSpace::guess(480);
        let format = FrameFormat { width: 640, height: 480, pixels: PixelFormat::Yuyv, color };
        Self { scene, format, color: None, rate_hz: 30.0, budget: Bytes(64 << 20) }
    }

    /// At another size.
    ///
    /// # Errors
    ///
    /// When a side is zero or larger than [`FrameFormat::MAX_SIDE`].
    pub fn with_size(self, width: u32, height: u32) -> Result<Self, FormatError> {
        let format = FrameFormat::new(width, height, self.format.pixels)?;
        Ok(self.with_format(format))
    }

    /// In another pixel format.
    #[must_use]
    pub fn with_pixels(self, pixels: PixelFormat) -> Self {
        let format = FrameFormat::new(self.format.width, self.format.height, pixels).unwrap_or(self.format);
        self.with_format(format)
    }

    /// In another colour space. Default: the one most likely for the pixel format and size.
    #[must_use]
    pub fn with_color(self, color: ColorSpace) -> Self {
        Self { color: Some(color), format: self.format.with_color(color), ..self }
    }

    /// At another rate, in frames per second.
    #[must_use]
    pub const fn with_rate(self, rate_hz: f64) -> Self {
        Self { rate_hz, ..self }
    }

    /// With another amount of memory for frames that are kept. Default 64 MiB.
    ///
    /// A second's worth of poses ([`PERIOD`]) is painted once each and kept. Where fewer fit, only so many poses are
    /// used, to and fro: the motion from frame to frame stays the same, and [`Synthetic::pose`] tells which it is. At
    /// least two are kept, whatever they need.
    #[must_use]
    pub const fn with_budget(self, budget: Bytes) -> Self {
        Self { budget, ..self }
    }

    fn with_format(self, format: FrameFormat) -> Self {
        Self { format: FrameFormat { color: self.color.unwrap_or(format.color), ..format }, ..self }
    }

    /// The format of its frames.
    pub const fn format(&self) -> FrameFormat {
        self.format
    }

    /// Frames per second.
    pub const fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// How many poses are used.
    pub fn poses(&self) -> u64 {
        let fit = self.budget.0 / self.format.bytes().0.max(1);
        if self.scene.moves() { fit.clamp(2, PERIOD) } else { 1 }
    }

    /// The pose of this frame: the frame of the endless motion that it shows.
    pub fn pose(&self, seq: u64) -> u64 {
        match self.poses() {
            PERIOD => seq % PERIOD,
            1 => 0,
            poses => {
                let step = seq % (2 * poses - 2);
                step.min(2 * poses - 2 - step)
            }
        }
    }

    /// Where the pixels of frame 0 are in this frame: a homography, row by row, on pixel coordinates whose integers are
    /// the centres of pixels. `x' = (h₀x + h₁y + h₂) / (h₆x + h₇y + h₈)`, and `y'` likewise.
    pub fn homography(&self, seq: u64) -> [f64; 9] {
        motion::homography(self.scene, self.pose(seq), self.format.width, self.format.height)
    }

    /// The native bytes of this frame, with its code.
    pub fn render(&self, seq: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.format.bytes().0 as usize];
        self.paint(self.pose(seq), &mut Band::new(self.format.width), &mut bytes);
        stamp::stamp(self.format, seq as u32, &mut bytes);
        bytes
    }

    /// Paints a pose, ready to be stamped.
    fn paint(&self, pose: u64, band: &mut Band, bytes: &mut [u8]) {
        paint::paint(self.scene, self.format, pose, band, bytes);
        stamp::clear(self.format, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poses_go_to_and_fro_where_few_fit() {
        let frame = 640 * 480 * 2;
        let few = Synthetic::new(Scene::Checker).with_budget(Bytes(3 * frame));
        assert_eq!((0..9).map(|seq| few.pose(seq)).collect::<Vec<_>>(), [0, 1, 2, 1, 0, 1, 2, 1, 0]);
        let all = Synthetic::new(Scene::Checker);
        assert_eq!((all.pose(59), all.pose(60), all.pose(61)), (59, 0, 1));
        assert_eq!(Synthetic::new(Scene::Bars).pose(17), 0);
        assert_eq!(Synthetic::new(Scene::Noise).with_budget(Bytes(0)).poses(), 2);
    }

    #[test]
    fn a_chosen_colour_space_outlives_other_choices() {
        let synthetic = Synthetic::new(Scene::Bars).with_color(ColorSpace::JPEG).with_pixels(PixelFormat::Nv12);
        assert_eq!(synthetic.with_size(1280, 720).unwrap().format().color, ColorSpace::JPEG);
        assert!(synthetic.with_size(0, 720).is_err());
    }
}
