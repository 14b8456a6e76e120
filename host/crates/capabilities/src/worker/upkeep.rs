//! Keeps a worker's processes: as many as may be called at once, those that follow others before these end, and the ends of all.
//!
//! A process that is to be replaced goes on taking calls, as long as it may, until the one that follows it has said hello.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::configuration::Place;
use super::metrics;
use super::pool::{Pool, State};
use super::process::Process;
use crate::circuit::CircuitState;

/// How often ages are looked at, at least.
const LOOK: Duration = Duration::from_millis(500);

/// What is to be done now.
struct Work {
    start: Vec<OwnedSemaphorePermit>,
    end: Vec<Process>,
    /// When to look again.
    until: Instant,
}

impl Pool {
    /// Begins to keep processes ready, once.
    pub(super) fn keep(self: &Arc<Self>) {
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            tokio::spawn(keep(Arc::downgrade(self)));
        }
    }

    /// Looks after a process whose call did not end in order, once there is time.
    pub(super) fn settle_later(self: &Arc<Self>, process: Process) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(settle(Arc::downgrade(self), process));
        }
    }
}

/// Keeps a pool until nobody has it any more.
pub(super) async fn keep(weak: Weak<Pool>) {
    while let Some(pool) = weak.upgrade() {
        let work = look(&pool);
        for place in work.start {
            tokio::spawn(start(Arc::clone(&pool), place));
        }
        for process in work.end {
            let reason = process.life.due.unwrap_or("surplus");
            tracing::debug!(
                worker = pool.worker.name,
                pid = process.about.pid,
                reason,
                "a process of a worker is replaced"
            );
            tokio::spawn(process.end(reason));
        }
        // Without the pool, so that whoever drops it ends it.
        let changed = Arc::clone(&pool.changed);
        drop(pool);
        tokio::select! {
            () = changed.notified() => {}
            () = sleep_until(work.until) => {}
        }
    }
}

fn look(pool: &Arc<Pool>) -> Work {
    let now = Instant::now();
    let mut work = Work {
        start: Vec::new(),
        end: Vec::new(),
        until: now + LOOK,
    };
    let mut state = pool.state.lock();
    for process in &mut state.idle {
        process.life.look(process.about.pid);
    }
    end_replaced(pool, &mut state, &mut work);
    let waits = state.not_before.filter(|not_before| *not_before > now);
    if let Some(not_before) = waits {
        work.until = work.until.min(not_before);
    }
    let mut missing = wanted(pool, &state).saturating_sub(fresh(&state) + state.starting);
    if pool.starts.state() != CircuitState::Closed {
        // One alone tries.
        missing = missing.min(1_usize.saturating_sub(state.starting));
    }
    while missing > 0 && waits.is_none() {
        let Ok(place) = Arc::clone(&pool.places).try_acquire_owned() else {
            break;
        };
        state.starting += 1;
        missing -= 1;
        work.start.push(place);
    }
    let resident = state.idle.iter().map(|process| process.life.resident_bytes);
    metrics::resident(&pool.worker.name, resident.sum());
    work
}

/// Processes that take calls, and that no other is to follow.
fn fresh(state: &State) -> usize {
    let idle = state
        .idle
        .iter()
        .filter(|process| process.life.due.is_none());
    idle.count() + state.busy_fresh
}

/// How many of those there should be.
fn wanted(pool: &Pool, state: &State) -> usize {
    if let Place::Local(local) = &pool.worker.place {
        return local.processes + local.warm_successors();
    }
    (state.busy() + state.waiters.len()).min(pool.worker.at_once())
}

/// Ends those that others have followed: one for each that is too many, those that can take no call first.
fn end_replaced(pool: &Pool, state: &mut State, work: &mut Work) {
    let due = state
        .idle
        .iter()
        .filter(|process| process.life.due.is_some());
    let all = fresh(state) + state.busy_due + due.count();
    let too_many = all.saturating_sub(pool.worker.at_once());
    for _ in 0..too_many {
        let is_due = |process: &Process| process.life.due.is_some();
        let is_done = |process: &Process| is_due(process) && !process.life.has_calls();
        let at = state.idle.iter().position(is_done);
        let Some(at) = at.or_else(|| state.idle.iter().position(is_due)) else {
            return;
        };
        work.end.push(state.idle.remove(at));
    }
}

