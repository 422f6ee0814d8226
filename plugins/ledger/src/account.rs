//! One line of the books.

use std::sync::atomic::{AtomicU64, Ordering};

use freshet_base::Bytes;

/// One line of the books: an amount that only grows, or, for a resident amount, grows and shrinks.
///
/// ```
/// # use freshet_ledger::Account;
/// # use freshet_base::Bytes;
/// static SENT: Account = Account::new("radio/sent");
///
/// SENT.add(Bytes(512));
/// assert_eq!(SENT.total(), 512);
/// ```
#[derive(Debug)]
pub struct Account {
    name: &'static str,
    total: AtomicU64,
}

impl Account {
    /// An empty account. The name reads `area/what`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, total: AtomicU64::new(0) }
    }

    /// The account's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Books an amount of memory.
    pub fn add(&self, amount: Bytes) {
        self.count(amount.0);
    }

    /// Books `number` events or units.
    pub fn count(&self, number: u64) {
        self.total.fetch_add(number, Ordering::Relaxed);
    }

    /// Takes an amount of memory off a resident account.
    pub fn remove(&self, amount: Bytes) {
        self.total.fetch_sub(amount.0, Ordering::Relaxed);
    }

    /// What stands in the account now.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}
