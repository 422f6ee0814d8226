//! What the operating system says of this process: waits and resident memory.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "getrusage fills a plain struct; no safe crate in the tree offers it per thread")
)]

use std::time::{Duration, Instant};

use freshet_base::Bytes;

use crate::accounts::{WAITED_NANOS, WAITS};

/// Blocks, and books that it did. The one way to wait in this suite; nothing on the frame path calls it.
pub fn wait<T>(block: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = block();
    book(1, start.elapsed());
    result
}

pub(crate) fn book(times: u64, time: Duration) {
    WAITS.count(times);
    WAITED_NANOS.count(time.as_nanos() as u64);
}

/// Notices when the thread gives up the processor of its own accord (Linux; elsewhere nothing is noticed).
///
/// The kernel counts voluntary context switches for each thread: a lock that was taken, a channel that was empty, a
/// device that was waited for. Being preempted does not count.
pub(crate) struct WaitWatch {
    start: Instant,
    switches: Option<u64>,
}

impl WaitWatch {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), switches: voluntary_switches() }
    }

    /// Times the thread waited since the start, and for how long at most.
    pub(crate) fn stop(self) -> (u64, Duration) {
        let times = self.switches.zip(voluntary_switches()).map_or(0, |(before, after)| after.saturating_sub(before));
        (times, if times > 0 { self.start.elapsed() } else { Duration::ZERO })
    }
}

#[cfg(target_os = "linux")]
fn voluntary_switches() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a live, writable `rusage`.
    let answer = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid `rusage`, so it is initialised whatever the call did.
    let usage = unsafe { usage.assume_init() };
    (answer == 0).then_some(usage.ru_nvcsw as u64)
}

#[cfg(not(target_os = "linux"))]
fn voluntary_switches() -> Option<u64> {
    None
}

/// Physical memory this process holds, or `None` where it is not known (other systems than Linux).
pub fn resident() -> Option<Bytes> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()?;
    Some(Bytes(pages * 4096))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_noticed_and_work_is_not() {
        let before = WAITS.total();
        crate::alloc::hot(|| std::hint::black_box((0..1000_u64).sum::<u64>()));
        assert_eq!(WAITS.total(), before);
        crate::alloc::hot(|| std::thread::sleep(Duration::from_millis(2)));
        assert!(WAITS.total() > before);
        assert!(WAITED_NANOS.total() >= 2_000_000);
    }

    #[test]
    fn resident_memory_is_known() {
        assert!(resident().is_some_and(|held| held > Bytes(1 << 20)));
    }
}
