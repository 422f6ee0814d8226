//! The books at one moment.

use std::collections::BTreeMap;

use freshet_base::SkipReason;

use crate::{accounts, tally};

/// The books at one moment; the difference of two is what happened between them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Snapshot {
    accounts: BTreeMap<&'static str, u64>,
    attachments: BTreeMap<&'static str, (u64, u64, [u64; SkipReason::ALL.len()])>,
    stages: BTreeMap<&'static str, u64>,
}

impl Snapshot {
    /// The books now.
    pub fn now() -> Self {
        Self {
            accounts: accounts::all().map(|account| (account.name(), account.total())).collect(),
            attachments: tally::attachments().map(|(name, tally)| (name, tally.totals())).collect(),
            stages: tally::stages().map(|(name, tally)| (name, tally.runs())).collect(),
        }
    }

    /// What was booked between `earlier` and this moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let count = |now: u64, then: Option<&u64>| now.saturating_sub(then.copied().unwrap_or(0));
        Self {
            accounts: self
                .accounts
                .iter()
                .map(|(name, &now)| (*name, count(now, earlier.accounts.get(name))))
                .collect(),
            attachments: self
                .attachments
                .iter()
                .map(|(name, now)| {
                    let then = earlier.attachments.get(name).copied().unwrap_or_default();
                    let skipped = std::array::from_fn(|reason| now.2[reason] - then.2[reason]);
                    (*name, (now.0 - then.0, now.1 - then.1, skipped))
                })
                .collect(),
            stages: self.stages.iter().map(|(name, &now)| (*name, count(now, earlier.stages.get(name)))).collect(),
        }
    }

    /// What stands in an account.
    pub fn account(&self, account: &crate::Account) -> u64 {
        self.accounts.get(account.name()).copied().unwrap_or(0)
    }

    /// How often a stage ran.
    pub fn stage_runs(&self, name: &str) -> u64 {
        self.stages.get(name).copied().unwrap_or(0)
    }

    /// Made, late, and skipped by reason, of the attachments of this name.
    pub fn attachment(&self, name: &str) -> (u64, u64, [u64; SkipReason::ALL.len()]) {
        self.attachments.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn attachments(&self) -> impl Iterator<Item = (&'static str, (u64, u64, [u64; SkipReason::ALL.len()]))> {
        self.attachments.iter().map(|(name, totals)| (*name, *totals))
    }

    pub(crate) fn stages(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.stages.iter().map(|(name, runs)| (*name, *runs))
    }
}
