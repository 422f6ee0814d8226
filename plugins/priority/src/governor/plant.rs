//! A simulated app to try the governor on: the cost of a frame follows a scenario and the knobs.

use std::fmt::Write;

use super::{Change, Control, FrameCost, Knob, KnobKind, Reason};

/// How the knobs act on the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coupling {
    /// Each step divides all of the cost by its effect.
    Product,
    /// Each step takes `1 - 1 / effect` of a target off, as far as there is something left.
    Sum,
    /// The knobs are not connected.
    None,
}

/// How the load goes: at full quality, as a share of the target, at each frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scenario {
    /// Always the same.
    Flat(f64),
    /// From one level to another at a frame.
    Step {
        /// Level before.
        before: f64,
        /// Level after.
        after: f64,
        /// Frame of the step.
        at: u32,
    },
    /// Up at a frame, down again at another.
    Release {
        /// Level outside.
        calm: f64,
        /// Level inside.
        loaded: f64,
        /// First loaded frame.
        from: u32,
        /// First frame after it.
        until: u32,
    },
    /// In a straight line from one level to another and back.
    Ramp {
        /// Lowest level.
        low: f64,
        /// Highest level.
        high: f64,
        /// Frames of each half.
        frames: u32,
    },
    /// Goes up and down by chance within limits.
    Walk {
        /// Least level.
        low: f64,
        /// Greatest level.
        high: f64,
        /// Greatest move per frame.
        stride: f64,
    },
    /// Loaded for a part of each period.
    Pulse {
        /// Level outside.
        calm: f64,
        /// Level inside.
        loaded: f64,
        /// Frames of a period.
        period: u32,
        /// Loaded frames of it.
        width: u32,
    },
}

/// The simulated app.
#[derive(Debug, Clone)]
pub struct Plant {
    /// How the load goes.
    pub scenario: Scenario,
    /// How the knobs act.
    pub coupling: Coupling,
    /// What one step of each knob does, in the order of registration: 1.2 means a sixth less.
    pub effects: Vec<f64>,
    /// Noise, even, plus and minus this share of the cost.
    pub noise: f64,
    /// A burst of 1 to 3 frames that cost five times as much, in one of this many frames; 0: none.
    pub spike_every: u32,
    /// Frames until a change of a knob shows.
    pub latency: u32,
    /// Start of the chances.
    pub seed: u64,
}

/// A frame of the record.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What the frame cost, as a share of the target.
    pub cost: f64,
    /// Positions of all knobs together.
    pub depth: u32,
    /// What was decided.
    pub change: Option<Change>,
    /// Said once nothing was left.
    pub notice: Option<Reason>,
}

impl Plant {
    /// Without noise, spikes or latency, and with a knob effect of 1.25 per step.
    pub fn new(scenario: Scenario) -> Self {
        let effects = vec![1.25; 8];
        Self { scenario, coupling: Coupling::Product, effects, noise: 0.0, spike_every: 0, latency: 1, seed: 1 }
    }

    /// Four knobs, one of each kind, nine steps together.
    pub fn knobs() -> [Knob; 4] {
        [
            Knob::new("stages/cadence", KnobKind::Cadence, 3),
            Knob::new("stages/resolution", KnobKind::Resolution, 3),
            Knob::new("stages/quality", KnobKind::Quality, 2),
            Knob::new("nets/size", KnobKind::ModelSize, 1),
        ]
    }

    /// Runs a control with [`Self::knobs`] for some frames.
    pub fn run(&self, frames: u32) -> Vec<Sample> {
        let mut control = Control::default();
        Self::knobs().into_iter().for_each(|knob| control.register(knob));
        self.drive(&mut control, frames)
    }

