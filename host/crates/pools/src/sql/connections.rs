//! The connections of one pool: those that are idle, those that are lent, and who waits for one.
//!
//! Connections are made by tasks of the pool's own and never by a caller: who waits is given whichever comes first, a connection that
//! is returned or a new one, in the order of asking. While any connection is alive, an attempt to connect that fails is repeated after
//! a pause, and nobody loses a turn with it; those who wait hear that the server cannot be reached only when none is alive.
//!
//! An idle connection may be dead without anybody knowing: a firewall forgot it, the server moved. One that has proven nothing for
//! long is checked before it is lent, and one that turns out dead makes the other idle ones suspect, which are then checked at once.
//!
//! A connection counts from when it is made until it is closed: idle, lent, checked, rolled back or told to stop.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::connection::{Closed, Connection};
use super::manager::{ConnectError, Manager};

/// For a check of a suspect connection: callers may be waiting, and closing one that is merely slow costs a login.
const SUSPECT_TIMEOUT: Duration = Duration::from_millis(500);

/// What a caller that waits is given.
type Given = Result<Pooled, Arc<ConnectError>>;

/// The connections of one pool.
#[derive(Debug)]
pub(super) struct Connections {
    manager: Manager,
    /// Connections there may be.
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one used last is used next, so that those not needed grow old.
    idle: Vec<Connection>,
    /// Connections there are, wherever they are.
    size: usize,
    /// Tasks that try to connect.
    connecting: usize,
    /// Who waits, in the order of asking.
    waiting: BTreeMap<u64, oneshot::Sender<Given>>,
    /// The number of the next who waits.
    next: u64,
}

/// A connection that is lent; dropped, it is idle again.
#[derive(Debug)]
pub(super) struct Pooled {
    /// Taken only when it is closed or given back.
    connection: Option<Connection>,
    /// A pool that is gone closes what comes back.
    pool: Weak<Connections>,
}

/// A place among those who wait, left when dropped.
#[derive(Debug)]
struct Wait<'a> {
    pool: &'a Connections,
    number: u64,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.pool.lock().waiting.remove(&self.number);
    }
}

impl Connections {
    pub(super) fn new(manager: Manager, max: usize) -> Arc<Self> {
        Arc::new(Self {
            manager,
            max,
            state: Mutex::default(),
        })
    }

    /// A connection, in turn; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// No connection is alive, and connecting fails.
    pub(super) async fn get(self: &Arc<Self>) -> Given {
        let (sender, given) = oneshot::channel();
        let _wait = loop {
            if let Some(pooled) = self.take_idle() {
                return Ok(pooled);
            }
            let mut state = self.lock();
            if !state.idle.is_empty() {
                // It came back in this moment.
                continue;
            }
            if state.size == 0
                && let Some(error) = self.manager.refusal()
            {
                return Err(Arc::new(error));
            }
            let number = state.next;
            state.next += 1;
            state.waiting.insert(number, sender);
            break Wait { pool: self, number };
        };
        self.connect_as_needed(0);
        // The sender is dropped unused only with the runtime.
        given
            .await
            .unwrap_or_else(|_| Err(Arc::new(ConnectError::Ended)))
    }

    /// From now on text that is not valid UTF-16 is read with U+FFFD in its place; connections that do not are replaced.
    pub(super) fn read_lossily(&self) {
        self.manager.lossy.store(true, Ordering::Relaxed);
    }

    /// Whether text that is not valid UTF-16 is read so.
    pub(super) fn is_lossy(&self) -> bool {
        self.manager.is_lossy()
    }

    /// Connections there are.
    pub(super) fn size(&self) -> usize {
        self.lock().size
    }

    /// Closes idle connections for which there is a reason.
    pub(super) fn close_idle(
        self: &Arc<Self>,
        mut reason: impl FnMut(&Connection) -> Option<Closed>,
    ) {
        let closed: Vec<_> = {
            let mut state = self.lock();
            let (keep, closed): (Vec<_>, Vec<_>) = std::mem::take(&mut state.idle)
                .into_iter()
                .map(|connection| (reason(&connection), connection))
                .partition(|(reason, _)| reason.is_none());
            state.idle = keep.into_iter().map(|(_, connection)| connection).collect();
            closed
        };
        for (reason, connection) in closed {
            if let Some(reason) = reason {
                self.discard(reason, connection);
            }
        }
    }

    /// Starts connecting until there are so many, whether or not anybody waits.
    pub(super) fn keep_ready(self: &Arc<Self>, wanted: usize) {
        if self.manager.refusal().is_none() {
            self.connect_as_needed(wanted);
        }
    }

    /// Checks idle connections that have proven nothing for so long, at most half of them at once: the others stay ready.
    pub(super) fn check_idle(self: &Arc<Self>, proven_before: Instant, timeout: Duration) {
        let most = self.lock().idle.len().div_ceil(2);
        self.check(proven_before, timeout, most);
    }

    /// A connection turned out dead that was asked at `since`: all idle ones that have proven nothing since then are checked at once.
    pub(super) fn suspect(self: &Arc<Self>, since: Instant) {
        self.check(since, SUSPECT_TIMEOUT, usize::MAX);
    }

