//! Sending a request: its turn, its time, and what is counted of it.
//!
//! Owns: the limit on requests under way, of the whole host and of a share of it; the metrics. Waiting for one's turn is part of a
//! call's time. Whoever is dropped midway gives its turn back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use mayfly_error::CallError;
use mayfly_telemetry::names;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::failure::{Effect, SECTION, cut_off, explain};
use crate::share::{Share, Taken};
use crate::time_limit::TimeLimit;

/// What is asked of DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    GetItem,
    BatchGetItem,
    Query,
    PutItem,
    UpdateItem,
    DeleteItem,
    TransactWriteItems,
    ListTables,
    DescribeTable,
}

/// What every clone with the same share has in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) max_attempts: u32,
    pub(super) host: Arc<Host>,
    timeout: Duration,
    share: Share,
}

/// What all shares have in common.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) coalesced_gets: AtomicU64,
    turns: Semaphore,
    max_in_flight: usize,
    waiting: AtomicUsize,
    requests: [AtomicU64; Operation::ALL.len()],
}

/// A request's turn.
struct Turn<'a> {
    _share: Taken,
    _turn: SemaphorePermit<'a>,
}

impl Operation {
    pub(super) const ALL: [Self; 9] = [
        Self::GetItem,
        Self::BatchGetItem,
        Self::Query,
        Self::PutItem,
        Self::UpdateItem,
        Self::DeleteItem,
        Self::TransactWriteItems,
        Self::ListTables,
        Self::DescribeTable,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::Query => "Query",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
            Self::TransactWriteItems => "TransactWriteItems",
            Self::ListTables => "ListTables",
            Self::DescribeTable => "DescribeTable",
        }
    }

    fn effect(self) -> Effect {
        match self {
            Self::GetItem
            | Self::BatchGetItem
            | Self::Query
            | Self::ListTables
            | Self::DescribeTable => Effect::Read,
            Self::PutItem | Self::UpdateItem | Self::DeleteItem | Self::TransactWriteItems => {
                Effect::Write
            }
        }
    }
}

impl Host {
    fn new(config: &crate::dynamodb::configuration::Section) -> Self {
        let max_in_flight = config.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            turns: Semaphore::new(max_in_flight),
            max_in_flight,
            waiting: AtomicUsize::new(0),
            requests: Default::default(),
            coalesced_gets: AtomicU64::new(0),
        }
    }

    /// Requests under way.
    pub(super) fn in_flight(&self) -> usize {
        self.max_in_flight
            .saturating_sub(self.turns.available_permits())
    }

    /// Requests waiting for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests sent since the start.
    pub(super) fn sent(&self, operation: Operation) -> u64 {
        self.requests
            .get(operation as usize)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Shared {
    pub(super) fn new(client: Client, config: &crate::dynamodb::configuration::Section) -> Self {
        Self {
            client,
            max_attempts: config.max_attempts.max(1),
            host: Arc::new(Host::new(config)),
            timeout: config.timeout,
            share: Share::default(),
        }
    }

    /// The same host's, with a share of its requests.
    pub(super) fn with_share(&self, requests: usize) -> Self {
        Self {
            client: self.client.clone(),
            max_attempts: self.max_attempts,
            host: Arc::clone(&self.host),
            timeout: self.timeout,
            share: Share::of(requests),
        }
    }

    /// When a call ends that begins now.
    pub(super) fn limit(&self, deadline: Instant) -> TimeLimit {
        TimeLimit::of_caller(deadline).no_longer_than(self.timeout, "timeout")
    }

    /// Sends a request when its turn comes, and waits for the answer as long as its call may take. Requests come boxed: the SDK's futures are
    /// large, and would be part of every call that waits.
    pub(super) async fn send<T, E>(
        &self,
        operation: Operation,
        what: &str,
        limit: TimeLimit,
        request: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let explained = |error: SdkError<E>| explain(what, operation.effect(), &error);
        self.send_explained(operation, what, limit, request, explained)
            .await
    }

    /// The same, with what the service's refusal means in the caller's hands.
    pub(super) async fn send_explained<T, E, F: From<CallError> + Failure>(
        &self,
        operation: Operation,
        what: &str,
        limit: TimeLimit,
        request: impl Future<Output = Result<T, E>>,
        explained: impl FnOnce(E) -> F,
    ) -> Result<T, F> {
        let _turn = self.turn(what, limit).await?;
        if let Some(count) = self.host.requests.get(operation as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let mut sent = Sent {
            operation,
            outcome: "abandoned",
            at: Instant::now(),
        };
        let outcome = match timeout_at(limit.at(), request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(explained(error)),
            Err(_) => Err(cut_off(what, operation.effect(), limit).into()),
        };
        sent.outcome = outcome.as_ref().map_or_else(Failure::word, |_| "ok");
        outcome
    }

    async fn turn(&self, what: &str, limit: TimeLimit) -> Result<Turn<'_>, CallError> {
        struct Waiting<'a>(&'a AtomicUsize, Instant);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
                metrics::histogram!(names::DYNAMODB_WAIT_SECONDS)
                    .record(self.1.elapsed().as_secs_f64());
            }
        }

        if Instant::now() >= limit.at() {
            return Err(limit.too_late(what, SECTION));
        }
        self.host.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.host.waiting, Instant::now());
        let turn = async {
            let share = self.share.take().await;
            self.host.turns.acquire().await.map(|turn| Turn {
                _share: share,
                _turn: turn,
            })
        };
        match timeout_at(limit.at(), turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(limit.too_late(what, SECTION)),
        }
    }
}

/// Why a request failed, as far as it is counted.
pub(super) trait Failure {
    /// A word of the table in `wit/types.wit`.
    fn word(&self) -> &'static str;
}

impl Failure for CallError {
    fn word(&self) -> &'static str {
        self.code.as_str()
    }
}

/// A request that was sent: counted at its end, also when nobody waits for it any more.
struct Sent {
    operation: Operation,
    outcome: &'static str,
    at: Instant,
}

impl Drop for Sent {
    fn drop(&mut self) {
        let (operation, outcome) = (self.operation.as_str(), self.outcome);
        metrics::counter!(names::DYNAMODB_REQUESTS, "operation" => operation, "outcome" => outcome)
            .increment(1);
        tracing::debug!(
            operation,
            outcome,
            seconds = self.at.elapsed().as_secs_f64(),
            "a request to DynamoDB ended"
        );
    }
}
