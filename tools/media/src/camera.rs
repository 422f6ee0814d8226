//! A camera: what it sees of a flat thing at each pixel.
//!
//! The flat thing's own place is x to the right, y down and z into it; the camera's is x to the right, y down and z
//! forward. Pixels have their centres at whole numbers.

/// A lens after OpenCV's model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lens {
    /// Pixels.
    pub(crate) focal: [f64; 2],
    /// Pixels.
    pub(crate) center: [f64; 2],
    /// k1, k2, p1, p2, k3.
    pub(crate) distortion: [f64; 5],
}

impl Lens {
    /// The direction of what is seen at a pixel, one unit ahead.
    pub(crate) fn ray(&self, pixel: [f64; 2]) -> [f64; 2] {
        let bent = [0, 1].map(|axis| (pixel[axis] - self.center[axis]) / self.focal[axis]);
        if self.distortion == [0.0; 5] {
            return bent;
        }
        // The model goes one way only. Each round takes off what is still wrong.
        (0..24).fold(bent, |ray, _| {
            let seen = self.bent(ray);
            [0, 1].map(|axis| ray[axis] + bent[axis] - seen[axis])
        })
    }

    /// The pixel at which the lens shows what lies in this direction, one unit ahead.
    #[cfg(test)]
    pub(crate) fn pixel(&self, ray: [f64; 2]) -> [f64; 2] {
        let bent = self.bent(ray);
        [0, 1].map(|axis| self.focal[axis] * bent[axis] + self.center[axis])
    }

    fn bent(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [k1, k2, p1, p2, k3] = self.distortion;
        let square = x * x + y * y;
        let radial = 1.0 + square * (k1 + square * (k2 + square * k3));
        [
            x * radial + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x),
            y * radial + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y,
        ]
    }
}

/// Where a camera looks from, in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The point at the middle of the lens, in metres on the plane.
    pub(crate) at: [f64; 2],
    /// From that point, in metres.
    pub(crate) distance: f64,
    /// How far the camera has gone round it: 0 is below it, so that it is seen upright.
    pub(crate) azimuth_deg: f64,
    /// Off the plumb line.
    pub(crate) tilt_deg: f64,
    /// Of the camera about its own axis.
    pub(crate) roll_deg: f64,
}

/// A camera's place, by the plane that it sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pose {
    /// The camera's axes.
    axes: [[f64; 3]; 3],
    position: [f64; 3],
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl From<Look> for Pose {
    fn from(look: Look) -> Self {
        let ([azimuth_sin, azimuth_cos], [tilt_sin, tilt_cos], [roll_sin, roll_cos]) =
            (turn(look.azimuth_deg), turn(look.tilt_deg), turn(look.roll_deg));
        let forward = [-tilt_sin * azimuth_sin, -tilt_sin * azimuth_cos, tilt_cos];
        let right = [azimuth_cos, -azimuth_sin, 0.0];
        let down = [tilt_cos * azimuth_sin, tilt_cos * azimuth_cos, tilt_sin];
        let axes = [
            [0, 1, 2].map(|part| roll_cos * right[part] + roll_sin * down[part]),
            [0, 1, 2].map(|part| roll_cos * down[part] - roll_sin * right[part]),
            forward,
        ];
        let at = [look.at[0], look.at[1], 0.0];
        Self { axes, position: [0, 1, 2].map(|part| at[part] - look.distance * forward[part]) }
    }
}

/// Sine and cosine.
fn turn(angle_deg: f64) -> [f64; 2] {
    let (sine, cosine) = angle_deg.to_radians().sin_cos();
    [sine, cosine]
}

impl Pose {
    /// The direction of a point of the plane, one unit ahead of the camera.
    #[cfg(test)]
    pub(crate) fn ray(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let from = [x - self.position[0], y - self.position[1], -self.position[2]];
        let [right, down, ahead] = self.axes.map(|axis| dot(axis, from));
        [right / ahead, down / ahead]
    }

