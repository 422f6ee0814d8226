//! Pictures with their padding around, taken apart by the stride, so that what a window needs of a row lies in one piece.
//!
//! For a stride of `s`, rows and columns whose numbers leave the same rest divided by `s` make a phase. Element `(ky, kx)` of a
//! kernel then reads, for all places of a result at once, one phase from some offset on.

use crate::cpu::kernels::{Instructions, MOST_LANES, Offsets};
use crate::net::Window;

/// How one plane (a channel of a picture) is laid out with its padding.
#[derive(Debug, Clone)]
pub(super) struct Padded {
    window: Window,
    /// Rows and columns of the plane, and of what the window makes of it.
    from: [usize; 2],
    to: [usize; 2],
    /// Phases that some element of the kernel reads: rows and columns.
    phases: [Vec<usize>; 2],
    /// Rows of a phase, and elements of such a row.
    rows: usize,
    pitch: usize,
}

impl Padded {
    pub(super) fn new(window: Window, from: [usize; 2], to: [usize; 2]) -> Self {
        let extent = |axis: usize| {
            let reach = (to[axis] - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            reach.div_ceil(window.stride[axis])
        };
        let phases = |axis: usize| {
            let of = |k: usize| k * window.dilation[axis] % window.stride[axis];
            let mut phases: Vec<usize> = (0..window.kernel[axis]).map(of).collect();
            phases.sort_unstable();
            phases.dedup();
            phases
        };
        Self { window, from, to, phases: [phases(0), phases(1)], rows: extent(0), pitch: extent(1) }
    }

    /// Whether the padded plane is the plane.
    pub(super) fn is_plain(&self) -> bool {
        self.window.stride == [1, 1] && self.window.kernel == [1, 1] && self.window.padding == [0; 4]
    }

    /// Elements from one row of results to the next, in flat places.
    pub(super) fn pitch(&self) -> usize {
        self.pitch
    }

    /// Flat places that there are.
    pub(super) fn flat(&self) -> usize {
        (self.to[0] - 1) * self.pitch + self.to[1]
    }

    /// Elements of a padded plane.
    pub(super) fn elements(&self) -> usize {
        self.phases[0].len() * self.phases[1].len() * self.rows * self.pitch
    }

    /// Where each element of the kernel reads, row by row.
    pub(super) fn offsets(&self) -> Vec<usize> {
        let Window { kernel, stride, dilation, .. } = self.window;
        let place = |axis: usize, k: usize| {
            let at = k * dilation[axis];
            let phase = self.phases[axis].binary_search(&(at % stride[axis])).unwrap_or(0);
            (phase, at / stride[axis])
        };
        let mut offsets = Vec::with_capacity(kernel[0] * kernel[1]);
        for ky in 0..kernel[0] {
            for kx in 0..kernel[1] {
                let ((down, row), (across, column)) = (place(0, ky), place(1, kx));
                let phase = down * self.phases[1].len() + across;
                offsets.push((phase * self.rows + row) * self.pitch + column);
            }
        }
        offsets
    }

    /// The same for so many planes, one after the other, `None` when that is too much.
    pub(super) fn offsets_of(&self, planes: usize, plane: usize) -> Option<Offsets> {
        let kernel = self.offsets();
        Offsets::new((0..planes).flat_map(|index| kernel.iter().map(move |offset| index * plane + offset)))
    }

    /// Lays a plane out. What lies around it is left as it is.
    pub(super) fn lay(&self, plane: &[f32], to: &mut [f32], instructions: Instructions) {
        for (down, &row_phase) in self.phases[0].iter().enumerate() {
            for (across, &column_phase) in self.phases[1].iter().enumerate() {
                let start = (down * self.phases[1].len() + across) * self.rows * self.pitch;
                let (first_row, to_row, rows) = self.along(0, row_phase, self.rows);
                let (first_column, to_column, columns) = self.along(1, column_phase, self.pitch);
                if rows == 0 || columns == 0 {
                    continue;
                }
                let from = &plane[first_row * self.from[1] + first_column..];
                let to = &mut to[start + to_row * self.pitch + to_column..];
                let stride = self.window.stride;
                instructions.copy_rows((from, self.from[1] * stride[0], stride[1]), (to, self.pitch), [rows, columns]);
            }
        }
    }

    /// The first row (or column) of the plane that lies in a phase, its place there, and how many lie there.
    fn along(&self, axis: usize, phase: usize, extent: usize) -> (usize, usize, usize) {
        let (stride, before) = (self.window.stride[axis], self.window.padding[axis]);
        // Places `phase + i · stride` of the padded plane, from `before` on.
        let place = before.saturating_sub(phase).div_ceil(stride);
        let first = phase + place * stride - before;
        if place >= extent || first >= self.from[axis] {
            return (0, 0, 0);
        }
        (first, place, (self.from[axis] - first).div_ceil(stride).min(extent - place))
    }
}

/// Room beyond the last padded plane that vectors may read.
pub(super) const ROOM: usize = MOST_LANES;
