//! The connections of one pool: those that are idle, those that are lent, and who waits for one.
//!
//! deadpool's unmanaged pool holds them: it lends the connection that was used last, and serves who waits in the order of asking.
//! It makes none, so nobody's turn is lost with an attempt to connect that fails: connections are made by tasks of this pool's own and
//! never by a caller, and who waits is given whichever comes first, a connection that is returned or a new one. While any connection
//! is alive, an attempt that fails is repeated after a pause; those who wait hear that the server cannot be reached only when none is
//! alive.
//!
//! An idle connection may be dead without anybody knowing: a firewall forgot it, the server moved. Of those that have proven nothing
//! for a moment one at a time is lent as it is, so that a single call takes one round trip; who comes while it is out waits until
//! another has been checked. One that turns out dead makes the other idle ones suspect, which are then checked at once. So all that
//! were forgotten cost one call, but for those that were in use within that moment. One that has proven nothing for long is always
//! checked.
//!
//! A connection counts from when it is made until it is closed: idle, lent, checked, rolled back or told to stop.

use std::iter;
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use deadpool::unmanaged::{Object, Pool};
use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::watch;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep};

use super::connection::Closed;
use super::engine::{ConnectionOf, Engine};
use super::manager::{ConnectError, Manager, answers};

/// For a check of a suspect connection: callers may be waiting, and closing one that is merely slow costs a login.
const SUSPECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The connections of one pool.
#[derive(Debug)]
pub(super) struct Connections<E: Engine> {
    manager: Manager<E>,
    /// Connections there may be.
    max: usize,
    pool: Pool<ConnectionOf<E>>,
    state: Mutex<State>,
    /// Why the server could not be reached, the last time that all who waited were told so.
    unreachable: watch::Sender<Option<Arc<ConnectError>>>,
}

#[derive(Debug, Default)]
struct State {
    /// Tasks that try to connect.
    connecting: usize,
    /// Callers that wait, those included who were given a connection and have not been woken yet.
    waiting: usize,
    /// Whether a connection is lent that had proven nothing for a moment.
    at_risk: bool,
}

/// A connection that is lent; dropped, it is idle again.
#[derive(Debug)]
pub(super) struct Pooled<E: Engine> {
    /// Taken only when it is closed or given back.
    object: Option<Object<ConnectionOf<E>>>,
    /// Whether it had proven nothing for a moment when it was lent.
    at_risk: bool,
    /// A pool that is gone closes what comes back.
    pool: Weak<Connections<E>>,
}

/// A caller that waits, until it is dropped.
struct Waiting<'a, E: Engine>(&'a Connections<E>);

impl<E: Engine> Drop for Waiting<'_, E> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

impl<E: Engine> Connections<E> {
    pub(super) fn new(manager: Manager<E>, max: usize) -> Arc<Self> {
        Arc::new(Self {
            manager,
            max,
            pool: Pool::new(max),
            state: Mutex::default(),
            unreachable: watch::Sender::new(None),
        })
    }

