//! The thread that looks after tasks which wait too long or never let go.
//!
//! ```text
//!             nothing runs or waits
//!   looks ─────────────────────────────► sleeps until something is submitted
//!   ▲   │
//!   │   └─ otherwise ─► naps: half a stall limit, or until levels or deadlines change
//!   └──────────────────────┘
//! ```
//!
//! It runs at normal OS priority and only ever tries locks, so background threads that get no CPU time cannot hold it
//! up. It is what moves aged and promoted work out of their queues.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use crate::pool::choose::WorkerClass;
use crate::pool::crew::{Crew, Post, seat_worker};
use crate::pool::inbox::{lock, try_lock};
use crate::pool::os_priority::{self, OsPriority};
use crate::pool::report::StallReport;
use crate::pool::shared::{Shared, WARDEN_NAPS, WARDEN_SLEEPS};
use crate::pool::statistics::add;
use crate::pool::task::TaskState;

/// How soon it tries again what was locked.
const RETRY: Duration = Duration::from_millis(1);

/// Watches until the pool closes.
pub(crate) fn watch(shared: &Arc<Shared>) {
    shared.warden.get_or_init(std::thread::current);
    let nap = nap_of(shared);
    let mut sightings = HashMap::new();
    while !shared.is_closed() {
        if !shared.is_busy() {
            sightings.clear();
            sleep(shared);
            continue;
        }
        let tidy = tidy_seats(shared);
        let seen = look_at_posts(shared, &mut sightings);
        doze(shared, if tidy && seen { nap } else { RETRY });
    }
}

/// Short enough to find a stall within one and a half of its limit, and aged work within a twelfth of its bound.
fn nap_of(shared: &Shared) -> Duration {
    let limits = shared.settings.stall_limit;
    (limits.foreground / 2).min(limits.background / 2).min(shared.settings.aging.shortest() / 12).max(RETRY)
}

fn sleep(shared: &Shared) {
    shared.sleepers.lie_down(WARDEN_SLEEPS);
    if shared.is_closed() || shared.is_busy() {
        shared.sleepers.rise(WARDEN_SLEEPS);
        return;
    }
    while shared.sleepers.is_asleep(WARDEN_SLEEPS) {
        std::thread::park();
    }
}

fn doze(shared: &Shared, nap: Duration) {
    shared.sleepers.lie_down(WARDEN_NAPS);
    let stale =
        nap > RETRY && WorkerClass::ALL.iter().flat_map(|&class| shared.seats(class)).any(|s| shared.is_stale(s));
    if !shared.is_closed() && !stale {
        std::thread::park_timeout(nap);
    }
    shared.sleepers.rise(WARDEN_NAPS);
}

/// Brings every seat's order up to date. `false` when a queue was locked.
fn tidy_seats(shared: &Shared) -> bool {
    let now = shared.clock.now();
    let mut all = true;
    for class in WorkerClass::ALL {
        for seat in shared.seats(class) {
            let Some(mut queue) = try_lock(&seat.queue) else {
                all = false;
                continue;
            };
            shared.tidy(class, seat, &mut queue, now);
            seat.settle(&queue, class);
        }
    }
    all
}

/// What a thread was at when it was last seen to move.
struct Sighting {
    slice: u64,
    beats: u32,
    since: Instant,
    reported: bool,
}

/// Finds tasks that stay away from their checkpoints. `false` when something was locked.
fn look_at_posts(shared: &Arc<Shared>, sightings: &mut HashMap<(WorkerClass, usize, u64), Sighting>) -> bool {
    let Some(posts) = try_lock(&shared.crew.posts).map(|posts| posts.clone()) else { return false };
    let mut all = true;
    sightings.retain(|&key, _| posts.iter().any(|post| (post.class, post.seat, post.tenure) == key));
    for post in &posts {
        let key = (post.class, post.seat, post.tenure);
        let Some(slice) = post.slice() else {
            sightings.remove(&key);
            continue;
        };
        let Some(state) = try_lock(&post.running).map(|running| running.clone()) else {
            all = false;
            continue;
        };
        let Some(state) = state else { continue };
        let beats = state.beats.load(Relaxed);
        let fresh = || Sighting { slice, beats, since: Instant::now(), reported: false };
        let sighting = sightings.entry(key).or_insert_with(fresh);
        if (sighting.slice, sighting.beats) != (slice, beats) {
            *sighting = fresh();
        }
        let limits = shared.settings.stall_limit;
        let limit = if post.class == WorkerClass::Foreground { limits.foreground } else { limits.background };
        let stalled_for = sighting.since.elapsed();
        if stalled_for >= limit && !std::mem::replace(&mut sighting.reported, true) {
            isolate(shared, post, &state, stalled_for);
        }
    }
    all
}

/// Names a stalled task, lowers its thread and seats another in its place.
fn isolate(shared: &Arc<Shared>, post: &Arc<Post>, state: &Arc<TaskState>, stalled_for: Duration) {
    state.evicted.store(true, Release);
    post.stalled.store(true, Release);
    add(&shared.stalls_seen);
    let one_more = |replaced| (replaced < shared.settings.substitutes as u64).then_some(replaced + 1);
    let room = shared.crew.replaced.fetch_update(AcqRel, Acquire, one_more).is_ok();
    post.replaced.store(room, Release);
    let substituted = room && seat_worker(shared, post.class, post.seat).is_ok();
    if substituted {
        add(&shared.substitutions);
    } else if post.replaced.swap(false, AcqRel) {
        shared.crew.replaced.fetch_sub(1, Release);
    }
    let lowered = (post.class == WorkerClass::Foreground).then(|| lower(shared, post));
    let report = StallReport {
        workload: state.workload,
        name: Arc::clone(&state.name),
        level: state.level(&shared.levels),
        worker: shared.worker(post.class, post.seat),
        class: post.class,
        stalled_for,
        substituted,
        lowered,
    };
    if shared.stalls.push(report).is_err() {
        add(&shared.stall_reports_lost);
    }
}

/// Lowers a stalled thread from a short-lived one, because the system's calls may lower the caller along with it.
fn lower(shared: &Arc<Shared>, post: &Arc<Post>) -> OsPriority {
    let name = format!("{}-lower", shared.settings.thread_name);
    let stalled = Arc::clone(post);
    let lowering = std::thread::Builder::new().name(name).spawn(move || {
        let native = lock(&stalled.native);
        let Some(thread) = *native else { return OsPriority::Refused("the thread has ended".to_owned()) };
        stalled.lowered.store(true, Release);
        os_priority::lower_other(thread)
    });
    let refused = |why: String| OsPriority::Refused(why);
    match lowering {
        Ok(thread) => thread.join().unwrap_or_else(|_| refused("the lowering thread panicked".to_owned())),
        Err(error) => refused(error.to_string()),
    }
}

// `Crew` counts the warden among its threads.
pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
    Crew::start(shared, "warden", watch)
}
