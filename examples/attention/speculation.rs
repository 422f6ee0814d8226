//! Answers that were prepared before anybody asked.

use std::time::Duration;

use crate::suggest::key;

/// What became of the answers that were prepared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Answers that were prepared.
    pub prepared: u64,
    /// Questions that were answered from here.
    pub hits: u64,
    /// Questions that were not, the stale ones among them.
    pub misses: u64,
    /// Answers that were asked for but too old, or from another state of the index.
    pub stale: u64,
    /// Answers that nobody asked for while they were kept.
    pub wasted: u64,
}

/// An answer that waits to be asked for.
#[derive(Debug)]
struct Waiting<A> {
    key: String,
    answer: A,
    version: u64,
    prepared: Duration,
}

/// At most [`Speculation::MOST`] answers, by what is asked: two ways of asking the same find one answer. When full, the
/// one that was not prepared or looked up for longest is dropped.
#[derive(Debug)]
pub struct Speculation<A> {
    /// The longest untouched first.
    waiting: Vec<Waiting<A>>,
    longest: Duration,
    tally: Tally,
}

impl<A> Speculation<A> {
    /// Most answers.
    pub const MOST: usize = 32;

    /// None prepared yet. Answers are stale after `longest`.
    pub fn new(longest: Duration) -> Self {
        Self { waiting: Vec::with_capacity(Self::MOST), longest, tally: Tally::default() }
    }

    /// Keeps an answer. `version` is the state of what it was made from, such as the number of passages; `now` is on any
    /// clock that does not run backwards. An older answer to the same question is replaced. A question without a word
    /// to know it by is left out.
    pub fn insert(&mut self, question: &str, answer: A, version: u64, now: Duration) {
        let key = key(question);
        if key.is_empty() {
            return;
        }
        let replaced = self.waiting.iter().position(|waiting| waiting.key == key);
        let dropped = replaced.or_else(|| (self.waiting.len() == Self::MOST).then_some(0));
        if let Some(place) = dropped {
            self.waiting.remove(place);
            self.tally.wasted += 1;
        }
        self.tally.prepared += 1;
        self.waiting.push(Waiting { key, answer, version, prepared: now });
    }

    /// Whether a fresh answer waits, so that it need not be prepared again. Counts as looking it up, not as a hit.
    pub fn is_ready(&mut self, question: &str, version: u64, now: Duration) -> bool {
        let key = key(question);
        let Some(place) = self.waiting.iter().position(|waiting| waiting.key == key) else { return false };
        let touched = self.waiting.remove(place);
        let is_fresh = self.is_fresh(&touched, version, now);
        self.waiting.push(touched);
        is_fresh
    }

    /// Takes the answer out, if there is a fresh one; counts a hit or a miss.
    pub fn take(&mut self, question: &str, version: u64, now: Duration) -> Option<A> {
        let key = key(question);
        let place = self.waiting.iter().position(|waiting| waiting.key == key);
        let taken = place.map(|place| self.waiting.remove(place));
        let is_stale = taken.as_ref().is_some_and(|taken| !self.is_fresh(taken, version, now));
        self.tally.stale += u64::from(is_stale);
        self.tally.wasted += u64::from(is_stale);
        let fresh = taken.filter(|_| !is_stale);
        self.tally.hits += u64::from(fresh.is_some());
        self.tally.misses += u64::from(fresh.is_none());
        fresh.map(|taken| taken.answer)
    }

    /// Answers that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What became of the answers so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn is_fresh(&self, waiting: &Waiting<A>, version: u64, now: Duration) -> bool {
        waiting.version == version && now.saturating_sub(waiting.prepared) <= self.longest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn the_same_asked_otherwise_hits_once() {
        let mut speculation = Speculation::new(Duration::from_secs(60));
        speculation.insert("What about late results?", 7, 1, START);
        assert_eq!(speculation.take("what happens to late results", 1, START), Some(7));
        assert_eq!(speculation.take("late results", 1, START), None, "it was taken");
        speculation.insert("What is it?", 8, 1, START);
        assert_eq!(speculation.take("How are you?", 1, START), None, "neither says anything");
        assert_eq!(speculation.tally(), Tally { prepared: 1, hits: 1, misses: 2, ..Tally::default() });
    }

    #[test]
    fn old_answers_and_those_of_another_index_are_stale() {
        let mut speculation = Speculation::new(Duration::from_secs(60));
        for (version, seconds, is_fresh) in [(1, 60, true), (1, 61, false), (2, 0, false)] {
            speculation.insert("rings", (), 1, START);
            assert_eq!(speculation.is_ready("rings", version, Duration::from_secs(seconds)), is_fresh);
            assert_eq!(speculation.take("rings", version, Duration::from_secs(seconds)).is_some(), is_fresh);
        }
        assert_eq!(speculation.tally(), Tally { prepared: 3, hits: 1, misses: 2, stale: 2, wasted: 2 });
    }

    #[test]
    fn the_longest_untouched_is_dropped() {
        let mut speculation = Speculation::new(Duration::from_secs(60));
        for number in 0..Speculation::<usize>::MOST {
            speculation.insert(&format!("word{number}"), number, 1, START);
        }
        assert!(speculation.is_ready("word0", 1, START));
        speculation.insert("another", 99, 1, START);
        assert!(speculation.is_ready("word0", 1, START), "it was looked up");
        assert!(!speculation.is_ready("word1", 1, START));
    }

    proptest! {
        /// Words are numbers, so that many are the same; a miss, a hit or a wait: nothing is lost without a count.
        #[test]
        fn the_tally_accounts_for_every_answer(turns in prop::collection::vec((any::<bool>(), 0..50_u32, 0..3_u64), 0..200)) {
            let mut speculation = Speculation::new(Duration::from_secs(20));
            for (second, (is_asked, word, version)) in turns.into_iter().enumerate() {
                let (word, now) = (format!("w{word}"), Duration::from_secs(second as u64));
                if is_asked {
                    prop_assert!(speculation.take(&word, version, now).is_none_or(|answer| answer == word));
                } else {
                    speculation.insert(&word, word.clone(), version, now);
                }
                let Tally { prepared, hits, wasted, .. } = speculation.tally();
                prop_assert!(speculation.waiting() <= Speculation::<String>::MOST);
                prop_assert_eq!(prepared, hits + wasted + speculation.waiting() as u64);
            }
        }
    }
}
