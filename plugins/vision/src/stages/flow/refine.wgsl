// In: prepared images of one level, a flow (from patches, from a coarser level, or of this level), the global model.
// Out: a flow of this level, px. One linearisation of a robust variational problem (Brox et al. 2004; data term
// normalised as in Zimmer et al. 2011) per dispatch, solved by red-black over-relaxation inside tiles of 32x32
// of which 28x28 are written, so that no sweep needs the whole picture to wait.
// Smoothness is asked of the flow minus the global model: a turning or zooming camera costs nothing.
// Each invocation owns 2x2 pixels, a b over c d, in registers; workgroup memory holds them for the neighbours, in
// four planes so that neighbouring invocations touch neighbouring words.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> source: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> patches: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> refined: array<vec2<f32>>;

const SIDE: i32 = 16;               // invocations per axis
const HALO: i32 = 2;
const INNER: i32 = 28;

var<workgroup> flow: array<vec2<f32>, 1024>;        // minus the global model; planes a, b, c, d
var<workgroup> diffusivity: array<f32, 1024>;

// Votes of the four patches over pixel p, weighted by how well each explains this very pixel and its whole patch.
fn from_patches(direction: u32, p: vec2<i32>, base: vec2<f32>, v0: vec3<f32>, v1: vec3<f32>, v2: vec3<f32>, v3: vec3<f32>) -> vec2<f32> {
    let here = unpack2x16float(images[texel_index(direction, p)].x).x;
    let r = abs(vec4(nearest(1u - direction, base + v0.xy), nearest(1u - direction, base + v1.xy),
        nearest(1u - direction, base + v2.xy), nearest(1u - direction, base + v3.xy)) - here);
    let weight = 1.0 / (max(r, vec4(level.blend)) * (vec4(v0.z, v1.z, v2.z, v3.z) + 0.02));
    let sum = weight.x * v0.xy + weight.y * v1.xy + weight.z * v2.xy + weight.w * v3.xy;
    return sum / (weight.x + weight.y + weight.z + weight.w);
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
    return level.coarse_ratio * mix(mix(source[r0 + a.x], source[r0 + b.x], t.x), mix(source[r1 + a.x], source[r1 + b.x], t.x), t.y);
}

fn from_level(direction: u32, p: vec2<i32>) -> vec2<f32> {
    return source[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)];
}

// The linear system of one pixel: what the data ask for, and how strongly it is tied to its neighbours.
struct Data { normal: vec3<f32>, right: vec2<f32>, diffusivity: f32 };      // matrix xx, xy, yy
// One over-relaxed step as flow = keep * flow + inverse * (right + links * neighbours); links left, right, up, down.
struct Node { inverse: vec3<f32>, keep: f32, right: vec2<f32>, links: vec4<f32> };

// w: flow minus the model, base: where the model takes pixel p, gx and gy: differences of w over two pixels.
fn linearise(direction: u32, p: vec2<i32>, base: vec2<f32>, w: vec2<f32>, gx: vec2<f32>, gy: vec2<f32>) -> Data {
    let wanted = quad(texel_index(direction, p));
    let slope = 0.25 * (dot(gx, gx) + dot(gy, gy));
    let there = base + w;
    let other = bicubic(1u - direction, there);
    let g = 0.5 * (other.gradient + wanted.yz);
    let e = other.value - wanted.x;
    let scale = 1.0 / (dot(g, g) + level.normalise);
    let weight = select(0.0, 1.0, inside(there)) * scale * inverseSqrt(e * e * scale + level.data_eps * level.data_eps);
    return Data(weight * vec3(g.x * g.x, g.x * g.y, g.y * g.y), weight * g * (dot(g, w) - e),
        inverseSqrt(slope + level.smooth_eps * level.smooth_eps));
}

fn node(data: Data, p: vec2<i32>, free: bool, neighbours: vec4<f32>) -> Node {
    let last = vec2<i32>(level.size) - 1;
    if !free || any(p < vec2(0)) || any(p > last) { return Node(vec3(0.0), 1.0, vec2(0.0), vec4(0.0)); }
    let exist = vec4(f32(p.x > 0), f32(p.x < last.x), f32(p.y > 0), f32(p.y < last.y));
    let links = exist * (0.5 * level.lambda) * (neighbours + data.diffusivity);
    let total = max(links.x + links.y + links.z + links.w, 1e-6);
    let n = data.normal + vec3(total, 0.0, total);
    return Node(vec3(n.z, -n.y, n.x) * (level.relax / (n.x * n.z - n.y * n.y)), 1.0 - level.relax, data.right, links);
}

