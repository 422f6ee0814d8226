//! Vectors of `f32`, as wide as the processor has them.

#![expect(unsafe_code, reason = "loads and stores go through pointers")]
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is an instruction or two, and as unsafe as they are")]

/// A vector of `f32`.
///
/// # Safety
///
/// Functions may be called only where the processor has the instructions; loads and stores, where their elements are valid.
pub(super) unsafe trait Vector: Copy {
    /// How many elements.
    const LANES: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `count` elements, zeros after them.
    unsafe fn load_part(from: *const f32, count: usize) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Only the first `count` elements.
    unsafe fn store_part(self, to: *mut f32, count: usize);
    /// Every second element of both, from the first.
    unsafe fn evens(self, after: Self) -> Self;
    /// `self · other + sum`
    unsafe fn mul_add(self, other: Self, sum: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    /// The greater; `self` where that is NaN.
    unsafe fn at_least(self, least: Self) -> Self;
    /// The lesser; `self` where that is NaN.
    unsafe fn at_most(self, most: Self) -> Self;
    /// The greater; NaN where either is.
    unsafe fn maximum(self, other: Self) -> Self;
    unsafe fn sum(self) -> f32;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// AVX-512.
    #[derive(Clone, Copy)]
    pub(in crate::cpu::kernels) struct Wide(__m512);

    // SAFETY: every function is one instruction or two on a register, or on memory that the caller answers for.
    unsafe impl Vector for Wide {
        const LANES: usize = 16;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(_mm512_set1_ps(value))
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(_mm512_loadu_ps(from))
        }

        #[inline(always)]
        unsafe fn load_part(from: *const f32, count: usize) -> Self {
            Self(_mm512_maskz_loadu_ps(((1_u32 << count) - 1) as u16, from))
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            _mm512_storeu_ps(to, self.0)
        }

        #[inline(always)]
        unsafe fn store_part(self, to: *mut f32, count: usize) {
            _mm512_mask_storeu_ps(to, ((1_u32 << count) - 1) as u16, self.0)
        }

        #[inline(always)]
        unsafe fn evens(self, after: Self) -> Self {
            let places = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            Self(_mm512_permutex2var_ps(self.0, places, after.0))
        }

        #[inline(always)]
        unsafe fn mul_add(self, other: Self, sum: Self) -> Self {
            Self(_mm512_fmadd_ps(self.0, other.0, sum.0))
        }

        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(_mm512_add_ps(self.0, other.0))
        }

        #[inline(always)]
        unsafe fn at_least(self, least: Self) -> Self {
            // The instruction gives its second operand where one is NaN.
            Self(_mm512_max_ps(least.0, self.0))
        }

        #[inline(always)]
        unsafe fn at_most(self, most: Self) -> Self {
            Self(_mm512_min_ps(most.0, self.0))
        }

        #[inline(always)]
        unsafe fn maximum(self, other: Self) -> Self {
            let most = _mm512_max_ps(self.0, other.0);
            Self(_mm512_mask_mov_ps(most, _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0), self.0))
        }

        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            _mm512_reduce_add_ps(self.0)
        }
    }

    /// AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub(in crate::cpu::kernels) struct Half(__m256);

    /// A mask of eight from here on has as many ones as the index is below eight.
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    impl Half {
        #[inline(always)]
        unsafe fn mask(count: usize) -> __m256i {
            _mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast())
        }
    }

    // SAFETY: as above.
    unsafe impl Vector for Half {
        const LANES: usize = 8;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            Self(_mm256_set1_ps(value))
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(_mm256_loadu_ps(from))
        }

        #[inline(always)]
        unsafe fn load_part(from: *const f32, count: usize) -> Self {
            Self(_mm256_maskload_ps(from, Self::mask(count)))
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            _mm256_storeu_ps(to, self.0)
        }

        #[inline(always)]
        unsafe fn store_part(self, to: *mut f32, count: usize) {
            _mm256_maskstore_ps(to, Self::mask(count), self.0)
        }

        #[inline(always)]
        unsafe fn evens(self, after: Self) -> Self {
            let mixed = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(self.0, after.0));
            Self(_mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(mixed)))
        }

        #[inline(always)]
        unsafe fn mul_add(self, other: Self, sum: Self) -> Self {
            Self(_mm256_fmadd_ps(self.0, other.0, sum.0))
        }

        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(_mm256_add_ps(self.0, other.0))
        }

        #[inline(always)]
        unsafe fn at_least(self, least: Self) -> Self {
            Self(_mm256_max_ps(least.0, self.0))
        }

        #[inline(always)]
        unsafe fn at_most(self, most: Self) -> Self {
            Self(_mm256_min_ps(most.0, self.0))
        }

        #[inline(always)]
        unsafe fn maximum(self, other: Self) -> Self {
            let most = _mm256_max_ps(self.0, other.0);
            Self(_mm256_blendv_ps(most, self.0, _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0)))
        }

        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            let mut lanes = [0.0; 8];
            self.store(lanes.as_mut_ptr());
            lanes.iter().sum()
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Half, Wide};

/// Four elements, left to the compiler.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; 4]);

// SAFETY: needs no instruction that not every processor has; memory is the caller's.
unsafe impl Vector for Plain {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(from.cast::<[f32; 4]>().read_unaligned())
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        let mut made = [0.0; 4];
        for (lane, made) in made.iter_mut().enumerate().take(count) {
            *made = *from.add(lane);
        }
        Self(made)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        to.cast::<[f32; 4]>().write_unaligned(self.0)
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(count) {
            *to.add(lane) = value;
        }
    }

    #[inline(always)]
    unsafe fn evens(self, after: Self) -> Self {
        Self([self.0[0], self.0[2], after.0[0], after.0[2]])
    }

    #[inline(always)]
    unsafe fn mul_add(self, other: Self, sum: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * other.0[lane] + sum.0[lane]))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    #[inline(always)]
    unsafe fn at_least(self, least: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] < least.0[lane] { least.0[lane] } else { self.0[lane] }))
    }

    #[inline(always)]
    unsafe fn at_most(self, most: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] > most.0[lane] { most.0[lane] } else { self.0[lane] }))
    }

    #[inline(always)]
    unsafe fn maximum(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            let (a, b) = (self.0[lane], other.0[lane]);
            if a > b || a.is_nan() { a } else { b }
        }))
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self.0.iter().sum()
    }
}
