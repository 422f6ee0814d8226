//! The accounts of the suite.

use freshet_base::DropReason;

use crate::account::Account;

/// Bytes of pictures and samples that went CPU → GPU, without padding.
pub static UPLOADED: Account = Account::new("up/payload");
/// Bytes of padding that went CPU → GPU beside them.
pub static UPLOAD_PADDING: Account = Account::new("up/padding");
/// Bytes of results that came GPU → CPU.
pub static DOWN_METADATA: Account = Account::new("down/metadata");
/// Bytes of nets' outputs that came GPU → CPU.
pub static DOWN_NET_OUTPUTS: Account = Account::new("down/net_outputs");
/// Bytes of nets' weights that went CPU → GPU, in the order and width of the kernels.
pub static WEIGHTS_UPLOADED: Account = Account::new("up/weights");
/// Bytes of nets' weights that executors hold in memory of their own beside the mapped file; a resident account.
pub static WEIGHTS_COPIED: Account = Account::new("cpu/weights");
/// Bytes of crops that came GPU → CPU for a model that runs there.
pub static DOWN_MODEL_INPUT: Account = Account::new("down/model_input");
/// Bytes of pictures that came GPU → CPU because the user asked for a file.
pub static DOWN_EXPORT: Account = Account::new("down/export");
/// Bytes of pictures that came GPU → CPU for any other reason. There is no door for it: it stays at zero.
pub static DOWN_PIXELS: Account = Account::new("down/pixels");
/// Bytes of pictures copied from CPU memory to CPU memory, besides the one write into the mapped slot.
pub static CPU_COPIED: Account = Account::new("cpu/copied");
/// Bytes of pictures held in CPU memory by sources (scratch buffers of decoders); a resident account.
pub static CPU_RESIDENT: Account = Account::new("cpu/resident");
/// Bytes of buffers and textures held on the GPU by streams and stages; a resident account.
pub static GPU_RESIDENT: Account = Account::new("gpu/resident");
/// Heap allocations on the hot path.
pub static HOT_ALLOCATIONS: Account = Account::new("heap/hot_allocations");
/// Bytes of them.
pub static HOT_ALLOCATED: Account = Account::new("heap/hot_bytes");
/// Heap allocations inside wgpu and Bevy, called from the hot path.
pub static FOREIGN_ALLOCATIONS: Account = Account::new("heap/foreign_allocations");
/// Times something on the frame path waited.
pub static WAITS: Account = Account::new("wait/count");
/// How long, in nanoseconds.
pub static WAITED_NANOS: Account = Account::new("wait/nanos");
/// Times wgpu or Bevy, called from the frame path, waited for a lock of their own.
pub static FOREIGN_WAITS: Account = Account::new("wait/foreign_count");
/// How long at most, in nanoseconds.
pub static FOREIGN_WAITED_NANOS: Account = Account::new("wait/foreign_nanos");
/// Frames that became frame entities.
pub static FRAMES_CAPTURED: Account = Account::new("frames/captured");
/// Frame entities used again.
pub static FRAMES_RECYCLED: Account = Account::new("frames/recycled");

static FRAMES_DROPPED: [Account; DropReason::ALL.len()] = [
    Account::new("frames/dropped/unwanted"),
    Account::new("frames/dropped/not_ready"),
    Account::new("frames/dropped/ring_full"),
    Account::new("frames/dropped/superseded"),
    Account::new("frames/dropped/pool_full"),
    Account::new("frames/dropped/readback_full"),
    Account::new("frames/dropped/corrupt"),
    Account::new("frames/dropped/driver"),
];

/// Frames dropped for this reason.
pub fn dropped(reason: DropReason) -> &'static Account {
    &FRAMES_DROPPED[reason as usize]
}

/// Every account, in the order of the report.
pub fn all() -> impl Iterator<Item = &'static Account> {
    [
        &UPLOADED,
        &UPLOAD_PADDING,
        &DOWN_METADATA,
        &DOWN_NET_OUTPUTS,
        &WEIGHTS_UPLOADED,
        &WEIGHTS_COPIED,
        &DOWN_MODEL_INPUT,
        &DOWN_EXPORT,
        &DOWN_PIXELS,
        &CPU_COPIED,
        &CPU_RESIDENT,
        &GPU_RESIDENT,
        &HOT_ALLOCATIONS,
        &HOT_ALLOCATED,
        &FOREIGN_ALLOCATIONS,
        &WAITS,
        &WAITED_NANOS,
        &FOREIGN_WAITS,
        &FOREIGN_WAITED_NANOS,
        &FRAMES_CAPTURED,
        &FRAMES_RECYCLED,
    ]
    .into_iter()
    .chain(&FRAMES_DROPPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_drops_are_named_after_their_reason() {
        for reason in DropReason::ALL {
            assert!(dropped(reason).name().ends_with(reason.name()));
        }
    }
}
