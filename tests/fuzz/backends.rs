//! Backends in memory, which know what is open: after an invocation nothing may be.
//!
//! An item's key is the number of bytes it has, or `never`. Some items are there at once and others after a few turns, so that
//! guests meet both.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mayfly_capabilities::dynamodb::Tables;
use mayfly_capabilities::dynamodb::{
    DeleteRequest, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest,
};
use mayfly_capabilities::sql::{Database, OpenTransaction, Rows, Session, Statements};
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::Call;
use mayfly_runtime::imports::RowBudget;
use tokio::time::Instant;

/// The key of an item that never comes.
const NEVER: &str = "never";

/// Items by size, and rows.
#[derive(Default)]
pub struct InMemory {
    open: Arc<AtomicUsize>,
}

/// Something that is open as long as it lives: a call, a session, a transaction, a stream.
struct Open(Arc<AtomicUsize>);

impl InMemory {
    /// Calls, sessions, transactions and streams that somebody still holds.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }

    fn another(&self) -> Self {
        Self::new(&self.0)
    }

    /// Answers with that many bytes, now or in a few turns.
    fn answer(&self, bytes: usize) -> Call {
        let open = self.another();
        Box::pin(async move {
            for _ in 0..bytes % 4 {
                tokio::task::yield_now().await;
            }
            drop(open);
            Ok("x".repeat(bytes))
        })
    }

    /// Answers at the deadline.
    fn stall(&self, deadline: Instant) -> Call {
        let open = self.another();
        Box::pin(async move {
            tokio::time::sleep_until(deadline).await;
            drop(open);
            Err(CallError::new(CallCode::Deadline, "no time is left"))
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Tables for InMemory {
    fn get(&self, _: String, key: String, _: ReadOptions, deadline: Instant) -> Call {
        let open = Open::new(&self.open);
        if key == NEVER {
            open.stall(deadline)
        } else {
            open.answer(key.parse().unwrap_or(0))
        }
    }

    fn batch_get(
        &self,
        _: String,
        keys: Vec<String>,
        _: ReadOptions,
        most_bytes: usize,
        _: Instant,
    ) -> Call {
        let bytes = keys
            .iter()
            .map(|key| key.parse().unwrap_or(0))
            .sum::<usize>();
        Open::new(&self.open).answer(bytes.min(most_bytes))
    }

    fn query(&self, _: QueryRequest, _: Instant) -> Call {
        Open::new(&self.open).answer(2)
    }

    fn put(&self, _: PutRequest, _: Instant) -> Call {
        Open::new(&self.open).answer(4)
    }

    fn update(&self, _: UpdateRequest, _: Instant) -> Call {
        Open::new(&self.open).answer(4)
    }

    fn delete(&self, _: DeleteRequest, _: Instant) -> Call {
        Open::new(&self.open).answer(4)
    }

    fn transact_write(&self, _: Vec<TransactItem>, _: Option<String>, _: Instant) -> Call {
        Open::new(&self.open).answer(4)
    }
}

impl Database for InMemory {
    fn session(&self, _: &str, _: &str, _: usize, _: RowBudget) -> Arc<dyn Session> {
        Arc::new(Open::new(&self.open))
    }
}

impl Statements for Open {
    fn query(&self, _: &str, _: &str, _: Instant) -> Call {
        self.answer(2)
    }

    fn execute(&self, _: &str, _: &str, _: Instant) -> Call {
        self.answer(18)
    }

    fn call(&self, _: &str, _: &str, deadline: Instant) -> Call {
        self.stall(deadline)
    }
}

impl Session for Open {
    fn stream_rows(&self, _: &str, _: &str) -> Arc<dyn Rows> {
        Arc::new(self.another())
    }

    fn begin(&self) -> Arc<dyn OpenTransaction> {
        Arc::new(self.another())
    }
}

impl Rows for Open {
    fn next(&self, max_rows: u32, _: Instant) -> Call {
        self.answer(max_rows.min(1_000) as usize)
    }
}

impl OpenTransaction for Open {
    fn commit(&self, _: Instant) -> Call {
        self.answer(4)
    }

    fn rollback(&self, _: Instant) -> Call {
        self.answer(4)
    }
}
