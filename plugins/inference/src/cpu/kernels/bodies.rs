//! The inner loops, for vectors of any width.

#![expect(unsafe_code, reason = "pointers without checks, which callers have made once for a whole loop")]

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
                unsafe {
                    match left.div_ceil(V::LANES) {
                        1 => self.wide::<V, 1, ROWS>([rows, row, column], last),
                        2 => self.wide::<V, 2, ROWS>([rows, row, column], last),
                        3 if WIDE > 3 => self.wide::<V, 3, ROWS>([rows, row, column], last),
                        _ => self.wide::<V, WIDE, ROWS>([rows, row, column], last),
                    }
                }
                column += step;
            }
            row += rows;
        }
    }

    #[inline(always)]
    unsafe fn wide<V: Vector, const N: usize, const ROWS: usize>(self, place: [usize; 3], last: usize) {
        unsafe {
            if last == V::LANES {
                self.high::<V, N, ROWS, false>(place, last);
            } else {
                self.high::<V, N, ROWS, true>(place, last);
            }
        }
    }

    #[inline(always)]
    unsafe fn high<V: Vector, const N: usize, const ROWS: usize, const PART: bool>(
        self,
        [rows, row, column]: [usize; 3],
        last: usize,
    ) {
        unsafe {
            match rows {
                1 => self.at::<V, N, 1, PART>(row, column, last),
                2 => self.at::<V, N, 2, PART>(row, column, last),
                4 => self.at::<V, N, 4, PART>(row, column, last),
                _ => self.at::<V, N, ROWS, PART>(row, column, last),
            }
        }
    }

    #[inline(always)]
    unsafe fn at<V: Vector, const N: usize, const R: usize, const PART: bool>(
        mut self,
        row: usize,
        column: usize,
        last: usize,
    ) {
        unsafe {
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
    }

    /// `R` rows and `N` vectors, held in registers. With `PART`, only `last` elements of the last vector of `b` are read.
    #[inline(always)]
    unsafe fn tile<V: Vector, const N: usize, const R: usize, const PART: bool>(self, last: usize) {
        unsafe {
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
}

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
            unsafe {
                one.x = self.x.add(plane * self.apart[0]);
                if !self.weights.is_null() {
                    one.weights = self.weights.add(plane * self.apart[1]);
                }
                one.out = self.out.add(plane * self.apart[2]);
                one.plane::<V>();
            }
        }
    }

    #[inline(always)]
    unsafe fn plane<V: Vector>(self) {
        let vectors = self.columns.div_ceil(V::LANES);
        let mut at = 0;
        unsafe {
            while at + 8 <= vectors {
                self.some::<V, 8>(at * V::LANES);
                at += 8;
            }
            while at + 4 <= vectors {
                self.some::<V, 4>(at * V::LANES);
                at += 4;
            }
            while at < vectors {
                self.some::<V, 1>(at * V::LANES);
                at += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn some<V: Vector, const N: usize>(self, at: usize) {
        unsafe {
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
}

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
        let [from, _] = self.places;
        let first = from / self.pitch * self.width + (from % self.pitch).min(self.width);
        for channel in 0..self.channels {
            unsafe {
                let sums = self.sums.add(channel * self.sums_row);
                let affine = [V::splat(*self.scale.add(channel)), V::splat(*self.shift.add(channel))];
                let slope = (!self.slope.is_null()).then(|| V::splat(*self.slope.add(channel)));
                let mut row = self.places[0] / self.pitch;
                while row * self.pitch < self.places[1] {
                    let start = (row * self.pitch).max(self.places[0]);
                    let end = (row * self.pitch + self.width).min(self.places[1]);
                    if start < end {
                        let place = channel * self.out_row + row * self.width + (start - row * self.pitch) - first;
                        self.row(sums.add(start - self.places[0]), place, end - start, affine, slope);
                    }
                    row += 1;
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn row<V: Vector>(self, sums: *const f32, place: usize, count: usize, affine: [V; 2], slope: Option<V>) {
        unsafe {
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
        unsafe {
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
    }

    #[inline(always)]
    unsafe fn some<V: Vector, const R: usize, const C: usize>(self, row: usize, column: usize) {
        unsafe {
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
        unsafe {
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
}
