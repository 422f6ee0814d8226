//! Quantiles of what was measured.

use std::time::Duration;

/// Durations, sorted when asked.
#[derive(Default)]
pub struct Figures(Vec<Duration>);

impl Figures {
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that a share of all does not exceed.
    pub fn quantile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }

    /// Median, p99, p99.9 and the greatest, in milliseconds.
    pub fn row(&mut self) -> [f64; 4] {
        [0.5, 0.99, 0.999, 1.0].map(|share| self.quantile(share).as_secs_f64() * 1e3)
    }
}
