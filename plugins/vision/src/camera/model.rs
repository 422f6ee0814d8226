//! The camera model: intrinsics at a stated size, and the lens.

use bevy::math::{DVec2, DVec3};
use serde::Serialize;

use super::distortion::Distortion;
use super::error::CameraModelError;

/// Focal lengths and principal point, in pixels; integer coordinates are centres of texels, as in OpenCV.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intrinsics {
    /// Focal length in columns.
    pub fx: f64,
    /// Focal length in rows.
    pub fy: f64,
    /// Column of the principal point; `(width − 1) / 2` is the middle.
    pub cx: f64,
    /// Row of the principal point; `(height − 1) / 2` is the middle.
    pub cy: f64,
}

impl Intrinsics {
    /// The pixel that sees an undistorted or already bent ray `(X/Z, Y/Z)`.
    pub fn pixel_from_ray(&self, ray: DVec2) -> DVec2 {
        DVec2::new(self.fx * ray.x + self.cx, self.fy * ray.y + self.cy)
    }

    /// The ray, still bent by the lens, that a pixel sees.
    pub fn ray_from_pixel(&self, pixel: DVec2) -> DVec2 {
        DVec2::new((pixel.x - self.cx) / self.fx, (pixel.y - self.cy) / self.fy)
    }
}

/// A pinhole camera with lens distortion, checked.
///
/// ```
/// # use freshet_vision::camera::CameraModel;
/// # use bevy::math::{DVec2, DVec3};
/// let camera = CameraModel::from_horizontal_fov(640, 480, 60_f64.to_radians())?;
/// let pixel = camera.project(DVec3::new(0.0, 0.0, 2.0));
/// assert_eq!(pixel, Some(DVec2::new(319.5, 239.5)));
/// # Ok::<(), freshet_vision::camera::CameraModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CameraModel {
    width: u32,
    height: u32,
    intrinsics: Intrinsics,
    distortion: Distortion,
    /// See [`Distortion::radius_limit`].
    #[serde(skip)]
    radius_limit: f64,
}

impl CameraModel {
    /// The horizontal field of view of a camera that says nothing about itself: 60 degrees, in radians.
    pub const DEFAULT_HORIZONTAL_FOV: f64 = std::f64::consts::FRAC_PI_3;
    /// No side of a picture is longer, in pixels.
    pub const MAX_SIDE: u32 = 1 << 15;

    /// Focal lengths allowed, as shares of the picture's side along them: fisheye to telescope.
    const FOCAL_RANGE: [f64; 2] = [0.05, 1000.0];

    /// A camera from its numbers.
    ///
    /// # Errors
    ///
    /// When a number is not finite, a focal length is zero, negative or absurd, the principal point lies far outside
    /// the picture, or a coefficient is absurd.
    pub fn new(
        width: u32,
        height: u32,
        intrinsics: Intrinsics,
        distortion: Distortion,
    ) -> Result<Self, CameraModelError> {
        check_size(width, height)?;
        check_intrinsics(width, height, &intrinsics)?;
        distortion.check()?;
        Ok(Self { width, height, intrinsics, distortion, radius_limit: distortion.radius_limit() })
    }

    /// A camera without distortion, square pixels, its principal point in the middle.
    ///
    /// # Errors
    ///
    /// When the size or the angle (radians) is out of range.
    pub fn from_horizontal_fov(width: u32, height: u32, radians: f64) -> Result<Self, CameraModelError> {
        check_size(width, height)?;
        if !(radians > 0.0 && radians < 3.1) {
            return Err(CameraModelError::FieldOfView { radians });
        }
        let (columns, rows) = (f64::from(width), f64::from(height));
        let focal = columns / 2.0 / (radians / 2.0).tan();
        let intrinsics = Intrinsics { fx: focal, fy: focal, cx: (columns - 1.0) / 2.0, cy: (rows - 1.0) / 2.0 };
        Self::new(width, height, intrinsics, Distortion::NONE)
    }

    /// A camera about which only the size of its pictures is known: [`Self::DEFAULT_HORIZONTAL_FOV`].
    ///
    /// # Errors
    ///
    /// When the size is out of range.
    pub fn with_default_fov(width: u32, height: u32) -> Result<Self, CameraModelError> {
        Self::from_horizontal_fov(width, height, Self::DEFAULT_HORIZONTAL_FOV)
    }

    /// Columns of the picture that the intrinsics are for.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of the picture that the intrinsics are for.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Focal lengths and principal point.
    pub fn intrinsics(&self) -> Intrinsics {
        self.intrinsics
    }

