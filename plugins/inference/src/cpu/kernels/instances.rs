//! The loops, compiled for each width of vectors.

#![expect(unsafe_code, reason = "functions for instructions that not every processor has")]
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is a call of another that is as unsafe")]

macro_rules! instances {
    ($name:ident, $vector:ty, $wide:literal, $rows:literal $(, $features:literal)?) => {
        pub(super) mod $name {
            use super::super::{activate, finish, planes, product, vector};
            use crate::net::Op;

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn product(product: product::Product) {
                product.run::<$vector, $wide, $rows>()
            }

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn slide(taps: planes::Taps) {
                taps.run::<$vector>()
            }

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn finish(finish: finish::Finish) {
                finish.run::<$vector>()
            }

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn dot(dots: product::Dots) {
                dots.run::<$vector>()
            }

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn copy(rows: planes::Rows) {
                rows.run::<$vector>()
            }

            $(#[target_feature(enable = $features)])?
            pub(in crate::cpu::kernels) unsafe fn activate(op: &Op, x: &mut [f32]) {
                activate::activate(op, x);
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
instances!(avx512, vector::Wide, 4, 6, "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma");
#[cfg(target_arch = "x86_64")]
instances!(avx2, vector::Half, 2, 6, "avx2,fma");
instances!(plain, vector::Plain, 2, 4);
