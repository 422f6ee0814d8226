// In: prepared images of one level, a flow (from patches, from a coarser level, or of this level), the global model.
// Out: a flow of this level, px. One linearisation of a robust variational problem (Brox et al. 2004; data term
// normalised as in Zimmer et al. 2011) per dispatch, solved by red-black over-relaxation inside tiles of 32x32
// of which 24x24 are written, so that no sweep needs the whole picture to wait.
// Smoothness is asked of the flow minus the global model: a turning or zooming camera costs nothing.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> source: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> patches: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> refined: array<vec2<f32>>;

const TILE: i32 = 32;
const HALO: i32 = 2;
const INNER: i32 = 28;

var<workgroup> flow: array<vec2<f32>, 1024>;
var<workgroup> diffusivity: array<f32, 1024>;

// Votes of the four patches over pixel p, weighted by how well each explains this very pixel and its whole patch.
fn from_patches(direction: u32, m: Motion, p: vec2<i32>, votes: array<vec4<f32>, 4>) -> vec2<f32> {
    let base = vec2<f32>(p) + global_flow(m, vec2<f32>(p));
    let here = unpack2x16float(images[texel_index(direction, p)].x).x;
    var vote = votes;
    var sum = vec3(0.0);
    for (var k = 0; k < 4; k++) {
        let r = bilinear(1u - direction, base + vote[k].xy) - here;
        sum += vec3(vote[k].xy, 1.0) / (max(abs(r), level.blend) * (vote[k].z + 0.02));
    }
    return sum.xy / sum.z;
}

fn from_coarse(direction: u32, m: Motion, p: vec2<i32>) -> vec2<f32> {
    let q = clamp((vec2<f32>(p) + 0.5) / level.coarse_ratio - 0.5, vec2(0.0), vec2<f32>(level.coarse) - 1.0);
    let f = floor(q);
    let t = q - f;
    let a = vec2<u32>(f);
    let b = min(a + 1u, level.coarse - 1u);
    let base = direction * level.coarse.x * level.coarse.y;
    let r0 = base + a.y * level.coarse.x;
    let r1 = base + b.y * level.coarse.x;
    return level.coarse_ratio * mix(mix(source[r0 + a.x], source[r0 + b.x], t.x), mix(source[r1 + a.x], source[r1 + b.x], t.x), t.y)
        - global_flow(m, vec2<f32>(p));
}

fn from_level(direction: u32, m: Motion, p: vec2<i32>) -> vec2<f32> {
    return source[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)] - global_flow(m, vec2<f32>(p));
}

// The linear system of one pixel: what the data ask for, and how strongly it is tied to its neighbours.
struct Data { normal: vec3<f32>, right: vec2<f32> };                                // matrix xx, xy, yy
struct Node { inverse: vec3<f32>, right: vec2<f32>, links: vec4<f32>, here: i32 };  // links left, right, up, down; here < 0: fixed

fn linearise(direction: u32, m: Motion, origin: vec2<i32>, at: vec2<i32>) -> Data {
    let here = at.y * TILE + at.x;
    let p = clamp(origin + at, vec2(0), vec2<i32>(level.size) - 1);
    let w = flow[here];
    let gx = flow[here + select(0, 1, at.x < TILE - 1)] - flow[here - select(0, 1, at.x > 0)];
    let gy = flow[here + select(0, TILE, at.y < TILE - 1)] - flow[here - select(0, TILE, at.y > 0)];
    let wanted = quad(texel_index(direction, p));
    let slope = 0.25 * (dot(gx, gx) + dot(gy, gy));
    diffusivity[here] = inverseSqrt(slope + level.smooth_eps * level.smooth_eps) / (1.0 + level.edge * dot(wanted.yz, wanted.yz));

    let there = vec2<f32>(p) + w + global_flow(m, vec2<f32>(p));
    let other = bicubic(1u - direction, there);
    let g = 0.5 * (other.gradient + wanted.yz);
    let e = other.value - wanted.x;
    let scale = 1.0 / (dot(g, g) + level.normalise);
    let weight = select(0.0, 1.0, inside(there)) * scale * inverseSqrt(e * e * scale + level.data_eps * level.data_eps);
    return Data(weight * vec3(g.x * g.x, g.x * g.y, g.y * g.y), weight * g * (dot(g, w) - e));
}

