//! What a frame costs now, and what a step was seen to gain.

/// Frames of the fast estimate.
const FAST: usize = 9;
/// Frames over a limit that decide: the greater half of [`FAST`], so that four spikes in nine frames do not.
const MAJORITY: usize = FAST / 2 + 1;
/// Frames after which the slow mean forgets exponentially. Higher is steadier and slower.
const SLOW: f64 = 120.0;
/// A frame moves the slow mean as if it were at most this far from it, so that spikes weigh little.
const CLIP: f64 = 0.25;
/// The slow mean starts anew where the median is this far from it: the load has changed.
const JUMP: f64 = 0.15;

/// What a frame costs, in seconds: a median of nine frames that follows within five, and a clipped mean of about two
/// hundred that noise does not move. Both start anew with each change of a knob.
#[derive(Debug, Clone, Default)]
pub(super) struct Estimate {
    recent: [f64; FAST],
    /// Frames since the start.
    seen: usize,
    slow: f64,
    /// Frames in the slow mean.
    slow_frames: u32,
}

impl Estimate {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn push(&mut self, busy: f64) {
        self.recent[self.seen % FAST] = busy;
        self.seen = self.seen.saturating_add(1);
        if self.seen < MAJORITY {
            return;
        }
        let median = self.median();
        if self.slow_frames == 0 || (median - self.slow).abs() > JUMP * self.slow {
            (self.slow, self.slow_frames) = (median, 1);
            return;
        }
        self.slow_frames = self.slow_frames.saturating_add(1);
        let off = (busy - self.slow).clamp(-CLIP * self.slow, CLIP * self.slow);
        self.slow += off / f64::from(self.slow_frames).min(SLOW);
    }

    fn sorted(&self) -> ([f64; FAST], usize) {
        let mut sorted = self.recent;
        let filled = self.seen.min(FAST);
        sorted[..filled].sort_unstable_by(f64::total_cmp);
        (sorted, filled)
    }

    /// Median of the last nine frames, or of as many as there are.
    pub fn median(&self) -> f64 {
        let (sorted, filled) = self.sorted();
        sorted[filled / 2]
    }

    /// The slow mean where it has settled, else the median.
    pub fn best(&self) -> f64 {
        if self.slow_frames >= FAST as u32 { self.slow } else { self.median() }
    }

    /// The slow mean, once it covers that many frames.
    pub fn slow(&self, frames: u32) -> Option<f64> {
        (self.slow_frames >= frames.max(1)).then_some(self.slow)
    }

    /// Most of the last nine frames were over the limit. True after five such frames at the earliest.
    pub fn mostly_over(&self, limit: f64) -> bool {
        self.recent[..self.seen.min(FAST)].iter().filter(|&&busy| busy > limit).count() >= MAJORITY
    }

    /// All nine frames are there.
    pub const fn is_full(&self) -> bool {
        self.seen >= FAST
    }

    /// Full, and the middle frames agree within a quarter: no other load came or went meanwhile.
    pub fn is_steady(&self) -> bool {
        let (sorted, filled) = self.sorted();
        filled == FAST && sorted[FAST - 3] - sorted[2] <= 0.25 * sorted[FAST / 2]
    }
}

/// A gain is taken for what it is assumed to be where it was not seen, or may no longer hold.
const ASSUMED: f64 = 1.3;
/// One observation of a greater gain than this is not believed: the load may have gone at that moment.
const PLAUSIBLE: f64 = 2.0;

/// What is known of one step: the cost before it divided by the cost after it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    ratio: f64,
    /// Cost after the step, when it was observed.
    at: f64,
    /// Observations in a row that agree.
    agreed: u8,
    /// Cost of the last calm time before the step was taken; the load may return to it.
    pub calm: Option<f64>,
}

impl Known {
    /// Takes in what one step did.
    pub fn observe(&mut self, before: f64, after: f64) {
        let ratio = (before / after.max(1e-9)).clamp(1.0, 100.0);
        let agrees = self.agreed > 0 && (ratio / self.ratio - 1.0).abs() < 0.2;
        self.agreed = if agrees { self.agreed.saturating_add(1) } else { 1 };
        self.ratio = if agrees { f64::midpoint(self.ratio, ratio) } else { ratio };
        self.at = after;
    }

    /// What a frame is expected to cost with the step taken back, when it costs `cost` now and is `calm` below `limit`.
    pub fn predict(&self, cost: f64, limit: f64) -> f64 {
        let by_gain = cost * self.factor(cost);
        match self.calm {
            Some(calm) if self.agreed < 2 && cost <= calm * 1.05 && calm <= limit => by_gain.min(calm.max(cost)),
            _ => by_gain,
        }
    }

    /// What was seen once holds as long as the load looks as it did then; what was seen again and again holds longer.
    fn factor(&self, cost: f64) -> f64 {
        let believed = match self.agreed {
            0 => false,
            1 => self.ratio <= PLAUSIBLE && cost > 0.8 * self.at,
            _ => cost > 0.6 * self.at,
        };
        if believed {
            self.ratio
        } else if self.agreed == 0 {
            ASSUMED
        } else {
            self.ratio.min(ASSUMED)
        }
    }
}
