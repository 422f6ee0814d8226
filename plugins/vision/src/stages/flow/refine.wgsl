// In: prepared images of one level, a flow (from patches, from a coarser level, or of this level), the global model.
// Out: a flow of this level, px. One linearisation of a robust variational problem (Brox et al. 2004; data term
// normalised as in Zimmer et al. 2011) per dispatch, solved by red-black over-relaxation inside tiles of 32x32
// of which 24x24 are written, so that no sweep needs the whole picture to wait.
// Smoothness is asked of the flow minus the global model: a turning or zooming camera costs nothing.
@group(0) @binding(3) var<storage, read> source: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> patches: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> refined: array<vec2<f32>>;

const TILE: i32 = 32;
const HALO: i32 = 4;
const INNER: i32 = 24;

var<workgroup> flow: array<vec2<f32>, 1024>;
var<workgroup> diffusivity: array<f32, 1024>;

fn from_patches(direction: u32, p: vec2<i32>) -> vec2<f32> {
    let base = global_flow(direction, vec2<f32>(p));
    let here = unpack2x16float(images[texel_index(direction, p)].x).x;
    let first = vec2<u32>(p) / 4u;
    var sum = vec3(0.0);
    for (var k = 0u; k < 4u; k++) {
        let i = first + vec2(k & 1u, k >> 1u);
        let patch_flow = patches[(direction * level.patches.y + i.y) * level.patches.x + i.x];
        let r = bilinear(1u - direction, vec2<f32>(p) + base + patch_flow.xy) - here;
        let weight = 1.0 / (max(abs(r), level.blend) * (patch_flow.z + 0.02));
        sum += weight * vec3(patch_flow.xy, 1.0);
    }
    return sum.xy / sum.z;
}

fn from_coarse(direction: u32, p: vec2<i32>) -> vec2<f32> {
    let q = clamp((vec2<f32>(p) + 0.5) / level.coarse_ratio - 0.5, vec2(0.0), vec2<f32>(level.coarse) - 1.0);
    let f = floor(q);
    let t = q - f;
    let a = vec2<u32>(f);
    let b = min(a + 1u, level.coarse - 1u);
    let base = direction * level.coarse.x * level.coarse.y;
    let r0 = base + a.y * level.coarse.x;
    let r1 = base + b.y * level.coarse.x;
    return level.coarse_ratio * mix(mix(source[r0 + a.x], source[r0 + b.x], t.x), mix(source[r1 + a.x], source[r1 + b.x], t.x), t.y)
        - global_flow(direction, vec2<f32>(p));
}

fn from_level(direction: u32, p: vec2<i32>) -> vec2<f32> {
    return source[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)] - global_flow(direction, vec2<f32>(p));
}

fn solve(group: vec3<u32>, local: vec2<i32>) {
    let direction = group.z;
    let origin = vec2<i32>(group.xy) * INNER - HALO;
    let last = vec2<i32>(level.size) - 1;

    // each thread owns four pixels, a 2x2 quad: 0 and 3 are red, 1 and 2 are black
    var normal: array<vec3<f32>, 4>;        // data matrix xx, xy, yy
    var right: array<vec2<f32>, 4>;         // data right-hand side
    var links: array<vec4<f32>, 4>;         // smoothness to left, right, up, down
    for (var k = 0; k < 4; k++) {
        let at = 2 * local + vec2(k & 1, k >> 1);
        let here = at.y * TILE + at.x;
        let p = clamp(origin + at, vec2(0), last);
        let w = flow[here];
        let l = flow[here - select(0, 1, at.x > 0)];
        let r = flow[here + select(0, 1, at.x < TILE - 1)];
        let u = flow[here - select(0, TILE, at.y > 0)];
        let d = flow[here + select(0, TILE, at.y < TILE - 1)];
        let gx = r - l;
        let gy = d - u;
        let wanted = quad(texel_index(direction, p));
        let slope = 0.25 * (dot(gx, gx) + dot(gy, gy));
        diffusivity[here] = inverseSqrt(slope + level.smooth_eps * level.smooth_eps)
            * (1.0 / (1.0 + level.edge * dot(wanted.yz, wanted.yz)));

        let at_other = vec2<f32>(p) + w + global_flow(direction, vec2<f32>(p));
        let other = bicubic(1u - direction, at_other);
        let g = 0.5 * (other.gradient + wanted.yz);
        let e = other.value - wanted.x;
        let scale = 1.0 / (dot(g, g) + level.normalise);
        var weight = scale * inverseSqrt(e * e * scale + level.data_eps * level.data_eps);
        if !inside(at_other) { weight = 0.0; }
        normal[k] = weight * vec3(g.x * g.x, g.x * g.y, g.y * g.y);
        right[k] = weight * g * (dot(g, w) - e);
    }
    workgroupBarrier();
    for (var k = 0; k < 4; k++) {
        let at = 2 * local + vec2(k & 1, k >> 1);
        let p = origin + at;
        let here = at.y * TILE + at.x;
        links[k] = vec4(0.0);
        if all(at > vec2(0)) && all(at < vec2(TILE - 1)) {
            let neighbours = vec4(diffusivity[here - 1], diffusivity[here + 1], diffusivity[here - TILE], diffusivity[here + TILE]);
            let exist = vec4(f32(p.x > 0), f32(p.x < last.x), f32(p.y > 0), f32(p.y < last.y));
            links[k] = exist * (0.5 * level.lambda) * (neighbours + diffusivity[here]);
        }
    }
    for (var half = 0u; half < 2u * level.sweeps; half++) {
        for (var n = 0; n < 2; n++) {
            let k = select(1 + n, 3 * n, (half & 1u) == 0u);
            let at = 2 * local + vec2(k & 1, k >> 1);
            let here = at.y * TILE + at.x;
            let s = links[k];
            let total = s.x + s.y + s.z + s.w;
            if total > 0.0 {
                let b = right[k] + s.x * flow[here - 1] + s.y * flow[here + 1] + s.z * flow[here - TILE] + s.w * flow[here + TILE];
                let m = normal[k] + vec3(total, 0.0, total);
                let answer = vec2(m.z * b.x - m.y * b.y, m.x * b.y - m.y * b.x) / (m.x * m.z - m.y * m.y);
                flow[here] = mix(flow[here], answer, level.relax);
            }
        }
        workgroupBarrier();
    }
    for (var k = 0; k < 4; k++) {
        let at = 2 * local + vec2(k & 1, k >> 1);
        let p = origin + at;
        if all(at >= vec2(HALO)) && all(at < vec2(HALO + INNER)) && all(p <= last) {
            refined[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)] =
                flow[at.y * TILE + at.x] + global_flow(direction, vec2<f32>(p));
        }
    }
}

@compute @workgroup_size(16, 16)
fn refine_patches(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), vec2<i32>(level.size) - 1);
        flow[at.y * TILE + at.x] = from_patches(group.z, p);
    }
    workgroupBarrier();
    solve(group, vec2<i32>(local.xy));
}

@compute @workgroup_size(16, 16)
fn refine_coarse(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), vec2<i32>(level.size) - 1);
        flow[at.y * TILE + at.x] = from_coarse(group.z, p);
    }
    workgroupBarrier();
    solve(group, vec2<i32>(local.xy));
}

@compute @workgroup_size(16, 16)
fn refine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), vec2<i32>(level.size) - 1);
        flow[at.y * TILE + at.x] = from_level(group.z, p);
    }
    workgroupBarrier();
    solve(group, vec2<i32>(local.xy));
}
