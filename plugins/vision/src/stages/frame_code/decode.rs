//! What the bytes that come back say.

use bevy::ecs::system::Commands;
use freshet_base::{FrameCode, FrameId};
use freshet_frame::AttachExt;

/// Bytes that come back: two rows of cells, each as a high and a low word.
pub(super) const BYTES: u64 = 16;

pub(super) fn attach_code(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    commands.attach(frame, code(bytes));
}

fn code(bytes: &[u8]) -> FrameCode {
    let word = |index: usize| {
        let word = bytes.get(index * 4..index * 4 + 4).and_then(|word| word.try_into().ok());
        u64::from(word.map_or(0, u32::from_le_bytes))
    };
    let (top, bottom) = (word(0) << 32 | word(1), word(2) << 32 | word(3));
    let seq = FrameCode::decode(top);
    FrameCode { seq, whole: seq.is_some() && top == bottom }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(top: u64, bottom: u64) -> Vec<u8> {
        [top >> 32, top & 0xffff_ffff, bottom >> 32, bottom & 0xffff_ffff]
            .into_iter()
            .flat_map(|word| (word as u32).to_le_bytes())
            .collect()
    }

    #[test]
    fn torn_and_broken_codes_are_told_apart() {
        let (seven, eight) = (FrameCode::encode(7), FrameCode::encode(8));
        assert_eq!(code(&bytes(seven, seven)), FrameCode { seq: Some(7), whole: true });
        assert_eq!(code(&bytes(seven, eight)), FrameCode { seq: Some(7), whole: false });
        assert_eq!(code(&bytes(seven ^ 1, seven ^ 1)), FrameCode { seq: None, whole: false });
        assert_eq!(code(&[]), FrameCode { seq: None, whole: false });
    }
}
