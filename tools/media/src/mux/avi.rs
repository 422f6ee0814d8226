//! AVI: pictures in RIFF chunks, and an index of them.

use super::Clip;

/// The bytes of an AVI file with these JPEG pictures.
pub(crate) fn file(clip: Clip, pictures: &[Vec<u8>]) -> Vec<u8> {
    let largest = pictures.iter().map(Vec::len).max().unwrap_or(0);
    let header = chunk(b"avih", &main_header(clip, pictures.len(), largest));
    let stream =
        list(b"strl", &[chunk(b"strh", &stream_header(clip, pictures.len(), largest)), chunk(b"strf", &format(clip))]);
    let frames: Vec<_> = pictures.iter().map(|picture| chunk(b"00dc", picture)).collect();
    let parts = [list(b"hdrl", &[header, stream]), list(b"movi", &frames), chunk(b"idx1", &index(pictures))];
    chunk(b"RIFF", &[b"AVI ".to_vec(), parts.concat()].concat())
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A chunk: name, length, content, and a byte to an even place.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = [name.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[kind.to_vec(), chunks.concat()].concat())
}

fn main_header(clip: Clip, frames: usize, largest: usize) -> Vec<u8> {
    const HAS_INDEX: u32 = 0x10;
    let micros = 1_000_000 / clip.rate_hz;
    numbers(&[micros, 0, 0, HAS_INDEX, frames as u32, 0, 1, largest as u32, clip.width, clip.height, 0, 0, 0, 0])
}

fn stream_header(clip: Clip, frames: usize, largest: usize) -> Vec<u8> {
    let whole = u32::MAX;
    let rest = numbers(&[0, 0, 0, 1, clip.rate_hz, 0, frames as u32, largest as u32, whole, 0]);
    let area = [0, 0, clip.width as u16, clip.height as u16].into_iter().flat_map(u16::to_le_bytes);
    [b"vidsMJPG".to_vec(), rest, area.collect()].concat()
}

fn format(clip: Clip) -> Vec<u8> {
    let start = [numbers(&[40, clip.width, clip.height]), 1_u16.to_le_bytes().to_vec(), 24_u16.to_le_bytes().to_vec()];
    [start.concat(), b"MJPG".to_vec(), numbers(&[clip.width * clip.height * 3, 0, 0, 0, 0])].concat()
}

/// For each picture: name, that it stands for itself, where it lies after `movi` begins, and its length.
fn index(pictures: &[Vec<u8>]) -> Vec<u8> {
    const KEY: u32 = 0x10;
    let mut offset = 4;
    let entries = pictures.iter().map(|picture| {
        let length = picture.len() as u32;
        let entry = [b"00dc".to_vec(), numbers(&[KEY, offset, length])].concat();
        offset += 8 + length.next_multiple_of(2);
        entry
    });
    entries.collect::<Vec<_>>().concat()
}
