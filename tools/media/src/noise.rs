//! Numbers that look like chance and are the same every time.

/// A number from 0 to 1 for each place of a lattice.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits =
        (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    bits ^= bits >> 15;
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// Smooth noise from 0 to 1 with bumps one unit apart, which repeats after `period` units of `y`.
pub(crate) fn smooth(x: f32, y: f32, period: i32, seed: u32) -> f32 {
    let (column, row) = (x.floor() as i32, y.floor() as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (ease(x - x.floor()), ease(y - y.floor()));
    let corner = |dx: i32, dy: i32| hash(column + dx, (row + dy).rem_euclid(period), seed);
    let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right;
    let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right;
    top + (bottom - top) * down
}
