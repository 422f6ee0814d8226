//! Which of the two poses it is.

use freshet_vision::camera::RigidPose;

use super::planar::PoseCandidate;

/// When an error is clear enough to decide by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoseChoice {
    /// The worse pose is dropped when its error is this many times the better one's. Higher trusts the previous pose
    /// more. Default 2.
    pub clear_ratio: f64,
    /// … and larger by at least this, pixels. Higher trusts the previous pose more. Default 0.3.
    pub clear_px: f64,
}

impl Default for PoseChoice {
    fn default() -> Self {
        Self { clear_ratio: 2.0, clear_px: 0.3 }
    }
}

/// The pose of clearly less error; when neither is, the one turned less from `previous` (the same target's pose in
/// the frame before, if it was seen there); without one, the one of less error.
///
/// `candidates` as [`pose_from_homography`](super::pose_from_homography) gives them: less error first.
pub fn choose(candidates: &[PoseCandidate; 2], previous: Option<&RigidPose>, rule: PoseChoice) -> PoseCandidate {
    let [better, worse] = candidates;
    let by_ratio = worse.error_px > better.error_px * rule.clear_ratio;
    let clear = by_ratio && worse.error_px > better.error_px + rule.clear_px;
    match previous {
        Some(previous) if !clear && worse.pose.angle_to(previous) < better.pose.angle_to(previous) => *worse,
        _ => *better,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::{DQuat, DVec3};

    fn candidate(tilt: f64, error_px: f64) -> PoseCandidate {
        PoseCandidate { pose: RigidPose { rotation: DQuat::from_rotation_x(tilt), translation: DVec3::Z }, error_px }
    }

    #[test]
    fn a_clear_error_decides() {
        let candidates = [candidate(0.3, 0.2), candidate(-0.3, 1.5)];
        let previous = candidates[1].pose;
        assert_eq!(choose(&candidates, Some(&previous), PoseChoice::default()), candidates[0]);
        let lost = [candidate(0.3, 0.2), candidate(-0.3, f64::INFINITY)];
        assert_eq!(choose(&lost, Some(&previous), PoseChoice::default()), lost[0]);
    }

    #[test]
    fn when_errors_are_alike_the_pose_does_not_flip() {
        let previous = candidate(-0.28, 0.0).pose;
        let candidates = [candidate(0.3, 0.40), candidate(-0.3, 0.45)];
        assert_eq!(choose(&candidates, Some(&previous), PoseChoice::default()), candidates[1]);
        assert_eq!(choose(&candidates, None, PoseChoice::default()), candidates[0]);
    }
}
