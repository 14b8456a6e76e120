//! A transaction of one invocation.
//!
//! One call at a time: each takes the connection out of the state and puts it back at its end, so a future that is dropped midway
//! leaves an ended transaction and a closed connection. After an error of the server, or a statement that ends transactions, it may be
//! gone (a deadlock ends it, and so does a `ROLLBACK` in a procedure); statements would then run outside of any, so the server is asked
//! before the next one may.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use mayfly_error::{CallCode, CallError};
use tokio::time::{Instant, timeout_at};

use super::declared::Access;
use super::engine::{ConnectionOf, Engine};
use super::failure::Fail;
use super::run::{ask, is_mismatch, run, settle};
use super::session::SqlSession;
use super::statement::Way;
use super::turn::{Claim, Hold, Turn};
use crate::time_limit::too_late;

const WHAT: &str = "transaction";

/// A transaction. Dropped without [`Transaction::commit`], it is rolled back.
#[derive(Debug)]
pub struct Transaction<E: Engine> {
    inner: Arc<Inner<E>>,
}

#[derive(Debug)]
struct Inner<E: Engine> {
    session: SqlSession<E>,
    state: Mutex<State<E>>,
}

#[derive(Debug)]
enum State<E: Engine> {
    /// No connection yet.
    Fresh(Option<Claim>),
    /// Between two calls.
    Open(Box<Hold<E>>, Claim, E::Begun),
    /// A call is under way and has the connection.
    Calling,
    /// Over; how it ended.
    Ended(&'static str),
}

/// What a call begins with.
enum Start<E: Engine> {
    /// The first one: it has a place in the order, and will begin.
    Fresh(Claim, Turn),
    Open(Box<Hold<E>>, Claim, E::Begun),
}

/// What ends a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    RollBack,
}

impl<E: Engine> SqlSession<E> {
    /// Begins a transaction. Its first call takes the connection.
    #[must_use]
    pub fn begin(&self) -> Transaction<E> {
        Transaction::new(self.clone())
    }
}

impl<E: Engine> Transaction<E> {
    pub(super) fn new(session: SqlSession<E>) -> Self {
        let claim = session.claim().ok();
        Self {
            inner: Arc::new(Inner {
                session,
                state: Mutex::new(State::Fresh(claim)),
            }),
        }
    }

    /// As [`SqlSession::query`], inside the transaction.
    pub fn query(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.run(Way::Query, statement, parameters, deadline)
    }

    /// As [`SqlSession::execute`], inside the transaction.
    pub fn execute(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.run(Way::Execute, statement, parameters, deadline)
    }

    /// As [`SqlSession::call`], inside the transaction.
    pub fn call(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.run(Way::Call, statement, parameters, deadline)
    }

    /// Commits: `null`. When it was cut off after it was sent: `outcome-unknown`.
    pub fn commit(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.end(End::Commit, deadline)
    }

    /// Rolls back: `null`.
    pub fn rollback(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.end(End::RollBack, deadline)
    }

    fn run(
        &self,
        way: Way,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        let ready = self
            .inner
            .session
            .filled(way, statement, parameters)
            .and_then(|filled| {
                self.inner
                    .start()
                    .map(|(start, call)| (filled, start, call))
            });
        async move {
            let ((statement, filled), start, call) = ready?;
            let (mut hold, claim, begun) = match start {
                Start::Open(hold, claim, begun) => (hold, claim, begun),
                Start::Fresh(claim, turn) => call.begin(claim, turn, deadline).await?,
            };
            // What is cut off before its transaction was committed did not happen, unless the statement commits itself.
            let access = if statement.effects.may_commit {
                statement.access
            } else {
                Access::Read
            };
            let bounds = call.inner.session.bounds();
            let outcome = run::<E>(
                &mut hold.lease,
                &statement,
                access,
                (way, filled),
                Some(begun),
                &bounds,
                deadline,
            )
            .await;
            let open = match hold.lease.connection() {
                Some(connection) => {
                    survives::<E>(connection, begun, outcome.is_err(), deadline).await
                }
                None => false,
            };
            call.finish(if open {
                State::Open(hold, claim, begun)
            } else {
                State::Ended("was rolled back because a call in it failed")
            });
            outcome
        }
    }

