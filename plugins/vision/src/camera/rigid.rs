//! Rotation and translation, and the two conventions of axes.
//!
//! ```text
//!   OpenCV                      Bevy
//!      z forward                 y up
//!     /                          |
//!    o── x right                 o── x right
//!    |                          /
//!    y down                    z back, towards the viewer
//! ```
//!
//! Pictures and planar targets follow the same pattern: in OpenCV's axes y goes down the picture and z into it, in
//! Bevy's y goes up and z comes out of it. One half turn about x leads from one to the other, on either side.

use bevy::math::{DQuat, DVec3, Quat, Vec3};
use serde::{Serialize, Serializer};

/// A rigid motion in OpenCV's axes, metres: `parent = rotation · child + translation`.
///
/// Variables that hold one are named `parent_from_child`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RigidPose {
    /// Unit quaternion; serialized as `[x, y, z, w]`.
    #[serde(serialize_with = "as_array")]
    pub rotation: DQuat,
    /// Metres; serialized as `[x, y, z]`.
    #[serde(serialize_with = "as_vector")]
    pub translation: DVec3,
}

impl RigidPose {
    /// No motion.
    pub const IDENTITY: Self = Self { rotation: DQuat::IDENTITY, translation: DVec3::ZERO };

    /// Moves a point from the child's space to the parent's.
    pub fn apply(&self, point: DVec3) -> DVec3 {
        self.rotation * point + self.translation
    }

    /// `child_from_parent`.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let rotation = self.rotation.conjugate();
        Self { rotation, translation: -(rotation * self.translation) }
    }

    /// `a_from_b.compose(b_from_c)` is `a_from_c`.
    #[must_use]
    pub fn compose(&self, inner: &Self) -> Self {
        Self {
            rotation: (self.rotation * inner.rotation).normalize(),
            translation: self.rotation * inner.translation + self.translation,
        }
    }

    /// Turned by the rotation vector `turn` (radians) and moved by `shift` (metres), both in the parent's axes; the
    /// turn leaves the child's origin where it is. The step of all fits here.
    #[must_use]
    pub fn stepped(&self, turn: DVec3, shift: DVec3) -> Self {
        Self {
            rotation: (DQuat::from_scaled_axis(turn) * self.rotation).normalize(),
            translation: self.translation + shift,
        }
    }

    /// The angle between the rotations of two poses, 0 to π radians.
    pub fn angle_to(&self, other: &Self) -> f64 {
        rotation_vector(self.rotation.conjugate() * other.rotation).length()
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.rotation.is_finite() && self.translation.is_finite()
    }

    /// The same motion where parent and child both have Bevy's axes: what a `Transform` holds.
    pub fn to_bevy(&self) -> (Quat, Vec3) {
        let DQuat { x, y, z, w } = self.rotation;
        let DVec3 { x: right, y: down, z: forward } = self.translation;
        (DQuat::from_xyzw(x, -y, -z, w).as_quat(), DVec3::new(right, -down, -forward).as_vec3())
    }

    /// The inverse of [`Self::to_bevy`].
    pub fn from_bevy(rotation: Quat, translation: Vec3) -> Self {
        let (rotation, translation) = (rotation.as_dquat().normalize(), translation.as_dvec3());
        Self {
            rotation: DQuat::from_xyzw(rotation.x, -rotation.y, -rotation.z, rotation.w),
            translation: DVec3::new(translation.x, -translation.y, -translation.z),
        }
    }
}

/// The rotation vector of a unit quaternion: axis times angle, the angle 0 to π radians. Exact near zero as well, where
/// `acos` is not.
pub fn rotation_vector(rotation: DQuat) -> DVec3 {
    let rotation = if rotation.w < 0.0 { -rotation } else { rotation };
    let axis = DVec3::new(rotation.x, rotation.y, rotation.z);
    let sine = axis.length();
    if sine < 1e-12 { 2.0 * axis } else { axis * (2.0 * sine.atan2(rotation.w) / sine) }
}

fn as_array<S: Serializer>(rotation: &DQuat, serializer: S) -> Result<S::Ok, S::Error> {
    rotation.to_array().serialize(serializer)
}

fn as_vector<S: Serializer>(vector: &DVec3, serializer: S) -> Result<S::Ok, S::Error> {
    vector.to_array().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector(limit: f64) -> impl Strategy<Value = DVec3> {
        prop::array::uniform3(-limit..limit).prop_map(DVec3::from_array)
    }

    fn pose() -> impl Strategy<Value = RigidPose> {
        (vector(1.8), vector(5.0))
            .prop_map(|(turn, translation)| RigidPose { rotation: DQuat::from_scaled_axis(turn), translation })
    }

    fn flip(point: DVec3) -> DVec3 {
        DVec3::new(point.x, -point.y, -point.z)
    }

    #[test]
    fn facing_poses_are_unturned_in_both_conventions() {
        let camera_from_target = RigidPose { rotation: DQuat::IDENTITY, translation: DVec3::new(0.1, 0.2, 3.0) };
        assert_eq!(camera_from_target.to_bevy(), (Quat::IDENTITY, Vec3::new(0.1, -0.2, -3.0)));
    }

    proptest! {
        #[test]
        fn an_inverse_undoes(pose in pose(), point in vector(3.0)) {
            prop_assert!(pose.inverse().apply(pose.apply(point)).distance(point) < 1e-12);
            prop_assert!(pose.compose(&pose.inverse()).translation.length() < 1e-12);
        }

        #[test]
        fn bevy_sees_the_same_motion(pose in pose(), point in vector(3.0)) {
            let (rotation, translation) = pose.to_bevy();
            let moved = rotation * flip(point).as_vec3() + translation;
            prop_assert!(moved.as_dvec3().distance(flip(pose.apply(point))) < 1e-5);
            let back = RigidPose::from_bevy(rotation, translation);
            prop_assert!(back.angle_to(&pose) < 1e-6 && back.translation.distance(pose.translation) < 1e-5);
        }

        #[test]
        fn the_vector_of_a_rotation_makes_it(turn in vector(1.8)) {
            prop_assert!(rotation_vector(DQuat::from_scaled_axis(turn)).distance(turn) < 1e-9);
            let tiny = turn * 1e-9;
            prop_assert!(rotation_vector(DQuat::from_scaled_axis(tiny)).distance(tiny) < 1e-18);
        }
    }
}
