//! What one task cannot do to the others.

use super::*;

#[test]
fn a_panic_ends_its_task_only() {
    let pool = pool(1, 1);
    for _ in 0..3 {
        let task = pool.spawn(spec("panics", Normal), async |context: TaskContext| {
            context.checkpoint().await?;
            if context.level() == Normal {
                panic!("on {}", "purpose");
            }
            Ok(())
        });
        assert_eq!(wait(task.unwrap()), Err(TaskFailure::Panicked("on purpose".to_owned())));
    }
    wait(Log::default().spawn(&pool, "next", spec("next", Normal))).unwrap();
    eventually("all are counted", || {
        let normal = *pool.statistics().level(Normal);
        (normal.panicked, normal.finished, normal.running) == (3, 1, 0)
    });
}

#[test]
fn a_full_level_refuses_and_the_others_do_not() {
    let pool = WorkerPool::new(PoolSettings { capacity: [4; 5], ..settings(1, 1) }).unwrap();
    let (gate, _blocker) = block(&pool, Critical);
    let log = Log::default();
    let mut tasks: Vec<_> = (0..4).map(|_| log.spawn(&pool, "fits", spec("fits", High))).collect();
    let refused = pool.spawn(spec("refused", High), async |_| Ok(()));
    assert_eq!(refused.unwrap_err(), SpawnError::Full { level: High, capacity: 4 });
    tasks.push(log.spawn(&pool, "other", spec("other", Normal)));
    gate.open();
    for task in tasks {
        wait(task).unwrap();
    }
    assert_eq!((pool.statistics().level(High).refused, log.read().len()), (1, 5));
    eventually("a place is free again", || pool.spawn(spec("fits", High), async |_| Ok(())).is_ok());
}

#[test]
fn a_stalled_task_is_named_and_another_thread_takes_its_place() {
    let limit = Duration::from_millis(20);
    let stall_limit = StallLimits { foreground: limit, background: PATIENCE * 4 };
    let pool = WorkerPool::new(PoolSettings { stall_limit, substitutes: 1, ..settings(1, 1) }).unwrap();
    for round in 1..=3 {
        let (gate, stalled) = block(&pool, Normal);
        // Only a substitute can run this: the one foreground worker is blocked.
        wait(Log::default().spawn(&pool, "served", spec("served", High))).unwrap();
        let mut stall = None;
        eventually("the stall is reported", || {
            stall = pool.stalls().next();
            stall.is_some()
        });
        let stall = stall.unwrap();
        gate.open();
        wait(stalled).unwrap();
        assert_eq!((&*stall.name, stall.class, stall.substituted), ("blocker", WorkerClass::Foreground, true));
        assert!(stall.stalled_for >= limit);
        assert!(stall.lowered.is_some());
        assert_eq!(pool.statistics().substitutions, round);
        // The place is given back before the next round needs it.
        eventually("the stalled thread leaves", || pool.owner_replaced() == 0);
    }
}

#[test]
fn without_substitutes_the_stalled_worker_is_replaced_when_it_returns() {
    let stall_limit = StallLimits { foreground: Duration::from_millis(20), background: PATIENCE * 4 };
    let pool = WorkerPool::new(PoolSettings { stall_limit, substitutes: 0, ..settings(1, 1) }).unwrap();
    let (gate, stalled) = block(&pool, Normal);
    let mut report = None;
    eventually("the stall is reported", || {
        report = pool.stalls().next();
        report.is_some()
    });
    assert!(!report.unwrap().substituted);
    gate.open();
    wait(stalled).unwrap();
    wait(Log::default().spawn(&pool, "served", spec("served", High))).unwrap();
}

#[test]
fn a_stalled_task_does_not_hold_up_the_end() {
    let pool = WorkerPool::new(PoolSettings { shutdown_grace: Duration::ZERO, ..settings(1, 1) }).unwrap();
    let (first, _first) = block(&pool, Normal);
    let queued = pool.spawn(spec("in the queue", Normal), async |_| Ok(())).unwrap();
    let (gate, stalled) = block_again(&pool, &first);
    let arriving = pool.spawn(spec("in the inbox", Normal), async |_| Ok(())).unwrap();
    drop(pool);
    assert_eq!([wait(queued), wait(arriving)], [Err(TaskFailure::Cancelled), Err(TaskFailure::Cancelled)]);
    gate.open();
    wait(stalled).unwrap();
}

#[test]
fn what_the_system_says_about_priorities_can_be_asked() {
    let pool = pool(1, 1);
    eventually("the background thread asks", || pool.os_priority(WorkerClass::Background).is_some());
    let background = pool.os_priority(WorkerClass::Background).unwrap();
    assert!(!background.to_string().is_empty());
    if cfg!(target_os = "linux") {
        assert_eq!(background, &OsPriority::Applied("SCHED_IDLE".to_owned()));
    }
}

#[test]
fn an_inspector_sees_who_is_at_what() {
    let pool = pool(1, 1);
    let (gate, task) = block(&pool, Normal);
    let running: Vec<_> = pool.running().collect();
    assert_eq!(running.len(), 1);
    assert_eq!((&*running[0].name, running[0].worker, running[0].level), ("blocker", 0, Normal));
    gate.open();
    wait(task).unwrap();
    eventually("nothing runs", || pool.running().count() == 0);
}

/// Many threads spawn, cancel, promote and steal at once: nothing is lost, nothing runs twice.
#[test]
fn in_a_storm_every_task_ends_exactly_once() {
    let pool = WorkerPool::new(PoolSettings { capacity: [64; 5], ..settings(3, 2) }).unwrap();
    let (runs, accepted) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for seed in 0..4_usize {
            let (pool, runs, accepted) = (&pool, &runs, &accepted);
            scope.spawn(move || {
                for index in 0..2_000_usize {
                    let draw = (index * 7 + seed * 3) % 11;
                    let level = Priority::from_index(draw % 5);
                    let runs = Arc::clone(runs);
                    let task = pool.spawn(spec("drop in the storm", level), async move |context: TaskContext| {
                        runs.fetch_add(1, SeqCst);
                        for _ in 0..draw {
                            context.checkpoint().await?;
                        }
                        Ok(())
                    });
                    match task {
                        Ok(task) if draw == 10 => drop(task),
                        Ok(task) => task.detach(),
                        Err(_) => std::thread::yield_now(),
                    }
                    if draw == 3 {
                        pool.set_level(WorkloadKey((index % 5) as u32), Priority::from_index(index % 4));
                    }
                    accepted.fetch_add(1, SeqCst);
                }
            });
        }
    });
    eventually("all that was taken in ends", || {
        let levels = pool.statistics().levels;
        levels
            .iter()
            .all(|l| l.spawned == l.finished + l.cancelled + l.expired + l.panicked && l.waiting + l.running == 0)
    });
    let levels = pool.statistics().levels;
    let sum = |of: fn(&crate::pool::LevelStatistics) -> u64| levels.iter().map(of).sum::<u64>();
    assert_eq!(sum(|l| l.spawned + l.refused), accepted.load(SeqCst) as u64);
    assert!(runs.load(SeqCst) as u64 <= sum(|l| l.spawned) && runs.load(SeqCst) as u64 >= sum(|l| l.finished));
}
