//! From corners to a camera.

use bevy::math::{DVec2, DVec3};
use serde::Serialize;

use super::board::Board;
use super::closed_form;
use super::error::CalibrateError;
use super::fit::{CAMERA_NUMBERS, Estimate, Fitted, Freedom, Measured, fit};
use super::luma::Luma;
use crate::camera::{CameraModel, Distortion, Homography, RigidPose};

/// How much of a lens is fitted. More needs more and better views, or the numbers mean nothing outside of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum LensModel {
    /// No distortion.
    Ideal,
    /// k1, k2: enough for most web cameras, and safe with few views.
    Radial,
    /// k1, k2, p1, p2, k3: OpenCV's usual five. The default.
    #[default]
    RadialTangential,
    /// All eight, for wide angles and many views.
    Rational,
}

/// What is fitted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CalibrateSettings {
    /// How much of the lens. Default: five coefficients.
    pub lens: LensModel,
    /// Whether pixels are known to be square, so that `fx = fy`. Steadier with few views. Default: not.
    pub square_pixels: bool,
}

/// A calibrated camera and how well it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The camera.
    pub camera: CameraModel,
    /// Root of the mean squared distance between seen and projected corners, pixels, over all views.
    pub rms_px: f64,
    /// The same for each view.
    pub view_rms_px: Vec<f64>,
    /// `camera_from_board` of each view, OpenCV's axes, metres.
    pub poses: Vec<RigidPose>,
    /// Standard deviations of fx, fy, cx, cy in pixels; 0 where not fitted.
    pub intrinsics_deviations: [f64; 4],
    /// Standard deviations of k1, k2, p1, p2, k3, k4, k5, k6; 0 where not fitted.
    pub distortion_deviations: [f64; 8],
}

