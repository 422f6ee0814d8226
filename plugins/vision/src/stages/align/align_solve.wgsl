// Piece: a symmetric positive system of 8 unknowns by Gauss-Jordan elimination in shared memory, two pivots at a time, for a workgroup that calls it
// as one. In: `system[0..64]` row by row and `right[0..8]`. Out: `right[0..8]`, the unknowns. Two copies in turn: one barrier for each pair.

var<workgroup> system: array<f32, 128>;
var<workgroup> right: array<f32, 16>;

fn eliminate(thread: u32) {
    let row = thread >> 3u;
    let column = thread & 7u;
    for (var pivot = 0u; pivot < 8u; pivot += 2u) {
        let now = (pivot & 2u) * 32u;
        let next = 64u - now;
        workgroupBarrier();
        if thread < 64u {
            let first = now + pivot * 8u;
            let a = system[first + pivot];
            let b = system[first + pivot + 1u];
            let d = system[first + pivot + 9u];
            let scale = 1.0 / max(a * d - b * b, 1e-30);
            // Rows of the pair become the inverse of their square times themselves; others lose their part in the pair.
            let own = row >> 1u == pivot >> 1u;
            let lead = select(vec2(system[now + row * 8u + pivot], system[now + row * 8u + pivot + 1u]),
                              select(vec2(-1.0, 0.0), vec2(0.0, -1.0), (row & 1u) == 1u), own);
            let factor = scale * vec2(lead.x * d - lead.y * b, lead.y * a - lead.x * b);
            let rest = select(1.0, 0.0, own);
            system[next + thread] = rest * system[now + thread] - dot(factor, vec2(system[first + column], system[first + column + 8u]));
            if column == 0u {
                let side = now >> 3u;
                right[(next >> 3u) + row] = rest * right[side + row] - dot(factor, vec2(right[side + pivot], right[side + pivot + 1u]));
            }
        }
    }
    workgroupBarrier();
}
