//! Windows that go over planes, and copies of rows.

#![expect(unsafe_code, reason = "pointers without checks, which callers have made once for a whole loop")]
#![expect(unsafe_op_in_unsafe_fn, reason = "each function says what it needs; nothing in it is safer than the rest")]

use super::vector::Vector;

/// What a window makes of a plane whose rows follow one another without gap: `out[j] = Σ_k weight[k] · x[offsets[k] + j]`, or
/// the maximum of `x[offsets[k] + j]`.
#[derive(Clone, Copy)]
pub(super) struct Taps {
    pub x: *const f32,
    pub offsets: *const u32,
    /// Null: the maximum.
    pub weights: *const f32,
    pub terms: usize,
    pub out: *mut f32,
    pub columns: usize,
    /// How many planes, and elements from one to the next of `x`, of `weights` and of `out`.
    pub planes: usize,
    pub apart: [usize; 3],
}

impl Taps {
    /// # Safety
    ///
    /// All elements named are valid, of each plane of `x` and `out` up to the next multiple of [`Vector::LANES`]
    /// after `columns`.
    #[inline(always)]
    pub(super) unsafe fn run<V: Vector>(self) {
        for plane in 0..self.planes {
            let mut one = self;
            one.x = self.x.add(plane * self.apart[0]);
            if !self.weights.is_null() {
                one.weights = self.weights.add(plane * self.apart[1]);
            }
            one.out = self.out.add(plane * self.apart[2]);
            one.plane::<V>();
        }
    }

    #[inline(always)]
    unsafe fn plane<V: Vector>(self) {
        let vectors = self.columns.div_ceil(V::LANES);
        let mut at = 0;
        while at + 8 <= vectors {
            self.some::<V, 8>(at * V::LANES);
            at += 8;
        }
        while at + 4 <= vectors {
            self.some::<V, 4>(at * V::LANES);
            at += 4;
        }
        while at + 2 <= vectors {
            self.some::<V, 2>(at * V::LANES);
            at += 2;
        }
        if at < vectors {
            self.some::<V, 1>(at * V::LANES);
        }
    }

    #[inline(always)]
    unsafe fn some<V: Vector, const N: usize>(self, at: usize) {
        let is_maximum = self.weights.is_null();
        let mut sums = [V::splat(if is_maximum { f32::NEG_INFINITY } else { 0.0 }); N];
        let x = self.x.add(at);
        if is_maximum {
            for k in 0..self.terms {
                let from = x.add(*self.offsets.add(k) as usize);
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.maximum(V::load(from.add(n * V::LANES)));
                }
            }
        } else {
            for k in 0..self.terms {
                let from = x.add(*self.offsets.add(k) as usize);
                let weight = V::splat(*self.weights.add(k));
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = weight.mul_add(V::load(from.add(n * V::LANES)), *sum);
                }
            }
        }
        for (n, sum) in sums.iter().enumerate() {
            sum.store(self.out.add(at + n * V::LANES));
        }
    }
}

/// Rows of a plane, copied to where another begins every `to_row` elements.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub from: *const f32,
    pub from_row: usize,
    pub from_step: usize,
    pub to: *mut f32,
    pub to_row: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Rows {
    /// # Safety
    ///
    /// All elements named are valid; of `from`, the element `columns · from_step` is not read.
    #[inline(always)]
    pub(super) unsafe fn run<V: Vector>(self) {
        for row in 0..self.rows {
            let (from, to) = (self.from.add(row * self.from_row), self.to.add(row * self.to_row));
            if self.from_step == 1 {
                let mut at = 0;
                while at + V::LANES <= self.columns {
                    V::load(from.add(at)).store(to.add(at));
                    at += V::LANES;
                }
                if at < self.columns {
                    let left = self.columns - at;
                    V::load_part(from.add(at), left).store_part(to.add(at), left);
                }
            } else if self.from_step == 2 {
                let mut at = 0;
                while at < self.columns {
                    let from = from.add(2 * at);
                    // The last element read is the last but one of a pair.
                    let elements = 2 * (self.columns - at) - 1;
                    if elements >= 2 * V::LANES {
                        V::load(from).evens(V::load(from.add(V::LANES))).store(to.add(at));
                    } else {
                        let first = V::load_part(from, elements.min(V::LANES));
                        let second = if elements > V::LANES {
                            V::load_part(from.add(V::LANES), elements - V::LANES)
                        } else {
                            V::splat(0.0)
                        };
                        first.evens(second).store_part(to.add(at), (self.columns - at).min(V::LANES));
                    }
                    at += V::LANES;
                }
            } else {
                for at in 0..self.columns {
                    *to.add(at) = *from.add(at * self.from_step);
                }
            }
        }
    }
}