    /// Runs a control for some frames, a target each.
    pub fn drive(&self, control: &mut Control, frames: u32) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(frames as usize);
        self.drive_with(control, frames, |_, sample| samples.push(sample));
        samples
    }

    /// Runs a control and shows each frame to `look`.
    pub fn drive_with(&self, control: &mut Control, frames: u32, mut look: impl FnMut(u32, Sample)) {
        let target = control.settings().target;
        let mut chance = Chance(self.seed);
        let mut level = self.scenario.start();
        let mut effect = self.effect(control);
        let (mut pending, mut spike) = (self.latency, 0);
        for frame in 0..frames {
            level = self.scenario.level(frame, level, &mut chance);
            if pending == 0 {
                effect = self.effect(control);
            }
            pending = pending.saturating_sub(1);
            let mut cost = match self.coupling {
                Coupling::Sum => (level - effect).max(level * 0.1),
                _ => level / effect,
            };
            cost *= 1.0 + self.noise * (2.0 * chance.next() - 1.0);
            if self.spike_every > 0 && spike == 0 && chance.next() * f64::from(self.spike_every) < 1.0 {
                spike = 1 + (chance.next() * 3.0) as u32 + 12; // a burst, then at least nine frames without
            }
            if spike > 12 {
                cost *= 5.0;
            }
            spike = spike.saturating_sub(1);
            let change = control.step(FrameCost { busy: target.mul_f64(cost) }, target * frame);
            if change.is_some() {
                pending = self.latency;
            }
            let depth = control.knobs().map(|knob| u32::from(knob.position)).sum();
            look(frame, Sample { cost, depth, change, notice: control.take_notice() });
        }
    }

    fn effect(&self, control: &Control) -> f64 {
        let knobs = control.knobs().zip(&self.effects);
        match self.coupling {
            Coupling::Product => knobs.map(|(knob, effect)| effect.powi(knob.position.into())).product(),
            Coupling::Sum => knobs.map(|(knob, effect)| (1.0 - 1.0 / effect) * f64::from(knob.position)).sum(),
            Coupling::None => 1.0,
        }
    }
}

impl Scenario {
    fn start(self) -> f64 {
        match self {
            Self::Walk { low, high, .. } => f64::midpoint(low, high),
            _ => 0.0,
        }
    }

    fn level(self, frame: u32, level: f64, chance: &mut Chance) -> f64 {
        match self {
            Self::Flat(level) => level,
            Self::Step { before, after, at } => {
                if frame < at {
                    before
                } else {
                    after
                }
            }
            Self::Release { calm, loaded, from, until } => {
                if (from..until).contains(&frame) {
                    loaded
                } else {
                    calm
                }
            }
            Self::Pulse { calm, loaded, period, width } => {
                if frame % period < period - width {
                    calm
                } else {
                    loaded
                }
            }
            Self::Ramp { low, high, frames } => {
                let part = f64::from(frame.min(2 * frames).abs_diff(frames)) / f64::from(frames);
                high - (high - low) * part
            }
            Self::Walk { low, high, stride } => (level + stride * (2.0 * chance.next() - 1.0)).clamp(low, high),
        }
    }
}

/// Even numbers in 0..1 (`SplitMix64`): the same on every machine.
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Draws a run as text: the cost as a share of the target (`#`, median of each column), the target (`-`), and below it
/// how many steps are given up.
pub fn chart(title: &str, samples: &[Sample], columns: usize) -> String {
    const ROWS: usize = 10;
    const TOP: f64 = 2.0;
    let width = samples.len().div_ceil(columns.max(1)).max(1);
    let column: Vec<(usize, u32)> = samples
        .chunks(width)
        .map(|part| {
            let mut costs: Vec<f64> = part.iter().map(|sample| sample.cost).collect();
            costs.sort_unstable_by(f64::total_cmp);
            let row = (costs[costs.len() / 2] / TOP * ROWS as f64) as usize;
            (row.min(ROWS - 1), part.iter().map(|sample| sample.depth).max().unwrap_or(0))
        })
        .collect();
    let changes = samples.iter().filter(|sample| sample.change.is_some()).count();
    let mut text = format!("{title}: {} frames, {width} a column, {changes} changes\n", samples.len());
    for row in (0..ROWS).rev() {
        let line: String = column
            .iter()
            .map(|&(cost, _)| {
                if cost == row {
                    '#'
                } else if row == ROWS / 2 {
                    '-'
                } else {
                    ' '
                }
            })
            .collect();
        // Writing to a String cannot fail.
        writeln!(text, "{:4.1} |{line}", row as f64 * TOP / ROWS as f64).unwrap_or_default();
    }
    let depth: String = column.iter().map(|&(_, depth)| char::from_digit(depth.min(35), 36).unwrap_or('?')).collect();
    writeln!(text, "steps|{depth}").unwrap_or_default();
    text
}
