//! The processes of one worker: who has one, who waits for one, which are to follow.
//!
//! Invariants: a process belongs to one call at a time. There are never more than there are places, those that are ending included. A
//! process that was given to somebody who has left comes back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mayfly_error::CallError;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;

use super::configuration::Worker;
use super::failure::cannot_start;
use super::metrics;
use super::process::Process;
use super::start::Source;
use crate::circuit::{Change, Circuit, CircuitState};
use crate::turns::Turns;

/// The name of a worker's pool.
pub(super) fn pool_name(worker: &str) -> String {
    format!("workers.{worker}")
}

/// What waits for a process, and is given one or told that there will be none.
type Waiter = oneshot::Sender<Result<Lease, String>>;

/// The pool of one worker.
pub(super) struct Pool {
    pub worker: Worker,
    pub source: Source,
    /// One for each call that may be under way at once.
    pub turns: Turns,
    /// One for each process that may exist.
    pub places: Arc<Semaphore>,
    pub state: Mutex<State>,
    /// Tells the upkeep that something changed.
    pub changed: Arc<Notify>,
    pub starts: Circuit,
    pub methods: BTreeMap<String, Circuit>,
    pub(super) is_kept: AtomicBool,
}

#[derive(Default)]
pub(super) struct State {
    /// Processes that nobody uses, the latest last.
    pub idle: Vec<Process>,
    pub waiters: VecDeque<Waiter>,
    /// Those that are being started.
    pub starting: usize,
    /// Those in calls that no other is to follow, and those that one is.
    pub busy_fresh: usize,
    pub busy_due: usize,
    /// When the next start may be tried, after some failed.
    pub not_before: Option<Instant>,
    /// Why the last start failed; none once one went well.
    pub failure: Option<String>,
    /// Processes that were started so far.
    pub count: u64,
}

/// A process that belongs to whoever has this, until it is dropped.
pub(super) struct Lease {
    process: Option<Process>,
    pool: Arc<Pool>,
    was_due: bool,
}

impl Pool {
    pub(super) fn new(worker: &Worker, source: Source) -> Arc<Self> {
        let circuit = || Circuit::new(worker.circuit);
        let methods = worker.methods.keys();
        Arc::new(Self {
            turns: Turns::new(pool_name(&worker.name), worker.at_once()),
            places: Arc::new(Semaphore::new(worker.at_most())),
            state: Mutex::default(),
            changed: Arc::default(),
            starts: circuit(),
            methods: methods.map(|name| (name.clone(), circuit())).collect(),
            is_kept: AtomicBool::new(false),
            worker: worker.clone(),
            source,
        })
    }

    /// Waits for a process, which is the caller's then; the caller bounds the time.
    pub(super) async fn take(self: &Arc<Self>, what: &str) -> Result<Lease, CallError> {
        self.keep();
        let given = {
            let mut state = self.state.lock();
            if let Some(process) = state.pick() {
                return Ok(self.lend(&mut state, process));
            }
            if let Some(why) = self.hopeless(&state) {
                return Err(cannot_start(what, &why));
            }
            let (waiter, given) = oneshot::channel();
            state.waiters.push_back(waiter);
            given
        };
        self.changed.notify_one();
        match given.await {
            Ok(Ok(lease)) => Ok(lease),
            Ok(Err(why)) => Err(cannot_start(what, &why)),
            Err(_) => Err(cannot_start(what, "its pool was closed")),
        }
    }

    /// Why nobody will get a process, where that is so.
    pub(super) fn hopeless(&self, state: &State) -> Option<String> {
        if state.has_some() || self.starts.state() != CircuitState::Open {
            return None;
        }
        // The time is up when the next one may try.
        let now = Instant::now();
        let waits = state.not_before.is_some_and(|not_before| now < not_before);
        let why = state
            .failure
            .as_deref()
            .unwrap_or("it could not be started");
        waits.then(|| why.to_owned())
    }

    /// Gives a process away.
    fn lend(self: &Arc<Self>, state: &mut State, process: Process) -> Lease {
        let was_due = process.life.due.is_some();
        *state.busy_of(was_due) += 1;
        Lease {
            process: Some(process),
            pool: Arc::clone(self),
            was_due,
        }
    }

