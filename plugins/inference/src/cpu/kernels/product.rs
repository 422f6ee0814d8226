//! Products of matrices, a tile in registers at a time, and products of rows.

#![expect(unsafe_code, reason = "pointers without checks, which callers have made once for a whole loop")]
#![expect(unsafe_op_in_unsafe_fn, reason = "each function says what it needs; nothing in it is safer than the rest")]

use super::finish::Finish;
use super::vector::Vector;

/// A product of two matrices: `out[r][j] (+)= Σ_k a[r · a_row + k · a_step] · b[offsets[k] + j]`.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub a: *const f32,
    pub a_row: usize,
    pub a_step: usize,
    pub b: *const f32,
    pub offsets: *const u32,
    pub terms: usize,
    pub out: *mut f32,
    pub out_row: usize,
    pub rows: usize,
    pub columns: usize,
    /// Whether to add to what is in `out`.
    pub adds: bool,
    /// What is done to sums of whole columns and rows before they are written to `out`. Null: nothing.
    pub last: *const Last,
}

/// What is done to each sum before it is written.
#[derive(Clone, Copy)]
pub(super) struct Last {
    /// For the first row and column; sums are filled in.
    pub finish: Finish,
    pub run: unsafe fn(Finish),
}

/// Sums that are held in registers at most: elements of a tile.
const MOST_SUMS: usize = 512;

impl Product {
    /// # Safety
    ///
    /// All elements named are valid, and, where nothing is done at last, rows of `out` up to the next multiple of
    /// [`Vector::LANES`] after `columns`.
    #[inline(always)]
    pub(super) unsafe fn run<V: Vector, const WIDE: usize, const ROWS: usize>(self) {
        let step = V::LANES * WIDE;
        let mut row = 0;
        while row < self.rows {
            // As many rows as registers hold; what is left by halves.
            let rows = match self.rows - row {
                left if left >= ROWS => ROWS,
                left if left >= 4 => 4,
                left if left >= 2 => 2,
                _ => 1,
            };
            let mut column = 0;
            while column < self.columns {
                let left = (self.columns - column).min(step);
                let last = (left - 1) % V::LANES + 1;
                match left.div_ceil(V::LANES) {
                    1 => self.wide::<V, 1, ROWS>([rows, row, column], last),
                    2 => self.wide::<V, 2, ROWS>([rows, row, column], last),
                    3 if WIDE > 3 => self.wide::<V, 3, ROWS>([rows, row, column], last),
                    _ => self.wide::<V, WIDE, ROWS>([rows, row, column], last),
                }
                column += step;
            }
            row += rows;
        }
    }

    #[inline(always)]
    unsafe fn wide<V: Vector, const N: usize, const ROWS: usize>(self, place: [usize; 3], last: usize) {
        if last == V::LANES {
            self.high::<V, N, ROWS, false>(place, last);
        } else {
            self.high::<V, N, ROWS, true>(place, last);
        }
    }

    #[inline(always)]
    unsafe fn high<V: Vector, const N: usize, const ROWS: usize, const PART: bool>(
        self,
        [rows, row, column]: [usize; 3],
        last: usize,
    ) {
        match rows {
            1 => self.at::<V, N, 1, PART>(row, column, last),
            2 => self.at::<V, N, 2, PART>(row, column, last),
            4 => self.at::<V, N, 4, PART>(row, column, last),
            _ => self.at::<V, N, ROWS, PART>(row, column, last),
        }
    }

    #[inline(always)]
    unsafe fn at<V: Vector, const N: usize, const R: usize, const PART: bool>(
        mut self,
        row: usize,
        column: usize,
        last: usize,
    ) {
        let out = self.out.add(row * self.out_row + column);
        self.a = self.a.add(row * self.a_row);
        self.b = self.b.add(column);
        if self.last.is_null() {
            self.out = out;
            self.tile::<V, N, R, PART>(last);
            return;
        }
        let mut sums = std::mem::MaybeUninit::<[f32; MOST_SUMS]>::uninit();
        let Last { mut finish, run } = *self.last;
        self.out = sums.as_mut_ptr().cast();
        self.out_row = N * V::LANES;
        self.tile::<V, N, R, PART>(last);
        let columns = (N - 1) * V::LANES + last;
        finish.sums = self.out;
        finish.sums_row = self.out_row;
        finish.places = [0, columns];
        (finish.pitch, finish.width) = (columns, columns);
        finish.out = out;
        if !finish.add.is_null() {
            finish.add = finish.add.add(row * finish.out_row + column);
        }
        finish.channels = R;
        finish.scale = finish.scale.add(row);
        finish.shift = finish.shift.add(row);
        if !finish.slope.is_null() {
            finish.slope = finish.slope.add(row);
        }
        run(finish);
    }

