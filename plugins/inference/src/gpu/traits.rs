//! What a GPU offers, and how it is to be used.

use super::error::GpuError;
use crate::precision::Precision;

/// What a GPU offers.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuTraits {
    /// Features of the device, not of the adapter: what was asked for.
    pub features: wgpu::Features,
    /// Limits of the device.
    pub limits: wgpu::Limits,
    /// What kind of device it is.
    pub kind: wgpu::DeviceType,
    /// Invocations of a subgroup, where all subgroups have as many.
    pub subgroup: Option<u32>,
    /// Whether products of 16x16 matrices of `f16` summed in `f32` are offered.
    pub cooperative: bool,
}

impl GpuTraits {
    /// What a device offers.
    pub fn of(adapter: &wgpu::Adapter, device: &wgpu::Device) -> Self {
        let info = adapter.get_info();
        let is_wanted = |one: &wgpu::CooperativeMatrixProperties| {
            use wgpu::CooperativeScalarType::{F16, F32};
            [one.m_size, one.n_size, one.k_size] == [16; 3] && one.ab_type == F16 && one.cr_type == F32
        };
        let features = device.features();
        Self {
            features,
            limits: device.limits(),
            kind: info.device_type,
            subgroup: (info.subgroup_min_size == info.subgroup_max_size).then_some(info.subgroup_max_size),
            cooperative: features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX)
                && adapter.cooperative_matrix_properties().iter().any(is_wanted),
        }
    }

    /// A device of default limits and no features.
    pub fn weak() -> Self {
        Self {
            features: wgpu::Features::empty(),
            limits: wgpu::Limits::default(),
            kind: wgpu::DeviceType::Other,
            subgroup: None,
            cooperative: false,
        }
    }
}

/// Whether matrix units are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cooperative {
    /// Where the device has them and numbers are stored as `f16`.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// How a net is to be run on a GPU.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GpuOptions {
    /// How numbers are stored between steps. Default [`Precision::Auto`].
    pub precision: Precision,
    /// Whether matrix units are used. Default [`Cooperative::Auto`].
    pub cooperative: Cooperative,
    /// Workgroups that keep the device busy; higher splits work more finely. Default: by the kind of device.
    pub workgroups: Option<u32>,
    /// Tile of all matrix products, for measuring; default: chosen for each.
    pub tile: Option<super::tile::Tile>,
}

impl GpuOptions {
    /// Whether numbers are stored as `f16`.
    pub(super) fn half(&self, traits: &GpuTraits) -> Result<bool, GpuError> {
        let has = traits.features.contains(wgpu::Features::SHADER_F16);
        match self.precision {
            Precision::Auto => Ok(has),
            Precision::F32 => Ok(false),
            Precision::F16 if has => Ok(true),
            Precision::F16 => Err(GpuError::Feature { feature: "SHADER_F16" }),
        }
    }

    /// Workgroups that keep the device busy.
    pub(super) fn wanted(&self, traits: &GpuTraits) -> u32 {
        self.workgroups.unwrap_or(match traits.kind {
            wgpu::DeviceType::DiscreteGpu => 256,
            wgpu::DeviceType::IntegratedGpu => 64,
            wgpu::DeviceType::Cpu => 8,
            _ => 96,
        })
    }
}
