//! How many targets are tried in a frame.

use wgpu::DeviceType;

/// How much of the search is done in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchPace {
    /// Targets that are tried in a frame.
    pub(crate) candidates: u32,
    /// Targets of the database that a frame is compared with to find the candidates.
    pub(crate) targets_per_frame: u32,
}

impl SearchPace {
    /// A GPU looks at the whole database in each frame; on a CPU a frame takes a slice of it.
    pub(crate) fn of(device: &wgpu::Device, targets: u32) -> Self {
        let (candidates, slice) =
            if device.adapter_info().device_type == DeviceType::Cpu { (4, 32) } else { (20, 1024) };
        Self { candidates, targets_per_frame: targets.clamp(1, slice) }
    }
}
