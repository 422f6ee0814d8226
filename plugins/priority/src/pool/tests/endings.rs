//! How tasks and pools end.

use super::*;

#[test]
fn a_task_returns_its_result() {
    let pool = pool(1, 1);
    let task = pool.spawn(spec("sum", Normal), async |context: TaskContext| {
        context.checkpoint().await?;
        Ok(2 + 3)
    });
    assert_eq!(wait(task.unwrap()), Ok(5));
    eventually("a report", || pool.statistics().level(Normal).finished == 1);
    let report = pool.reports().next().unwrap();
    assert_eq!((report.outcome, &*report.name, report.ran_as), (Outcome::Finished, "sum", Normal));
}

#[test]
fn what_expired_does_not_start_unless_it_wants_to() {
    let pool = pool(1, 1);
    let past = Instant::now();
    let (gate, _blocker) = block(&pool, Critical);
    let late = pool.spawn(spec("late", Normal).by(past), async |_| Ok(1)).unwrap();
    let anyway = TaskSpec { run_expired: true, ..spec("anyway", Normal).by(past) };
    let anyway = pool.spawn(anyway, async |_| Ok(2)).unwrap();
    gate.open();
    assert_eq!((wait(late), wait(anyway)), (Err(TaskFailure::Expired), Ok(2)));
    eventually("both are counted", || {
        let normal = *pool.statistics().level(Normal);
        (normal.expired, normal.finished, normal.missed_deadlines) == (1, 1, 2)
    });
}

#[test]
fn a_deadline_that_passes_ends_a_task_at_its_checkpoint() {
    let pool = pool(1, 1);
    let (task, control) = pool
        .spawn_controlled(spec("endless", Normal), async |context: TaskContext| {
            loop {
                context.checkpoint().await?;
                std::thread::yield_now();
            }
            #[expect(unreachable_code, reason = "says what the task would return")]
            Ok(())
        })
        .unwrap();
    control.set_deadline(Some(Instant::now()));
    assert_eq!(wait(task), Err(TaskFailure::Expired));
}

#[test]
fn cancelling_ends_waiting_and_running_tasks() {
    let pool = pool(1, 1);
    let gate = Gate::default();
    let inside = gate.clone();
    let (running, control) = pool
        .spawn_controlled(spec("running", Normal), async move |context: TaskContext| {
            inside.block();
            assert_eq!(context.should_stop(), Some(TaskFailure::Cancelled));
            context.checkpoint().await
        })
        .unwrap();
    let (waiting, other) = pool.spawn_controlled(spec("waiting", Normal), async |_| Ok(())).unwrap();
    gate.wait_for(1);
    control.cancel();
    other.cancel();
    gate.open();
    assert_eq!((wait(running), wait(waiting)), (Err(TaskFailure::Cancelled), Err(TaskFailure::Cancelled)));
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn dropping_the_handle_drops_the_future_at_its_await() {
    let pool = pool(1, 1);
    let (dropped, started) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (guard, sign) = (Dropped(Arc::clone(&dropped)), Arc::clone(&started));
    let task = pool.spawn(spec("pending", Normal), async move |_| {
        let _guard = guard;
        sign.store(true, SeqCst);
        pending::<()>().await;
        Ok(())
    });
    eventually("it started", || started.load(SeqCst));
    assert!(!dropped.load(SeqCst));
    drop(task);
    eventually("its future is dropped", || dropped.load(SeqCst));
    eventually("it counts as cancelled", || pool.statistics().level(Normal).cancelled == 1);
}

#[test]
fn a_detached_task_goes_on_and_a_woken_one_comes_back() {
    let pool = pool(1, 1);
    let shared: Arc<Mutex<(Option<Waker>, bool)>> = Arc::default();
    let inside = Arc::clone(&shared);
    pool.spawn(spec("woken", Normal), async move |_| {
        poll_fn(|cx| {
            let mut shared = lock(&inside);
            shared.0 = Some(cx.waker().clone());
            if shared.1 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(())
    })
    .unwrap()
    .detach();
    eventually("it waits", || lock(&shared).0.is_some());
    lock(&shared).1 = true;
    let waker = lock(&shared).0.take();
    waker.unwrap().wake();
    eventually("it ends", || pool.statistics().level(Normal).finished == 1);
}

#[test]
fn dropping_the_pool_cancels_what_waits_and_stops_what_runs() {
    let pool = pool(1, 1);
    let gate = Gate::default();
    let (inside, entered) = (gate.clone(), Arc::new(AtomicUsize::new(0)));
    let running = pool.spawn(spec("running", Normal), async move |context: TaskContext| {
        inside.block();
        loop {
            context.checkpoint().await?;
            std::thread::yield_now();
        }
        #[expect(unreachable_code, reason = "says what the task would return")]
        Ok(())
    });
    gate.wait_for(1);
    let count = Arc::clone(&entered);
    let waiting = pool.spawn(spec("waiting", Normal), async move |_| {
        count.fetch_add(1, SeqCst);
        Ok(())
    });
    gate.open();
    drop(pool);
    assert_eq!(wait(running.unwrap()), Err(TaskFailure::Cancelled));
    // Whether it started depends on when the first one stopped; it ended either way.
    let waiting = wait(waiting.unwrap());
    assert_eq!(waiting.is_ok(), entered.load(SeqCst) == 1);
}

#[test]
fn a_task_may_hold_the_pool_and_drop_it_last() {
    let pool = pool(1, 1);
    let own = pool.clone();
    let gate = Gate::default();
    let inside = gate.clone();
    let task = pool.spawn(spec("owner", Normal), async move |_| {
        inside.block();
        drop(own);
        Ok(())
    });
    gate.wait_for(1);
    drop(pool);
    gate.open();
    wait(task.unwrap()).unwrap();
}

#[test]
fn a_cancelled_task_ends_when_what_it_waits_for_wakes_it() {
    let pool = pool(1, 1);
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let inside = Arc::clone(&waker);
    let (task, control) = pool
        .spawn_controlled(spec("waits for ever", Normal), async move |_| {
            poll_fn(|cx| {
                *lock(&inside) = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
            Ok(())
        })
        .unwrap();
    eventually("it waits", || lock(&waker).is_some());
    control.cancel();
    let waker = lock(&waker).take();
    waker.unwrap().wake();
    assert_eq!(wait(task), Err(TaskFailure::Cancelled));
}