/// Calibrates from pictures of a board.
///
/// # Errors
///
/// When the board is not in one of them, their sizes differ, or as [`calibrate`].
pub fn calibrate_pictures(
    board: &Board,
    pictures: &[Luma<'_>],
    settings: CalibrateSettings,
) -> Result<Calibration, CalibrateError> {
    let Some(first) = pictures.first() else { return Err(CalibrateError::TooFewViews { found: 0 }) };
    let expected = (first.width(), first.height());
    let mut views = Vec::with_capacity(pictures.len());
    for (index, picture) in pictures.iter().enumerate() {
        let found = (picture.width(), picture.height());
        if found != expected {
            return Err(CalibrateError::PictureSize { picture: index + 1, found, expected });
        }
        views.push(board.find(*picture).ok_or(CalibrateError::BoardNotFound { picture: index + 1 })?);
    }
    calibrate(board, &views, expected, settings)
}

/// Calibrates from the corners that [`Board::find`] found in pictures of `size` (columns, rows).
///
/// # Errors
///
/// When there are less than three views, a view lacks corners, all show the board at one angle, or the camera stays
/// undetermined.
pub fn calibrate(
    board: &Board,
    views: &[Vec<DVec2>],
    size: (u32, u32),
    settings: CalibrateSettings,
) -> Result<Calibration, CalibrateError> {
    check_views(board, views)?;
    let points: Vec<DVec3> = board.points().collect();
    let measured = Measured { board: &points, views };
    let start = start(measured, size, settings)?;
    // The lens last: with a poor start its terms run away.
    let rigid = freedom(CalibrateSettings { lens: LensModel::Ideal, ..settings });
    let rough = fit(start, measured, &rigid).ok_or(CalibrateError::Degenerate)?;
    check_angles(&rough.estimate.poses)?;
    let freedom = freedom(settings);
    let fitted = fit(rough.estimate, measured, &freedom).ok_or(CalibrateError::Degenerate)?;
    check_angles(&fitted.estimate.poses)?;
    report(fitted, measured, size, &freedom)
}

fn check_views(board: &Board, views: &[Vec<DVec2>]) -> Result<(), CalibrateError> {
    if views.len() < 3 {
        return Err(CalibrateError::TooFewViews { found: views.len() });
    }
    let expected = board.corner_count();
    for (index, view) in views.iter().enumerate() {
        let found = view.iter().filter(|corner| corner.is_finite()).count();
        if found != expected || view.len() != expected {
            return Err(CalibrateError::CornerCount { view: index + 1, found, expected });
        }
    }
    Ok(())
}

fn start(measured: Measured<'_>, size: (u32, u32), settings: CalibrateSettings) -> Result<Estimate, CalibrateError> {
    let homography = |view: &Vec<DVec2>| {
        let pairs: Vec<_> =
            measured.board.iter().zip(view).map(|(point, &corner)| (point.truncate(), corner)).collect();
        Homography::from_points(&pairs).map_err(|_| CalibrateError::Degenerate)
    };
    let homographies = measured.views.iter().map(homography).collect::<Result<Vec<_>, _>>()?;
    let mut intrinsics = closed_form::intrinsics(&homographies, size.0, size.1).ok_or(CalibrateError::Degenerate)?;
    if settings.square_pixels {
        let focal = f64::midpoint(intrinsics.fx, intrinsics.fy);
        (intrinsics.fx, intrinsics.fy) = (focal, focal);
    }
    let poses: Option<Vec<_>> = homographies.iter().map(|view| closed_form::pose(view, &intrinsics)).collect();
    let poses = poses.ok_or(CalibrateError::Degenerate)?;
    Ok(Estimate { intrinsics, distortion: Distortion::NONE, poses })
}

fn freedom(settings: CalibrateSettings) -> Freedom {
    let lens: &[usize] = match settings.lens {
        LensModel::Ideal => &[],
        LensModel::Radial => &[4, 5],
        LensModel::RadialTangential => &[4, 5, 6, 7, 8],
        LensModel::Rational => &[4, 5, 6, 7, 8, 9, 10, 11],
    };
    let pinhole: &[usize] = if settings.square_pixels { &[0, 2, 3] } else { &[0, 1, 2, 3] };
    Freedom { free: [pinhole, lens].concat(), tied_focal: settings.square_pixels }
}

/// Boards at one angle leave the focal length open.
fn check_angles(poses: &[RigidPose]) -> Result<(), CalibrateError> {
    const LEAST_DEGREES: f64 = 5.0;

    let normals: Vec<_> = poses.iter().map(|pose| pose.rotation * DVec3::Z).collect();
    let pairs =
        normals.iter().enumerate().flat_map(|(index, a)| normals[index + 1..].iter().map(|b| a.angle_between(*b)));
    let degrees = pairs.fold(0.0, f64::max).to_degrees();
    if degrees < LEAST_DEGREES { Err(CalibrateError::ParallelViews { degrees }) } else { Ok(()) }
}

fn report(
    fitted: Fitted,
    measured: Measured<'_>,
    (width, height): (u32, u32),
    freedom: &Freedom,
) -> Result<Calibration, CalibrateError> {
    /// Errors below this are not believed: no detector is better.
    const LEAST_SIGMA_PX: f64 = 0.01;
    /// A focal length known worse than this is of no use.
    const LARGEST_DEVIATION: f64 = 0.1;

    let Fitted { estimate, unit_variances } = fitted;
    let costs: Vec<f64> = (0..estimate.poses.len()).map(|view| estimate.view_cost(measured, view)).collect();
    let corners = measured.board.len() as f64;
    let cost: f64 = costs.iter().sum();
    let equations = 2.0 * corners * costs.len() as f64;
    let unknowns = (freedom.free.len() + 6 * costs.len()) as f64;
    let sigma = (cost / (equations - unknowns).max(1.0)).sqrt();
    let deviations = |sigma: f64| {
        let mut all = [0.0; CAMERA_NUMBERS];
        for (&index, variance) in freedom.free.iter().zip(&unit_variances) {
            all[index] = sigma * variance.sqrt();
        }
        if freedom.tied_focal {
            all[1] = all[0] * estimate.intrinsics.fy / estimate.intrinsics.fx;
        }
        all
    };
    let (focal_px, deviation_px) = (estimate.intrinsics.fx, deviations(sigma.max(LEAST_SIGMA_PX))[0]);
    // A comparison with NaN is false, so that nothing unknown passes.
    let known = deviation_px < LARGEST_DEVIATION * focal_px;
    if !known {
        return Err(CalibrateError::Undetermined { focal_px, deviation_px });
    }
    let [fx, fy, cx, cy, lens @ ..] = deviations(sigma);
    Ok(Calibration {
        camera: CameraModel::new(width, height, estimate.intrinsics, estimate.distortion)?,
        rms_px: (cost / (corners * costs.len() as f64)).sqrt(),
        view_rms_px: costs.iter().map(|cost| (cost / corners).sqrt()).collect(),
        poses: estimate.poses,
        intrinsics_deviations: [fx, fy, cx, cy],
        distortion_deviations: lens,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::board::tests::{camera, draw, facing};
    use proptest::prelude::*;

    const TILTS: [[f64; 3]; 5] =
        [[0.5, 0.1, 0.1], [-0.4, 0.3, 0.8], [0.1, -0.6, -0.5], [-0.3, -0.4, 1.4], [0.05, 0.1, 0.0]];
    const LENS: [f64; 5] = [-0.25, 0.08, 0.001, -0.002, 0.02];

    fn views(board: &Board, camera: &CameraModel, tilts: &[[f64; 3]]) -> Vec<Vec<DVec2>> {
        let view = |(index, &tilt): (usize, &[f64; 3])| {
            let pose = facing(board, 0.22 + 0.02 * index as f64, tilt);
            board.points().map(|point| camera.project(pose.apply(point)).unwrap()).collect()
        };
        tilts.iter().enumerate().map(view).collect()
    }

    fn board() -> Board {
        Board::new(7, 6, 0.02).unwrap()
    }

    #[test]
    fn exact_corners_give_the_camera_back() {
        let real = camera(&LENS);
        let found = calibrate(&board(), &views(&board(), &real, &TILTS), (320, 240), CalibrateSettings::default());
        let found = found.unwrap();
        assert!(found.rms_px < 1e-6, "{}", found.rms_px);
        let (ours, theirs) = (found.camera.intrinsics(), real.intrinsics());
        assert!((ours.fx - theirs.fx).abs() < 1e-3 && (ours.cy - theirs.cy).abs() < 1e-3, "{ours:?}");
        for (ours, theirs) in found.camera.distortion().to_opencv().iter().zip(real.distortion().to_opencv()) {
            assert!((ours - theirs).abs() < 1e-3, "{ours} {theirs}");
        }
    }

    #[test]
    fn drawn_pictures_give_the_camera_back() {
        let (real, board) = (camera(&[-0.2, 0.05, 0.0, 0.0]), board());
        let poses = TILTS.map(|tilt| facing(&board, 0.24, tilt));
        let pixels = poses.map(|pose| draw(&board, &real, &pose));
        let pictures = pixels.each_ref().map(|pixels| Luma::new(pixels, 320, 240).unwrap());
        let settings = CalibrateSettings { lens: LensModel::Radial, square_pixels: false };
        let found = calibrate_pictures(&board, &pictures, settings).unwrap();
        let (ours, theirs) = (found.camera.intrinsics(), real.intrinsics());
        assert!(found.rms_px < 0.1, "{}", found.rms_px);
        assert!((ours.fx / theirs.fx - 1.0).abs() < 0.005 && (ours.fy / theirs.fy - 1.0).abs() < 0.005, "{ours:?}");
        assert!((ours.cx - theirs.cx).abs() < 1.0 && (ours.cy - theirs.cy).abs() < 1.0, "{ours:?}");
        assert!(found.intrinsics_deviations[0] < 2.0);
    }

    #[test]
    fn what_cannot_be_calibrated_is_refused_with_a_reason() {
        let (camera, board) = (camera(&[]), board());
        let try_with = |tilts: &[[f64; 3]]| {
            calibrate(&board, &views(&board, &camera, tilts), (320, 240), CalibrateSettings::default()).unwrap_err()
        };
        assert_eq!(try_with(&TILTS[..2]), CalibrateError::TooFewViews { found: 2 });
        let parallel = try_with(&[[0.3, 0.0, 0.0]; 4]);
        assert!(matches!(parallel, CalibrateError::ParallelViews { .. } | CalibrateError::Degenerate), "{parallel:?}");
        let facing = try_with(&[[0.0, 0.0, 0.1], [0.0, 0.0, 0.5], [0.0, 0.0, 1.0]]);
        assert!(matches!(facing, CalibrateError::ParallelViews { .. } | CalibrateError::Degenerate), "{facing:?}");
        let mut short = views(&board, &camera, &TILTS);
        short[1].pop();
        let error = calibrate(&board, &short, (320, 240), CalibrateSettings::default()).unwrap_err();
        assert_eq!(error, CalibrateError::CornerCount { view: 2, found: 41, expected: 42 });
        let blank = vec![100; 320 * 240];
        let picture = Luma::new(&blank, 320, 240).unwrap();
        let error = calibrate_pictures(&board, &[picture; 3], CalibrateSettings::default()).unwrap_err();
        assert_eq!(error.to_string(), "the whole board is not in picture 1");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// With noise of a known size the camera is found within the deviations that are reported.
        #[test]
        fn deviations_cover_the_truth(noise in prop::collection::vec(-1.0..1.0_f64, 5 * 42 * 2)) {
            const SIZE: f64 = 0.3;
            let (real, board) = (camera(&[-0.2, 0.05, 0.0, 0.0]), board());
            let mut views = views(&board, &real, &TILTS);
            for (corner, noise) in views.iter_mut().flatten().zip(noise.chunks_exact(2)) {
                *corner += SIZE * DVec2::new(noise[0], noise[1]);
            }
            let settings = CalibrateSettings { lens: LensModel::Radial, square_pixels: false };
            let found = calibrate(&board, &views, (320, 240), settings).unwrap();
            // Even noise of ±0.3 px has a deviation of 0.17 px each way.
            prop_assert!((0.15..0.32).contains(&found.rms_px), "{}", found.rms_px);
            let (ours, theirs) = (found.camera.intrinsics(), real.intrinsics());
            let pairs = [(ours.fx, theirs.fx), (ours.fy, theirs.fy), (ours.cx, theirs.cx), (ours.cy, theirs.cy)];
            for ((ours, theirs), deviation) in pairs.into_iter().zip(found.intrinsics_deviations) {
                prop_assert!((ours - theirs).abs() < 5.0 * deviation, "{ours} ± {deviation}, really {theirs}");
            }
        }
    }
}
