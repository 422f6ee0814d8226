//! MP4: boxes in boxes, the index first, so that a clip plays while it arrives.

use super::Clip;

/// One coded picture.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Its NAL units, each behind its length in four bytes.
    pub(crate) bytes: Vec<u8>,
    /// It depends on none before it.
    pub(crate) is_key: bool,
}

/// The bytes of an MP4 file with these pictures, coded as H.264 with these parameter sets.
pub(crate) fn file(clip: Clip, sequence: &[u8], picture: &[u8], samples: &[Sample]) -> Vec<u8> {
    let kind = atom(b"ftyp", &[b"isom".as_slice(), &[0, 0, 2, 0], b"isomiso2avc1mp41"]);
    let index = |start| movie(clip, sequence, picture, samples, start);
    // The index says where the pictures begin, which depends on its own length but not the other way round.
    let start = kind.len() + index(0).len() + 8;
    let pictures: Vec<_> = samples.iter().map(|sample| sample.bytes.as_slice()).collect();
    [kind, index(start as u32), atom(b"mdat", &pictures)].concat()
}

/// A box: length, kind, content.
fn atom(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    [&(length as u32).to_be_bytes(), kind.as_slice(), &parts.concat()].concat()
}

/// Numbers of four bytes.
fn long(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Numbers of two bytes.
fn short(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The matrix that leaves the picture as it is.
fn upright() -> Vec<u8> {
    long(&[1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30])
}

fn movie(clip: Clip, sequence: &[u8], picture: &[u8], samples: &[Sample], start: u32) -> Vec<u8> {
    let frames = samples.len() as u32;
    let mut head = long(&[0, 0, 0, clip.rate_hz, frames, 1 << 16]);
    head.extend([short(&[0x0100, 0]), long(&[0, 0]), upright(), long(&[0; 6]), long(&[2])].concat());
    let head = atom(b"mvhd", &[&head]);
    atom(b"moov", &[&head, &track(clip, sequence, picture, samples, start)])
}

fn track(clip: Clip, sequence: &[u8], picture: &[u8], samples: &[Sample], start: u32) -> Vec<u8> {
    const SHOWN: u32 = 3;
    let frames = samples.len() as u32;
    let mut head = long(&[SHOWN, 0, 0, 1, 0, frames, 0, 0]);
    head.extend([short(&[0; 4]), upright(), long(&[clip.width << 16, clip.height << 16])].concat());
    let times = [long(&[0, 0, 0, clip.rate_hz, frames]), short(&[0x55C4, 0])].concat();
    let handler = [long(&[0, 0]), b"vide".to_vec(), long(&[0; 3]), b"video\0".to_vec()].concat();
    let here = atom(b"dref", &[&long(&[0, 1]), &atom(b"url ", &[&long(&[1])])]);
    let information = atom(
        b"minf",
        &[
            &atom(b"vmhd", &[&long(&[1, 0, 0])]),
            &atom(b"dinf", &[&here]),
            &table(clip, sequence, picture, samples, start),
        ],
    );
    let media = atom(b"mdia", &[&atom(b"mdhd", &[&times]), &atom(b"hdlr", &[&handler]), &information]);
    atom(b"trak", &[&atom(b"tkhd", &[&head]), &media])
}

fn table(clip: Clip, sequence: &[u8], picture: &[u8], samples: &[Sample], start: u32) -> Vec<u8> {
    let count = samples.len() as u32;
    let keys = samples.iter().zip(1..).filter(|(sample, _)| sample.is_key).map(|(_, number)| number);
    let keys: Vec<u32> = keys.collect();
    let sizes: Vec<u32> = samples.iter().map(|sample| sample.bytes.len() as u32).collect();
    atom(
        b"stbl",
        &[
            &atom(b"stsd", &[&long(&[0, 1]), &coding(clip, sequence, picture)]),
            &atom(b"stts", &[&long(&[0, 1, count, 1])]),
            &atom(b"stss", &[&long(&[0, keys.len() as u32]), &long(&keys)]),
            &atom(b"stsc", &[&long(&[0, 1, 1, count, 1])]),
            &atom(b"stsz", &[&long(&[0, 0, count]), &long(&sizes)]),
            &atom(b"stco", &[&long(&[0, 1, start])]),
        ],
    )
}

fn coding(clip: Clip, sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let set = |set: &[u8]| [short(&[set.len() as u16]), set.to_vec()].concat();
    // Version, profile, compatibility, level; lengths of four bytes; one set of each kind.
    let head = [1, sequence[1], sequence[2], sequence[3], 0xFF, 0xE1];
    let configuration = atom(b"avcC", &[&head, &set(sequence), &[1], &set(picture)]);
    let mut entry = [long(&[0]), short(&[0, 1]), long(&[0; 4])].concat();
    entry.extend([short(&[clip.width as u16, clip.height as u16]), long(&[72 << 16, 72 << 16, 0])].concat());
    entry.extend([short(&[1]), vec![0; 32], short(&[24, 0xFFFF])].concat());
    atom(b"avc1", &[&entry, &configuration])
}
