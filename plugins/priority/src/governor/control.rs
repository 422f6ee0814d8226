//! The decision: one step per call at most.

use std::time::Duration;

use super::estimate::Estimate;
use super::knob::{Knob, Slot, next_down, next_up};
use super::reason::{Change, Reason};
use super::settings::ControlSettings;

/// What one frame cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCost {
    /// The greatest of what the main thread, the render thread and the GPU were busy for; waiting for vsync excluded.
    pub busy: Duration,
}

/// A step whose effect is still to be seen.
#[derive(Debug, Clone, Copy)]
struct Unseen {
    knob: usize,
    /// The position with more quality.
    upper: u8,
    before: f64,
    gave_up: bool,
}

/// A step that was taken back and may turn out to have been a mistake.
#[derive(Debug, Clone, Copy)]
struct Trial {
    name: &'static str,
    upper: u8,
    since: Duration,
}

/// Keeps the cost of a frame under its target. Deterministic; does not allocate in [`Control::step`].
#[derive(Debug, Clone)]
pub struct Control {
    settings: ControlSettings,
    slots: Vec<Slot>,
    estimate: Estimate,
    /// Frames still to be skipped.
    skip: u32,
    unseen: Option<Unseen>,
    trial: Option<Trial>,
    /// What a frame cost when it last was calm, at this quality or a better one.
    calm: Option<f64>,
    /// Quality is being given up: on until the mean is at the target.
    falling: bool,
    backoff: Duration,
    /// No step is taken back before this.
    not_before: Duration,
    changed_at: Duration,
    last_step: Option<Duration>,
    exhausted: Option<Reason>,
    notice: Option<Reason>,
}

impl Default for Control {
    fn default() -> Self {
        Self::new(ControlSettings::default())
    }
}

impl Control {
    /// A pause between frames longer than this, beside what the frame cost, makes the estimates start anew.
    const PAUSE: Duration = Duration::from_secs(1);

    /// Without knobs.
    pub fn new(settings: ControlSettings) -> Self {
        Self {
            settings,
            slots: Vec::new(),
            estimate: Estimate::default(),
            skip: 0,
            unseen: None,
            trial: None,
            calm: None,
            falling: false,
            backoff: settings.backoff,
            not_before: Duration::ZERO,
            changed_at: Duration::ZERO,
            last_step: None,
            exhausted: None,
            notice: None,
        }
    }

    /// Takes in one frame and decides. `now` is any clock that does not go back. At most one step per call.
    pub fn step(&mut self, measured: FrameCost, now: Duration) -> Option<Change> {
        let pause = self.last_step.map_or(Duration::ZERO, |last| now.saturating_sub(last));
        self.last_step = Some(now);
        if pause > Self::PAUSE.saturating_add(measured.busy.saturating_mul(2)) {
            (self.unseen, self.trial) = (None, None);
            self.restart();
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.estimate.push(measured.busy.as_secs_f64());
        let over = self.is_over();
        self.learn(over);
        self.judge_trial(over, now);
        if over {
            return self.give_up(now);
        }
        self.note_calm();
        self.give_back(now)
    }

    /// Whether the frames cost more than they may.
    fn is_over(&self) -> bool {
        let target = self.target_secs();
        let lasting_above = if self.falling { 1.0 } else { self.settings.lasting_above };
        self.estimate.mostly_over(target * self.settings.degrade_above)
            || self.estimate.slow(self.settings.lasting_patience).is_some_and(|mean| mean > target * lasting_above)
    }

    /// Looks at what the last step did, once nine frames show it, or as soon as the next step is due.
    fn learn(&mut self, over: bool) {
        if !(self.estimate.is_full() || over) {
            return;
        }
        let Some(unseen) = self.unseen.take() else { return };
        if self.estimate.is_full() && !self.estimate.is_steady() {
            return;
        }
        let seen = self.estimate.median();
        let known = &mut self.slots[unseen.knob].known[usize::from(unseen.upper)];
        if unseen.gave_up {
            known.observe(unseen.before, seen);
        } else {
            known.observe(seen, unseen.before);
        }
    }

    /// A step back that had to be given up again within the back-off was a mistake; one that lasted was none.
    fn judge_trial(&mut self, over: bool, now: Duration) {
        let Some(trial) = self.trial else { return };
        let lasted = now.saturating_sub(trial.since);
        if over {
            self.trial = None;
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.knob.name == trial.name) {
                slot.known[usize::from(trial.upper)].calm = None;
            }
            self.calm = None;
            self.not_before = now.saturating_add(self.backoff);
            self.backoff = self.backoff.saturating_mul(2).min(self.settings.max_backoff);
        } else if lasted > self.backoff {
            self.trial = None;
            self.backoff = self.settings.backoff;
        }
    }

    fn note_calm(&mut self) {
        let Some(mean) = self.estimate.slow(self.settings.lasting_patience) else { return };
        if mean <= self.target_secs() {
            self.calm = Some(mean);
            self.falling = false;
            self.exhausted = None;
        }
    }

    fn give_up(&mut self, now: Duration) -> Option<Change> {
        // The slow mean knows more when it has seen only this load; right after a jump the median does.
        let cost = self.estimate.best();
        let reason = Reason::OverTarget { estimate: duration(cost), target: self.settings.target };
        let Some((index, to)) = next_down(&self.slots) else {
            if self.exhausted.is_none() {
                let reason = Reason::NothingLeft { estimate: duration(cost), target: self.settings.target };
                (self.exhausted, self.notice) = (Some(reason), Some(reason));
            }
            return None;
        };
        self.falling = true;
        let upper = self.slots[index].knob.position;
        self.slots[index].known[usize::from(upper)].calm = self.calm;
        self.unseen = Some(Unseen { knob: index, upper, before: cost, gave_up: true });
        Some(self.change(index, to, reason, cost, now))
    }

