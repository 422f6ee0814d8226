//! A worker thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{PoisonError, RwLock};
use std::thread::Thread;

use crate::pool::choose::WorkerClass;
use crate::pool::crew::{Post, seat_worker};
use crate::pool::inbox::{Entry, lock};
use crate::pool::os_priority;
use crate::pool::shared::{Shared, Taken};
use crate::pool::statistics::add;

/// Takes the best task, runs one slice of it, looks again; sleeps while there is none. Leaves when the pool closes, or
/// when another thread has taken its seat.
pub(crate) fn work(shared: &Arc<Shared>, post: &Arc<Post>) {
    sit_down(shared, post);
    while stays(shared, post) {
        match shared.take(post.class, post.seat) {
            Some(taken) => run(shared, post, taken),
            None => sleep(shared, post),
        }
    }
    get_up(shared, post);
}

/// Whether this thread goes on. One that was lowered for good hands its seat to a fresh thread; if the system gives none,
/// a slow worker is better than none.
fn stays(shared: &Arc<Shared>, post: &Post) -> bool {
    let seated = shared.seats(post.class)[post.seat].tenure.load(Acquire) == post.tenure;
    if shared.is_closed() || !seated {
        return false;
    }
    !post.lowered.swap(false, AcqRel) || seat_worker(shared, post.class, post.seat).is_err()
}

fn sit_down(shared: &Arc<Shared>, post: &Arc<Post>) {
    *lock(&post.native) = Some(os_priority::current());
    set(&shared.seats(post.class)[post.seat].thread, std::thread::current());
    lock(&shared.crew.posts).push(Arc::clone(post));
    let priority = match post.class {
        WorkerClass::Foreground => os_priority::OsPriority::Applied("as the process".to_owned()),
        WorkerClass::Background => os_priority::lower_current(),
    };
    shared.os_priority[post.class.index()].get_or_init(|| priority);
}

fn set(place: &RwLock<Option<Thread>>, thread: Thread) {
    *place.write().unwrap_or_else(PoisonError::into_inner) = Some(thread);
}

/// One slice: until the task ends, waits for something, or makes room.
fn run(shared: &Shared, post: &Post, taken: Taken) {
    let Taken { entry: Entry { runnable, state }, level, aged, stolen } = taken;
    let counters = &shared.counters[state.base.index()];
    state.worker.store(shared.worker(post.class, post.seat), Relaxed);
    state.ran_as.store(level.index() as u16, Relaxed);
    if stolen {
        add(&counters.stolen);
        state.stolen.store(true, Relaxed);
    }
    if aged && !state.aged.swap(true, Relaxed) {
        add(&counters.aged);
    }
    post.turn(Some(Arc::clone(&state)));
    // The future contains its own panics; what comes here is a panic while it was dropped, booked already.
    drop(catch_unwind(AssertUnwindSafe(|| runnable.run())));
    post.turn(None);
    counters.running.fetch_sub(1, Release);
}

fn sleep(shared: &Shared, post: &Post) {
    let bit = Shared::bit(post.class, post.seat);
    shared.sleepers.lie_down(bit);
    if shared.has_work(post.class) {
        shared.sleepers.rise(bit);
        return;
    }
    while shared.sleepers.is_asleep(bit) {
        std::thread::park();
    }
}

fn get_up(shared: &Arc<Shared>, post: &Arc<Post>) {
    lock(&shared.crew.posts).retain(|other| !Arc::ptr_eq(other, post));
    *lock(&post.native) = None;
    if post.replaced.swap(false, AcqRel) {
        shared.crew.replaced.fetch_sub(1, Release);
    }
    if shared.is_closed() {
        shared.cancel_seat(&shared.seats(post.class)[post.seat]);
    }
}
