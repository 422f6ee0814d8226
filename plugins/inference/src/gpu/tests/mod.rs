//! Kernels on a device (here often a software one) against plain loops.

mod device;
mod nets;
mod ops;
mod texts;