/// Starts a process in a place.
async fn start(pool: Arc<Pool>, place: OwnedSemaphorePermit) {
    let worker = pool.worker.name.clone();
    let attempt = match pool.starts.enter(Instant::now()) {
        Ok(attempt) => attempt,
        Err(left) => {
            let mut state = pool.state.lock();
            state.starting -= 1;
            state.not_before = Some(Instant::now() + left.max(Duration::from_millis(10)));
            drop(state);
            return pool.changed.notify_one();
        }
    };
    let started = pool.source.start(place).await;
    match started {
        Ok(started) => {
            let change = attempt.succeeded();
            pool.tell("starts", &pool.starts, change);
            metrics::started(&worker, "ok");
            let mut process = started.process;
            {
                let mut state = pool.state.lock();
                state.starting -= 1;
                state.failure = None;
                state.not_before = None;
                state.count += 1;
                process.number = state.count;
            }
            tracing::debug!(
                worker,
                pid = process.about.pid,
                "a process of a worker said hello"
            );
            watch(&pool, &process);
            pool.offer(process);
            pool.changed.notify_one();
        }
        Err(why) => {
            let change = attempt.failed(Instant::now());
            pool.tell("starts", &pool.starts, change);
            metrics::started(&worker, "failed");
            tracing::warn!(worker, "a process of a worker could not be started: {why}");
            failed(&pool, why);
        }
    }
}

fn failed(pool: &Pool, why: String) {
    let refused = {
        let mut state = pool.state.lock();
        state.starting -= 1;
        if pool.starts.state() == CircuitState::Open {
            state.not_before = Instant::now().checked_add(pool.worker.circuit.open);
        }
        state.failure = Some(why);
        pool.hopeless(&state)
    };
    if let Some(why) = refused {
        pool.refuse_all(&why);
    }
    pool.changed.notify_one();
}

/// Sees to it that a process that ends while nobody uses it is given to nobody.
fn watch(pool: &Arc<Pool>, process: &Process) {
    let Some(mut end) = process.end_of_process() else {
        return;
    };
    let (weak, number) = (Arc::downgrade(pool), process.number);
    tokio::spawn(async move {
        let how = end.wait().await;
        let Some(pool) = weak.upgrade() else { return };
        if let Some(process) = pool.forget(number) {
            let (worker, pid) = (&pool.worker.name, process.about.pid);
            let how = how.map(|how| super::failure::how(&how, worker, process.memory_bytes()));
            let stderr = process.about.tail();
            tracing::warn!(
                worker,
                pid,
                how,
                stderr,
                "a process of a worker ended between two calls"
            );
            process.end("died").await;
        }
        pool.changed.notify_one();
    });
}

/// What happens to a process whose call nobody waits for any more: it may still answer, or is ended. It counts as one that another is to
/// follow.
pub(super) async fn settle(weak: Weak<Pool>, mut process: Process) {
    let limits = weak.upgrade().map(|pool| {
        let most = pool.worker.max_answer_bytes();
        (pool.worker.cancel_grace, most)
    });
    let (grace, most) = limits.unwrap_or_default();
    let is_in_order = process.cancel(grace, most).await;
    let Some(pool) = weak.upgrade() else {
        return process.end("closed").await;
    };
    pool.state.lock().busy_due -= 1;
    if is_in_order {
        process.life.look(process.about.pid);
        pool.offer(process);
        return pool.changed.notify_one();
    }
    pool.changed.notify_one();
    let (worker, pid) = (&pool.worker.name, process.about.pid);
    let stderr = process.about.tail();
    let reason = process.broken().unwrap_or("died");
    tracing::warn!(
        worker,
        pid,
        reason,
        stderr,
        "a process of a worker did not answer in time and is ended"
    );
    drop(pool);
    process.end(reason).await;
}
