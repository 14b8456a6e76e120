//! What the imports need of a backend. The host's pools provide it; a bench or a test may provide it in memory.
//!
//! Every call owns what it needs, begins when it is first polled (a place in an order is taken when it is made), ends at its
//! deadline, and may be dropped at any time.

use std::pin::Pin;
use std::sync::Arc;

use mayfly_error::CallError;
use mayfly_pools::{
    Borrower, DeleteRequest, DynamoDb, PutRequest, QueryRequest, ReadOptions, RowBudget, RowStream,
    SqlServer, SqlSession, TransactItem, Transaction, UpdateRequest,
};
use tokio::time::Instant;

/// What a call answers: JSON text.
pub type Answer = Result<String, CallError>;

/// A call under way.
pub type Call = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Tables of items by key; the operations of `wit/dynamodb.wit`.
pub trait Tables: Send + Sync {
    /// One item.
    fn get(&self, table: String, key: String, options: ReadOptions, deadline: Instant) -> Call;
    /// Items by key; the answer has at most `most_bytes`.
    fn batch_get(
        &self,
        table: String,
        keys: Vec<String>,
        options: ReadOptions,
        most_bytes: usize,
        deadline: Instant,
    ) -> Call;
    /// A page of items.
    fn query(&self, request: QueryRequest, deadline: Instant) -> Call;
    /// Writes an item.
    fn put(&self, request: PutRequest, deadline: Instant) -> Call;
    /// Changes an item.
    fn update(&self, request: UpdateRequest, deadline: Instant) -> Call;
    /// Removes an item.
    fn delete(&self, request: DeleteRequest, deadline: Instant) -> Call;
    /// Writes several items or none.
    fn transact_write(
        &self,
        items: Vec<TransactItem>,
        token: Option<String>,
        deadline: Instant,
    ) -> Call;
}

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

impl Tables for DynamoDb {
    fn get(&self, table: String, key: String, options: ReadOptions, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.get(&table, &key, &options, deadline).await })
    }

    fn batch_get(
        &self,
        table: String,
        keys: Vec<String>,
        options: ReadOptions,
        most_bytes: usize,
        deadline: Instant,
    ) -> Call {
        let client = self.clone();
        Box::pin(async move {
            client
                .batch_get(&table, &keys, &options, most_bytes, deadline)
                .await
        })
    }

    fn query(&self, request: QueryRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.query(&request, deadline).await })
    }

    fn put(&self, request: PutRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.put(&request, deadline).await })
    }

    fn update(&self, request: UpdateRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.update(&request, deadline).await })
    }

    fn delete(&self, request: DeleteRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.delete(&request, deadline).await })
    }

    fn transact_write(
        &self,
        items: Vec<TransactItem>,
        token: Option<String>,
        deadline: Instant,
    ) -> Call {
        let client = self.clone();
        Box::pin(async move { client.transact_write(&items, token, deadline).await })
    }
}

impl Database for SqlServer {
    fn session(
        &self,
        module: &str,
        trace_id: &str,
        most_bytes: usize,
        rows: RowBudget,
    ) -> Arc<dyn Session> {
        let borrower = Borrower {
            module: module.into(),
            trace_id: trace_id.into(),
        };
        Arc::new(SqlSession::new(self, borrower, most_bytes, rows))
    }
}

macro_rules! statements_of {
    ($pool_type:ty) => {
        impl Statements for $pool_type {
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

statements_of!(SqlSession);
statements_of!(Transaction);

impl Session for SqlSession {
    fn stream_rows(&self, statement: &str, parameters: &str) -> Arc<dyn Rows> {
        Arc::new(Self::stream_rows(self, statement, parameters))
    }

    fn begin(&self) -> Arc<dyn OpenTransaction> {
        Arc::new(Self::begin(self))
    }
}

impl Rows for RowStream {
    fn next(&self, max_rows: u32, deadline: Instant) -> Call {
        Box::pin(Self::next(self, max_rows, deadline))
    }
}

impl OpenTransaction for Transaction {
    fn commit(&self, deadline: Instant) -> Call {
        Box::pin(Self::commit(self, deadline))
    }

    fn rollback(&self, deadline: Instant) -> Call {
        Box::pin(Self::rollback(self, deadline))
    }
}