    fn check(self: &Arc<Self>, proven_before: Instant, timeout: Duration, most: usize) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut state = self.lock();
        let mut taken = 0;
        let due = |connection: &mut Connection| {
            let due = taken < most && connection.proven < proven_before;
            taken += usize::from(due);
            due
        };
        let due: Vec<_> = state.idle.extract_if(.., due).collect();
        drop(state);
        for connection in due {
            runtime.spawn(Arc::clone(self).check_one(connection, timeout));
        }
    }

    async fn check_one(self: Arc<Self>, mut connection: Connection, timeout: Duration) {
        let asked = Instant::now();
        if connection.answers(timeout).await.is_ok() {
            self.put_back(connection);
        } else {
            self.discard(Closed::Lost, connection);
            self.suspect(asked);
        }
    }

    /// An idle connection that is fit for use.
    fn take_idle(self: &Arc<Self>) -> Option<Pooled> {
        loop {
            let connection = self.lock().idle.pop()?;
            if let Some(reason) = self.manager.unfit(&connection) {
                self.discard(reason, connection);
            } else if connection.proven.elapsed() > self.manager.stale_after() {
                // Nobody has looked after it, as after a host was asleep: those who wait need not find out.
                self.lock().idle.push(connection);
                self.suspect(Instant::now());
                return None;
            } else {
                return Some(self.lend(connection));
            }
        }
    }

    fn lend(self: &Arc<Self>, connection: Connection) -> Pooled {
        Pooled {
            connection: Some(connection),
            pool: Arc::downgrade(self),
        }
    }

    /// A connection was given back.
    fn put_back(self: &Arc<Self>, connection: Connection) {
        // An idle one is looked at when it is lent.
        let wanted = !self.lock().waiting.is_empty();
        match self.manager.unfit(&connection).filter(|_| wanted) {
            Some(reason) => self.discard(reason, connection),
            None => self.hand_on(connection),
        }
    }

    /// Gives a connection to whoever has waited longest, or keeps it.
    fn hand_on(self: &Arc<Self>, mut connection: Connection) {
        loop {
            let mut state = self.lock();
            let Some((_, waiter)) = state.waiting.pop_first() else {
                state.idle.push(connection);
                return;
            };
            drop(state);
            match waiter.send(Ok(self.lend(connection))) {
                // Whoever left in this moment left it to the next.
                Err(Ok(mut pooled)) => match pooled.connection.take() {
                    Some(back) => connection = back,
                    None => return,
                },
                _ => return,
            }
        }
    }

    /// Closes a connection that was idle or checked.
    fn discard(self: &Arc<Self>, reason: Closed, connection: Connection) {
        self.manager.meters.closed(reason, &connection, None);
        drop(connection);
        self.one_less();
    }

    /// A connection is closed; those who wait may need another.
    fn one_less(self: &Arc<Self>) {
        let mut state = self.lock();
        state.size = state.size.saturating_sub(1);
        let refusal = if state.size == 0 {
            self.manager.refusal()
        } else {
            None
        };
        drop(state);
        match refusal {
            Some(error) => self.refuse_all(error),
            None => self.connect_as_needed(0),
        }
    }

    /// Tells all who wait that the server cannot be reached.
    fn refuse_all(&self, error: ConnectError) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        let error = Arc::new(error);
        for waiter in waiting.into_values() {
            let _ = waiter.send(Err(Arc::clone(&error)));
        }
    }

    /// Starts as many tasks that connect as there are callers waiting, or connections missing of those `wanted`, and room for.
    fn connect_as_needed(self: &Arc<Self>, wanted: usize) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut state = self.lock();
        let needed = state
            .waiting
            .len()
            .max(wanted.saturating_sub(state.size))
            .min(self.max.saturating_sub(state.size));
        // One is enough to find out when a server is back.
        let needed = if self.manager.refusal().is_some() {
            needed.min(1)
        } else {
            needed
        };
        while state.connecting < needed {
            state.connecting += 1;
            runtime.spawn(Arc::clone(self).connect());
        }
    }

    /// Connects, again and again while somebody waits and a connection is alive.
    async fn connect(self: Arc<Self>) {
        loop {
            match self.manager.create().await {
                Ok(connection) => {
                    let mut state = self.lock();
                    state.connecting -= 1;
                    state.size += 1;
                    drop(state);
                    self.hand_on(connection);
                    return self.connect_as_needed(0);
                }
                Err(error) => {
                    if self.gives_up(error) {
                        return;
                    }
                }
            }
            sleep(self.manager.pause()).await;
        }
    }

    /// An attempt failed. Whether its task ends with it; only one goes on while somebody waits.
    fn gives_up(&self, error: ConnectError) -> bool {
        let mut state = self.lock();
        let goes_on = state.size > 0 && state.connecting == 1 && !state.waiting.is_empty();
        if goes_on {
            return false;
        }
        state.connecting -= 1;
        // Another attempt under way may yet succeed.
        let hopeless = state.size == 0 && state.connecting == 0;
        drop(state);
        if hopeless {
            self.refuse_all(error);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pooled {
    /// The connection; there is one as long as it is lent.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Closes the connection; `say` is told which it was.
    pub(super) fn close(mut self, say: impl FnOnce(&Connection)) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        say(&connection);
        drop(connection);
        if let Some(pool) = self.pool.upgrade() {
            pool.one_less();
        }
    }

    /// Lets the idle siblings be checked, if this connection seems dead.
    pub(super) fn tell_siblings(&self) {
        if let Some(connection) = &self.connection
            && connection.seems_dead()
            && let Some(pool) = self.pool.upgrade()
        {
            pool.suspect(connection.asked());
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Some(pool) = self.pool.upgrade()
        {
            pool.put_back(connection);
        }
    }
}
