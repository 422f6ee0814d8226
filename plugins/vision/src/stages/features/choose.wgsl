// In: the ranked candidates of all cells and the histogram of their faded responses. Out: the list of the chosen, cell by cell, and
// their count (at most the capacity). One workgroup. The bin that is only partly needed gives its candidates in the order of cells.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cell_counts: array<u32>;
@group(0) @binding(2) var<storage, read> ranked: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> histogram: array<u32>;
@group(0) @binding(4) var<storage, read_write> chosen: array<u32>; // count, then indices into candidates
@group(0) @binding(5) var<storage, read_write> describe_dispatch: array<u32>; // three sizes
@group(1) @binding(0) var<storage, read_write> points: array<u32>; // the header's count and capacity

const KEEP: u32 = 64u;
const THREADS: u32 = 256u;
const BINS_A_THREAD: u32 = 8u;

var<workgroup> sums: array<vec2<u32>, 256>;
var<workgroup> bin_shared: u32; // candidates in higher bins are all chosen
var<workgroup> spare_shared: u32; // places left for those in this bin

// Sum of `value` over all threads up to this one.
fn inclusive_scan(thread: u32, value: vec2<u32>) -> vec2<u32> {
    var sum = value;
    sums[thread] = sum;
    for (var reach = 1u; reach < THREADS; reach *= 2u) {
        workgroupBarrier();
        var other = vec2(0u);
        if thread >= reach { other = sums[thread - reach]; }
        workgroupBarrier();
        sum += other;
        sums[thread] = sum;
    }
    return sum;
}

// How many of a cell's ranked candidates lie above the bin, and how many in it. Bins fall with rank.
fn count_cell(cell: u32, bin: u32) -> vec2<u32> {
    let count = min(cell_counts[cell], KEEP);
    var low = 0u;
    var high = count;
    while low < high {
        let middle = (low + high) / 2u;
        if ranked[cell * KEEP + middle].x > bin { low = middle + 1u; } else { high = middle; }
    }
    var ties = 0u;
    while low + ties < count && ranked[cell * KEEP + low + ties].x == bin { ties++; }
    return vec2(low, ties);
}

@compute @workgroup_size(256)
fn choose(@builtin(local_invocation_index) thread: u32) {
    if thread == 0u {
        bin_shared = 0u;
        spare_shared = params.capacity;
    }
    // From the highest bin down: the thread in whose bins the capacity is reached names the bin.
    let highest = arrayLength(&histogram) - 1u - thread * BINS_A_THREAD;
    var own = 0u;
    for (var i = 0u; i < BINS_A_THREAD; i++) { own += histogram[highest - i]; }
    let through = inclusive_scan(thread, vec2(own, 0u)).x;
    var before = through - own;
    if before < params.capacity && through >= params.capacity {
        for (var i = 0u; i < BINS_A_THREAD; i++) {
            let here = histogram[highest - i];
            if before + here >= params.capacity {
                bin_shared = highest - i;
                spare_shared = params.capacity - before;
                break;
            }
            before += here;
        }
    } else if thread == THREADS - 1u && through < params.capacity {
        // All fit: everything above bin 0, and all of bin 0.
        spare_shared = params.capacity;
    }
    let bin = workgroupUniformLoad(&bin_shared);
    let spare = workgroupUniformLoad(&spare_shared);

    let cells = params.cells_x * params.cells_y;
    let share = (cells + THREADS - 1u) / THREADS;
    let first = thread * share;
    let end = min(first + share, cells);
    var found = vec2(0u);
    for (var cell = first; cell < end; cell++) { found += count_cell(cell, bin); }
    let total = inclusive_scan(thread, found);
    var place = total - found;
    for (var cell = first; cell < end; cell++) {
        let here = count_cell(cell, bin);
        let ties = min(place.y + here.y, spare) - min(place.y, spare);
        let start = place.x + min(place.y, spare);
        for (var i = 0u; i < here.x + ties; i++) { chosen[1u + start + i] = ranked[cell * KEEP + i].y; }
        place += here;
    }
    if thread == THREADS - 1u {
        let count = total.x + min(total.y, spare);
        chosen[0] = count;
        describe_dispatch[0] = (count + 1u) / 2u; // two points a workgroup
        describe_dispatch[1] = 1u;
        describe_dispatch[2] = 1u;
        points[0] = count;
        points[1] = params.capacity;
        for (var i = 2u; i < 64u; i++) { points[i] = 0u; }
    }
}
