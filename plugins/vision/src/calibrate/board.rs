//! Finding a chessboard in a picture.

use bevy::math::{DVec2, DVec3};

use super::corner::{Corner, find_corners};
use super::error::CalibrateError;
use super::grid::{Grid, find_grids};
use super::luma::{Luma, Picture};
use super::subpixel::refine;

/// A chessboard, told by its inner corners: where four squares meet.
///
/// ```text
///  ██░░██░░██
///  ░░██░░██░░   5 × 3 squares have 4 × 2 inner corners
///  ██░░██░░██
/// ```
///
/// With an odd number of columns plus rows (9 × 6) a picture shows which way up the board is; with an even one, half a
/// turn looks the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Board {
    columns: usize,
    rows: usize,
    square_m: f64,
}

impl Board {
    /// Corners along a side beyond which a board is refused.
    pub const MAX_SIDE: usize = 100;

    /// A board of `columns × rows` inner corners and squares of `square_m` metres.
    ///
    /// # Errors
    ///
    /// When there are less than 3 columns or rows or more than [`Self::MAX_SIDE`], or the squares have no size.
    pub fn new(columns: usize, rows: usize, square_m: f64) -> Result<Self, CalibrateError> {
        let sides = 3..=Self::MAX_SIDE;
        let fits = sides.contains(&columns) && sides.contains(&rows) && square_m > 0.0 && square_m.is_finite();
        if fits { Ok(Self { columns, rows, square_m }) } else { Err(CalibrateError::Board { columns, rows, square_m }) }
    }

    /// Inner corners along a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Inner corners along a column.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inner corners.
    pub fn corner_count(&self) -> usize {
        self.columns * self.rows
    }

    /// The inner corners in the board's own space, metres, row by row: x along rows, y along columns, z = 0, away from
    /// the viewer.
    pub fn points(&self) -> impl Iterator<Item = DVec3> {
        let Self { columns, rows, square_m } = *self;
        (0..columns * rows)
            .map(move |index| DVec3::new((index % columns) as f64, (index / columns) as f64, 0.0) * square_m)
    }

    /// Finds the board's inner corners to a fraction of a pixel, row by row, as [`Self::points`] lists them; never
    /// mirrored. The first square between them is dark where the board tells its ends apart, else the first corner is
    /// the one nearer to the picture's upper left.
    ///
    /// `None` when the board, all of it, is not in the picture.
    pub fn find(&self, luma: Luma<'_>) -> Option<Vec<DVec2>> {
        let full = Picture::from(luma);
        let rough = self.find_rough(&full)?;
        // Sharp edges in line with the pixels would pull corners towards whole pixels.
        let exact = self.refined(&full.smoothed(), &rough)?;
        Some(self.right_way_up(&full, exact))
    }

    /// Corners to a pixel or two, in the full picture's pixels: first at full size, then at half and quarter size, where
    /// coarse or blurred corners are found.
    fn find_rough(&self, full: &Picture) -> Option<Vec<DVec2>> {
        const LEVELS: u32 = 3;

        let mut shrunk = full.clone();
        for level in 0..LEVELS {
            let mut found = self.find_at_one_size(&shrunk);
            match found.len() {
                0 => shrunk = shrunk.halved()?,
                1 => {
                    let scale = f64::from(1_u32 << level);
                    return found.pop().map(|corners| scaled(corners, scale));
                }
                // A larger board. At another size some of its corners might be missed, and a part be taken for all.
                _ => return None,
            }
        }
        None
    }

