//! What is done to sums before they are written.

#![expect(unsafe_code, reason = "pointers without checks, which callers have made once for a whole loop")]
#![expect(unsafe_op_in_unsafe_fn, reason = "each function says what it needs; nothing in it is safer than the rest")]

use super::vector::Vector;

/// What is done to sums before they are written: for each channel `c` and element `j`,
/// `out[c][j] = clamp(slope[c] · below zero(x[c][j] · scale[c] + shift[c] + add[c][j]))`.
///
/// Sums lie in rows `pitch` apart, of which `width` elements count; results lie in rows without gap.
#[derive(Clone, Copy)]
pub(super) struct Finish {
    /// The sum at the flat place `places[0]`, of the first channel.
    pub sums: *const f32,
    pub sums_row: usize,
    /// From and to which flat place.
    pub places: [usize; 2],
    pub pitch: usize,
    pub width: usize,
    /// The result at the first of `places`, of the first channel.
    pub out: *mut f32,
    /// As `out`. Null: nothing is added.
    pub add: *const f32,
    pub out_row: usize,
    pub channels: usize,
    pub scale: *const f32,
    pub shift: *const f32,
    /// Null: none.
    pub slope: *const f32,
    pub range: [f32; 2],
}

impl Finish {
    /// # Safety
    ///
    /// All elements named are valid, of sums up to [`Vector::LANES`] more after the last of a channel.
    #[inline(always)]
    pub(super) unsafe fn run<V: Vector>(self) {
        let [from, to] = self.places;
        let first = from / self.pitch * self.width + (from % self.pitch).min(self.width);
        for channel in 0..self.channels {
            let sums = self.sums.add(channel * self.sums_row);
            let affine = [V::splat(*self.scale.add(channel)), V::splat(*self.shift.add(channel))];
            let slope = (!self.slope.is_null()).then(|| V::splat(*self.slope.add(channel)));
            let out = channel * self.out_row;
            if from == 0 && to >= self.width && (to - self.width).is_multiple_of(self.pitch) {
                for row in 0..=(to - self.width) / self.pitch {
                    self.row(sums.add(row * self.pitch), out + row * self.width, self.width, affine, slope);
                }
                continue;
            }
            let mut row = from / self.pitch;
            while row * self.pitch < to {
                let start = (row * self.pitch).max(from);
                let end = (row * self.pitch + self.width).min(to);
                if start < end {
                    let place = out + row * self.width + (start - row * self.pitch) - first;
                    self.row(sums.add(start - from), place, end - start, affine, slope);
                }
                row += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn row<V: Vector>(self, sums: *const f32, place: usize, count: usize, affine: [V; 2], slope: Option<V>) {
        let mut at = 0;
        while at < count {
            let left = count - at;
            let mut made = V::load(sums.add(at)).mul_add(affine[0], affine[1]);
            if !self.add.is_null() {
                let add = self.add.add(place + at);
                made = made.add(if left < V::LANES { V::load_part(add, left) } else { V::load(add) });
            }
            if let Some(slope) = slope {
                let zero = V::splat(0.0);
                made = made.at_most(zero).mul_add(slope, made.at_least(zero));
            }
            made = made.at_least(V::splat(self.range[0])).at_most(V::splat(self.range[1]));
            let out = self.out.add(place + at);
            if left < V::LANES {
                made.store_part(out, left);
            } else {
                made.store(out);
            }
            at += V::LANES;
        }
    }
}
