//! Batch norms as a factor and a summand.

use super::op::Op;
use super::plan::Epilogue;
use super::tensors::TensorSource;

impl Epilogue {
    /// Factor and summand for each of `channels` channels, of the batch norm if there is one and of the layer's own
    /// bias: `x · scale + shift` is the norm of `x + bias`. `None` if a tensor is gone.
    pub fn scale_shift(
        &self,
        channels: usize,
        bias: Option<&str>,
        source: &dyn TensorSource,
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let read = |name: &str| Some(source.view(name)?.to_f32().into_owned());
        let (mut scale, mut shift) = (vec![1.0; channels], vec![0.0; channels]);
        if let Some(bias) = bias {
            shift = read(bias)?;
        }
        if let Some(Op::BatchNorm { scale: factor, shift: summand, mean, variance, epsilon }) = &self.norm {
            let [factor, summand, mean, variance] = [read(factor)?, read(summand)?, read(mean)?, read(variance)?];
            for channel in 0..channels {
                scale[channel] = factor[channel] / (variance[channel] + epsilon).sqrt();
                shift[channel] = (shift[channel] - mean[channel]) * scale[channel] + summand[channel];
            }
        }
        Some((scale, shift))
    }
}
