//! Counts that are kept by name: of attachments and of stages.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use freshet_base::SkipReason;

/// What became of one kind of attachment.
#[derive(Debug, Default)]
pub struct AttachmentTally {
    made: AtomicU64,
    late: AtomicU64,
    skipped: [AtomicU64; SkipReason::ALL.len()],
}

impl AttachmentTally {
    /// Books a result that landed on its own frame.
    pub fn made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// Books a result that came after its frame was recycled.
    pub fn late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// Books a result that is missing.
    pub fn skipped(&self, reason: SkipReason) {
        self.skipped[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Made, late, and skipped by reason.
    pub fn totals(&self) -> (u64, u64, [u64; SkipReason::ALL.len()]) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.made), read(&self.late), std::array::from_fn(|index| read(&self.skipped[index])))
    }
}

/// How often one stage ran.
#[derive(Debug, Default)]
pub struct StageTally {
    runs: AtomicU64,
}

impl StageTally {
    /// Books one run, for one frame.
    pub fn ran(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs so far.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

/// A register of fixed size, filled from the front. Names are few; a look-up compares some pointers.
struct Register<T, const N: usize>([OnceLock<(&'static str, T)>; N]);

impl<T: Default, const N: usize> Register<T, N> {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; N])
    }

    /// The entry of this name, made when it is new. The last entry is shared by all names that find no room.
    fn entry(&self, name: &'static str) -> &T {
        for (index, place) in self.0.iter().enumerate() {
            let (taken_by, entry) = place.get_or_init(|| (name, T::default()));
            if *taken_by == name || index + 1 == N {
                return entry;
            }
        }
        unreachable!("a register has at least one place")
    }

    fn entries(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.0.iter().map_while(|place| place.get().map(|(name, entry)| (*name, entry)))
    }
}

static ATTACHMENTS: Register<AttachmentTally, 64> = Register::new();
static STAGES: Register<StageTally, 64> = Register::new();

/// The tally of the attachments of this name.
pub fn attachment(name: &'static str) -> &'static AttachmentTally {
    ATTACHMENTS.entry(name)
}

/// The tally of the stage of this name.
pub fn stage(name: &'static str) -> &'static StageTally {
    STAGES.entry(name)
}

pub(crate) fn attachments() -> impl Iterator<Item = (&'static str, &'static AttachmentTally)> {
    ATTACHMENTS.entries()
}

pub(crate) fn stages() -> impl Iterator<Item = (&'static str, &'static StageTally)> {
    STAGES.entries()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_register_shares_its_last_place() {
        let register = Register::<StageTally, 2>::new();
        register.entry("a").ran();
        register.entry("b").ran();
        register.entry("c").ran();
        register.entry("a").ran();
        let runs: Vec<_> = register.entries().map(|(name, tally)| (name, tally.runs())).collect();
        assert_eq!(runs, [("a", 2), ("b", 2)]);
    }
}
