//! GPU memory held, in the books.

use freshet_base::Bytes;
use freshet_ledger::GPU_RESIDENT;

/// Holds an amount of GPU memory in the books for as long as it lives.
#[derive(Debug)]
pub struct GpuBytes(Bytes);

impl GpuBytes {
    /// Books the amount as resident.
    pub fn hold(amount: Bytes) -> Self {
        GPU_RESIDENT.add(amount);
        Self(amount)
    }
}

impl Drop for GpuBytes {
    fn drop(&mut self) {
        GPU_RESIDENT.remove(self.0);
    }
}
