//! Maps between two views of one plane.

use bevy::math::{DMat2, DMat3, DVec2, DVec3};
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::linear::solve;

/// A projective map of the plane, scaled so that its last element is 1. Never singular.
///
/// Variables that hold one are named `to_from_from`, such as `frame_from_target`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography {
    matrix: DMat3,
}

/// Why numbers are no homography.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HomographyError {
    /// A number is NaN or infinite.
    #[error("a homography holds a number that is not finite")]
    NotFinite,
    /// It maps the plane to a line or a point, or its origin to infinity.
    #[error("a homography is degenerate: it maps the plane to a line, or the origin to infinity")]
    Degenerate,
    /// Less than four points.
    #[error("{0} points; a homography needs 4")]
    TooFewPoints(usize),
}

impl Homography {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { matrix: DMat3::IDENTITY };

    /// From a matrix that maps columns `(x, y, 1)`, of any scale.
    ///
    /// # Errors
    ///
    /// When a number is not finite, or the matrix is singular or has (nearly) zero as its last element.
    pub fn new(matrix: DMat3) -> Result<Self, HomographyError> {
        if !matrix.is_finite() {
            return Err(HomographyError::NotFinite);
        }
        let last = matrix.z_axis.z;
        let largest = matrix.to_cols_array().into_iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let scalable = last.abs() > largest * 1e-12;
        if !scalable {
            return Err(HomographyError::Degenerate);
        }
        let matrix = matrix * (1.0 / last);
        // Singular to working precision: compared with the largest that three columns of these lengths can span.
        let span = matrix.x_axis.length() * matrix.y_axis.length() * matrix.z_axis.length();
        let regular = matrix.determinant().abs() > span * 1e-14;
        if regular { Ok(Self { matrix }) } else { Err(HomographyError::Degenerate) }
    }