    fn end(
        &self,
        end: End,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        let ready = self.inner.start();
        async move {
            let (start, call) = ready?;
            let ended = State::Ended(if end == End::Commit {
                "was committed"
            } else {
                "was rolled back"
            });
            let Start::Open(mut hold, claim, begun) = start else {
                // Nothing was done in it, so there is nothing to end.
                call.finish(ended);
                return Ok("null".to_owned());
            };
            let connection = hold.lease.connection().ok_or_else(|| too_late(WHAT))?;
            connection.asking();
            let outcome = timeout_at(deadline, async {
                match end {
                    End::Commit => E::commit(&mut connection.client, begun).await,
                    End::RollBack => E::roll_back(&mut connection.client).await,
                }
                .map_err(Fail::Driver)
            })
            .await
            .ok();
            let mismatch = is_mismatch(outcome.as_ref());
            // A rollback that was cut off still happens: the connection is closed.
            let access = if end == End::Commit {
                Access::Write
            } else {
                Access::Read
            };
            let mut outcome = settle(connection, WHAT, access, outcome, || too_late(WHAT));
            if outcome.is_ok() {
                connection.nothing_open();
            } else if mismatch {
                let open = ask::<E>(connection, deadline).await;
                outcome = Err(E::not_committed(begun, open));
            }
            drop(hold);
            drop(claim);
            call.finish(ended);
            outcome.map(|()| "null".to_owned())
        }
    }
}

impl<E: Engine> Inner<E> {
    /// Takes the connection, or a place in the order for the first call.
    fn start(self: &Arc<Self>) -> Result<(Start<E>, Call<E>), CallError> {
        let mut state = self.lock();
        let start = match std::mem::replace(&mut *state, State::Calling) {
            State::Open(hold, claim, begun) => Start::Open(hold, claim, begun),
            State::Fresh(claim) => match claim.map_or_else(|| self.session.claim(), Ok) {
                Ok(claim) => Start::Fresh(claim, self.session.turn()),
                Err(busy) => {
                    *state = State::Fresh(None);
                    return Err(busy);
                }
            },
            State::Calling => {
                return Err(CallError::new(
                    CallCode::Busy,
                    "transaction: the previous call has not ended; wait for it",
                ));
            }
            State::Ended(how) => {
                *state = State::Ended(how);
                return Err(CallError::new(
                    CallCode::Invalid,
                    format!("transaction: it {how}"),
                ));
            }
        };
        Ok((
            start,
            Call {
                inner: Arc::clone(self),
                finished: false,
            },
        ))
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock()
    }
}

/// A call under way. Dropped before its end, the transaction is over.
struct Call<E: Engine> {
    inner: Arc<Inner<E>>,
    finished: bool,
}

impl<E: Engine> Call<E> {
    /// Takes a connection and begins. When that fails the next call tries again.
    async fn begin(
        &self,
        claim: Claim,
        turn: Turn,
        deadline: Instant,
    ) -> Result<(Box<Hold<E>>, Claim, E::Begun), CallError> {
        let opened = async {
            let turn = turn.wait(WHAT, deadline).await?;
            let session = &self.inner.session;
            let lease = session
                .shared
                .lend(
                    &session.share,
                    WHAT,
                    &session.borrower,
                    &WHAT.into(),
                    deadline,
                )
                .await?;
            Ok((lease, turn))
        };
        let (lease, turn) = match opened.await {
            Ok(opened) => opened,
            Err(error) => {
                *self.inner.lock() = State::Fresh(Some(claim));
                return Err(error);
            }
        };
        let mut hold = Box::new(Hold { lease, _turn: turn });
        let connection = hold.lease.connection().ok_or_else(|| too_late(WHAT))?;
        connection.asking();
        // From here on the server may have begun, whatever we hear of it.
        connection.began();
        let begun = timeout_at(deadline, async {
            E::begin(&mut connection.client).await.map_err(Fail::Driver)
        })
        .await;
        match settle(connection, WHAT, Access::Read, begun.ok(), || {
            too_late(WHAT)
        }) {
            Ok(begun) => Ok((hold, claim, begun)),
            Err(error) => {
                drop(hold);
                *self.inner.lock() = State::Fresh(Some(claim));
                Err(error)
            }
        }
    }

    fn finish(mut self, state: State<E>) {
        self.finished = true;
        *self.inner.lock() = state;
    }
}

impl<E: Engine> Drop for Call<E> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let mut state = self.inner.lock();
        // A call that could not begin has put back what it took.
        if matches!(*state, State::Calling) {
            *state = State::Ended("was cut off");
        }
    }
}

/// Whether the transaction is still open after a call. What went well has been compared already.
async fn survives<E: Engine>(
    connection: &mut ConnectionOf<E>,
    begun: E::Begun,
    failed: bool,
    deadline: Instant,
) -> bool {
    if !connection.usable() {
        return false;
    }
    if !failed {
        return true;
    }
    let open = ask::<E>(connection, deadline).await;
    open.is_some_and(|open| E::is_as_begun(open, Some(begun)))
}
