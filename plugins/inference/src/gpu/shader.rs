//! Kernels as the device takes them.
#![expect(
    unsafe_code,
    reason = "kernels without the checks of every index and loop, which stop compilers from unrolling"
)]

use super::error::GpuError;
use super::plan::Shader;

/// Compiles a kernel.
///
/// The language's checks stay out: they count every turn of every loop.
pub(super) fn module(device: &wgpu::Device, shader: &Shader) -> wgpu::ShaderModule {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(shader.kernel.name()),
        source: wgpu::ShaderSource::Wgsl(shader.source.as_str().into()),
    };
    // SAFETY: every loop of the kernels runs up to a constant of the step or over a part of one, by a step above zero,
    // so that all of them end (`GpuPlan::new` bounds how long). Every index into a buffer is made of a place that
    // `GpuPlan` gave the operand and of coordinates that kernels compare with the constant extents of that operand;
    // places are within the buffers, as `places_are_within_buffers` tests. Indices into workgroup memory and arrays are
    // below their constant lengths by the arithmetic that also sets the lengths. A token that is no number or outside
    // its table is clamped to it.
    unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
}

/// What the device says against a piece of work, if anything.
pub(crate) fn checked<T>(device: &wgpu::Device, what: &str, work: impl FnOnce() -> T) -> Result<T, GpuError> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let made = work();
    let found = [ready(internal.pop()), ready(validation.pop()), ready(memory.pop())];
    match found.into_iter().flatten().next() {
        Some(error) => Err(GpuError::Device { what: what.to_owned(), reason: error.to_string() }),
        None => Ok(made),
    }
}

/// The answer of a scope, which natively is there at once.
fn ready(future: impl Future<Output = Option<wgpu::Error>>) -> Option<wgpu::Error> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(error) => error,
        std::task::Poll::Pending => None,
    }
}