    /// A connection, in turn; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// No connection is alive, and connecting fails.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Pooled<E>, Arc<ConnectError>> {
        loop {
            // Before the pool is looked at, so that no failure after that is missed.
            let mut unreachable = self.unreachable.subscribe();
            if let Some(pooled) = self.take_idle() {
                return Ok(pooled);
            }
            if self.size() == 0
                && let Some(error) = self.manager.refusal()
            {
                return Err(Arc::new(error));
            }
            let connection = self.given(&mut unreachable).await?;
            // It was looked at when it was given back; only one that upkeep has passed over may be dead.
            if connection.usable() && connection.is_alive() {
                return Ok(self.lend(connection, false));
            }
            self.discard(Closed::Gone, connection);
        }
    }

    /// Waits for a connection, or to hear that there will be none.
    async fn given(
        self: &Arc<Self>,
        unreachable: &mut watch::Receiver<Option<Arc<ConnectError>>>,
    ) -> Result<Object<ConnectionOf<E>>, Arc<ConnectError>> {
        let _waiting = self.wait();
        self.connect_as_needed(0);
        let error = select! {
            biased;
            // The place in the queue must not depend on what else the caller's task has done.
            Ok(given) = unconstrained(self.pool.get()) => return Ok(given),
            Ok(()) = unreachable.changed() => unreachable.borrow().clone(),
            else => None,
        };
        Err(error.unwrap_or_else(|| Arc::new(ConnectError::Ended)))
    }

    /// What connects.
    pub(super) fn engine(&self) -> &E {
        &self.manager.engine
    }

    /// Connections there are.
    pub(super) fn size(&self) -> usize {
        self.pool.status().size
    }

    /// Closes idle connections for which there is a reason.
    pub(super) fn close_idle(
        self: &Arc<Self>,
        reason: impl FnMut(&ConnectionOf<E>) -> Option<Closed>,
    ) {
        for (reason, connection) in self.take_idle_where(reason) {
            self.discard(reason, connection);
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
        let most = self.pool.status().available.div_ceil(2);
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
        let mut taken = 0;
        let due = self.take_idle_where(|connection| {
            let due = taken < most && connection.proven < proven_before;
            taken += usize::from(due);
            due.then_some(())
        });
        for ((), connection) in due {
            runtime.spawn(Arc::clone(self).check_one(connection, timeout));
        }
    }

    async fn check_one(
        self: Arc<Self>,
        mut connection: Object<ConnectionOf<E>>,
        timeout: Duration,
    ) {
        let asked = Instant::now();
        if answers::<E>(&mut connection, timeout).await.is_ok() {
            self.put_back(connection);
        } else {
            self.discard(Closed::Lost, connection);
            self.suspect(asked);
        }
    }

    /// An idle connection that is fit for use.
    fn take_idle(self: &Arc<Self>) -> Option<Pooled<E>> {
        iter::from_fn(|| self.pool.try_get().ok())
            .find_map(|connection| self.lend_if_fit(connection))
    }

    /// Takes out idle connections that `wanted` wants, the one used longest ago first.
    fn take_idle_where<T>(
        &self,
        mut wanted: impl FnMut(&ConnectionOf<E>) -> Option<T>,
    ) -> Vec<(T, Object<ConnectionOf<E>>)> {
        // Held, so that nobody starts connecting for who finds none idle in this moment.
        let _state = self.lock();
        let mut idle: Vec<_> = iter::from_fn(|| self.pool.try_get().ok()).collect();
        idle.reverse();
        // Those that are not wanted are dropped in this order, and so go back in it.
        idle.into_iter()
            .filter_map(|connection| Some((wanted(&connection)?, connection)))
            .collect()
    }

    /// Lends a connection, unless it has to be closed or checked first.
    fn lend_if_fit(self: &Arc<Self>, connection: Object<ConnectionOf<E>>) -> Option<Pooled<E>> {
        if let Some(reason) = self.manager.unfit(&connection) {
            self.discard(reason, connection);
            return None;
        }
        let proven = connection.proven.elapsed();
        let at_risk = proven > self.manager.doubtful_after();
        if proven > self.manager.stale_after() || (at_risk && !self.takes_risk()) {
            // Those who wait need not find out.
            tokio::spawn(Arc::clone(self).check_one(connection, SUSPECT_TIMEOUT));
            return None;
        }
        Some(self.lend(connection, at_risk))
    }

    /// Whether a connection may be lent that has proven nothing for a moment; no other may until it is back.
    fn takes_risk(&self) -> bool {
        !mem::replace(&mut self.lock().at_risk, true)
    }

    fn lend(self: &Arc<Self>, connection: Object<ConnectionOf<E>>, at_risk: bool) -> Pooled<E> {
        // It was counted among the idle ones until now, as if somebody who waits were to have it.
        if self.lock().waiting > 0 {
            self.connect_as_needed(0);
        }
        Pooled {
            object: Some(connection),
            at_risk,
            pool: Arc::downgrade(self),
        }
    }

    /// A connection was given back.
    fn put_back(self: &Arc<Self>, connection: Object<ConnectionOf<E>>) {
        // Whoever waits would lose the turn with one that is not fit; an idle one is looked at when it is lent.
        let is_awaited = self.lock().waiting > 0;
        if is_awaited && let Some(reason) = self.manager.unfit(&connection) {
            self.discard(reason, connection);
        }
    }

    /// Closes a connection that was idle or checked.
    fn discard(self: &Arc<Self>, reason: Closed, connection: Object<ConnectionOf<E>>) {
        self.manager.meters.closed(reason, &connection, None);
        drop(Object::take(connection));
        self.one_less();
    }

    /// A connection is closed; those who wait may need another.
    fn one_less(self: &Arc<Self>) {
        let is_empty = {
            // Who gives up connecting has either seen that it is closed, or is seen here to have failed.
            let _state = self.lock();
            self.size() == 0
        };
        match self.manager.refusal().filter(|_| is_empty) {
            Some(error) => self.refuse_all(error),
            None => self.connect_as_needed(0),
        }
    }

    /// Tells all who wait that the server cannot be reached.
    fn refuse_all(&self, error: ConnectError) {
        self.unreachable.send_replace(Some(Arc::new(error)));
    }

    fn wait(&self) -> Waiting<'_, E> {
        self.lock().waiting += 1;
        Waiting(self)
    }

    /// Starts as many tasks that connect as there are callers waiting, or connections missing of those `wanted`, and room for.
    fn connect_as_needed(self: &Arc<Self>, wanted: usize) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut state = self.lock();
        let there = self.pool.status();
        // What is available while somebody waits is given away, and its taker not yet awake.
        let waiting = state.waiting.saturating_sub(there.available);
        let needed = waiting
            .max(wanted.saturating_sub(there.size))
            .min(self.max.saturating_sub(there.size));
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
                    // There is room: no more are made than are missing.
                    let _ = self.pool.try_add(connection);
                    drop(state);
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
    fn gives_up(self: &Arc<Self>, error: ConnectError) -> bool {
        // Unless another has succeeded since this one began.
        let is_down = self.manager.refusal().is_some();
        let mut state = self.lock();
        let is_empty = self.size() == 0;
        if is_down && !is_empty && state.connecting == 1 && state.waiting > 0 {
            return false;
        }
        state.connecting -= 1;
        // Another attempt under way may yet succeed.
        let hopeless = is_empty && state.connecting == 0;
        drop(state);
        if !is_down {
            self.connect_as_needed(0);
        } else if hopeless {
            self.refuse_all(error);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl<E: Engine> Pooled<E> {
    /// The connection; there is one as long as it is lent.
    pub(super) fn connection(&mut self) -> Option<&mut ConnectionOf<E>> {
        self.object.as_deref_mut()
    }

    /// Closes the connection; `say` is told which it was.
    pub(super) fn close(mut self, say: impl FnOnce(&ConnectionOf<E>)) {
        let Some(connection) = self.object.take() else {
            return;
        };
        say(&connection);
        drop(Object::take(connection));
        if let Some(pool) = self.pool.upgrade() {
            self.ends_risk(&pool);
            pool.one_less();
        }
    }

    fn ends_risk(&self, pool: &Connections<E>) {
        if self.at_risk {
            pool.lock().at_risk = false;
        }
    }

    /// Lets the idle siblings be checked, if this connection seems dead.
    pub(super) fn tell_siblings(&self) {
        if let Some(connection) = &self.object
            && connection.seems_dead()
            && let Some(pool) = self.pool.upgrade()
        {
            pool.suspect(connection.asked());
        }
    }
}

impl<E: Engine> Drop for Pooled<E> {
    fn drop(&mut self) {
        if let Some(connection) = self.object.take()
            && let Some(pool) = self.pool.upgrade()
        {
            self.ends_risk(&pool);
            pool.put_back(connection);
        }
    }
}
