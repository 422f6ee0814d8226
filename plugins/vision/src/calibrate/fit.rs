//! The fit of all numbers at once: Levenberg-Marquardt over the camera and the pose of every view (Zhang 2000, section
//! 3.3, with OpenCV's distortion).

use bevy::math::{DMat2, DVec2, DVec3};

use crate::camera::linear::Cholesky;
use crate::camera::{Distortion, Intrinsics, RigidPose};

/// Numbers of a camera: fx, fy, cx, cy, then distortion in OpenCV's order.
pub(super) const CAMERA_NUMBERS: usize = 12;
/// Numbers of a view: turn and shift.
const VIEW_NUMBERS: usize = 6;

/// What is fitted, or a stage of it.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    pub intrinsics: Intrinsics,
    pub distortion: Distortion,
    /// `camera_from_board` of each view.
    pub poses: Vec<RigidPose>,
}

/// Which numbers of the camera may change.
#[derive(Debug, Clone)]
pub(super) struct Freedom {
    /// Indices into the camera's numbers.
    pub free: Vec<usize>,
    /// `fy` follows `fx` in the ratio that they have.
    pub tied_focal: bool,
}

/// Corners of all views and where they lie on the board.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured<'a> {
    /// Metres.
    pub board: &'a [DVec3],
    /// Pixels, one list for each view.
    pub views: &'a [Vec<DVec2>],
}

/// Sums over all corners of `Jᵀ J` and `Jᵀ e` for the free numbers: the camera's first, then each view's.
struct Normal {
    size: usize,
    matrix: Vec<f64>,
    right: Vec<f64>,
}

/// The result of a fit.
pub(super) struct Fitted {
    pub estimate: Estimate,
    /// Variance of each free number of the camera, for errors of one pixel each way.
    pub unit_variances: Vec<f64>,
}

impl Estimate {
    /// Pixel of a corner, and its place in the camera's space. Not checked for being in front.
    fn project(&self, view: usize, point: DVec3) -> (DVec2, DVec3) {
        let place = self.poses[view].apply(point);
        (self.intrinsics.pixel_from_ray(self.distortion.distort(place.truncate() / place.z)), place)
    }

    /// Squares of the errors of one view's corners, pixels².
    pub fn view_cost(&self, measured: Measured<'_>, view: usize) -> f64 {
        let corners = measured.board.iter().zip(&measured.views[view]);
        corners
            .map(|(&point, &seen)| {
                let (pixel, place) = self.project(view, point);
                if place.z > 0.0 { pixel.distance_squared(seen) } else { f64::INFINITY }
            })
            .sum()
    }

    fn cost(&self, measured: Measured<'_>) -> f64 {
        (0..self.poses.len()).map(|view| self.view_cost(measured, view)).sum()
    }

    /// Derivatives of a pixel by the camera's numbers and by its view's.
    fn derivatives(&self, view: usize, point: DVec3) -> (DVec2, [DVec2; CAMERA_NUMBERS], [DVec2; VIEW_NUMBERS]) {
        let (pixel, place) = self.project(view, point);
        let Intrinsics { fx, fy, .. } = self.intrinsics;
        let focal = DVec2::new(fx, fy);
        let ray = place.truncate() / place.z;
        let bent = self.distortion.distort(ray);
        let [k1, k2, p1, p2, k3, k4, k5, k6] = self.distortion.gradient(ray).map(|slope| focal * slope);
        let (fx, fy) = (DVec2::new(bent.x, 0.0), DVec2::new(0.0, bent.y));
        let camera = [fx, fy, DVec2::X, DVec2::Y, k1, k2, p1, p2, k3, k4, k5, k6];
        let pixel_from_ray = DMat2::from_diagonal(focal) * self.distortion.jacobian(ray);
        let by_place = |way: DVec3| pixel_from_ray * ((way.truncate() - ray * way.z) / place.z);
        let arm = place - self.poses[view].translation;
        let [x, y, z] = DVec3::AXES;
        let view = [x.cross(arm), y.cross(arm), z.cross(arm), x, y, z].map(by_place);
        (pixel, camera, view)
    }

    /// The estimate after a step of all free numbers.
    fn stepped(&self, freedom: &Freedom, step: &[f64]) -> Self {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let mut numbers = [0.0; CAMERA_NUMBERS];
        numbers[..4].copy_from_slice(&[fx, fy, cx, cy]);
        numbers[4..].copy_from_slice(&self.distortion.to_opencv());
        let (camera_step, view_steps) = step.split_at(freedom.free.len());
        for (&index, change) in freedom.free.iter().zip(camera_step) {
            numbers[index] += change;
        }
        if freedom.tied_focal {
            numbers[1] = numbers[0] * fy / fx;
        }
        let [fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6] = numbers;
        let steps = view_steps.chunks_exact(VIEW_NUMBERS);
        let poses = self.poses.iter().zip(steps).map(|(pose, step)| {
            pose.stepped(DVec3::new(step[0], step[1], step[2]), DVec3::new(step[3], step[4], step[5]))
        });
        Self {
            intrinsics: Intrinsics { fx, fy, cx, cy },
            distortion: Distortion { radial: [k1, k2, k3, k4, k5, k6], tangential: [p1, p2] },
            poses: poses.collect(),
        }
    }

