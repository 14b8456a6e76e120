//! One invocation's use of one database: at most one connection at a time.
//!
//! Its calls wait for each other in the order they were made. A connection is kept between calls only while a transaction or a row
//! stream is open; a plain call is then refused with `busy`, because it could only wait for what may never end.
//!
//! Every call returns a future that owns all it needs. It takes its place in the order when it is made, not when it is first
//! polled, and it may be dropped at any time: `lease` sees to the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use mayfly_error::{CallCode, CallError};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, timeout_at};

use super::bounds::Bounds;
use super::engine::{Engine, StatementOf};
use super::pool::Pool;
use super::run::run;
use super::shared::Shared;
use super::statement::Way;
use super::statements::{Statements, fill};
use super::turn::{Claim, Turn};
use crate::holders::Borrower;
use crate::share::Share;
use crate::time_limit::too_late;
use mayfly_runtime::imports::RowBudget;

/// An invocation's use of one database. Cheap to make and to clone; clones are the same session.
#[derive(Debug)]
pub struct SqlSession<E: Engine> {
    pub(super) shared: Arc<Shared<E>>,
    statements: Arc<Statements<E>>,
    /// The order of calls.
    calls: Arc<Mutex<()>>,
    /// Whether a transaction or a row stream has the connection.
    held: Arc<AtomicBool>,
    pub(super) borrower: Borrower,
    /// The module's share of the pool.
    pub(super) share: Share,
    max_answer_bytes: usize,
    rows: RowBudget,
}

impl<E: Engine> Clone for SqlSession<E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            statements: Arc::clone(&self.statements),
            calls: Arc::clone(&self.calls),
            held: Arc::clone(&self.held),
            borrower: self.borrower.clone(),
            share: self.share.clone(),
            max_answer_bytes: self.max_answer_bytes,
            rows: self.rows.clone(),
        }
    }
}

impl<E: Engine> SqlSession<E> {
    /// A session for one invocation, of `borrower`. No answer is longer than `max_answer_bytes`, and all have no more rows than
    /// `rows`.
    #[must_use]
    pub fn new(
        pool: &Pool<E>,
        borrower: Borrower,
        max_answer_bytes: usize,
        rows: RowBudget,
    ) -> Self {
        let (shared, statements) = (Arc::clone(&pool.shared), Arc::clone(&pool.statements));
        let share = pool
            .shares
            .get(&*borrower.module)
            .cloned()
            .unwrap_or_default();
        Self {
            shared,
            statements,
            calls: Arc::default(),
            held: Arc::default(),
            borrower,
            share,
            max_answer_bytes,
            rows,
        }
    }

    /// Runs a statement that reads: an array of rows.
    pub fn query(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.plain(Way::Query, statement, parameters, deadline)
    }

    /// Runs a statement that writes: `{"rowsAffected": n}`.
    pub fn execute(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.plain(Way::Execute, statement, parameters, deadline)
    }

    /// Calls a procedure: `{"resultSets": [[row, ..], ..], "output": {..}, "returnValue": n}`.
    pub fn call(
        &self,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        self.plain(Way::Call, statement, parameters, deadline)
    }

    fn plain(
        &self,
        way: Way,
        statement: &str,
        parameters: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<String, CallError>> + Send + use<E> {
        let session = self.clone();
        let ready = if self.held.load(Ordering::Acquire) {
            Err(self.busy())
        } else {
            self.filled(way, statement, parameters)
                .map(|filled| (filled, self.turn()))
        };
        async move {
            let ((statement, filled), turn) = ready?;
            let what = statement.what();
            let _turn = turn.wait(&what, deadline).await?;
            let mut lease = session
                .shared
                .lend(
                    &session.share,
                    &what,
                    &session.borrower,
                    &statement.name,
                    deadline,
                )
                .await?;
            run(
                &mut lease,
                &statement,
                statement.access,
                (way, filled),
                None,
                &session.bounds(),
                deadline,
            )
            .await
        }
    }

    /// A statement with a guest's values.
    pub(super) fn filled(
        &self,
        way: Way,
        statement: &str,
        parameters: &str,
    ) -> Result<(Arc<StatementOf<E>>, E::Filled), CallError> {
        let statement = self.statements.get(statement).cloned().ok_or_else(|| {
            CallError::new(
                CallCode::NotFound,
                format!(
                    "no statement `{statement}` on backend `{}`",
                    self.shared.name
                ),
            )
        })?;
        let filled = fill::<E>(&statement, way, parameters)?;
        Ok((statement, filled))
    }

    /// A place behind the calls made so far.
    pub(super) fn turn(&self) -> Turn {
        // Polled once here, the lock's queue knows us from now on. Without the task's budget, which could hide that a place is free.
        let mut lock = Box::pin(unconstrained(Arc::clone(&self.calls).lock_owned()));
        match (&mut lock).now_or_never() {
            Some(guard) => Turn::Now(guard),
            None => Turn::Later(lock),
        }
    }

    /// The right to keep the connection, if nobody has it.
    pub(super) fn claim(&self) -> Result<Claim, CallError> {
        self.held
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire)
            .map(|_| Claim(Arc::clone(&self.held)))
            .map_err(|_| self.busy())
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            max_value_bytes: self.shared.max_value_bytes,
            max_answer_bytes: self.max_answer_bytes,
            rows: self.rows.clone(),
        }
    }

    fn busy(&self) -> CallError {
        CallError::new(
            CallCode::Busy,
            format!(
                "a transaction or row stream of this invocation is open on backend `{}`; end it first",
                self.shared.name
            ),
        )
    }
}

impl Turn {
    /// Waits for the calls before.
    pub(super) async fn wait(
        self,
        what: &str,
        deadline: Instant,
    ) -> Result<OwnedMutexGuard<()>, CallError> {
        match self {
            Self::Now(guard) => Ok(guard),
            Self::Later(lock) => timeout_at(deadline, lock).await.map_err(|_| too_late(what)),
        }
    }
}
