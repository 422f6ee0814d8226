//! Inner loops, compiled for each width of vectors that processors have; the widest that is here is taken at run time.
//!
//! Functions check once that every element they will touch is there; the loops do not.

#![expect(unsafe_code, reason = "calls of functions for instructions that have been found to be there")]

mod activate;
mod arguments;
mod finish;
mod instances;
mod planes;
mod product;
mod vector;

use super::team::Tile;
use crate::net::Op;
pub(super) use arguments::{Affine, Flat, Left, Offsets};
use instances::plain;
#[cfg(target_arch = "x86_64")]
use instances::{avx2, avx512};

/// Elements that a vector has at most: results of some functions need room for as many beyond their last.
pub(super) const MOST_LANES: usize = 16;

/// Which instructions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every processor of this architecture has.
    Plain,
}

macro_rules! with_instructions {
    ($instructions:expr, $run:ident, ($($argument:expr),*)) => {
        match $instructions {
            // SAFETY: the processor has been asked (`Instructions::detect`); elements have been checked by the caller.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::$run($($argument),*) },
            // SAFETY: likewise.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::$run($($argument),*) },
            // SAFETY: likewise.
            Instructions::Plain => unsafe { plain::$run($($argument),*) },
        }
    };
}

impl Instructions {
    /// The widest vectors that this processor has.
    pub(super) fn detect() -> Self {
        Self::all()[0]
    }