    /// Gives a process to who waits longest, or keeps it. The upkeep is told only where another one is to follow: most calls change nothing
    /// for it.
    pub(super) fn offer(self: &Arc<Self>, mut process: Process) {
        let is_due = process.life.due.is_some();
        let mut state = self.state.lock();
        while process.life.has_calls() {
            let Some(waiter) = state.waiters.pop_front() else {
                break;
            };
            let lease = self.lend(&mut state, process);
            let Err(Ok(mut lease)) = waiter.send(Ok(lease)) else {
                drop(state);
                return self.tell_upkeep(is_due);
            };
            // Nobody waits there any more.
            *state.busy_of(lease.was_due) -= 1;
            let Some(back) = lease.process.take() else {
                return;
            };
            process = back;
        }
        state.idle.push(process);
        drop(state);
        self.tell_upkeep(is_due);
    }

    fn tell_upkeep(&self, is_due: bool) {
        if is_due {
            self.changed.notify_one();
        }
    }

    /// Tells those who wait that there will be no process.
    pub(super) fn refuse_all(&self, why: &str) {
        let waiters = std::mem::take(&mut self.state.lock().waiters);
        for waiter in waiters {
            let _ = waiter.send(Err(why.to_owned()));
        }
    }

    /// Forgets a process that nobody uses and that has ended; gives it back.
    pub(super) fn forget(&self, number: u64) -> Option<Process> {
        let mut state = self.state.lock();
        let at = state
            .idle
            .iter()
            .position(|process| process.number == number)?;
        Some(state.idle.remove(at))
    }

    /// Processes that are there: idle, in calls, those that are ending included.
    pub(super) fn open(&self) -> usize {
        self.worker.at_most() - self.places.available_permits().min(self.worker.at_most())
    }

    /// Tells what became of a circuit.
    pub(super) fn tell(&self, of: &str, circuit: &Circuit, change: Change) {
        let worker = &self.worker.name;
        match change {
            Change::None => return,
            Change::Opened => {
                let seconds = self.worker.circuit.open.as_secs_f64();
                metrics::circuit_opened(worker, of);
                tracing::warn!(
                    worker,
                    of,
                    seconds,
                    "a circuit of a worker opened: it failed several times in a row"
                );
            }
            Change::Closed => {
                tracing::info!(worker, of, "a circuit of a worker closed: it works again");
            }
        }
        metrics::circuit(worker, of, circuit.state());
    }
}

impl State {
    pub(super) fn busy(&self) -> usize {
        self.busy_fresh + self.busy_due
    }

    /// Whether there is one that takes calls, or may come back.
    pub(super) fn has_some(&self) -> bool {
        let mut idle = self.idle.iter();
        self.busy() > 0 || idle.any(|process| process.life.has_calls())
    }

    fn busy_of(&mut self, is_due: bool) -> &mut usize {
        if is_due {
            &mut self.busy_due
        } else {
            &mut self.busy_fresh
        }
    }

    /// The latest process that may take a call; one that another is to follow only when there is no other.
    fn pick(&mut self) -> Option<Process> {
        let may = |process: &Process| process.life.has_calls();
        let fresh = |process: &Process| may(process) && process.life.due.is_none();
        let at = self.idle.iter().rposition(fresh);
        let at = at.or_else(|| self.idle.iter().rposition(may))?;
        Some(self.idle.remove(at))
    }
}

impl Lease {
    /// The process.
    pub(super) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let pool = &self.pool;
        *pool.state.lock().busy_of(self.was_due) -= 1;
        if process.is_in_order() {
            process.life.look(process.about.pid);
            return pool.offer(process);
        }
        if let Some(reason) = process.broken() {
            pool.changed.notify_one();
            return end(process, reason);
        }
        // Another one is to follow it meanwhile. Should it answer after all, there is one more for a while.
        pool.state.lock().busy_due += 1;
        pool.changed.notify_one();
        pool.settle_later(process);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for process in std::mem::take(&mut self.state.get_mut().idle) {
            end(process, "closed");
        }
    }
}

/// Ends a process, beside everything else. Without a runtime it is ended at once, with everything.
fn end(process: Process, reason: &'static str) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(process.end(reason));
    }
}