fn node(data: Data, origin: vec2<i32>, at: vec2<i32>) -> Node {
    let p = origin + at;
    let last = vec2<i32>(level.size) - 1;
    if any(at == vec2(0)) || any(at == vec2(TILE - 1)) || any(p < vec2(0)) || any(p > last) {
        return Node(vec3(0.0), vec2(0.0), vec4(0.0), -1);
    }
    let here = at.y * TILE + at.x;
    let neighbours = vec4(diffusivity[here - 1], diffusivity[here + 1], diffusivity[here - TILE], diffusivity[here + TILE]);
    let exist = vec4(f32(p.x > 0), f32(p.x < last.x), f32(p.y > 0), f32(p.y < last.y));
    let links = exist * (0.5 * level.lambda) * (neighbours + diffusivity[here]);
    let total = max(links.x + links.y + links.z + links.w, 1e-6);
    let n = data.normal + vec3(total, 0.0, total);
    return Node(vec3(n.z, -n.y, n.x) / (n.x * n.z - n.y * n.y), data.right, links, here);
}

fn relax(n: Node) {
    if n.here < 0 { return; }
    let b = n.right + n.links.x * flow[n.here - 1] + n.links.y * flow[n.here + 1]
        + n.links.z * flow[n.here - TILE] + n.links.w * flow[n.here + TILE];
    let answer = vec2(n.inverse.x * b.x + n.inverse.y * b.y, n.inverse.y * b.x + n.inverse.z * b.y);
    flow[n.here] = mix(flow[n.here], answer, level.relax);
}

fn keep(direction: u32, m: Motion, origin: vec2<i32>, at: vec2<i32>) {
    let p = origin + at;
    if all(at >= vec2(HALO)) && all(at < vec2(HALO + INNER)) && all(p < vec2<i32>(level.size)) {
        refined[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)] =
            flow[at.y * TILE + at.x] + global_flow(m, vec2<f32>(p));
    }
}

fn solve(group: vec3<u32>, m: Motion, local: vec2<i32>) {
    let direction = group.z;
    let origin = vec2<i32>(group.xy) * INNER - HALO;
    // each thread owns a 2x2 quad, a and d red, b and c black; no arrays, so that all of it stays in registers
    let at_a = 2 * local;
    let at_b = at_a + vec2(1, 0);
    let at_c = at_a + vec2(0, 1);
    let at_d = at_a + vec2(1, 1);
    let data_a = linearise(direction, m, origin, at_a);
    let data_b = linearise(direction, m, origin, at_b);
    let data_c = linearise(direction, m, origin, at_c);
    let data_d = linearise(direction, m, origin, at_d);
    workgroupBarrier();
    let a = node(data_a, origin, at_a);
    let b = node(data_b, origin, at_b);
    let c = node(data_c, origin, at_c);
    let d = node(data_d, origin, at_d);
    for (var sweep = 0u; sweep < level.sweeps; sweep++) {
        relax(a);
        relax(d);
        workgroupBarrier();
        relax(b);
        relax(c);
        workgroupBarrier();
    }
    keep(direction, m, origin, at_a);
    keep(direction, m, origin, at_b);
    keep(direction, m, origin, at_c);
    keep(direction, m, origin, at_d);
}

@compute @workgroup_size(16, 16)
fn refine_patches(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    let last = vec2<i32>(level.size) - 1;
    let corner = vec2<i32>(group.xy) * INNER - HALO + 2 * vec2<i32>(local.xy);
    // a quad begins at even coordinates, so that its pixels lie under the same four patches
    let cell = vec2<u32>(clamp(corner, vec2(0), last)) / 4u;
    let first = (group.z * level.patches.y + cell.y) * level.patches.x + cell.x;
    let votes = array(patches[first], patches[first + 1u], patches[first + level.patches.x], patches[first + level.patches.x + 1u]);
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), last);
        flow[at.y * TILE + at.x] = from_patches(group.z, m, p, votes);
    }
    workgroupBarrier();
    solve(group, m, vec2<i32>(local.xy));
}

@compute @workgroup_size(16, 16)
fn refine_coarse(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), vec2<i32>(level.size) - 1);
        flow[at.y * TILE + at.x] = from_coarse(group.z, m, p);
    }
    workgroupBarrier();
    solve(group, m, vec2<i32>(local.xy));
}

@compute @workgroup_size(16, 16)
fn refine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    for (var k = 0; k < 4; k++) {
        let at = 2 * vec2<i32>(local.xy) + vec2(k & 1, k >> 1);
        let p = clamp(vec2<i32>(group.xy) * INNER - HALO + at, vec2(0), vec2<i32>(level.size) - 1);
        flow[at.y * TILE + at.x] = from_level(group.z, m, p);
    }
    workgroupBarrier();
    solve(group, m, vec2<i32>(local.xy));
}