fn relax(n: Node, w: vec2<f32>, left: vec2<f32>, right: vec2<f32>, up: vec2<f32>, down: vec2<f32>) -> vec2<f32> {
    let b = n.right + n.links.x * left + n.links.y * right + n.links.z * up + n.links.w * down;
    return n.keep * w + vec2(n.inverse.x * b.x + n.inverse.y * b.y, n.inverse.y * b.x + n.inverse.z * b.y);
}

fn keep(direction: u32, at: vec2<i32>, p: vec2<i32>, value: vec2<f32>) {
    if all(at >= vec2(HALO)) && all(at < vec2(HALO + INNER)) && all(p < vec2<i32>(level.size)) {
        refined[(direction * level.size.y + u32(p.y)) * level.size.x + u32(p.x)] = value;
    }
}

// Where the global model takes a pixel.
fn moved(m: Motion, p: vec2<i32>) -> vec2<f32> { return vec2<f32>(p) + global_flow(m, vec2<f32>(p)); }

// Whether any of the four pixels is in the picture: p is even.
fn touches(p: vec2<i32>) -> bool { return all(p >= vec2(0)) && all(p < vec2<i32>(level.size)); }

// a..d: the flow of the four pixels minus the model.
fn solve(group: vec3<u32>, local: vec2<i32>, m: Motion, a0: vec2<f32>, b0: vec2<f32>, c0: vec2<f32>, d0: vec2<f32>) {
    let direction = group.z;
    let at = 2 * local;
    let p = vec2<i32>(group.xy) * INNER - HALO + at;
    let last = vec2<i32>(level.size) - 1;
    let pa = clamp(p, vec2(0), last);
    let pd = clamp(p + 1, vec2(0), last);
    let pb = vec2(pd.x, pa.y);
    let pc = vec2(pa.x, pd.y);
    var a = a0;
    var b = b0;
    var c = c0;
    var d = d0;
    let t = local.y * SIDE + local.x;
    let left = max(t - 1, 0);
    let right = min(t + 1, 255);
    let up = max(t - SIDE, 0);
    let down = min(t + SIDE, 255);
    let first_x = local.x == 0;
    let first_y = local.y == 0;
    let final_x = local.x == SIDE - 1;
    let final_y = local.y == SIDE - 1;
    flow[t] = a;
    flow[256 + t] = b;
    flow[512 + t] = c;
    flow[768 + t] = d;
    workgroupBarrier();
    var data_a: Data;
    var data_b: Data;
    var data_c: Data;
    var data_d: Data;
    if touches(p) {
        // at the edge of the tile and of the picture one-sided differences
        let no_left = first_x || p.x == 0;
        let no_up = first_y || p.y == 0;
        let no_right = final_x || p.x + 1 >= last.x;
        let no_down = final_y || p.y + 1 >= last.y;
        data_a = linearise(direction, pa, moved(m, pa), a, b - select(flow[256 + left], a, no_left), c - select(flow[512 + up], a, no_up));
        data_b = linearise(direction, pb, moved(m, pb), b, select(flow[right], b, no_right) - a, d - select(flow[768 + up], b, no_up));
        data_c = linearise(direction, pc, moved(m, pc), c, d - select(flow[768 + left], c, no_left), select(flow[down], c, no_down) - a);
        data_d = linearise(direction, pd, moved(m, pd), d, select(flow[512 + right], d, no_right) - c, select(flow[256 + down], d, no_down) - b);
    }
    diffusivity[t] = data_a.diffusivity;
    diffusivity[256 + t] = data_b.diffusivity;
    diffusivity[512 + t] = data_c.diffusivity;
    diffusivity[768 + t] = data_d.diffusivity;
    workgroupBarrier();
    // the outermost pixels of the tile stay as they are
    let node_a = node(data_a, p, !first_x && !first_y,
        vec4(diffusivity[256 + left], data_b.diffusivity, diffusivity[512 + up], data_c.diffusivity));
    let node_b = node(data_b, p + vec2(1, 0), !final_x && !first_y,
        vec4(data_a.diffusivity, diffusivity[right], diffusivity[768 + up], data_d.diffusivity));
    let node_c = node(data_c, p + vec2(0, 1), !first_x && !final_y,
        vec4(diffusivity[768 + left], data_d.diffusivity, data_a.diffusivity, diffusivity[down]));
    let node_d = node(data_d, p + vec2(1, 1), !final_x && !final_y,
        vec4(data_c.diffusivity, diffusivity[512 + right], data_b.diffusivity, diffusivity[256 + down]));
    for (var sweep = 0u; sweep < level.sweeps; sweep++) {
        a = relax(node_a, a, flow[256 + left], b, flow[512 + up], c);
        d = relax(node_d, d, c, flow[512 + right], b, flow[256 + down]);
        flow[t] = a;
        flow[768 + t] = d;
        workgroupBarrier();
        b = relax(node_b, b, a, flow[right], flow[768 + up], d);
        c = relax(node_c, c, flow[768 + left], d, a, flow[down]);
        flow[256 + t] = b;
        flow[512 + t] = c;
        workgroupBarrier();
    }
    keep(direction, at, p, a + global_flow(m, vec2<f32>(pa)));
    keep(direction, at + vec2(1, 0), p + vec2(1, 0), b + global_flow(m, vec2<f32>(pb)));
    keep(direction, at + vec2(0, 1), p + vec2(0, 1), c + global_flow(m, vec2<f32>(pc)));
    keep(direction, at + vec2(1, 1), p + vec2(1, 1), d + global_flow(m, vec2<f32>(pd)));
}

