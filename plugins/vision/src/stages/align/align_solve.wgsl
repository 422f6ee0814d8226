// Piece: a symmetric positive system of 8 unknowns by Gauss-Jordan elimination in shared memory, for a workgroup that calls it as one.
// In: `system[0..64]` row by row and `right[0..8]`. Out: `right[0..8]`, the unknowns. Two copies in turn: one barrier for each pivot.

var<workgroup> system: array<f32, 128>;
var<workgroup> right: array<f32, 16>;

fn eliminate(thread: u32) {
    let row = thread >> 3u;
    let column = thread & 7u;
    for (var pivot = 0u; pivot < 8u; pivot++) {
        let now = pivot & 1u;
        let next = 1u - now;
        workgroupBarrier();
        if thread < 64u {
            let scale = 1.0 / max(system[now * 64u + pivot * 9u], 1e-30);
            let factor = select(system[now * 64u + row * 8u + pivot] * scale, 0.0, row == pivot);
            let keep = select(1.0, scale, row == pivot);
            system[next * 64u + thread] = system[now * 64u + thread] * keep - factor * system[now * 64u + pivot * 8u + column];
            if column == 0u { right[next * 8u + row] = right[now * 8u + row] * keep - factor * right[now * 8u + pivot]; }
        }
    }
    workgroupBarrier();
}