    /// The lens.
    pub fn distortion(&self) -> Distortion {
        self.distortion
    }

    /// The angle between the rays of the left and the right edge, radians, without distortion.
    pub fn horizontal_fov(&self) -> f64 {
        let edge = |column: f64| ((column - self.intrinsics.cx) / self.intrinsics.fx).atan();
        edge(f64::from(self.width) - 0.5) - edge(-0.5)
    }

    /// The pixel that sees a point, given in the camera's OpenCV axes (x right, y down, z forward).
    ///
    /// `None` for points in the camera's plane or behind it, and for those so far off the axis that the distortion
    /// model no longer holds: projected blindly they would come back into the picture. The pixel may lie outside it.
    pub fn project(&self, point: DVec3) -> Option<DVec2> {
        let ray = point.truncate() / point.z;
        let seen = point.z > 0.0 && ray.is_finite() && ray.length() <= self.radius_limit;
        seen.then(|| self.intrinsics.pixel_from_ray(self.distortion.distort(ray)))
    }

    /// The ray `(X/Z, Y/Z)` that a pixel sees, free of distortion.
    ///
    /// # Errors
    ///
    /// [`CameraModelError::NoRay`] when no ray leads there: the distortion model folds over before the pixel.
    pub fn unproject(&self, pixel: DVec2) -> Result<DVec2, CameraModelError> {
        let bent = self.intrinsics.ray_from_pixel(pixel);
        let no_ray = CameraModelError::NoRay { x: pixel.x, y: pixel.y };
        if !bent.is_finite() {
            return Err(no_ray);
        }
        self.distortion.undistort(bent, self.radius_limit).ok_or(no_ray)
    }

    /// The same camera delivering its whole picture at another size. Half-pixel-correct: edges stay edges.
    ///
    /// # Errors
    ///
    /// When the size is out of range, or so small that the focal length is.
    pub fn scaled_to(&self, width: u32, height: u32) -> Result<Self, CameraModelError> {
        check_size(width, height)?;
        let (across, down) = (f64::from(width) / f64::from(self.width), f64::from(height) / f64::from(self.height));
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let intrinsics =
            Intrinsics { fx: fx * across, fy: fy * down, cx: (cx + 0.5) * across - 0.5, cy: (cy + 0.5) * down - 0.5 };
        Self::new(width, height, intrinsics, self.distortion)
    }
}

fn check_size(width: u32, height: u32) -> Result<(), CameraModelError> {
    let limit = CameraModel::MAX_SIDE;
    let fits = |side: u32| (1..=limit).contains(&side);
    if fits(width) && fits(height) { Ok(()) } else { Err(CameraModelError::Size { width, height, limit }) }
}

