// Piece: What all kernels have in common: where values lie, and what is done to a number before it is written.
// Before it stand: `alias T` (how values are stored: f32, or f16 where that is chosen) and the constants of the step.
// What is no number stays so. Comparisons alone do not do that: drivers make `max` of them, which drops it; bits do.
struct Places { a: u32, b: u32, add: u32, out: u32, weight: u32, shift: u32, slope: u32, scratch: u32 }

@group(0) @binding(0) var<storage, read_write> arena: array<T>;
@group(0) @binding(1) var<storage, read_write> io: array<f32>;
@group(0) @binding(2) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(4) var<storage, read> aux: array<f32>;
@group(0) @binding(5) var<uniform> places: Places;

const IO: u32 = 1u;
const AUX: u32 = 2u;

fn load(space: u32, i: u32) -> f32 {
    if (space == IO) { return io[i]; }
    if (space == AUX) { return aux[i]; }
    return f32(arena[i]);
}
fn load_a(i: u32) -> f32 { return load(A_SPACE, places.a + i); }
fn load_b(i: u32) -> f32 { return load(B_SPACE, places.b + i); }

fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn greater(a: f32, b: f32) -> f32 { return unless_nan(a, unless_nan(b, max(a, b))); }
fn lesser(a: f32, b: f32) -> f32 { return unless_nan(a, unless_nan(b, min(a, b))); }

// Without the overflow that drivers' tanh has.
fn tangent(x: f32) -> f32 {
    let e = exp(-2.0 * abs(x));
    let t = (1.0 - e) / (1.0 + e);
    return select(t, -t, x < 0.0);
}
fn sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    let r = 1.0 / (1.0 + e);
    return select(r, e * r, x < 0.0);
}
// Abramowitz and Stegun 1964, 7.1.26: within 1.5e-7; a series near zero, where that loses digits.
fn erf(x: f32) -> f32 {
    let a = abs(x);
    if (a < 0.3) {
        let s = x * x;
        return 1.1283791671 * x * (1.0 + s * (-0.3333333333 + s * (0.1 + s * (-0.0238095238 + s * 0.0046296296))));
    }
    let t = 1.0 / (1.0 + 0.3275911 * a);
    let y = 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-a * a);
    return select(y, -y, x < 0.0);
}
// y, or x where that is no number.
fn unless_nan(x: f32, y: f32) -> f32 { return select(y, x, is_nan(x)); }
fn hard(x: f32) -> f32 { return unless_nan(x, clamp(x / 6.0 + 0.5, 0.0, 1.0)); }
fn mish(x: f32) -> f32 {
    if (x > 20.0) { return x; }
    let e = exp(x);
    let t = e * (e + 2.0);
    return x * (t / (t + 2.0));
}
// aᵇ with whole exponents of negative numbers.
fn power(a: f32, b: f32) -> f32 {
    if (b == 0.0) { return 1.0; }
    if (b == 2.0) { return a * a; }
    if (a >= 0.0) { return pow(a, b); }
    let size = pow(-a, b);
    let odd = abs(b - 2.0 * floor(b * 0.5)) == 1.0;
    if (floor(b) != b) { return bitcast<f32>(bitcast<u32>(size) | 0x7fc00000u); }
    return select(size, -size, odd);
}

// The numbers are those of `activation` in header.rs. `i` is the place of the result, for slopes of channels.
fn activate(x: f32, i: u32) -> f32 {
    switch ACTIVATION {
        case 1u: { return unless_nan(x, max(x, 0.0)); }
        case 2u: { return x * sigmoid(x); }
        case 3u: { return 0.5 * x * (1.0 + erf(x * 0.70710678)); }
        case 4u: { return 0.5 * x * (1.0 + tangent(0.79788456 * (x + 0.044715 * x * x * x))); }
        case 5u: { return sigmoid(x); }
        case 6u: { return tangent(x); }
        case 7u: { return hard(x); }
        case 8u: { return x * hard(x); }
        case 9u: { return mish(x); }
        case 10u: { return exp(x); }
        case 11u: { return sqrt(x); }
        case 12u: { return abs(x); }
        case 13u: { return -x; }
        case 14u: { return erf(x); }
        case 15u: { return unless_nan(x, max(x, LOW)); }
        case 16u: { return unless_nan(x, min(x, HIGH)); }
        case 17u: { return unless_nan(x, min(max(x, LOW), HIGH)); }
        case 18u: { return select(x, LOW * x, x < 0.0); }
        case 19u: { return select(x, LOW * (exp(x) - 1.0), x < 0.0); }
        case 20u: { return select(x, aux[places.slope + (i / CHANNEL_INNER) % CHANNELS] * x, x < 0.0); }
        default: { return x; }
    }
}

// Writes the result's element i.
fn put(i: u32, value: f32) {
    if (OUT_SPACE == IO) { io[places.out + i] = value; } else { arena[places.out + i] = T(value); }
}
// Summand, activation, write.
fn finish(i: u32, value: f32) {
    var x = value;
    if (HAS_ADD) { x += load(ADD_SPACE, places.add + i); }
    put(i, activate(x, i));
}
