//! Which part of a drawing is on the screen.

use super::layout::Point;

/// Smallest and largest scale.
const SCALES: (f32, f32) = (0.03, 3.0);
/// Free at each side when the whole is shown, in pixels.
const MARGIN: f32 = 12.0;

/// From places in the drawing to places on the screen: `place * scale + shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Camera {
    pub(crate) scale: f32,
    pub(crate) shift: Point,
}

impl Default for Camera {
    fn default() -> Self {
        Self { scale: 1.0, shift: [0.0; 2] }
    }
}

impl Camera {
    /// Shows this part of the drawing, from corner to corner, in the middle of a screen of this size; never larger than it
    /// was drawn.
    pub(crate) fn fit(corner: Point, end: Point, screen: Point) -> Self {
        let free = |axis: usize| (screen[axis] - MARGIN * 2.0).max(1.0);
        let room = |axis: usize| free(axis) / (end[axis] - corner[axis]).max(1.0);
        let scale = room(0).min(room(1)).clamp(SCALES.0, 1.0);
        let shift = |axis: usize| screen[axis] * 0.5 - (corner[axis] + end[axis]) * 0.5 * scale;
        Self { scale, shift: [shift(0), shift(1)] }
    }

    /// On the screen.
    pub(crate) fn place(&self, at: Point) -> Point {
        [at[0] * self.scale + self.shift[0], at[1] * self.scale + self.shift[1]]
    }

    /// Scales by a factor; what is at `pivot` on the screen stays there.
    pub(crate) fn zoom(&mut self, factor: f32, pivot: Point) {
        let scale = (self.scale * factor).clamp(SCALES.0, SCALES.1);
        let shift = |axis: usize| pivot[axis] - (pivot[axis] - self.shift[axis]) * scale / self.scale;
        self.shift = [shift(0), shift(1)];
        self.scale = scale;
    }

    /// Moves along with the pointer.
    pub(crate) fn pan(&mut self, by: Point) {
        self.shift = [self.shift[0] + by[0], self.shift[1] + by[1]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_is_on_the_screen(
            corner in [0.0_f32..500.0, 0.0..500.0], size in [1.0_f32..5000.0, 1.0..5000.0],
            screen in [300.0_f32..2000.0, 300.0..2000.0],
        ) {
            let end = [corner[0] + size[0], corner[1] + size[1]];
            let camera = Camera::fit(corner, end, screen);
            prop_assert!(camera.place(corner).iter().all(|it| *it >= 0.0));
            prop_assert!(camera.place(end).iter().zip(&screen).all(|(it, room)| it <= room));
        }

        #[test]
        fn zooming_holds_what_is_under_the_pointer(
            at in [-100.0_f32..900.0, -100.0..900.0], factor in 0.01_f32..100.0, pan in [-50.0_f32..50.0, -50.0..50.0],
        ) {
            let mut camera = Camera::fit([0.0; 2], [900.0, 700.0], [800.0, 600.0]);
            camera.pan(pan);
            let pivot = camera.place(at);
            camera.zoom(factor, pivot);
            let after = camera.place(at);
            prop_assert!((after[0] - pivot[0]).abs() < 0.1 && (after[1] - pivot[1]).abs() < 0.1);
            prop_assert!((SCALES.0..=SCALES.1).contains(&camera.scale));
        }
    }
}
