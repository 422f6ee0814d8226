//! stub
use crate::net::*;
use std::sync::Arc;
#[derive(Debug, thiserror::Error)] #[error("cpu")] pub struct CandleError;
#[derive(Debug)] pub struct CandleOptions { pub threads: std::num::NonZeroUsize, pub x: u8 }
impl Default for CandleOptions { fn default() -> Self { Self { threads: std::num::NonZeroUsize::MIN, x: 0 } } }
#[derive(Debug)] pub struct CandleExecutor { held: Vec<f32>, n: usize }
impl CandleExecutor {
    pub fn new(p: Plan, _: Arc<dyn TensorSource + Send + Sync>, _: CandleOptions) -> Result<Self, CandleError> { Ok(Self { held: vec![], n: p.shape(ValueId(0)).elements() }) }
    pub fn output_elements(&self) -> usize { self.n }
    pub fn begin(&mut self, i: &[&[f32]]) -> Result<(), CandleError> { self.held = i[0].to_vec(); Ok(()) }
    pub fn step(&mut self) -> Result<bool, CandleError> { Ok(true) }
    pub fn finish(&mut self, o: &mut Vec<f32>) -> Result<(), CandleError> { o.extend(&self.held); Ok(()) }
}
