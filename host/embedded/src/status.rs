//! What the endpoints did and are doing, for tests that count requests.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;

/// Requests shown by `GET /requests`, the latest ones.
const KEPT_REQUESTS: usize = 1024;

/// Characters shown of each, so that a long test does not fill memory with values.
const SHOWN_CHARS: usize = 4096;

/// What `GET /status` shows. `connections`, `openTransactions`, `running` and `inFlight` are of this moment; the others count
/// since the start or the last `POST /status/reset`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// The SQL Server endpoint.
    pub sqlserver: SqlServerCounters,
    /// The DynamoDB endpoint.
    pub dynamodb: DynamoDbCounters,
    /// The HTTP endpoint.
    pub http: HttpCounters,
}

/// Counters of the SQL Server endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqlServerCounters {
    /// Sessions logged in, those still busy for a client that is gone included.
    pub connections: u64,
    /// Sessions inside a transaction.
    pub open_transactions: u64,
    /// Batches and calls received.
    pub queries: u64,
    /// Of these, batches: text without parameters, such as a pool's reset.
    pub batches: u64,
    /// Of these, calls: text with parameters, and procedures.
    pub calls: u64,
    /// Requests being carried out.
    pub running: u64,
    /// Attentions received.
    pub attentions: u64,
    /// Logins let in.
    pub logins: u64,
    /// Logins turned away.
    pub failed_logins: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions rolled back, those of connections that ended included.
    pub rollbacks: u64,
}

/// Counters of the DynamoDB endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DynamoDbCounters {
    /// Requests received, by operation.
    pub requests: BTreeMap<String, u64>,
    /// Requests being carried out.
    pub in_flight: u64,
    /// Open connections.
    pub connections: u64,
}

/// Counters of the HTTP endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpCounters {
    /// Requests received, by method.
    pub requests: BTreeMap<String, u64>,
    /// Requests being carried out.
    pub in_flight: u64,
    /// Open connections.
    pub connections: u64,
}

/// One request, as `GET /requests` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// `sqlserver`, `dynamodb` or `http`.
    pub backend: &'static str,
    /// The statement's text, the procedure's name, the operation and its JSON, or the method, target and body; 4,096 characters at most.
    pub text: String,
}

/// The counters, shared by all endpoints.
#[derive(Debug, Default)]
pub struct Status {
    counters: Mutex<Counters>,
    requests: Mutex<VecDeque<Request>>,
}

impl Status {
    /// The counters now.
    #[must_use]
    pub fn get(&self) -> Counters {
        lock(&self.counters).clone()
    }

    /// The latest requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Sets to zero what counts, leaves what is of this moment, forgets the requests.
    pub fn reset(&self) {
        lock(&self.requests).clear();
        let mut counters = lock(&self.counters);
        let now = counters.clone();
        *counters = Counters {
            sqlserver: SqlServerCounters {
                connections: now.sqlserver.connections,
                open_transactions: now.sqlserver.open_transactions,
                running: now.sqlserver.running,
                ..SqlServerCounters::default()
            },
            dynamodb: DynamoDbCounters {
                in_flight: now.dynamodb.in_flight,
                connections: now.dynamodb.connections,
                ..DynamoDbCounters::default()
            },
            http: HttpCounters {
                in_flight: now.http.in_flight,
                connections: now.http.connections,
                ..HttpCounters::default()
            },
        };
    }

    pub(crate) fn sqlserver(&self, change: impl FnOnce(&mut SqlServerCounters)) {
        change(&mut lock(&self.counters).sqlserver);
    }

    pub(crate) fn dynamodb(&self, change: impl FnOnce(&mut DynamoDbCounters)) {
        change(&mut lock(&self.counters).dynamodb);
    }

    pub(crate) fn http(&self, change: impl FnOnce(&mut HttpCounters)) {
        change(&mut lock(&self.counters).http);
    }

    pub(crate) fn request(&self, backend: &'static str, text: &str) {
        let mut requests = lock(&self.requests);
        if requests.len() == KEPT_REQUESTS {
            requests.pop_front();
        }
        requests.push_back(Request {
            backend,
            text: text.chars().take(SHOWN_CHARS).collect(),
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}
