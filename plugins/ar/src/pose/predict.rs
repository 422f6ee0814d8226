//! Where a target will be when the frame is shown.

use std::time::Duration;

use bevy::math::DVec3;

use freshet_vision::camera::{RigidPose, rotation_vector};

/// Poses that are remembered.
const MEMORY: usize = 4;

/// How far prediction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictSettings {
    /// Motion goes on for so long after the last pose, then it stops. Higher covers longer delays, lower errs less when
    /// a target is lost. Default 100 ms.
    pub horizon: Duration,
    /// Poses older than this before the newest say nothing about its speed. Default 200 ms.
    pub memory: Duration,
}

impl Default for PredictSettings {
    fn default() -> Self {
        Self { horizon: Duration::from_millis(100), memory: Duration::from_millis(200) }
    }
}

/// Extends the last poses of one target at constant velocity.
///
/// Speed and spin are those of a straight line through the last four poses, but never more than the last step had: a
/// target that stops is not thrown ahead.
#[derive(Debug, Clone)]
pub struct PosePredictor {
    settings: PredictSettings,
    /// Oldest first.
    seen: [(Duration, RigidPose); MEMORY],
    count: usize,
}

impl PosePredictor {
    /// A predictor that has seen nothing.
    pub fn new(settings: PredictSettings) -> Self {
        Self { settings, seen: [(Duration::ZERO, RigidPose::IDENTITY); MEMORY], count: 0 }
    }

    /// Forgets everything: the target is another, or was lost for long.
    pub fn reset(&mut self) {
        self.count = 0;
    }

    /// Takes a pose captured at `at`. One that is not finite or not newer than the last is left out.
    pub fn push(&mut self, pose: RigidPose, at: Duration) {
        let newer = self.newest().is_none_or(|(last, _)| at > last);
        if !newer || !pose.is_finite() {
            return;
        }
        if self.count == MEMORY {
            self.seen.rotate_left(1);
            self.count -= 1;
        }
        self.seen[self.count] = (at, pose);
        self.count += 1;
    }

    /// The pose at `at`: the newest one moved on, by no more than the horizon. `None` when nothing was seen yet.
    ///
    /// For times before the newest pose it is the newest pose itself.
    pub fn predict(&self, at: Duration) -> Option<RigidPose> {
        let (newest_at, newest) = self.newest()?;
        let ahead = at.saturating_sub(newest_at).min(self.settings.horizon).as_secs_f64();
        let (velocity, spin) = self.velocity();
        Some(newest.stepped(spin * ahead, velocity * ahead))
    }

    /// How old the newest pose is at `at`.
    pub fn age(&self, at: Duration) -> Option<Duration> {
        self.newest().map(|(newest_at, _)| at.saturating_sub(newest_at))
    }

    fn newest(&self) -> Option<(Duration, RigidPose)> {
        self.count.checked_sub(1).map(|last| self.seen[last])
    }

    /// Metres and radians a second at the newest pose, in the parent's axes.
    fn velocity(&self) -> (DVec3, DVec3) {
        let Some((newest_at, newest)) = self.newest() else { return (DVec3::ZERO, DVec3::ZERO) };
        // Relative to the newest pose: times are negative, rotations small.
        let recent = self.seen[..self.count].iter().filter(|(at, _)| newest_at - *at <= self.settings.memory).map(
            |(at, pose)| {
                let turn = rotation_vector(pose.rotation * newest.rotation.conjugate());
                (-(newest_at - *at).as_secs_f64(), pose.translation - newest.translation, turn)
            },
        );
        let (velocity, spin) = slopes(recent.clone());
        let Some((dt, shift, turn)) = recent.rev().nth(1) else { return (DVec3::ZERO, DVec3::ZERO) };
        (velocity.clamp_length_max((shift / dt).length()), spin.clamp_length_max((turn / dt).length()))
    }
}

