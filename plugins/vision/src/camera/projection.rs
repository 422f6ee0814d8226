//! The projection that draws what the camera would have seen.

use bevy::math::{Mat4, Vec2, Vec4};

use super::model::CameraModel;

impl CameraModel {
    /// The projection matrix for Bevy: right-handed view space (x right, y up, z back), wgpu's clip space, depth
    /// reversed (1 at `near`, 0 at `far`, or at infinity when `far` is `None`).
    ///
    /// `near` and `far` in metres, above 0; `share` is the size of the picture on the viewport, as a share of the
    /// viewport: 1 fills it, more is cut off at its edges. A principal point off the middle is part of the matrix; the bending of the lens is not, no matrix can do
    /// that: where it matters, draw the picture undistorted.
    pub fn clip_from_view(&self, near: f32, far: Option<f32>, share: Vec2) -> Mat4 {
        let (width, height) = (f64::from(self.width()), f64::from(self.height()));
        let lens = self.intrinsics();
        // A pixel at column u lies at 2 (u + 0.5) / width − 1 in clip space: the left edge is u = −0.5.
        let scale = Vec2::new((2.0 * lens.fx / width) as f32, (2.0 * lens.fy / height) as f32) * share;
        let centre =
            Vec2::new((2.0 * (lens.cx + 0.5) / width - 1.0) as f32, (1.0 - 2.0 * (lens.cy + 0.5) / height) as f32)
                * share;
        let (depth_scale, depth_shift) = match far {
            None => (0.0, near),
            Some(far) => (near / (far - near), near * far / (far - near)),
        };
        Mat4::from_cols(
            Vec4::new(scale.x, 0.0, 0.0, 0.0),
            Vec4::new(0.0, scale.y, 0.0, 0.0),
            Vec4::new(-centre.x, -centre.y, depth_scale, -1.0),
            Vec4::new(0.0, 0.0, depth_shift, 0.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Distortion, Intrinsics};
    use bevy::math::{DVec3, Vec3};
    use proptest::prelude::*;

    fn off_centre() -> CameraModel {
        let intrinsics = Intrinsics { fx: 520.0, fy: 540.0, cx: 350.0, cy: 200.0 };
        CameraModel::new(640, 480, intrinsics, Distortion::NONE).unwrap()
    }

    /// Where a point in OpenCV's axes lands, by the matrix, in pixels of a viewport.
    fn drawn_at(matrix: Mat4, point: DVec3, viewport: Vec2) -> Vec2 {
        let view = Vec3::new(point.x as f32, -point.y as f32, -point.z as f32);
        let ndc = matrix.project_point3(view);
        Vec2::new(ndc.x + 1.0, 1.0 - ndc.y) / 2.0 * viewport - 0.5
    }

    #[test]
    fn a_centred_camera_is_bevys_own_projection() {
        let camera = CameraModel::from_horizontal_fov(640, 480, 1.0).unwrap();
        let vertical = 2.0 * (0.5_f32.tan() * 480.0 / 640.0).atan();
        let bevys = Mat4::perspective_infinite_reverse_rh(vertical, 640.0 / 480.0, 0.1);
        let ours = camera.clip_from_view(0.1, None, Vec2::ONE);
        assert!(ours.abs_diff_eq(bevys, 1e-6), "{ours} {bevys}");
    }

    #[test]
    fn depth_is_reversed() {
        let depth = |matrix: Mat4, distance: f32| matrix.project_point3(Vec3::new(0.1, 0.2, -distance)).z;
        let finite = off_centre().clip_from_view(0.1, Some(50.0), Vec2::ONE);
        assert!((depth(finite, 0.1) - 1.0).abs() < 1e-6 && depth(finite, 50.0).abs() < 1e-6);
        let infinite = off_centre().clip_from_view(0.1, None, Vec2::ONE);
        assert!((depth(infinite, 0.1) - 1.0).abs() < 1e-6 && depth(infinite, 1e6) < 1e-6);
    }

    proptest! {
        #[test]
        fn the_matrix_draws_where_the_camera_sees(
            x in -1.0..1.0_f64, y in -1.0..1.0_f64, z in 0.2..20.0_f64, side in 100.0..2000.0_f32,
            share in (0.3..3.0_f32, 0.3..3.0_f32),
        ) {
            let (camera, picture, viewport) = (off_centre(), Vec2::new(640.0, 480.0), Vec2::new(side, 700.0));
            let point = DVec3::new(x * z, y * z, z);
            let seen = camera.project(point).unwrap().as_vec2();
            let share = Vec2::from(share);
            let expected = ((seen + 0.5) / picture - 0.5) * share * viewport + viewport / 2.0 - 0.5;
            let drawn = drawn_at(camera.clip_from_view(0.1, None, share), point, viewport);
            prop_assert!(drawn.distance(expected) < 2e-2, "drawn at {drawn}, seen at {expected}");
        }
    }
}
