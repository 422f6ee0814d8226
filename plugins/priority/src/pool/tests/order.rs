//! Who runs before whom, and where.

use super::*;

#[test]
fn levels_come_first_and_the_earliest_deadline_within_a_level() {
    let pool = pool(1, 1);
    let (gate, _blocker) = block(&pool, Critical);
    let (log, now) = (Log::default(), Instant::now());
    let by = |name, level, seconds| spec(name, level).by(now + Duration::from_secs(seconds));
    let tasks = [
        log.spawn(&pool, "normal", by("a", Normal, 1_000)),
        log.spawn(&pool, "high, first", spec("b", High)),
        log.spawn(&pool, "high, second", spec("c", High)),
        log.spawn(&pool, "high, late", by("d", High, 3_000)),
        log.spawn(&pool, "high, early", by("e", High, 2_000)),
        log.spawn(&pool, "critical", spec("f", Critical)),
    ];
    gate.open();
    for task in tasks {
        wait(task).unwrap();
    }
    assert_eq!(log.read(), ["critical", "high, early", "high, late", "high, first", "high, second", "normal"]);
}

#[test]
fn a_checkpoint_makes_room_for_more_urgent_work_only() {
    let pool = pool(1, 1);
    let (gate, log) = (Gate::default(), Log::default());
    let (inside, own) = (gate.clone(), log.clone());
    let long = pool.spawn(spec("long", Normal), async move |context: TaskContext| {
        inside.block();
        assert!(context.is_urgent_waiting());
        context.checkpoint().await?;
        own.write("long goes on");
        assert!(!context.is_urgent_waiting());
        context.checkpoint().await?;
        Ok(())
    });
    gate.wait_for(1);
    let urgent = log.spawn(&pool, "urgent", spec("urgent", High));
    let equal = log.spawn(&pool, "equal", spec("equal", Normal));
    gate.open();
    wait(urgent).unwrap();
    wait(equal).unwrap();
    wait(long.unwrap()).unwrap();
    assert_eq!(log.read(), ["urgent", "long goes on", "equal"]);
    eventually("the yield is counted", || pool.statistics().level(Normal).yields == 1);
}

#[test]
fn low_work_never_runs_on_a_foreground_worker() {
    let pool = pool(2, 1);
    for level in Priority::ALL {
        let class = wait(pool.spawn(spec("where", level), async |context: TaskContext| Ok(context.class())).unwrap());
        let expected = if level.is_background() { WorkerClass::Background } else { WorkerClass::Foreground };
        assert_eq!(class, Ok(expected), "{level:?}");
    }
    // Nor does it while all background workers are taken.
    let (gate, _blocker) = block(&pool, Low);
    let log = Log::default();
    let waits = log.spawn(&pool, "idle", spec("idle", Idle));
    wait(log.spawn(&pool, "normal", spec("normal", Normal))).unwrap();
    assert_eq!(log.read(), ["normal"]);
    gate.open();
    wait(waits).unwrap();
}

#[test]
fn what_lies_with_a_busy_worker_is_stolen() {
    let pool = pool(2, 1);
    let (gates, _blockers): (Vec<_>, Vec<_>) = (0..2).map(|_| block(&pool, High)).unzip();
    let log = Log::default();
    let tasks: Vec<_> = (0..8).map(|_| log.spawn(&pool, "spread", spec("spread", Normal))).collect();
    // One worker stays blocked: what lies with it can only be stolen.
    gates[0].open();
    for task in tasks {
        wait(task).unwrap();
    }
    assert!(pool.statistics().level(Normal).stolen > 0);
    gates[1].open();
}

#[test]
fn set_level_reorders_what_waits() {
    let pool = pool(1, 1);
    let (gate, _blocker) = block(&pool, Critical);
    let log = Log::default();
    let of = |key, level| TaskSpec::new(WorkloadKey(key), "task", level);
    let tasks = [
        log.spawn(&pool, "demoted", of(100, High)),
        log.spawn(&pool, "stays", of(101, Normal)),
        log.spawn(&pool, "promoted", of(102, Normal)),
    ];
    let (second, _second) = block_again(&pool, &gate);
    assert!(pool.set_level(WorkloadKey(102), Critical) && pool.set_level(WorkloadKey(100), Normal));
    second.open();
    for task in tasks {
        wait(task).unwrap();
    }
    assert_eq!(log.read(), ["promoted", "demoted", "stays"]);
}

#[test]
fn promotion_takes_waiting_work_to_the_foreground() {
    let pool = pool(1, 1);
    let (gate, _blocker) = block(&pool, Low);
    let task = pool.spawn(spec("promoted", Idle), async |context: TaskContext| Ok((context.class(), context.level())));
    assert!(pool.set_level(WorkloadKey(Idle.index() as u32), High));
    assert_eq!(wait(task.unwrap()), Ok((WorkerClass::Foreground, High)));
    gate.open();
}

#[test]
fn a_running_task_changes_class_at_its_next_checkpoint() {
    let pool = pool(1, 1);
    let gate = Gate::default();
    let inside = gate.clone();
    let task = pool.spawn(spec("moved", Normal), async move |context: TaskContext| {
        let before = context.class();
        inside.block();
        context.checkpoint().await?;
        Ok([before, context.class()])
    });
    gate.wait_for(1);
    assert!(pool.set_level(WorkloadKey(Normal.index() as u32), Idle));
    gate.open();
    assert_eq!(wait(task.unwrap()), Ok([WorkerClass::Foreground, WorkerClass::Background]));
}

#[test]
fn old_work_comes_to_the_foreground() {
    let aging = AgingBounds { idle: Duration::from_millis(60), ..AgingBounds::OFF };
    let pool = WorkerPool::new(PoolSettings { aging, ..settings(1, 1) }).unwrap();
    let (gate, _blocker) = block(&pool, Low);
    let task = pool.spawn(spec("old", Idle), async |context: TaskContext| Ok((context.class(), context.level())));
    assert_eq!(wait(task.unwrap()), Ok((WorkerClass::Foreground, Idle)));
    eventually("an aged run is counted", || pool.statistics().level(Idle).aged == 1);
    let report = pool.reports().next().unwrap();
    assert!(report.aged && report.ran_as == High && report.level == Idle);
    gate.open();
}
