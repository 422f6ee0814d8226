//! Every interleaving, and every value that the memory model allows a load to return, of the two protocols of the
//! worker pools: how a seat publishes its most urgent task, and how workers fall asleep and are woken.
//!
//! The protocols are the very files of the `priority` crate. They are written against `crate::sync`, which is the
//! standard library there and loom here. Run with `cargo test --workspace -p freshet_models`.
//!
//! The inboxes of these models are plain relaxed slots. So what a drain is sure to find is what the protocol itself
//! makes visible, and nothing that a queue's own ordering would add.

#[cfg(test)]
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

#[cfg(test)]
#[path = "../../../plugins/priority/src/pool/heads.rs"]
mod heads;

#[cfg(test)]
#[expect(dead_code, reason = "the hint of who sleeps decides nothing, so no model asks for it")]
#[path = "../../../plugins/priority/src/pool/parker.rs"]
mod parker;

#[cfg(test)]
mod tests;
