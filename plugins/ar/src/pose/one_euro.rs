//! The One-Euro filter for poses: Casiez, Roussel & Vogel, "1€ Filter", CHI 2012.
//!
//! A low-pass whose cutoff rises with speed: still things do not tremble, fast ones do not lag.

use std::f64::consts::TAU;
use std::time::Duration;

use bevy::math::{DQuat, DVec3};

use freshet_vision::camera::{RigidPose, rotation_vector};

/// One filter's numbers. `beta` is per metre and second for places, per radian and second for turns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneEuroSettings {
    /// Cutoff when nothing moves, hertz. Lower trembles less and lags more.
    pub min_cutoff_hz: f64,
    /// How many hertz the cutoff rises for each unit of speed. Higher lags less in motion and trembles more.
    pub beta: f64,
    /// Cutoff of the speed itself, hertz. Higher reacts sooner and takes noise for motion. Default 1, as in the paper.
    pub derivative_cutoff_hz: f64,
}

/// Numbers for both parts of a pose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoseFilterSettings {
    /// For places. Default 1.5 Hz, 30 Hz per m/s.
    pub translation: OneEuroSettings,
    /// For turns. Default 1.5 Hz, 10 Hz per rad/s.
    pub rotation: OneEuroSettings,
    /// A gap after which the filter starts anew. Default 0.5 s.
    pub reset_after: Duration,
}

impl Default for PoseFilterSettings {
    fn default() -> Self {
        Self {
            translation: OneEuroSettings { min_cutoff_hz: 1.5, beta: 30.0, derivative_cutoff_hz: 1.0 },
            rotation: OneEuroSettings { min_cutoff_hz: 1.5, beta: 10.0, derivative_cutoff_hz: 1.0 },
            reset_after: Duration::from_millis(500),
        }
    }
}

impl OneEuroSettings {
    /// How much of a new value is taken over after `dt` seconds at a filtered `speed`.
    fn share(&self, speed: f64, dt: f64) -> f64 {
        share(self.min_cutoff_hz + self.beta * speed, dt)
    }
}

/// The weight of a new value in a first-order low-pass.
fn share(cutoff_hz: f64, dt: f64) -> f64 {
    let turns = TAU * cutoff_hz * dt;
    turns / (turns + 1.0)
}

/// Filters the poses of one target.
#[derive(Debug, Clone)]
pub struct PoseFilter {
    settings: PoseFilterSettings,
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    at: Duration,
    raw: RigidPose,
    filtered: RigidPose,
    /// Metres a second.
    velocity: DVec3,
    /// Radians a second, in the parent's axes.
    spin: DVec3,
}

impl PoseFilter {
    /// A filter that has seen nothing.
    pub fn new(settings: PoseFilterSettings) -> Self {
        Self { settings, state: None }
    }

    /// Forgets everything: the target was lost.
    pub fn reset(&mut self) {
        self.state = None;
    }

    /// Filters a pose captured at `at`, on any clock that does not go back. Steps may be of any length.
    ///
    /// The first pose, and one after a gap, comes out as it is. A pose that is not finite or not newer than the last
    /// one changes nothing: the last filtered pose comes out again (the pose itself when there is none).
    pub fn filter(&mut self, pose: RigidPose, at: Duration) -> RigidPose {
        let Some(state) = self.state else { return self.start(pose, at) };
        let Some(elapsed) = at.checked_sub(state.at).filter(|elapsed| !elapsed.is_zero() && pose.is_finite()) else {
            return state.filtered;
        };
        if elapsed > self.settings.reset_after {
            return self.start(pose, at);
        }
        let next = self.stepped(&state, pose, at, elapsed.as_secs_f64());
        self.state = Some(next);
        next.filtered
    }

    fn start(&mut self, pose: RigidPose, at: Duration) -> RigidPose {
        if pose.is_finite() {
            self.state = Some(State { at, raw: pose, filtered: pose, velocity: DVec3::ZERO, spin: DVec3::ZERO });
        }
        pose
    }

    fn stepped(&self, last: &State, pose: RigidPose, at: Duration, dt: f64) -> State {
        let PoseFilterSettings { translation: place, rotation: turn, .. } = &self.settings;
        let velocity = (pose.translation - last.raw.translation) / dt;
        let velocity = last.velocity.lerp(velocity, share(place.derivative_cutoff_hz, dt));
        let spin = rotation_vector(pose.rotation * last.raw.rotation.conjugate()) / dt;
        let spin = last.spin.lerp(spin, share(turn.derivative_cutoff_hz, dt));
        let filtered = RigidPose {
            translation: last.filtered.translation.lerp(pose.translation, place.share(velocity.length(), dt)),
            rotation: slerp(last.filtered.rotation, pose.rotation, turn.share(spin.length(), dt)),
        };
        State { at, raw: pose, filtered, velocity, spin }
    }
}