    fn normal(&self, measured: Measured<'_>, freedom: &Freedom) -> Normal {
        let shared = freedom.free.len();
        let size = shared + VIEW_NUMBERS * self.poses.len();
        let mut normal = Normal { size, matrix: vec![0.0; size * size], right: vec![0.0; size] };
        let mut row = vec![DVec2::ZERO; shared + VIEW_NUMBERS];
        let aspect = self.intrinsics.fy / self.intrinsics.fx;
        for (view, seen) in measured.views.iter().enumerate() {
            for (&point, &seen) in measured.board.iter().zip(seen) {
                let (pixel, mut camera, pose) = self.derivatives(view, point);
                if freedom.tied_focal {
                    camera[0] += aspect * camera[1];
                }
                for (place, &index) in row.iter_mut().zip(&freedom.free) {
                    *place = camera[index];
                }
                row[shared..].copy_from_slice(&pose);
                normal.add(&row, shared, view, seen - pixel);
            }
        }
        normal
    }
}

impl Normal {
    /// Adds both equations of a corner.
    fn add(&mut self, row: &[DVec2], shared: usize, view: usize, error: DVec2) {
        let place = |index: usize| if index < shared { index } else { index + view * VIEW_NUMBERS };
        for (i, slope) in row.iter().enumerate() {
            let start = place(i) * self.size;
            for (j, other) in row.iter().enumerate() {
                self.matrix[start + place(j)] += slope.dot(*other);
            }
            self.right[place(i)] += slope.dot(error);
        }
    }

    /// The step with the diagonal raised by the share `damping` (Marquardt 1963).
    fn step(&self, damping: f64) -> Option<Vec<f64>> {
        let mut matrix = self.matrix.clone();
        for index in 0..self.size {
            matrix[index * (self.size + 1)] *= 1.0 + damping;
        }
        let mut step = self.right.clone();
        Cholesky::new(matrix, self.size)?.solve(&mut step);
        step.iter().all(|change| change.is_finite()).then_some(step)
    }
}

/// Fits. `None` when the views leave a number undetermined.
pub(super) fn fit(start: Estimate, measured: Measured<'_>, freedom: &Freedom) -> Option<Fitted> {
    const STEPS: usize = 100;
    /// A fit is done when a step betters the cost by a smaller share.
    const GOOD: f64 = 1e-12;
    const MOST_DAMPING: f64 = 1e12;

    let mut estimate = start;
    let mut cost = estimate.cost(measured);
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let normal = estimate.normal(measured, freedom);
        let better = loop {
            let next = normal.step(damping).map(|step| estimate.stepped(freedom, &step));
            let tried = next.map(|next| (next.cost(measured), next)).filter(|(next_cost, _)| *next_cost < cost);
            if tried.is_some() || damping > MOST_DAMPING {
                break tried;
            }
            damping *= 10.0;
        };
        let Some((next_cost, next)) = better else { break };
        let gain = cost - next_cost;
        (estimate, cost) = (next, next_cost);
        damping = (damping / 10.0).max(1e-12);
        if gain <= GOOD * cost {
            break;
        }
    }
    let normal = estimate.normal(measured, freedom);
    let factor = Cholesky::new(normal.matrix, normal.size)?;
    let unit_variances = (0..freedom.free.len()).map(|index| factor.inverse_diagonal(index)).collect();
    Some(Fitted { estimate, unit_variances })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::DQuat;
    use proptest::prelude::*;

    fn estimate(turn: [f64; 3], lens: [f64; 8]) -> Estimate {
        let rotation = DQuat::from_scaled_axis(DVec3::from_array(turn));
        Estimate {
            intrinsics: Intrinsics { fx: 500.0, fy: 510.0, cx: 300.0, cy: 250.0 },
            distortion: Distortion::from_opencv(&lens).unwrap(),
            poses: vec![RigidPose { rotation, translation: DVec3::new(0.05, -0.1, 1.0) }],
        }
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_a_step(
            turn in prop::array::uniform3(-0.8..0.8_f64), lens in prop::array::uniform8(-0.05..0.05_f64),
            x in -0.3..0.3_f64, y in -0.3..0.3_f64, index in 0..CAMERA_NUMBERS + VIEW_NUMBERS,
        ) {
            const STEP: f64 = 1e-6;
            let estimate = estimate(turn, lens);
            let freedom = Freedom { free: (0..CAMERA_NUMBERS).collect(), tied_focal: false };
            let point = DVec3::new(x, y, 0.0);
            let at = |change: f64| {
                let mut step = [0.0; CAMERA_NUMBERS + VIEW_NUMBERS];
                step[index] = change;
                estimate.stepped(&freedom, &step).project(0, point).0
            };
            let measured = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let (_, camera, view) = estimate.derivatives(0, point);
            let exact = camera.iter().chain(&view).nth(index).unwrap();
            prop_assert!(measured.distance(*exact) < 1e-4 * (1.0 + exact.length()), "{measured} {exact}");
        }
    }
}