    /// The point of the plane that is seen in a direction.
    pub(crate) fn on_plane(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let way = [0, 1, 2].map(|part| x * self.axes[0][part] + y * self.axes[1][part] + self.axes[2][part]);
        let length = -self.position[2] / way[2];
        [0, 1].map(|part| self.position[part] + length * way[part])
    }

    /// From the plane's points to pixels, row by row, the last number 1. For a lens that does not bend.
    pub(crate) fn homography(&self, lens: &Lens) -> [f64; 9] {
        let shift = self.axes.map(|axis| -dot(axis, self.position));
        let row = |row: usize, column: usize| if column < 2 { self.axes[row][column] } else { shift[row] };
        let seen = |line: usize, column: usize| match line {
            2 => row(2, column),
            _ => lens.focal[line] * row(line, column) + lens.center[line] * row(2, column),
        };
        std::array::from_fn(|place| seen(place / 3, place % 3) / seen(2, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENS: Lens =
        Lens { focal: [560.0, 558.0], center: [322.5, 236.0], distortion: [-0.25, 0.08, 0.0008, -0.0005, 0.0] };
    const LOOK: Look = Look { at: [0.02, -0.01], distance: 0.4, azimuth_deg: 130.0, tilt_deg: 40.0, roll_deg: -7.0 };

    fn near(a: [f64; 2], b: [f64; 2], most: f64) {
        assert!((a[0] - b[0]).hypot(a[1] - b[1]) < most, "{a:?} {b:?}");
    }

    #[test]
    fn a_pixel_shows_what_is_projected_to_it() {
        let pose = Pose::from(LOOK);
        for pixel in [[0.0, 0.0], [639.0, 0.0], [0.0, 479.0], [639.0, 479.0], [320.0, 240.0], [100.0, 400.0]] {
            let point = pose.on_plane(LENS.ray(pixel));
            near(LENS.pixel(pose.ray(point)), pixel, 1e-9);
        }
    }

    /// Numbers that OpenCV's `projectPoints` gives for the same lens.
    #[test]
    fn the_lens_bends_as_opencv_bends() {
        near(LENS.pixel([0.4, -0.3]), [533.35288, 78.484412], 1e-6);
        near(LENS.pixel([-0.5, 0.35]), [65.06576, 415.65391715], 1e-6);
        near(LENS.pixel([0.0, 0.0]), LENS.center, 1e-12);
    }

    #[test]
    fn the_camera_looks_at_the_point_from_the_distance() {
        let pose = Pose::from(LOOK);
        near(pose.ray(LOOK.at), [0.0, 0.0], 1e-12);
        let [x, y, z] = pose.position;
        let far = dot([x - LOOK.at[0], y - LOOK.at[1], z], [x - LOOK.at[0], y - LOOK.at[1], z]).sqrt();
        assert!((far - LOOK.distance).abs() < 1e-12 && z < 0.0, "{far} {z}");
        let upright = Pose::from(Look { azimuth_deg: 0.0, roll_deg: 0.0, ..LOOK });
        let [right, up] = [upright.ray([0.12, -0.01]), upright.ray([0.02, -0.11])];
        assert!(right[0] > 0.0 && right[1].abs() < 1e-12 && up[0].abs() < 1e-12 && up[1] < 0.0, "{right:?} {up:?}");
    }

    #[test]
    fn the_homography_projects() {
        let lens = Lens { distortion: [0.0; 5], ..LENS };
        let pose = Pose::from(LOOK);
        let matrix = pose.homography(&lens);
        assert!((matrix[8] - 1.0).abs() < 1e-12);
        for [x, y] in [[0.1, 0.1], [-0.15, 0.05], [0.0, 0.0]] {
            let [right, down, share] = [0, 3, 6].map(|row| matrix[row] * x + matrix[row + 1] * y + matrix[row + 2]);
            near([right / share, down / share], lens.pixel(pose.ray([x, y])), 1e-9);
        }
    }
}
