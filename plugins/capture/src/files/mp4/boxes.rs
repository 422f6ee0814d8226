//! A first look at the boxes of an MP4 file, before its index is read.
//!
//! The reader of the index trusts the numbers that it finds. This look tells it where the file should end, so that
//! the frames of a truncated file can be had, and refuses numbers that no file can keep.

use crate::error::SourceError;
use crate::files::map::MappedFile;

/// Boxes that hold boxes, as far as it matters here.
const CONTAINERS: [&[u8; 4]; 8] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex"];
/// Boxes at the top that may be cut off: they hold samples, or nothing.
const MAY_BE_CUT: [&[u8; 4]; 4] = [b"mdat", b"free", b"skip", b"wide"];

/// A box: its kind, its content, and where the next one begins.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    /// May be beyond the end of what there is.
    end: u64,
}

/// The box at the start of `bytes`, whose content may be cut off. `None` where none begins.
fn piece(bytes: &[u8]) -> Option<Piece<'_>> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (head, end) = match number(0)? {
        // Up to the end of the file.
        0 => (8, bytes.len() as u64),
        1 => (16, u64::from(number(8)?) << 32 | u64::from(number(12)?)),
        end => (8, u64::from(end)),
    };
    if end < head {
        return None;
    }
    let content_end = (bytes.len() as u64).min(end) as usize;
    Some(Piece { kind, content: bytes.get(head as usize..content_end).unwrap_or_default(), end })
}

/// What a first look at a file's boxes tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overview {
    /// Where the file ends by its own word, which may be beyond its real end.
    pub(super) end: u64,
    /// Bytes of all boxes that are more than samples.
    pub(super) index_bytes: u64,
}

/// Looks through the boxes.
pub(super) fn look_through(file: &MappedFile, bytes: &[u8]) -> Result<Overview, SourceError> {
    let (mut position, mut samples, mut index_bytes, mut has_index) = (0_u64, 0_u64, 0_u64, false);
    while let Some(piece) = bytes.get(position as usize..).and_then(piece) {
        let is_whole = position.saturating_add(piece.end) <= bytes.len() as u64;
        if !is_whole && !MAY_BE_CUT.contains(&&piece.kind) {
            return Err(file.truncated_head("its index"));
        }
        if !count_samples(piece, &mut samples, 0) || samples > bytes.len() as u64 {
            return Err(file.malformed("its index names more samples than the file can hold"));
        }
        has_index |= piece.kind == *b"moov";
        if !MAY_BE_CUT.contains(&&piece.kind) {
            index_bytes += piece.content.len() as u64;
        }
        position = position.saturating_add(piece.end);
        if position >= bytes.len() as u64 {
            break;
        }
    }
    if has_index {
        Ok(Overview { end: position, index_bytes })
    } else {
        Err(file.truncated_head("its pictures, before its index"))
    }
}

/// Adds up the samples that are promised without a size of their own, which alone would stand for a byte each.
fn count_samples(piece: Piece<'_>, samples: &mut u64, depth: u32) -> bool {
    let number =
        |at: usize| piece.content.get(at..at + 4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    match &piece.kind {
        b"stsz" if number(4) != Some(0) => *samples += u64::from(number(8).unwrap_or(0)),
        b"trun" if number(0).is_some_and(|flags| flags & 0xF00 == 0) => *samples += u64::from(number(4).unwrap_or(0)),
        kind if CONTAINERS.contains(&kind) => {
            let mut rest = piece.content;
            while let Some(inner) = self::piece(rest) {
                if inner.end > rest.len() as u64 || depth > 8 || !count_samples(inner, samples, depth + 1) {
                    return false;
                }
                rest = &rest[inner.end as usize..];
            }
        }
        _ => {}
    }
    true
}