    /// `R` rows and `N` vectors, held in registers. With `PART`, only `last` elements of the last vector of `b` are read.
    #[inline(always)]
    unsafe fn tile<V: Vector, const N: usize, const R: usize, const PART: bool>(self, last: usize) {
        let mut sums = [[V::splat(0.0); N]; R];
        if self.adds {
            for (r, row) in sums.iter_mut().enumerate() {
                for (n, sum) in row.iter_mut().enumerate() {
                    *sum = V::load(self.out.add(r * self.out_row + n * V::LANES));
                }
            }
        }
        let mut a = self.a;
        for k in 0..self.terms {
            let b = self.b.add(*self.offsets.add(k) as usize);
            let mut x = [V::splat(0.0); N];
            for (n, x) in x.iter_mut().enumerate() {
                let from = b.add(n * V::LANES);
                *x = if PART && n == N - 1 { V::load_part(from, last) } else { V::load(from) };
            }
            for (r, row) in sums.iter_mut().enumerate() {
                let weight = V::splat(*a.add(r * self.a_row));
                for (n, sum) in row.iter_mut().enumerate() {
                    *sum = weight.mul_add(x[n], *sum);
                }
            }
            a = a.add(self.a_step);
        }
        for (r, row) in sums.iter().enumerate() {
            for (n, sum) in row.iter().enumerate() {
                sum.store(self.out.add(r * self.out_row + n * V::LANES));
            }
        }
    }
}

/// Products of rows: `out[m · out_row + o] = Σ_i x[m · terms + i] · weight[o · terms + i]`.
#[derive(Clone, Copy)]
pub(super) struct Dots {
    pub x: *const f32,
    pub weight: *const f32,
    pub terms: usize,
    pub out: *mut f32,
    pub out_row: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Dots {
    /// # Safety
    ///
    /// All elements named are valid.
    #[inline(always)]
    pub(super) unsafe fn run<V: Vector>(self) {
        let mut column = 0;
        while column + 4 <= self.columns {
            let mut row = 0;
            while row + 4 <= self.rows {
                self.some::<V, 4, 4>(row, column);
                row += 4;
            }
            while row < self.rows {
                self.some::<V, 1, 4>(row, column);
                row += 1;
            }
            column += 4;
        }
        while column < self.columns {
            for row in 0..self.rows {
                self.some::<V, 1, 1>(row, column);
            }
            column += 1;
        }
    }

    #[inline(always)]
    unsafe fn some<V: Vector, const R: usize, const C: usize>(self, row: usize, column: usize) {
        let (x, weight) = (self.x.add(row * self.terms), self.weight.add(column * self.terms));
        let mut sums = [[V::splat(0.0); C]; R];
        let mut at = 0;
        while at + V::LANES <= self.terms {
            let mut weights = [V::splat(0.0); C];
            for (c, one) in weights.iter_mut().enumerate() {
                *one = V::load(weight.add(c * self.terms + at));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::load(x.add(r * self.terms + at));
                for (c, sum) in sums.iter_mut().enumerate() {
                    *sum = x.mul_add(weights[c], *sum);
                }
            }
            at += V::LANES;
        }
        if at < self.terms {
            let left = self.terms - at;
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::load_part(x.add(r * self.terms + at), left);
                for (c, sum) in sums.iter_mut().enumerate() {
                    *sum = x.mul_add(V::load_part(weight.add(c * self.terms + at), left), *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (c, sum) in sums.iter().enumerate() {
                *self.out.add((row + r) * self.out_row + column + c) = sum.sum();
            }
        }
    }
}