@compute @workgroup_size(16, 16)
fn refine_patches(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    let last = vec2<i32>(level.size) - 1;
    let p = vec2<i32>(group.xy) * INNER - HALO + 2 * vec2<i32>(local.xy);
    let pa = clamp(p, vec2(0), last);
    let pd = clamp(p + 1, vec2(0), last);
    let pb = vec2(pd.x, pa.y);
    let pc = vec2(pa.x, pd.y);
    var a = vec2(0.0);
    var b = vec2(0.0);
    var c = vec2(0.0);
    var d = vec2(0.0);
    if touches(p) {
        // a quad begins at even coordinates, so that its pixels lie under the same four patches
        let cell = vec2<u32>(pa) / 4u;
        let first = (group.z * level.patches.y + cell.y) * level.patches.x + cell.x;
        let v0 = patches[first].xyz;
        let v1 = patches[first + 1u].xyz;
        let v2 = patches[first + level.patches.x].xyz;
        let v3 = patches[first + level.patches.x + 1u].xyz;
        a = from_patches(group.z, pa, moved(m, pa), v0, v1, v2, v3);
        b = from_patches(group.z, pb, moved(m, pb), v0, v1, v2, v3);
        c = from_patches(group.z, pc, moved(m, pc), v0, v1, v2, v3);
        d = from_patches(group.z, pd, moved(m, pd), v0, v1, v2, v3);
    }
    solve(group, vec2<i32>(local.xy), m, a, b, c, d);
}

@compute @workgroup_size(16, 16)
fn refine_coarse(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    let last = vec2<i32>(level.size) - 1;
    let p = vec2<i32>(group.xy) * INNER - HALO + 2 * vec2<i32>(local.xy);
    let pa = clamp(p, vec2(0), last);
    let pd = clamp(p + 1, vec2(0), last);
    let pb = vec2(pd.x, pa.y);
    let pc = vec2(pa.x, pd.y);
    solve(group, vec2<i32>(local.xy), m,
        from_coarse(group.z, pa) - global_flow(m, vec2<f32>(pa)), from_coarse(group.z, pb) - global_flow(m, vec2<f32>(pb)),
        from_coarse(group.z, pc) - global_flow(m, vec2<f32>(pc)), from_coarse(group.z, pd) - global_flow(m, vec2<f32>(pd)));
}

@compute @workgroup_size(16, 16)
fn refine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let m = global_motion(group.z);
    let last = vec2<i32>(level.size) - 1;
    let p = vec2<i32>(group.xy) * INNER - HALO + 2 * vec2<i32>(local.xy);
    let pa = clamp(p, vec2(0), last);
    let pd = clamp(p + 1, vec2(0), last);
    let pb = vec2(pd.x, pa.y);
    let pc = vec2(pa.x, pd.y);
    solve(group, vec2<i32>(local.xy), m,
        from_level(group.z, pa) - global_flow(m, vec2<f32>(pa)), from_level(group.z, pb) - global_flow(m, vec2<f32>(pb)),
        from_level(group.z, pc) - global_flow(m, vec2<f32>(pc)), from_level(group.z, pd) - global_flow(m, vec2<f32>(pd)));
}
