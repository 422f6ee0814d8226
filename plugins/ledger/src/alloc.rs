//! Heap allocations, counted by the scope they happen in.

#![expect(unsafe_code, reason = "a global allocator is unsafe by its trait; it forwards every call unchanged")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use freshet_base::Bytes;

use crate::accounts::{FOREIGN_ALLOCATIONS, FOREIGN_WAITED_NANOS, FOREIGN_WAITS, HOT_ALLOCATED, HOT_ALLOCATIONS};
use crate::usage::{WaitWatch, book as book_wait};

/// Whose code is running on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nobody's account: start-up, the app's own systems, other threads.
    Free,
    /// This suite's work on the frame path, which must neither allocate nor wait.
    Hot,
    /// wgpu and Bevy, called from the frame path.
    Foreign,
}

thread_local! {
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::Free) };
    /// Waits of foreign calls within the innermost `hot` of this thread.
    static FOREIGN_WAITS_SEEN: Cell<u64> = const { Cell::new(0) };
}

/// Runs `work` with its allocations booked to `scope`, then returns to the scope before, also when `work` panics.
pub fn scoped<T>(scope: Scope, work: impl FnOnce() -> T) -> T {
    struct Restore(Scope);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCOPE.set(self.0);
        }
    }
    let _restore = Restore(SCOPE.replace(scope));
    work()
}

/// Runs a part of the frame path: what it allocates is booked, and where the system counts it, so is each time the
/// thread gave up the processor to wait.
pub fn hot<T>(work: impl FnOnce() -> T) -> T {
    let outer_foreign = FOREIGN_WAITS_SEEN.replace(0);
    let watch = WaitWatch::start();
    let result = scoped(Scope::Hot, work);
    let (times, time) = watch.stop();
    let own = times.saturating_sub(FOREIGN_WAITS_SEEN.replace(outer_foreign));
    if own > 0 {
        book_wait(own, time);
    }
    result
}

/// Runs calls into wgpu or Bevy from within [`hot`]: what they allocate, and how often they wait for a lock of their
/// own, is booked apart. Outside of [`hot`] it changes nothing.
pub fn foreign<T>(work: impl FnOnce() -> T) -> T {
    if SCOPE.get() != Scope::Hot {
        return work();
    }
    let watch = WaitWatch::start();
    let result = scoped(Scope::Foreign, work);
    let (times, time) = watch.stop();
    if times > 0 {
        FOREIGN_WAITS_SEEN.set(FOREIGN_WAITS_SEEN.get() + times);
        FOREIGN_WAITS.count(times);
        FOREIGN_WAITED_NANOS.count(time.as_nanos() as u64);
    }
    result
}

/// The system allocator with a count. Install it where the books should show allocations:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: freshet_ledger::CountingAllocator = freshet_ledger::CountingAllocator;
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct CountingAllocator;

fn book(size: usize) {
    // A thread that is being torn down has no scope any more: its last allocations are nobody's.
    match SCOPE.try_with(Cell::get) {
        Ok(Scope::Hot) => {
            HOT_ALLOCATIONS.count(1);
            HOT_ALLOCATED.add(Bytes(size as u64));
        }
        Ok(Scope::Foreign) => FOREIGN_ALLOCATIONS.count(1),
        Ok(Scope::Free) | Err(_) => {}
    }
}

// SAFETY: every call is forwarded to `System` with the arguments it came with; booking neither allocates nor unwinds.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        book(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract, and `place` came from `System`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        book(layout.size());
        // SAFETY: the caller keeps `alloc_zeroed`'s contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        book(new_size);
        // SAFETY: the caller keeps `realloc`'s contract, and `place` came from `System`.
        unsafe { System.realloc(place, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: CountingAllocator = CountingAllocator;

    /// One test, because the accounts are the process's own.
    #[test]
    fn allocations_are_booked_to_their_scope() {
        let read = || (HOT_ALLOCATIONS.total(), FOREIGN_ALLOCATIONS.total());
        let before = read();
        drop(std::hint::black_box(Box::new(1_u64)));
        foreign(|| drop(std::hint::black_box(Box::new(2_u64))));
        assert_eq!(read(), before, "outside of the frame path nothing is booked");

        hot(|| {
            drop(std::hint::black_box(Box::new(3_u64)));
            foreign(|| drop(std::hint::black_box(Box::new(4_u64))));
            drop(std::hint::black_box(Box::new(5_u64)));
        });
        assert_eq!(read(), (before.0 + 2, before.1 + 1));

        let panicked = std::panic::catch_unwind(|| scoped(Scope::Hot, || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(SCOPE.get(), Scope::Free, "a panic leaves the scope");
    }
}