/// The short way round.
fn slerp(from: DQuat, to: DQuat, share: f64) -> DQuat {
    let turn = rotation_vector(to * from.conjugate());
    (DQuat::from_scaled_axis(turn * share) * from).normalize()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Noise of even spread ±1, the same in every run (Numerical Recipes' "quick and dirty" generator).
    pub fn noise(seed: &mut u32) -> f64 {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(*seed) / f64::from(u32::MAX) * 2.0 - 1.0
    }

    pub fn pose(x: f64, turn: f64) -> RigidPose {
        RigidPose { rotation: DQuat::from_rotation_y(turn), translation: DVec3::new(x, 0.0, 1.0) }
    }

    /// 30 frames a second, each up to a third of a step early or late.
    pub fn times(count: u32) -> impl Iterator<Item = f64> {
        let mut seed = 7;
        (0..count).map(move |index| (f64::from(index) + 1.0 + noise(&mut seed) / 3.0) / 30.0)
    }

    fn root_mean_square(values: &[f64]) -> f64 {
        (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn a_still_target_trembles_less() {
        let mut filter = PoseFilter::new(PoseFilterSettings::default());
        let mut seed = 1;
        let (mut raw, mut filtered) = (Vec::new(), Vec::new());
        for at in times(300) {
            // 1 mm and 0.3 degrees.
            let (x, turn) = (0.001 * noise(&mut seed), 0.005 * noise(&mut seed));
            let found = filter.filter(pose(x, turn), Duration::from_secs_f64(at));
            raw.push(x);
            filtered.push((found.translation.x, rotation_vector(found.rotation).y));
        }
        let x: Vec<_> = filtered[30..].iter().map(|found| found.0).collect();
        let turn: Vec<_> = filtered[30..].iter().map(|found| found.1).collect();
        let jitter = root_mean_square(&x) / root_mean_square(&raw);
        assert!(jitter < 0.45, "jitter is {jitter:.2} of what came in");
        let turning = root_mean_square(&turn) / (0.005 / 3.0_f64.sqrt());
        assert!(turning < 0.45, "turning jitter is {turning:.2} of what came in");
    }

    #[test]
    fn a_moving_target_hardly_lags() {
        let mut filter = PoseFilter::new(PoseFilterSettings::default());
        let mut last = (0.0, 0.0);
        // Half a metre and one turn in six seconds.
        let (speed, spin) = (0.5, 1.0);
        for at in times(90) {
            let found = filter.filter(pose(speed * at, spin * at), Duration::from_secs_f64(at));
            last = (at - found.translation.x / speed, at - rotation_vector(found.rotation).y / spin);
        }
        assert!(last.0 < 0.020, "lags by {:.1} ms", last.0 * 1e3);
        assert!(last.1 < 0.025, "turns {:.1} ms late", last.1 * 1e3);
    }

    #[test]
    fn bad_input_changes_nothing_and_gaps_start_anew() {
        let mut filter = PoseFilter::new(PoseFilterSettings::default());
        let second = Duration::from_secs(1);
        let first = filter.filter(pose(0.0, 0.0), second);
        assert_eq!(first, pose(0.0, 0.0));
        assert_eq!(filter.filter(pose(f64::NAN, 0.0), second * 2), first);
        assert_eq!(filter.filter(pose(1.0, 0.0), second), first);
        assert_eq!(filter.filter(pose(1.0, 0.0), Duration::ZERO), first);
        assert_eq!(filter.filter(pose(1.0, 0.5), second * 2), pose(1.0, 0.5));
        filter.reset();
        assert_eq!(filter.filter(pose(2.0, 0.0), second * 2), pose(2.0, 0.0));
    }

    proptest! {
        /// What comes out lies between what came out before and what came in.
        #[test]
        fn never_overshoots(
            steps in prop::collection::vec((-1.0..1.0_f64, -1.5..1.5_f64, 0.001..0.4_f64), 1..40),
        ) {
            let mut filter = PoseFilter::new(PoseFilterSettings::default());
            let mut at = 0.0;
            let mut before = filter.filter(pose(0.0, 0.0), Duration::ZERO);
            for (x, turn, dt) in steps {
                at += dt;
                let input = pose(x, turn);
                let found = filter.filter(input, Duration::from_secs_f64(at));
                let (low, high) = (before.translation.x.min(x), before.translation.x.max(x));
                prop_assert!((low - 1e-12..=high + 1e-12).contains(&found.translation.x));
                let way = before.angle_to(&input);
                prop_assert!(before.angle_to(&found) + found.angle_to(&input) < way + 1e-9);
                before = found;
            }
        }
    }
}
