//! stub
use crate::net::*;
use std::time::Duration;
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)] pub enum Precision { #[default] Auto, F32, F16 }
#[derive(Debug, thiserror::Error)] #[error("gpu")] pub struct GpuError;
#[derive(Debug)] pub struct GpuTraits;
impl GpuTraits { pub fn of(_: &wgpu::Device) -> Self { Self } }
#[derive(Debug, Default)] pub struct GpuOptions { pub precision: Precision, pub x: u8 }
#[derive(Debug)] pub struct GpuPlan(usize);
impl GpuPlan { pub fn new(p: &Plan, _: &GpuTraits, _: &GpuOptions) -> Result<Self, GpuError> { Ok(Self(p.shape(ValueId(0)).elements())) } }
#[derive(Debug)] pub struct GpuProgram { input: wgpu::Buffer }
impl GpuProgram {
    pub fn build(d: &wgpu::Device, _: &wgpu::Queue, p: GpuPlan, _: &dyn TensorSource, f: &mut dyn FnMut(f32) -> bool) -> Result<Self, GpuError> { f(1.0); Ok(Self { input: d.create_buffer(&wgpu::BufferDescriptor { label: None, size: p.0 as u64 * 4, usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC, mapped_at_creation: false }) }) }
    pub fn measure(&self, _: &wgpu::Device, _: &wgpu::Queue) -> Result<Vec<Duration>, GpuError> { Ok(vec![Duration::from_micros(100); 4]) }
    pub fn input(&self, _: usize) -> &wgpu::Buffer { &self.input }
    pub fn outputs(&self) -> usize { 1 }
    pub fn output(&self, _: usize) -> (&wgpu::Buffer, u64, u64) { (&self.input, 0, self.input.size()) }
    pub fn record(&self, _: &mut wgpu::ComputePass<'_>, _: std::ops::Range<usize>) {}
    pub fn memory_bytes(&self) -> u64 { self.input.size() }
}