/// The slopes of straight lines of least squares through shifts and turns over time.
fn slopes(points: impl Iterator<Item = (f64, DVec3, DVec3)> + Clone) -> (DVec3, DVec3) {
    let count = points.clone().count() as f64;
    let mean = points.clone().map(|(at, ..)| at).sum::<f64>() / count;
    let spread: f64 = points.clone().map(|(at, ..)| (at - mean) * (at - mean)).sum();
    if spread <= 0.0 {
        return (DVec3::ZERO, DVec3::ZERO);
    }
    let sum = points.fold((DVec3::ZERO, DVec3::ZERO), |(shifts, turns), (at, shift, turn)| {
        (shifts + shift * (at - mean), turns + turn * (at - mean))
    });
    (sum.0 / spread, sum.1 / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::one_euro::tests::{noise, pose, times};
    use proptest::prelude::*;

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn even_motion_is_met_exactly() {
        let mut predictor = PosePredictor::new(PredictSettings::default());
        let mut last = 0.0;
        for at in times(20) {
            predictor.push(pose(0.5 * at, at), secs(at));
            last = at;
        }
        let then = last + 0.08;
        let found = predictor.predict(secs(then)).unwrap();
        assert!((found.translation.x - 0.5 * then).abs() < 1e-6);
        assert!(found.angle_to(&pose(0.0, then)) < 1e-6);
    }

    /// A target that swings, seen with noise, shown 60 ms late: prediction takes off most of the lag.
    #[test]
    fn lag_is_taken_off() {
        const DELAY: f64 = 0.06;
        let swing = |at: f64| pose(0.2 * (2.5 * at).sin(), 0.5 * (2.5 * at).cos());
        let mut predictor = PosePredictor::new(PredictSettings::default());
        let mut seed = 3;
        let (mut without, mut with) = (0.0, 0.0);
        for at in times(300) {
            let mut seen = swing(at);
            seen.translation.x += 0.0003 * noise(&mut seed);
            predictor.push(seen, secs(at));
            let found = predictor.predict(secs(at + DELAY)).unwrap();
            let real = swing(at + DELAY);
            without += (seen.translation.x - real.translation.x).powi(2);
            with += (found.translation.x - real.translation.x).powi(2);
        }
        let rest = (with / without).sqrt();
        assert!(rest < 0.35, "{rest:.2} of the error is left");
    }

    #[test]
    fn a_target_that_stops_is_not_thrown_ahead() {
        let mut predictor = PosePredictor::new(PredictSettings::default());
        for index in 0..10 {
            predictor.push(pose(0.02 * f64::from(index), 0.0), secs(f64::from(index) / 30.0));
        }
        predictor.push(pose(0.18, 0.0), secs(10.0 / 30.0));
        assert!((predictor.predict(secs(0.5)).unwrap().translation.x - 0.18).abs() < 1e-9);
    }

    #[test]
    fn without_a_past_there_is_no_motion() {
        let mut predictor = PosePredictor::new(PredictSettings::default());
        assert_eq!(predictor.predict(secs(1.0)), None);
        predictor.push(pose(1.0, 0.0), secs(1.0));
        assert_eq!(predictor.predict(secs(1.1)), Some(pose(1.0, 0.0)));
        // Too long ago to say how fast.
        predictor.push(pose(2.0, 0.0), secs(2.0));
        assert_eq!(predictor.predict(secs(2.1)), Some(pose(2.0, 0.0)));
        predictor.push(pose(f64::NAN, 0.0), secs(3.0));
        predictor.push(pose(5.0, 0.0), secs(1.5));
        assert_eq!(predictor.age(secs(2.5)), Some(secs(0.5)));
    }

    proptest! {
        /// After the last pose motion goes on evenly up to the horizon and stays there.
        #[test]
        fn loss_never_overshoots(
            steps in prop::collection::vec((-0.5..0.5_f64, -1.0..1.0_f64, 0.005..0.1_f64), 2..10), ahead in 0.0..10.0_f64,
        ) {
            let settings = PredictSettings::default();
            let mut predictor = PosePredictor::new(settings);
            let (mut at, mut before, mut speed) = (0.0, None, 0.0);
            for (x, turn, dt) in steps {
                at += dt;
                predictor.push(pose(x, turn), secs(at));
                speed = before.map_or(0.0, |before: f64| (x - before).abs() / dt);
                before = Some(x);
            }
            let newest = predictor.predict(secs(at)).unwrap();
            let found = predictor.predict(secs(at + ahead)).unwrap();
            let horizon = settings.horizon.as_secs_f64();
            prop_assert!(found.translation.distance(newest.translation) <= speed * ahead.min(horizon) * 1.001 + 1e-9);
            let end = predictor.predict(secs(at + horizon)).unwrap();
            let later = predictor.predict(secs(at + horizon + ahead)).unwrap();
            prop_assert!(later.translation.distance(end.translation) < 1e-9);
        }
    }
}
