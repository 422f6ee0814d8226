//! Sizes in logical pixels, and colours.

use bevy_egui::egui::{Color32, FontId, Stroke};
#[cfg(feature = "priority")]
use freshet_base::Priority;

use crate::model::Tone;

pub(super) const LINE_HEIGHT: f32 = 16.0;
pub(super) const HEADER_HEIGHT: f32 = 24.0;
pub(super) const MIN_WIDTH: f32 = 400.0;
/// Between the panel's edge and its content.
pub(super) const MARGIN: i8 = 10;
/// Around the panel, between cells, around bars.
pub(super) const GAP: f32 = 8.0;
/// A picture of a stream fits into this.
pub(super) const PICTURE: [f32; 2] = [104.0, 60.0];

pub(super) const BACKGROUND: Color32 = Color32::from_rgba_premultiplied(15, 18, 23, 251);
pub(super) const EDGE: Stroke = Stroke { width: 1.0, color: Color32::from_gray(54) };
pub(super) const RULE: Stroke = EDGE;
pub(super) const BAR: Color32 = Color32::from_rgb(88, 148, 214);
pub(super) const BAR_GROUND: Color32 = Color32::from_gray(58);
pub(super) const BRIGHT: Color32 = Color32::from_gray(235);

/// What lies on a level's colour.
#[cfg(feature = "priority")]
pub(super) const INK: Color32 = Color32::from_gray(14);
/// A deadline that was missed.
#[cfg(feature = "priority")]
pub(super) const MISSED: Color32 = Color32::from_rgb(255, 40, 32);

/// The colour of a level, wherever it is told: urgent is warm.
#[cfg(feature = "priority")]
pub(super) const fn level(level: Priority) -> Color32 {
    match level {
        Priority::Critical => Color32::from_rgb(236, 84, 118),
        Priority::High => Color32::from_rgb(240, 150, 66),
        Priority::Normal => Color32::from_rgb(108, 196, 112),
        Priority::Low => Color32::from_rgb(92, 152, 232),
        Priority::Idle => Color32::from_rgb(146, 150, 162),
    }
}

/// The same as a ground for texts, this much of it: 0 to 1.
#[cfg(feature = "priority")]
pub(super) fn level_ground(of: Priority, share: f32) -> Color32 {
    BACKGROUND.to_opaque().lerp_to_gamma(level(of), share)
}

/// Every figure is as wide as every other.
pub(super) const fn font() -> FontId {
    FontId::monospace(11.5)
}

pub(super) const fn color(tone: Tone) -> Color32 {
    match tone {
        Tone::Plain => Color32::from_gray(208),
        Tone::Dim => Color32::from_gray(132),
        Tone::Good => Color32::from_rgb(106, 204, 120),
        Tone::Busy => Color32::from_rgb(232, 184, 92),
        Tone::Bad => Color32::from_rgb(244, 104, 96),
    }
}