    /// From nine numbers, row by row, as shaders and OpenCV write them.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn from_rows(rows: [f64; 9]) -> Result<Self, HomographyError> {
        Self::new(DMat3::from_cols_array(&rows).transpose())
    }

    /// The nine numbers, row by row; the last is 1.
    pub fn to_rows(&self) -> [f64; 9] {
        self.matrix.transpose().to_cols_array()
    }

    /// The matrix that maps columns `(x, y, 1)`.
    pub fn matrix(&self) -> DMat3 {
        self.matrix
    }

    /// The homography through four points: `to[i]` from `from[i]`.
    ///
    /// # Errors
    ///
    /// When three of the points lie on a line.
    pub fn from_quad(from: [DVec2; 4], to: [DVec2; 4]) -> Result<Self, HomographyError> {
        Self::fit([0, 1, 2, 3].map(|index| (from[index], to[index])).into_iter())
    }

    /// The homography of least algebraic error through pairs `(from, to)`: the direct linear transform on points
    /// normalised as by Hartley (1997). Good as a start; it is not the best fit in pixels.
    ///
    /// # Errors
    ///
    /// When there are less than four pairs, or they lie on a line.
    pub fn from_points(pairs: &[(DVec2, DVec2)]) -> Result<Self, HomographyError> {
        Self::fit(pairs.iter().copied())
    }

    fn fit(pairs: impl ExactSizeIterator<Item = (DVec2, DVec2)> + Clone) -> Result<Self, HomographyError> {
        let count = pairs.len();
        if count < 4 {
            return Err(HomographyError::TooFewPoints(count));
        }
        let from_scale = Spread::of(pairs.clone().map(|pair| pair.0)).ok_or(HomographyError::Degenerate)?;
        let to_scale = Spread::of(pairs.clone().map(|pair| pair.1)).ok_or(HomographyError::Degenerate)?;
        // Normal equations of h0 … h7, with h8 = 1: the centre of one cloud maps near the centre of the other.
        let mut normal = [[0.0; 8]; 8];
        let mut right = [0.0; 8];
        for (from, to) in pairs {
            let (DVec2 { x, y }, to) = (from_scale.normalise(from), to_scale.normalise(to));
            let (u, v) = (to.x, to.y);
            add_equation(&mut normal, &mut right, [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u);
            add_equation(&mut normal, &mut right, [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v);
        }
        let [a, b, c, d, e, f, g, h] = solve(normal, right).ok_or(HomographyError::Degenerate)?;
        let normalised = DMat3::from_cols_array(&[a, d, g, b, e, h, c, f, 1.0]);
        // The same threshold as for input, but where both clouds have size 1: collinear points end here.
        let regular = normalised.determinant().abs() > 1e-9;
        if !regular {
            return Err(HomographyError::Degenerate);
        }
        Self::new(to_scale.matrix().inverse() * normalised * from_scale.matrix())
    }

    /// Maps a point. `None` when it goes to infinity.
    pub fn apply(&self, point: DVec2) -> Option<DVec2> {
        let mapped = self.matrix * point.extend(1.0);
        let moved = mapped.truncate() / mapped.z;
        moved.is_finite().then_some(moved)
    }

    /// The third homogeneous coordinate of a mapped point. Points of one picture that are all in front of the camera
    /// share its sign.
    pub fn depth(&self, point: DVec2) -> f64 {
        (self.matrix * point.extend(1.0)).z
    }

    /// The derivative of [`Self::apply`] at a point that does not go to infinity.
    pub fn jacobian(&self, point: DVec2) -> DMat2 {
        let mapped = self.matrix * point.extend(1.0);
        let moved = mapped.truncate() / mapped.z;
        let column = |along: DVec3| (along.truncate() - moved * along.z) / mapped.z;
        DMat2::from_cols(column(self.matrix.x_axis), column(self.matrix.y_axis))
    }

    /// The map back.
    ///
    /// # Errors
    ///
    /// When it maps its origin to infinity, so that its last element cannot be 1.
    pub fn inverse(&self) -> Result<Self, HomographyError> {
        Self::new(self.matrix.inverse())
    }

    /// `a_from_b.compose(b_from_c)` is `a_from_c`.
    ///
    /// # Errors
    ///
    /// When it maps its origin to infinity.
    pub fn compose(&self, inner: &Self) -> Result<Self, HomographyError> {
        Self::new(self.matrix * inner.matrix)
    }

    /// The corners of a picture of `width` × `height` pixels, edges included: from −0.5 to `width − 0.5`.
    pub fn corners(width: f64, height: f64) -> [DVec2; 4] {
        let (right, bottom) = (width - 0.5, height - 0.5);
        [DVec2::new(-0.5, -0.5), DVec2::new(right, -0.5), DVec2::new(right, bottom), DVec2::new(-0.5, bottom)]
    }

    /// Where the corners of a picture of `width` × `height` pixels land, in the order of [`Self::corners`]. `None` when
    /// one goes to infinity or the camera's plane runs through the picture.
    pub fn quad(&self, width: f64, height: f64) -> Option<[DVec2; 4]> {
        let corners = Self::corners(width, height);
        let front = corners.iter().filter(|&&corner| self.depth(corner) > 0.0).count();
        if front % 4 != 0 {
            return None;
        }
        let mut quad = [DVec2::ZERO; 4];
        for (place, corner) in quad.iter_mut().zip(corners) {
            *place = self.apply(corner)?;
        }
        Some(quad)
    }

    /// The mean distance in pixels between where this and `other` put the corners of a picture of `width` × `height`
    /// pixels: the usual measure of planar tracking. Infinite when a corner has no place.
    pub fn corner_error(&self, other: &Self, width: f64, height: f64) -> f64 {
        match (self.quad(width, height), other.quad(width, height)) {
            (Some(ours), Some(theirs)) => ours.iter().zip(theirs).map(|(a, b)| a.distance(b)).sum::<f64>() / 4.0,
            _ => f64::INFINITY,
        }
    }
}

impl Serialize for Homography {
    /// As nine numbers, row by row.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_rows().serialize(serializer)
    }
}

/// The centre of a cloud of points and the factor that brings its mean distance from there to √2.
#[derive(Clone, Copy)]
struct Spread {
    centre: DVec2,
    factor: f64,
}

impl Spread {
    /// `None` when all points are one, or one is not finite.
    fn of(points: impl ExactSizeIterator<Item = DVec2> + Clone) -> Option<Self> {
        let count = points.len() as f64;
        let centre = points.clone().sum::<DVec2>() / count;
        let distance = points.map(|point| point.distance(centre)).sum::<f64>() / count;
        let factor = std::f64::consts::SQRT_2 / distance;
        (distance > 0.0 && factor.is_finite() && factor > 0.0 && centre.is_finite()).then_some(Self { centre, factor })
    }

    fn normalise(self, point: DVec2) -> DVec2 {
        (point - self.centre) * self.factor
    }

    fn matrix(self) -> DMat3 {
        let shift = -self.centre * self.factor;
        DMat3::from_cols(
            DVec3::new(self.factor, 0.0, 0.0),
            DVec3::new(0.0, self.factor, 0.0),
            DVec3::new(shift.x, shift.y, 1.0),
        )
    }
}

