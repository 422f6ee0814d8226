// Piece: bits in which two 256-bit descriptors differ. In: two halves of each, 4 words a half. Out: 0..=256.
// Carry-save adders (Warren, Hacker's Delight, 5-2) put eight words into four: population counts are what GPUs
// have fewest units for.
fn hamming(a0: vec4<u32>, a1: vec4<u32>, b0: vec4<u32>, b1: vec4<u32>) -> u32 {
    let x = a0 ^ b0;
    let y = a1 ^ b1;
    let p = x.x ^ x.y;
    let sum0 = p ^ x.z;
    let carry0 = (x.x & x.y) | (p & x.z);
    let q = x.w ^ y.x;
    let sum1 = q ^ y.y;
    let carry1 = (x.w & y.x) | (q & y.y);
    let r = sum0 ^ sum1;
    let ones = r ^ y.z;
    let carry2 = (sum0 & sum1) | (r & y.z);
    let s = carry0 ^ carry1;
    let twos = s ^ carry2;
    let fours = (carry0 & carry1) | (s & carry2);
    return countOneBits(ones) + countOneBits(y.w) + 2u * countOneBits(twos) + 4u * countOneBits(fours);
}
