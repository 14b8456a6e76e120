//! What the import needs of a database. The host's pools provide it; a bench or a test may provide it in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_runtime::imports::{Call, RowBudget};
use tokio::time::Instant;

use super::engine::Engine;
use super::pool::Pool;
use super::session::SqlSession;
use super::stream::RowStream;
use super::transaction::Transaction;
use crate::holders::Borrower;

/// The databases that guests reach, by the names of their backends.
pub type Databases = BTreeMap<String, Arc<dyn Database>>;

/// Runs statements by name.
pub trait Statements: Send + Sync {
    /// Reads rows.
    fn query(&self, statement: &str, parameters: &str, deadline: Instant) -> Call;
    /// Writes.
    fn execute(&self, statement: &str, parameters: &str, deadline: Instant) -> Call;
    /// Calls a procedure.
    fn call(&self, statement: &str, parameters: &str, deadline: Instant) -> Call;
}

/// A database that guests reach through sessions, one per invocation.
pub trait Database: Send + Sync {
    /// The session of an invocation of `module`; no answer has more than `most_bytes`, and all have no more rows than `rows`.
    fn session(
        &self,
        module: &str,
        trace_id: &str,
        most_bytes: usize,
        rows: RowBudget,
    ) -> Arc<dyn Session>;
}

/// One invocation's use of a database.
pub trait Session: Statements {
    /// Opens a stream over rows.
    fn stream_rows(&self, statement: &str, parameters: &str) -> Arc<dyn Rows>;
    /// Begins a transaction, which ends with its last handle.
    fn begin(&self) -> Arc<dyn OpenTransaction>;
}

/// Rows that are read a few at a time.
pub trait Rows: Send + Sync {
    /// The next rows.
    fn next(&self, max_rows: u32, deadline: Instant) -> Call;
}

/// A transaction that is open.
pub trait OpenTransaction: Statements {
    /// Commits.
    fn commit(&self, deadline: Instant) -> Call;
    /// Rolls back.
    fn rollback(&self, deadline: Instant) -> Call;
}

impl<E: Engine> Database for Pool<E> {
    fn session(
        &self,
        module: &str,
        trace_id: &str,
        most_bytes: usize,
        rows: RowBudget,
    ) -> Arc<dyn Session> {
        let borrower = Borrower::of(module, trace_id);
        Arc::new(SqlSession::new(self, borrower, most_bytes, rows))
    }
}

macro_rules! statements_of {
    ($pool_type:ty) => {
        impl<E: Engine> Statements for $pool_type {
            fn query(&self, statement: &str, parameters: &str, deadline: Instant) -> Call {
                Box::pin(<$pool_type>::query(self, statement, parameters, deadline))
            }

            fn execute(&self, statement: &str, parameters: &str, deadline: Instant) -> Call {
                Box::pin(<$pool_type>::execute(self, statement, parameters, deadline))
            }

            fn call(&self, statement: &str, parameters: &str, deadline: Instant) -> Call {
                Box::pin(<$pool_type>::call(self, statement, parameters, deadline))
            }
        }
    };
}

statements_of!(SqlSession<E>);
statements_of!(Transaction<E>);

impl<E: Engine> Session for SqlSession<E> {
    fn stream_rows(&self, statement: &str, parameters: &str) -> Arc<dyn Rows> {
        Arc::new(Self::stream_rows(self, statement, parameters))
    }

    fn begin(&self) -> Arc<dyn OpenTransaction> {
        Arc::new(Self::begin(self))
    }
}

impl<E: Engine> Rows for RowStream<E> {
    fn next(&self, max_rows: u32, deadline: Instant) -> Call {
        Box::pin(Self::next(self, max_rows, deadline))
    }
}

impl<E: Engine> OpenTransaction for Transaction<E> {
    fn commit(&self, deadline: Instant) -> Call {
        Box::pin(Self::commit(self, deadline))
    }

    fn rollback(&self, deadline: Instant) -> Call {
        Box::pin(Self::rollback(self, deadline))
    }
}
