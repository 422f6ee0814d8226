// Piece: solves A x = b for a symmetric, positive definite A of 8 x 8, f32, by Cholesky in blocks of four (Golub and Van Loan,
// Matrix Computations, 4.2). Everything is named, nothing indexed: it stays in registers. Normalise first (Hartley 1997).
// A = [[upper, across], [across^T, lower]]: the caller gives `upper`, `below` = across^T and `lower`; of the symmetric
// blocks the lower triangles are read. Matrices are columns: m[column][row].

struct Solution {
    first: vec4<f32>,
    second: vec4<f32>,
    ok: bool, // false: not positive definite
}

struct Factor {
    // Lower triangle; the diagonal holds reciprocals.
    d: vec4<f32>,
    l10: f32,
    l20: f32,
    l21: f32,
    l30: f32,
    l31: f32,
    l32: f32,
    ok: bool,
}

fn factor4(a: mat4x4<f32>) -> Factor {
    var f: Factor;
    let p0 = a[0][0];
    f.d.x = inverseSqrt(max(p0, 1e-20));
    f.l10 = a[0][1] * f.d.x;
    f.l20 = a[0][2] * f.d.x;
    f.l30 = a[0][3] * f.d.x;
    let p1 = a[1][1] - f.l10 * f.l10;
    f.d.y = inverseSqrt(max(p1, 1e-20));
    f.l21 = (a[1][2] - f.l20 * f.l10) * f.d.y;
    f.l31 = (a[1][3] - f.l30 * f.l10) * f.d.y;
    let p2 = a[2][2] - f.l20 * f.l20 - f.l21 * f.l21;
    f.d.z = inverseSqrt(max(p2, 1e-20));
    f.l32 = (a[2][3] - f.l30 * f.l20 - f.l31 * f.l21) * f.d.z;
    let p3 = a[3][3] - f.l30 * f.l30 - f.l31 * f.l31 - f.l32 * f.l32;
    f.d.w = inverseSqrt(max(p3, 1e-20));
    f.ok = min(min(p0, p1), min(p2, p3)) > 1e-20;
    return f;
}

fn forward4(f: Factor, b: vec4<f32>) -> vec4<f32> {
    let x = b.x * f.d.x;
    let y = (b.y - f.l10 * x) * f.d.y;
    let z = (b.z - f.l20 * x - f.l21 * y) * f.d.z;
    let w = (b.w - f.l30 * x - f.l31 * y - f.l32 * z) * f.d.w;
    return vec4(x, y, z, w);
}

fn backward4(f: Factor, b: vec4<f32>) -> vec4<f32> {
    let w = b.w * f.d.w;
    let z = (b.z - f.l32 * w) * f.d.z;
    let y = (b.y - f.l21 * z - f.l31 * w) * f.d.y;
    let x = (b.x - f.l10 * y - f.l20 * z - f.l30 * w) * f.d.x;
    return vec4(x, y, z, w);
}

fn solve8(upper: mat4x4<f32>, below: mat4x4<f32>, lower: mat4x4<f32>, b0: vec4<f32>, b1: vec4<f32>) -> Solution {
    let f = factor4(upper);
    // Rows of `below`, solved: the lower left block of the factor.
    let rows = transpose(below);
    let r0 = forward4(f, rows[0]);
    let r1 = forward4(f, rows[1]);
    let r2 = forward4(f, rows[2]);
    let r3 = forward4(f, rows[3]);
    let block = mat4x4(r0, r1, r2, r3); // its transpose, in fact
    let rest = lower - transpose(block) * block;
    let g = factor4(rest);
    let y0 = forward4(f, b0);
    let y1 = forward4(g, b1 - y0 * block);
    var s: Solution;
    s.second = backward4(g, y1);
    s.first = backward4(f, y0 - block * s.second);
    s.ok = f.ok && g.ok;
    return s;
}