fn add_equation(normal: &mut [[f64; 8]; 8], right: &mut [f64; 8], row: [f64; 8], value: f64) {
    for i in 0..8 {
        for j in 0..8 {
            normal[i][j] += row[i] * row[j];
        }
        right[i] += row[i] * value;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 480.0;

    /// A 640 × 480 picture seen with its corners shifted by up to a fifth of its height.
    pub fn view() -> impl Strategy<Value = Homography> {
        prop::array::uniform4(prop::array::uniform2(-100.0..100.0_f64)).prop_map(|shifts| {
            let corners = Homography::corners(WIDTH, HEIGHT);
            let moved = [0, 1, 2, 3].map(|index| corners[index] + DVec2::from_array(shifts[index]));
            Homography::from_quad(corners, moved).unwrap()
        })
    }

    fn point() -> impl Strategy<Value = DVec2> {
        (0.0..WIDTH, 0.0..HEIGHT).prop_map(|(x, y)| DVec2::new(x, y))
    }

    #[test]
    fn four_points_are_met() {
        let corners = Homography::corners(WIDTH, HEIGHT);
        let moved = [DVec2::new(12.0, 7.0), DVec2::new(500.0, 90.0), DVec2::new(470.0, 400.0), DVec2::new(40.0, 460.0)];
        let map = Homography::from_quad(corners, moved).unwrap();
        for (from, to) in corners.into_iter().zip(moved) {
            assert!(map.apply(from).unwrap().distance(to) < 1e-9);
        }
        assert_eq!(map.to_rows()[8], 1.0);
    }

    #[test]
    fn degenerate_input_is_refused() {
        let line = [0.0, 1.0, 2.0, 3.0].map(|x| DVec2::new(x, 2.0 * x));
        let corners = Homography::corners(WIDTH, HEIGHT);
        assert_eq!(Homography::from_quad(corners, line), Err(HomographyError::Degenerate));
        assert_eq!(Homography::from_quad(line, corners), Err(HomographyError::Degenerate));
        assert_eq!(Homography::from_quad(corners, [DVec2::ONE; 4]), Err(HomographyError::Degenerate));
        assert_eq!(Homography::from_points(&[]), Err(HomographyError::TooFewPoints(0)));
        assert_eq!(Homography::from_rows([f64::NAN; 9]), Err(HomographyError::NotFinite));
        assert_eq!(Homography::from_rows([0.0; 9]), Err(HomographyError::Degenerate));
        assert_eq!(
            Homography::from_rows([1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 0.0, 1.0]),
            Err(HomographyError::Degenerate)
        );
    }

    #[test]
    fn a_picture_cut_by_the_cameras_plane_has_no_quad() {
        let map = Homography::from_rows([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -0.005, 0.0, 1.0]).unwrap();
        assert_eq!(map.quad(WIDTH, HEIGHT), None);
        assert_eq!(map.corner_error(&Homography::IDENTITY, WIDTH, HEIGHT), f64::INFINITY);
    }

    #[test]
    fn corner_error_is_the_mean_shift() {
        let shift = Homography::from_rows([1.0, 0.0, 3.0, 0.0, 1.0, 4.0, 0.0, 0.0, 1.0]).unwrap();
        assert!((shift.corner_error(&Homography::IDENTITY, WIDTH, HEIGHT) - 5.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn an_inverse_undoes(view in view(), point in point()) {
            let back = view.inverse().unwrap();
            prop_assert!(back.apply(view.apply(point).unwrap()).unwrap().distance(point) < 1e-7);
            let nothing = view.compose(&back).unwrap();
            prop_assert!(nothing.apply(point).unwrap().distance(point) < 1e-7);
        }

        #[test]
        fn the_jacobian_is_the_derivative(view in view(), point in point()) {
            const STEP: f64 = 1e-3;
            let exact = view.jacobian(point);
            for (axis, column) in [(DVec2::X, exact.x_axis), (DVec2::Y, exact.y_axis)] {
                let at = |shift: f64| view.apply(point + axis * shift).unwrap();
                prop_assert!(((at(STEP) - at(-STEP)) / (2.0 * STEP)).distance(column) < 1e-6);
            }
        }

        #[test]
        fn many_points_give_the_map_back(view in view(), points in prop::collection::vec(point(), 12..30)) {
            let pairs: Vec<_> = points.iter().map(|&point| (point, view.apply(point).unwrap())).collect();
            let found = Homography::from_points(&pairs).unwrap();
            prop_assert!(found.corner_error(&view, WIDTH, HEIGHT) < 1e-5);
        }

        #[test]
        fn any_numbers_make_a_map_or_an_error(rows: [f64; 9], x: f64, y: f64) {
            if let Ok(map) = Homography::from_rows(rows) {
                prop_assert!(map.apply(DVec2::new(x, y)).is_none_or(DVec2::is_finite));
            }
        }
    }
}
