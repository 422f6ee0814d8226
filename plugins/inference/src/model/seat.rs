//! Where a model is while it does not think, and how it gets there and back.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

/// Where a model is while it does not think. It moves into its task and back: nothing is copied, nothing is locked.
#[derive(Debug)]
pub(super) struct Seat<M>(ArrayQueue<Box<M>>);

impl<M> Default for Seat<M> {
    fn default() -> Self {
        Self(ArrayQueue::new(1))
    }
}

impl<M> Seat<M> {
    /// Puts a new model in its seat; the one before is dropped.
    pub(super) fn put(&self, model: Box<M>) {
        drop(self.0.force_push(model));
    }

    /// Takes the model out, to bring it back by itself.
    pub(super) fn take(self: &Arc<Self>) -> Option<Loan<M>> {
        Some(Loan { model: Some(self.0.pop()?), seat: Arc::clone(self) })
    }

    /// Whether the model is here.
    pub(super) fn is_taken(&self) -> bool {
        !self.0.is_empty()
    }
}

/// A model on loan to a task. Dropping it brings the model back, however the task ends; unless it panics: what is left of
/// the model then is dropped.
pub(super) struct Loan<M> {
    model: Option<Box<M>>,
    seat: Arc<Seat<M>>,
}

impl<M> Deref for Loan<M> {
    type Target = M;

    fn deref(&self) -> &M {
        self.model.as_deref().unwrap_or_else(|| unreachable!("it is taken out by drop only"))
    }
}

impl<M> DerefMut for Loan<M> {
    fn deref_mut(&mut self) -> &mut M {
        self.model.as_deref_mut().unwrap_or_else(|| unreachable!("it is taken out by drop only"))
    }
}

impl<M> Drop for Loan<M> {
    fn drop(&mut self) {
        if let Some(model) = self.model.take()
            && !std::thread::panicking()
        {
            self.seat.put(model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_comes_back_unless_it_panicked() {
        let seat = Arc::new(Seat::default());
        assert!(seat.take().is_none());
        seat.put(Box::new(1));
        let mut loan = seat.take().unwrap();
        *loan += 1;
        assert!(!seat.is_taken() && seat.take().is_none(), "it is out");
        drop(loan);
        assert_eq!(*seat.take().unwrap(), 2, "with what it has become");
        let loan = seat.take().unwrap();
        let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _loan = loan;
            panic!("as intended");
        }));
        assert!(thrown.is_err() && !seat.is_taken());
    }
}