    /// Every set of corners that could be the board: first from the strongest corners alone, where little else is
    /// mistaken for one, then from weaker ones as well.
    fn find_at_one_size(&self, picture: &Picture) -> Vec<Vec<DVec2>> {
        /// Shares of the response that the board's corners have.
        const SHARES: [f32; 3] = [0.3, 0.1, 0.0];

        let smooth = picture.smoothed();
        // Room for what else in the picture looks like a corner.
        let corners = find_corners(&smooth, 3 * self.corner_count() + 200);
        let usual = corners.get(self.corner_count() / 2).map_or(0.0, |corner| corner.response);
        let enough = |share: f32| corners.iter().take_while(|corner| corner.response >= share * usual).count();
        let counts = SHARES.map(enough);
        counts
            .iter()
            .map(|&count| self.find_among(&smooth, &corners[..count]))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn find_among(&self, smooth: &Picture, corners: &[Corner]) -> Vec<Vec<DVec2>> {
        // Half a board is worth completing; less is chance.
        let mut grids = find_grids(corners, self.corner_count() / 2);
        let windows = |grids: &[Grid]| {
            let all = grids.iter().map(|grid| grid.windows(self.columns, self.rows));
            all.into_iter().find(|windows| !windows.is_empty())
        };
        windows(&grids).unwrap_or_else(|| {
            grids.iter_mut().for_each(|grid| grid.fill_holes(smooth));
            windows(&grids).unwrap_or_default()
        })
    }

    fn refined(&self, full: &Picture, rough: &[DVec2]) -> Option<Vec<DVec2>> {
        let columns = self.columns;
        let spacing = |index: usize| {
            let (column, row) = (index % columns, index / columns);
            let beside = if column + 1 < columns { index + 1 } else { index - 1 };
            let below = if row + 1 < self.rows { index + columns } else { index - columns };
            let distance = |other: usize| rough[index].distance(rough[other]);
            distance(beside).min(distance(below))
        };
        // The window ends well before the next corner.
        let reach = |index: usize| (0.3 * spacing(index)).clamp(2.0, 8.0) as usize;
        rough.iter().enumerate().map(|(index, &place)| refine(full, place, reach(index))).collect()
    }

    /// Turns the corners by half a turn, or for square boards by quarters, until the first square is where it belongs.
    fn right_way_up(&self, picture: &Picture, mut corners: Vec<DVec2>) -> Vec<DVec2> {
        if (self.columns + self.rows) % 2 == 1 {
            if !self.first_square_is_dark(picture, &corners) {
                corners.reverse();
            }
            return corners;
        }
        let quarter = |corners: &[DVec2]| -> Vec<DVec2> {
            let (columns, rows) = (self.columns, self.rows);
            (0..columns * rows).map(|index| corners[(rows - 1 - index % columns) * columns + index / columns]).collect()
        };
        let half: Vec<_> = corners.iter().rev().copied().collect();
        let mut ways = vec![corners, half];
        if self.columns == self.rows {
            ways.extend([quarter(&ways[0]), quarter(&ways[1])]);
        }
        ways.into_iter().min_by(|a, b| a[0].element_sum().total_cmp(&b[0].element_sum())).unwrap_or_default()
    }

    fn first_square_is_dark(&self, picture: &Picture, corners: &[DVec2]) -> bool {
        let centre = |first: usize| {
            [first, first + 1, first + self.columns, first + self.columns + 1]
                .map(|index| corners[index])
                .iter()
                .sum::<DVec2>()
                / 4.0
        };
        // Two neighbours, so that the light there is the same.
        picture.sample(centre(0)) < picture.sample(centre(1))
    }
}

/// From a shrunken picture's pixels to the full one's.
fn scaled(corners: Vec<DVec2>, scale: f64) -> Vec<DVec2> {
    corners.into_iter().map(|place| (place + 0.5) * scale - 0.5).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::camera::{CameraModel, Distortion, Intrinsics, RigidPose};
    use bevy::math::DQuat;
    use proptest::prelude::*;

    pub fn camera(coefficients: &[f64]) -> CameraModel {
        let intrinsics = Intrinsics { fx: 330.0, fy: 335.0, cx: 165.0, cy: 116.0 };
        CameraModel::new(320, 240, intrinsics, Distortion::from_opencv(coefficients).unwrap()).unwrap()
    }

    /// The board in front of the camera, its middle on the axis, turned about its middle by a rotation vector.
    pub fn facing(board: &Board, distance: f64, turn: [f64; 3]) -> RigidPose {
        let middle = DVec3::new((board.columns - 1) as f64, (board.rows - 1) as f64, 0.0) * board.square_m / 2.0;
        let rotation = DQuat::from_scaled_axis(DVec3::from_array(turn));
        RigidPose { rotation, translation: DVec3::new(0.0, 0.0, distance) - rotation * middle }
    }

    /// What a camera sees of a board, 4 × 4 samples a pixel, light falling off to the right, white beyond.
    pub fn draw(board: &Board, camera: &CameraModel, pose: &RigidPose) -> Vec<u8> {
        const SAMPLES: u32 = 4;
        let board_from_camera = pose.inverse();
        let origin = board_from_camera.translation;
        let inside = |cell: DVec2| {
            cell.cmpge(DVec2::NEG_ONE).all() && cell.cmplt(DVec2::new(board.columns as f64, board.rows as f64)).all()
        };
        let level = |pixel: DVec2| {
            let Ok(ray) = camera.unproject(pixel) else { return 0.9 };
            let way = board_from_camera.rotation * ray.extend(1.0);
            let hit = (origin - way * (origin.z / way.z)).truncate() / board.square_m;
            let cell = hit.floor();
            if inside(hit) && (cell.x + cell.y).rem_euclid(2.0) == 0.0 { 0.15 } else { 0.9 }
        };
        let (width, height) = (camera.width(), camera.height());
        let mut pixels = Vec::with_capacity((width * height) as usize);
        for y in 0..height {
            for x in 0..width {
                let offset = |index: u32| (f64::from(index) + 0.5) / f64::from(SAMPLES) - 0.5;
                let samples = (0..SAMPLES * SAMPLES).map(|sample| {
                    level(DVec2::new(f64::from(x) + offset(sample % SAMPLES), f64::from(y) + offset(sample / SAMPLES)))
                });
                let mean = samples.sum::<f64>() / f64::from(SAMPLES * SAMPLES);
                let light = 230.0 - 120.0 * f64::from(x) / f64::from(width);
                pixels.push((mean * light) as u8);
            }
        }
        pixels
    }

    /// The largest distance between found and true corners, pixels.
    fn worst(board: &Board, camera: &CameraModel, pose: &RigidPose, found: &[DVec2]) -> f64 {
        let real = board.points().map(|point| camera.project(pose.apply(point)).unwrap());
        real.zip(found).map(|(real, found)| real.distance(*found)).fold(0.0, f64::max)
    }

    #[test]
    fn boards_are_checked() {
        assert!(Board::new(2, 6, 0.1).is_err());
        assert!(Board::new(9, 101, 0.1).is_err());
        assert!(Board::new(9, 6, f64::NAN).is_err());
    }

    #[test]
    fn an_empty_or_tiny_picture_has_no_board() {
        let board = Board::new(9, 6, 0.025).unwrap();
        assert_eq!(board.find(Luma::new(&[128; 320 * 240], 320, 240).unwrap()), None);
        assert_eq!(board.find(Luma::new(&[128; 4], 2, 2).unwrap()), None);
    }

    #[test]
    fn another_board_is_not_found() {
        let shown = Board::new(8, 5, 0.025).unwrap();
        let camera = camera(&[]);
        let pixels = draw(&shown, &camera, &facing(&shown, 0.3, [0.0; 3]));
        let picture = Luma::new(&pixels, 320, 240).unwrap();
        assert!(shown.find(picture).is_some());
        assert_eq!(Board::new(7, 5, 0.025).unwrap().find(picture), None);
        assert_eq!(Board::new(9, 6, 0.025).unwrap().find(picture), None);
    }

    #[test]
    fn a_large_or_blurred_picture_is_found_at_a_smaller_size() {
        let board = Board::new(5, 4, 0.03).unwrap();
        let camera = camera(&[]);
        let pose = facing(&board, 0.3, [0.2, 0.1, 0.1]);
        let mut blurred = Picture::from(Luma::new(&draw(&board, &camera, &pose), 320, 240).unwrap());
        for _ in 0..12 {
            blurred = blurred.smoothed();
        }
        let pixels: Vec<u8> = (0..320 * 240).map(|index| blurred.at(index % 320, index / 320) as u8).collect();
        let found = board.find(Luma::new(&pixels, 320, 240).unwrap()).unwrap();
        assert!(worst(&board, &camera, &pose, &found) < 0.3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn corners_are_found_from_many_sides(
            tilt in prop::array::uniform2(-0.7..0.7_f64), roll in -3.1..3.1_f64, k1 in -0.25..0.1_f64, odd: bool,
        ) {
            let board = if odd { Board::new(7, 6, 0.02) } else { Board::new(6, 6, 0.02) }.unwrap();
            let camera = camera(&[k1, 0.0, 0.0, 0.0]);
            let rolled = DQuat::from_scaled_axis(DVec3::new(tilt[0], tilt[1], 0.0)) * DQuat::from_rotation_z(roll);
            let pose = facing(&board, 0.32, rolled.to_scaled_axis().to_array());
            let pixels = draw(&board, &camera, &pose);
            let found = board.find(Luma::new(&pixels, 320, 240).unwrap());
            prop_assert!(found.is_some(), "not found");
            let found = found.unwrap();
            if odd {
                let error = worst(&board, &camera, &pose, &found);
                prop_assert!(error < 0.3, "{error} px");
            } else {
                // Which way up is open: the set of corners must be right.
                for point in board.points() {
                    let real = camera.project(pose.apply(point)).unwrap();
                    prop_assert!(found.iter().any(|found| found.distance(real) < 0.3));
                }
                prop_assert!((found[1] - found[0]).perp_dot(found[6] - found[0]) > 0.0);
            }
        }
    }
}