    /// All that this processor has, the widest first.
    pub(super) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "only x86-64 has several"))]
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = [
                is_x86_feature_detected!("avx512f"),
                is_x86_feature_detected!("avx512vl"),
                is_x86_feature_detected!("avx512bw"),
                is_x86_feature_detected!("avx512dq"),
            ];
            if fma && wide.into_iter().all(|one| one) {
                found.push(Self::Avx512);
            }
            if fma {
                found.push(Self::Avx2);
            }
        }
        found.push(Self::Plain);
        found
    }

    /// `out[r · out_row + j] (+)= Σ_k a(r, k) · b[start + offsets[k] + j]` for the terms of `range`, of which `a` holds the
    /// first at its beginning.
    ///
    /// # Panics
    ///
    /// When an element is not there; rows of `out` need room up to the next multiple of [`MOST_LANES`] after `columns`.
    pub(super) fn multiply(
        self,
        a: Left<'_>,
        (b, start): (&[f32], usize),
        (offsets, range): (&Offsets, std::ops::Range<usize>),
        (out, out_row): (&mut [f32], usize),
        [rows, columns]: [usize; 2],
        adds: bool,
    ) {
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(range.start <= range.end && range.end <= offsets.len());
        assert!(range.is_empty() || (rows - 1) * a.row + (range.len() - 1) * a.step < a.elements.len());
        assert!(range.is_empty() || start + offsets.most + columns <= b.len());
        assert!((rows - 1) * out_row + columns.next_multiple_of(MOST_LANES) <= out.len());
        let product = product::Product {
            a: a.elements.as_ptr(),
            a_row: a.row,
            a_step: a.step,
            b: b[start..].as_ptr(),
            offsets: offsets.offsets[range.start..].as_ptr(),
            terms: range.len(),
            out: out.as_mut_ptr(),
            out_row,
            rows,
            columns,
            adds,
            last: std::ptr::null(),
        };
        with_instructions!(self, product, (product));
    }

    /// The same for all terms, finished and written to a tile. `add` is laid out as the tile's whole matrix.
    ///
    /// # Panics
    ///
    /// When an element is not there.
    pub(super) fn multiply_tile(
        self,
        a: Left<'_>,
        (b, start): (&[f32], usize),
        offsets: &Offsets,
        tile: &mut Tile<'_>,
        add: Option<&[f32]>,
        affine: (&Affine, usize),
    ) {
        let (affine, first) = affine;
        let (rows, columns) = (tile.rows().len(), tile.columns().len());
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(offsets.len() > 0 && (rows - 1) * a.row + (offsets.len() - 1) * a.step < a.elements.len());
        assert!(start + offsets.most + columns <= b.len());
        assert!(first + rows <= affine.scale.len() && affine.scale.len() == affine.shift.len());
        assert!(affine.slope.is_empty() || affine.slope.len() == affine.scale.len());
        let (out, out_row, place) = tile.first_row();
        let add = add.map_or(std::ptr::null(), |add| {
            assert!(place + (rows - 1) * out_row + columns <= add.len());
            add[place..].as_ptr()
        });
        let finish = finish::Finish {
            // Filled in for each part.
            sums: std::ptr::null(),
            sums_row: 0,
            places: [0, 0],
            pitch: 1,
            width: 1,
            out,
            add,
            out_row,
            channels: 0,
            scale: affine.scale[first..].as_ptr(),
            shift: affine.shift[first..].as_ptr(),
            slope: if affine.slope.is_empty() { std::ptr::null() } else { affine.slope[first..].as_ptr() },
            range: affine.range,
        };
        let run = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::finish,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::finish,
            Self::Plain => plain::finish,
        };
        let last = product::Last { finish, run };
        let product = product::Product {
            a: a.elements.as_ptr(),
            a_row: a.row,
            a_step: a.step,
            b: b[start..].as_ptr(),
            offsets: offsets.offsets.as_ptr(),
            terms: offsets.len(),
            out,
            out_row,
            rows,
            columns,
            adds: false,
            last: &raw const last,
        };
        with_instructions!(self, product, (product));
    }

    /// `out[j] = Σ_k weights[k] · x[offsets[k] + j]`, or the maximum of `x[offsets[k] + j]` without weights, for `planes`
    /// planes. Those of `x`, of weights and of `out` lie as far apart as is said beside them.
    ///
    /// # Panics
    ///
    /// When an element is not there; planes need room up to the next multiple of [`MOST_LANES`] after `columns`.
    pub(super) fn slide(
        self,
        (x, x_apart): (&[f32], usize),
        offsets: &Offsets,
        weights: Option<(&[f32], usize)>,
        (out, out_apart): (&mut [f32], usize),
        [planes, columns]: [usize; 2],
    ) {
        if planes == 0 {
            return;
        }
        let reach = columns.next_multiple_of(MOST_LANES);
        assert!((planes - 1) * x_apart + offsets.most + reach <= x.len());
        assert!((planes - 1) * out_apart + reach <= out.len());
        if let Some((weights, apart)) = weights {
            assert!((planes - 1) * apart + offsets.len() <= weights.len());
        }
        let taps = planes::Taps {
            x: x.as_ptr(),
            offsets: offsets.offsets.as_ptr(),
            weights: weights.map_or(std::ptr::null(), |(weights, _)| weights.as_ptr()),
            terms: offsets.len(),
            out: out.as_mut_ptr(),
            columns,
            planes,
            apart: [x_apart, weights.map_or(0, |(_, apart)| apart), out_apart],
        };
        with_instructions!(self, slide, (taps));
    }

    /// Writes the rows of a tile, which are channels, from their sums, `sums_row` apart. `add` is laid out as the tile's
    /// whole matrix.
    ///
    /// # Panics
    ///
    /// When an element is not there; sums need room for [`MOST_LANES`] more.
    pub(super) fn finish(
        self,
        tile: &mut Tile<'_>,
        (sums, sums_row): (&[f32], usize),
        flat: Flat,
        add: Option<&[f32]>,
        affine: (&Affine, usize),
    ) {
        let (affine, first) = affine;
        let channels = tile.rows().len();
        let results = flat.places.map(|place| Flat::results(flat.pitch, flat.width, place));
        assert!(flat.places[0] <= flat.places[1] && flat.width <= flat.pitch);
        assert_eq!(results, [tile.columns().start, tile.columns().end]);
        if channels == 0 || tile.columns().is_empty() {
            return;
        }
        assert!((channels - 1) * sums_row + flat.places[1] - flat.places[0] + MOST_LANES <= sums.len());
        assert!(first + channels <= affine.scale.len() && affine.scale.len() == affine.shift.len());
        assert!(affine.slope.is_empty() || affine.slope.len() == affine.scale.len());
        let (out, out_row, place) = tile.first_row();
        let add = add.map_or(std::ptr::null(), |add| {
            assert!(place + (channels - 1) * out_row + tile.columns().len() <= add.len());
            add[place..].as_ptr()
        });
        let finish = finish::Finish {
            sums: sums.as_ptr(),
            sums_row,
            places: flat.places,
            pitch: flat.pitch,
            width: flat.width,
            out,
            add,
            out_row,
            channels,
            scale: affine.scale[first..].as_ptr(),
            shift: affine.shift[first..].as_ptr(),
            slope: if affine.slope.is_empty() { std::ptr::null() } else { affine.slope[first..].as_ptr() },
            range: affine.range,
        };
        with_instructions!(self, finish, (finish));
    }

    /// `out[m · out_row + o] = Σ_i x[m · terms + i] · weight[o · terms + i]`
    ///
    /// # Panics
    ///
    /// When an element is not there.
    pub(super) fn dot(
        self,
        x: &[f32],
        weight: &[f32],
        terms: usize,
        (out, out_row): (&mut [f32], usize),
        [rows, columns]: [usize; 2],
    ) {
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(rows * terms <= x.len() && columns * terms <= weight.len());
        assert!((rows - 1) * out_row + columns <= out.len());
        let (x, weight) = (x.as_ptr(), weight.as_ptr());
        let dots = product::Dots { x, weight, terms, out: out.as_mut_ptr(), out_row, rows, columns };
        with_instructions!(self, dot, (dots));
    }

    /// The same into a tile: `x` are its rows, `weight` its columns.
    ///
    /// # Panics
    ///
    /// When an element is not there.
    pub(super) fn dot_tile(self, x: &[f32], weight: &[f32], terms: usize, tile: &mut Tile<'_>) {
        let (rows, columns) = (tile.rows().len(), tile.columns().len());
        assert!(rows * terms <= x.len() && columns * terms <= weight.len());
        let (out, out_row, _) = tile.first_row();
        let (x, weight) = (x.as_ptr(), weight.as_ptr());
        let dots = product::Dots { x, weight, terms, out, out_row, rows, columns };
        with_instructions!(self, dot, (dots));
    }

    /// `to[r · to_row + j] = from[r · from_row + j · step]`
    ///
    /// # Panics
    ///
    /// When an element is not there.
    pub(super) fn copy_rows(
        self,
        (from, from_row, step): (&[f32], usize, usize),
        (to, to_row): (&mut [f32], usize),
        [rows, columns]: [usize; 2],
    ) {
        if rows == 0 || columns == 0 {
            return;
        }
        assert!((rows - 1) * from_row + (columns - 1) * step < from.len());
        assert!((rows - 1) * to_row + columns <= to.len());
        let copy =
            planes::Rows { from: from.as_ptr(), from_row, from_step: step, to: to.as_mut_ptr(), to_row, rows, columns };
        with_instructions!(self, copy, (copy));
    }

    /// Replaces elements by what a layer that works on single numbers makes of them.
    pub(super) fn activate(self, op: &Op, x: &mut [f32]) {
        with_instructions!(self, activate, (op, x));
    }
}
