// In: the header of a frame's features. Out: their count, for the CPU.

@group(0) @binding(0) var<storage, read_write> told: u32;
@group(1) @binding(0) var<storage, read> header: array<u32, 64>;

@compute @workgroup_size(1)
fn tell() {
    told = header[0];
}