    fn give_back(&mut self, now: Duration) -> Option<Change> {
        let (index, to) = next_up(&self.slots)?;
        let cost = self.estimate.slow(self.settings.patience)?;
        if now < self.not_before {
            return None;
        }
        let limit = self.target_secs() * self.settings.recover_below;
        let predicted = self.slots[index].known[usize::from(to)].predict(cost, limit);
        let doubted = now.saturating_sub(self.changed_at) >= self.settings.doubt_after && cost <= limit;
        if predicted > limit && !doubted {
            return None;
        }
        self.calm = None;
        self.unseen = Some(Unseen { knob: index, upper: to, before: cost, gave_up: false });
        self.trial = Some(Trial { name: self.slots[index].knob.name, upper: to, since: now });
        let reason = Reason::Headroom { predicted: duration(predicted), target: self.settings.target };
        Some(self.change(index, to, reason, cost, now))
    }

    fn change(&mut self, index: usize, to: u8, reason: Reason, cost: f64, now: Duration) -> Change {
        self.restart();
        self.changed_at = now;
        let knob = &mut self.slots[index].knob;
        let from = std::mem::replace(&mut knob.position, to);
        Change { knob: knob.name, kind: knob.kind, from, to, reason, cost_before: duration(cost) }
    }

    /// What was measured so far was measured under other conditions.
    fn restart(&mut self) {
        self.estimate.clear();
        self.skip = self.settings.settle;
        self.exhausted = None;
    }

    fn target_secs(&self) -> f64 {
        self.settings.target.max(Duration::from_micros(1)).as_secs_f64()
    }

    /// The knobs, in the order of registration.
    pub fn knobs(&self) -> impl ExactSizeIterator<Item = &Knob> {
        self.slots.iter().map(|slot| &slot.knob)
    }

    /// Whether any knob is below full quality.
    pub fn is_degraded(&self) -> bool {
        self.knobs().any(|knob| knob.position > 0)
    }

    /// What a frame costs now. `None` before five frames after a change.
    pub fn estimate(&self) -> Option<Duration> {
        (self.estimate.median() > 0.0).then(|| duration(self.estimate.best()))
    }

    /// `Some` while the frames cost more than they may and nothing is left to give up.
    pub const fn exhausted(&self) -> Option<Reason> {
        self.exhausted
    }

    /// The reason of [`Self::exhausted`], once each time it begins. To be written down after each step.
    pub const fn take_notice(&mut self) -> Option<Reason> {
        self.notice.take()
    }

    /// The settings.
    pub const fn settings(&self) -> &ControlSettings {
        &self.settings
    }

    /// Adds a knob, or replaces the one of the same name, which keeps its place in the order, and forgets what was
    /// learnt of it. Its position is taken as where it stands.
    pub fn register(&mut self, knob: Knob) {
        self.forget_pending();
        match self.slots.iter_mut().find(|slot| slot.knob.name == knob.name) {
            Some(slot) => *slot = Slot::new(knob),
            None => self.slots.push(Slot::new(knob)),
        }
    }

    /// Removes a knob. What it gave up stays as it is: the caller gives it back.
    pub fn unregister(&mut self, name: &str) -> Option<Knob> {
        let index = self.slots.iter().position(|slot| slot.knob.name == name)?;
        self.forget_pending();
        Some(self.slots.remove(index).knob)
    }

    /// Reports that a knob still stands where it stood: a step that was decided was not taken.
    pub fn restore(&mut self, name: &str, position: u8) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.knob.name == name) {
            slot.knob.position = position.min(slot.knob.steps);
            self.forget_pending();
        }
    }

    /// Reports that a knob cannot take a position. Where it stands there, it is put back to the nearest available one
    /// with more quality, and that is returned: the knob's owner applies it. Full quality cannot be refused.
    pub fn veto(&mut self, name: &str, position: u8) -> Option<u8> {
        let slot = self.slots.iter_mut().find(|slot| slot.knob.name == name)?;
        if position == 0 {
            return None;
        }
        slot.set_vetoed(position, true);
        if slot.knob.position != position {
            return None;
        }
        let back = slot.higher().unwrap_or(0);
        slot.knob.position = back;
        self.forget_pending();
        Some(back)
    }

    /// Takes a veto back.
    pub fn allow(&mut self, name: &str, position: u8) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.knob.name == name) {
            slot.set_vetoed(position, false);
            self.exhausted = None;
        }
    }

    /// Gives all quality back and forgets the load and the failures, but not what the steps gain. The caller applies
    /// position 0 to every knob.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.knob.position = 0;
        }
        self.forget_pending();
        self.calm = None;
        self.falling = false;
        self.backoff = self.settings.backoff;
        self.not_before = Duration::ZERO;
    }

    /// Changes what a frame may cost. Positions stay; the frames from now on decide.
    pub fn set_target(&mut self, target: Duration) {
        if target != self.settings.target {
            self.settings.target = target;
            self.forget_pending();
        }
    }

    /// Something else than a step has changed what is measured.
    fn forget_pending(&mut self) {
        self.unseen = None;
        self.trial = None;
        self.notice = None;
        self.restart();
    }
}

fn duration(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)
}
