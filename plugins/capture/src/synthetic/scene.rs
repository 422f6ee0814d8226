//! What the plane looks like.

/// What a computed scene shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scene {
    /// A moving checkerboard: many corners.
    Checker,
    /// Moving clouds of noise, fine to coarse: something to follow everywhere.
    Noise,
    /// Colour bars, standing still.
    Bars,
}

/// The eight bars, then eight greys below them.
const BARS: [[f32; 3]; 8] = [
    [0.75, 0.75, 0.75],
    [0.75, 0.75, 0.0],
    [0.0, 0.75, 0.75],
    [0.0, 0.75, 0.0],
    [0.75, 0.0, 0.75],
    [0.75, 0.0, 0.0],
    [0.0, 0.0, 0.75],
    [0.0, 0.0, 0.0],
];

impl Scene {
    /// All scenes.
    pub const ALL: [Self; 3] = [Self::Checker, Self::Noise, Self::Bars];

    /// The name in texts such as `synthetic:checker`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checker => "checker",
            Self::Noise => "noise",
            Self::Bars => "bars",
        }
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Whether it moves.
    pub const fn moves(self) -> bool {
        !matches!(self, Self::Bars)
    }

    /// The colour of a point of pose 0, gamma-encoded, 0 to 1; coordinates in pixels of a picture of this size.
    pub(super) fn color(self, x: f32, y: f32, width: f32, height: f32) -> [f32; 3] {
        // Columns of a picture 640 wide: features are as large in every picture, but never below some pixels.
        let unit = (width / 640.0).max(0.25);
        match self {
            Self::Checker => checker(x, y, (40.0 * unit).round(), unit),
            Self::Noise => noise(x, y, unit),
            Self::Bars => bars(x / width, y / height),
        }
    }
}

fn bars(x: f32, y: f32) -> [f32; 3] {
    let index = ((x * 8.0) as usize).min(7);
    if y < 0.75 { BARS[index] } else { [index as f32 / 7.0; 3] }
}

/// Cells of slightly different colours with soft edges, and a little noise so that no place is flat.
fn checker(x: f32, y: f32, cell: f32, unit: f32) -> [f32; 3] {
    let (column, row) = (floor(x / cell), floor(y / cell));
    // From -1 within odd columns to 1 within even ones, over one pixel.
    let wave = |place: f32, index: i32| {
        let within = place - index as f32 * cell;
        let inside = within.min(cell - within).min(0.5) * 2.0;
        if index % 2 == 0 { inside } else { -inside }
    };
    let light = wave(x, column) * wave(y, row) * 0.5 + 0.5;
    let grain = (value_noise(x, y, 9.0 * unit, 7) - 0.5) * 0.12;
    [1, 2, 3].map(|channel| {
        let tint = hash(column, row, channel);
        (0.10 + 0.15 * tint) * (1.0 - light) + (0.72 + 0.2 * tint) * light + grain
    })
}

fn noise(x: f32, y: f32, unit: f32) -> [f32; 3] {
    let (mut level, mut weight, mut size) = (0.0, 0.5, 96.0 * unit);
    for octave in 0..4 {
        if size < 5.0 {
            break;
        }
        level += (value_noise(x, y, size, octave) - 0.5) * weight;
        size /= 2.0;
        weight *= 0.8;
    }
    let (warm, green) = (value_noise(x, y, 130.0 * unit, 8) - 0.5, value_noise(x, y, 110.0 * unit, 9) - 0.5);
    let level = 0.5 + level * 1.1;
    [level + 0.35 * warm, level + 0.25 * green, level - 0.35 * warm]
}

/// Smooth noise, 0 to 1, whose bumps are `size` pixels apart.
fn value_noise(x: f32, y: f32, size: f32, seed: u32) -> f32 {
    let (x, y) = (x / size, y / size);
    let (column, row) = (floor(x), floor(y));
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (smooth(x - column as f32), smooth(y - row as f32));
    let corner = |dx, dy| hash(column + dx, row + dy, seed);
    let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right;
    let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right;
    top + (bottom - top) * down
}

/// The whole number below. `f32::floor` is a call into the C library where the processor's own may not be used.
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    if (whole as f32) > value { whole - 1 } else { whole }
}

/// A number from 0 to 1 for each place of a lattice.
fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ (seed << 27);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits >> 8) as f32 / (1 << 24) as f32
}