fn check_intrinsics(width: u32, height: u32, intrinsics: &Intrinsics) -> Result<(), CameraModelError> {
    let Intrinsics { fx, fy, cx, cy } = *intrinsics;
    for (name, value) in [("fx", fx), ("fy", fy), ("cx", cx), ("cy", cy)] {
        if !value.is_finite() {
            return Err(CameraModelError::NotFinite { name, value });
        }
    }
    for (name, value, side) in [("fx", fx, width), ("fy", fy, height)] {
        let [least, most] = CameraModel::FOCAL_RANGE.map(|share| share * f64::from(side));
        if !(least..=most).contains(&value) {
            return Err(CameraModelError::Focal { name, value, least, most });
        }
    }
    for (name, value, side) in [("cx", cx, f64::from(width)), ("cy", cy, f64::from(height))] {
        let (least, most) = (-side, 2.0 * side);
        if !(least..=most).contains(&value) {
            return Err(CameraModelError::PrincipalPoint { name, value, least, most });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The numbers of OpenCV's sample `left_intrinsics.yml`.
    fn sample() -> CameraModel {
        let intrinsics = Intrinsics { fx: 535.916, fy: 535.916, cx: 342.283, cy: 235.571 };
        let lens = Distortion::from_opencv(&[-0.266_37, -0.038_588, 1.783e-3, -2.81e-4, 0.238_39]).unwrap();
        CameraModel::new(640, 480, intrinsics, lens).unwrap()
    }

    #[test]
    fn field_of_view_is_the_angle_between_edges() {
        let camera = CameraModel::from_horizontal_fov(640, 480, 1.0).unwrap();
        assert!((camera.horizontal_fov() - 1.0).abs() < 1e-12);
        let left = camera.unproject(DVec2::new(-0.5, 239.5)).unwrap();
        assert!((left.x.atan() + 0.5).abs() < 1e-12 && left.y == 0.0);
        let default = CameraModel::with_default_fov(640, 480).unwrap();
        assert!((default.intrinsics().fx - 554.256).abs() < 1e-3);
    }

    #[test]
    fn errors_name_the_value() {
        let with = |fx, cx| {
            CameraModel::new(640, 480, Intrinsics { fx, fy: 500.0, cx, cy: 240.0 }, Distortion::NONE)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(with(500.0, 320.0), Ok(()));
        assert_eq!(with(f64::NAN, 320.0), Err("fx of the camera is NaN, which is not a number".into()));
        for (fx, shown) in [(0.0, "0"), (-500.0, "-500"), (1e9, "1000000000")] {
            let sentence = format!(
                "fx of the camera is {shown} px; a focal length lies between 32 and 640000 px for this picture"
            );
            assert_eq!(with(fx, 320.0), Err(sentence));
        }
        assert_eq!(
            with(500.0, 3000.0),
            Err("cx of the camera is 3000 px; the principal point lies between -640 and 1280 px for this picture"
                .into())
        );
        assert!(matches!(CameraModel::with_default_fov(0, 480), Err(CameraModelError::Size { .. })));
        assert!(matches!(
            CameraModel::from_horizontal_fov(64, 48, f64::NAN),
            Err(CameraModelError::FieldOfView { .. })
        ));
        assert!(matches!(CameraModel::from_horizontal_fov(64, 48, 3.2), Err(CameraModelError::FieldOfView { .. })));
    }

    #[test]
    fn points_that_cannot_be_seen_have_no_pixel() {
        let camera = sample();
        assert_eq!(camera.project(DVec3::new(0.0, 0.0, -1.0)), None);
        assert_eq!(camera.project(DVec3::ZERO), None);
        assert_eq!(camera.project(DVec3::new(f64::NAN, 0.0, 1.0)), None);
        // The polynomial would bring this one, 84 degrees off the axis, somewhere else altogether.
        assert_eq!(camera.project(DVec3::new(10.0, 0.0, 1.0)), None);
        assert!(matches!(camera.unproject(DVec2::NAN), Err(CameraModelError::NoRay { .. })));
    }

    #[test]
    fn every_pixel_of_a_real_camera_has_a_ray() {
        let camera = sample();
        for row in (0..480).step_by(7) {
            for column in (0..640).step_by(7) {
                let pixel = DVec2::new(f64::from(column), f64::from(row));
                let ray = camera.unproject(pixel).unwrap();
                let back = camera.project(ray.extend(1.0)).unwrap();
                assert!(back.distance(pixel) < 1e-8, "{pixel} came back at {back}");
            }
        }
    }

    #[test]
    fn scaling_keeps_edges() {
        let camera = sample();
        let half = camera.scaled_to(320, 240).unwrap();
        let corner = DVec2::new(-0.5, -0.5);
        assert!(half.unproject(corner).unwrap().distance(camera.unproject(corner).unwrap()) < 1e-12);
        let back = half.scaled_to(640, 480).unwrap();
        assert!((back.intrinsics().cx - camera.intrinsics().cx).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn any_number_makes_a_camera_or_an_error(
            width: u32, height: u32, numbers: [f64; 4], coefficients in prop::collection::vec(any::<f64>(), 0..15),
        ) {
            let [fx, fy, cx, cy] = numbers;
            if let Ok(lens) = Distortion::from_opencv(&coefficients)
                && let Ok(camera) = CameraModel::new(width, height, Intrinsics { fx, fy, cx, cy }, lens)
            {
                prop_assert!(camera.horizontal_fov() > 0.0);
            }
        }

        #[test]
        fn scaled_cameras_see_the_same(
            x in -0.5..0.5_f64, y in -0.4..0.4_f64, width in 32..4096_u32, height in 32..4096_u32,
        ) {
            let camera = sample();
            let scaled = camera.scaled_to(width, height).unwrap();
            let (full, other) = (camera.project(DVec3::new(x, y, 1.0)), scaled.project(DVec3::new(x, y, 1.0)));
            let scale = DVec2::new(f64::from(width) / 640.0, f64::from(height) / 480.0);
            let expected = (full.unwrap() + 0.5) * scale - 0.5;
            prop_assert!(other.unwrap().distance(expected) < 1e-8);
        }
    }
}
