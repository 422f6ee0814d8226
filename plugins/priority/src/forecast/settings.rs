//! What can be set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::target::MAX_TARGETS;

/// A period that habits may follow, cut in equal parts: the day in parts of three hours, the week in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Length, counted from the start of the history.
    pub period: Duration,
    /// Parts told apart, `1..=64`. More fit habits closer but learn slower.
    pub parts: u8,
}

impl Cycle {
    /// A day in eight parts.
    pub const DAY: Self = Self { period: Duration::from_secs(24 * 3600), parts: 8 };
    /// A week in seven.
    pub const WEEK: Self = Self { period: Duration::from_secs(7 * 24 * 3600), parts: 7 };

    /// The part that `at` is in, `0..parts`.
    pub fn part(self, at: Duration) -> u8 {
        let period = self.period.as_millis().max(1);
        let parts = u128::from(self.parts.clamp(1, 64));
        (at.as_millis() % period * parts / period) as u8
    }
}

/// How the forecast learns and when it acts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForecastSettings {
    /// Off: nothing is learnt, nothing is prepared. Default on.
    pub enabled: bool,
    /// Number of targets, `2..=32`. Default 32.
    pub targets: u8,
    /// Visits of a context that the slow counts remember, `4..=31`. Higher predicts steady habits better, lower follows
    /// changed ones sooner. Default 31.
    pub memory: u8,
    /// Pseudo-count, per kind of successor seen, that falls back on the shorter context, `0.01..=10`. Higher trusts what
    /// has been seen rarely less.
    pub escape: f32,
    /// Weight that experts share after each change, `0.0001..=0.5` (the α of fixed share). Higher lets another expert
    /// take over sooner. Default 0.01.
    pub share: f32,
    /// Periods that habits may follow. Default day and week.
    pub cycles: [Cycle; 2],
    /// What a second of idle work costs in seconds of waiting, `0..=1`. Higher prepares less and wastes less. Default 0.04.
    pub idle_price: f32,
    /// Information gained over chance, in bits per change, from which on forecasts are acted upon. Default 0.08. -100 with `off_bits` -100 and `trial` 0: always.
    pub on_bits: f32,
    /// Information gained below which they are no longer. Less than `on_bits`, so that it does not flicker. Default 0.01.
    pub off_bits: f32,
    /// Predictions scored before the first is acted upon. Default 8.
    pub trial: u32,
}

impl Default for ForecastSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            targets: MAX_TARGETS as u8,
            memory: 31,
            escape: 1.5,
            share: 0.01,
            cycles: [Cycle::DAY, Cycle::WEEK],
            idle_price: 0.04,
            on_bits: 0.08,
            off_bits: 0.01,
            trial: 8,
        }
    }
}

impl ForecastSettings {
    /// The same, each value within its range.
    pub fn clamped(mut self) -> Self {
        let within = |value: f32, low: f32, high: f32, otherwise: f32| {
            if value.is_finite() { value.clamp(low, high) } else { otherwise }
        };
        let default = Self::default();
        self.targets = self.targets.clamp(2, MAX_TARGETS as u8);
        self.memory = self.memory.clamp(4, 31);
        self.escape = within(self.escape, 0.01, 10.0, default.escape);
        self.share = within(self.share, 0.0001, 0.5, default.share);
        self.idle_price = within(self.idle_price, 0.0, 1.0, default.idle_price);
        self.on_bits = within(self.on_bits, -100.0, 100.0, default.on_bits);
        self.off_bits = within(self.off_bits, -100.0, self.on_bits, self.on_bits);
        for cycle in &mut self.cycles {
            cycle.parts = cycle.parts.clamp(1, 64);
            cycle.period = cycle.period.max(Duration::from_secs(1));
        }
        self
    }
}
