//! The host's client of one worker: turns, deadlines, what is tried once more, the circuits of methods.
//!
//! Waiting for one's turn and for a process is part of a call's time. What may have been done is not done again.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::Call;
use tokio::time::{Instant, timeout_at};

use super::configuration::{Method, Worker};
use super::failure::{Fault, cut_off, method_open};
use super::metrics;
use super::pool::{Lease, Pool, pool_name};
use super::process::Answer;
use super::protocol::Outgoing;
use super::start::{Source, Surroundings};
use crate::circuit::Attempt;
use crate::holders::Borrower;
use crate::share::Share;
use crate::time_limit::TimeLimit;
use crate::turns::Turn;

/// Clients, by worker.
pub(super) type Clients = BTreeMap<String, Client>;

/// How often a call may find a process that is gone before it was sent, which costs nothing but another look.
const MOST_UNSENT: u32 = 8;

/// The host's client of one worker. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) pool: Arc<Pool>,
    share: Share,
}

/// What a guest asks.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, as the operator declared it.
    pub method: String,
    /// JSON, which was checked.
    pub arguments: String,
    /// Whose call it is.
    pub borrower: Borrower,
}

/// A call, counted at its end, also when nobody waits for it any more.
struct Counted<'a> {
    worker: &'a str,
    method: &'a str,
    outcome: &'static str,
}

/// What one call is made of.
struct Asked<'a> {
    request: &'a Request,
    method: &'a Method,
    what: &'a str,
    limit: TimeLimit,
}

impl Client {
    /// A client that starts nothing before it is told to, or used.
    ///
    /// # Errors
    ///
    /// What is wrong with its certificates.
    pub fn new(worker: &Worker, surroundings: Surroundings) -> Result<Self, String> {
        let source = Source::new(worker, surroundings)?;
        Ok(Self {
            pool: Pool::new(worker, source),
            share: Share::default(),
        })
    }

    /// The same client for a user that may have at most this many calls under way.
    pub(super) fn with_share(&self, most: usize) -> Self {
        Self {
            pool: Arc::clone(&self.pool),
            share: Share::of(most),
        }
    }

    /// Begins to keep processes ready.
    pub fn start(&self) {
        self.pool.keep();
    }

    /// A call, and the JSON it answers, of at most this many bytes.
    #[must_use]
    pub fn call(&self, request: Request, most: usize, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.make(&request, most, deadline).await })
    }

    async fn make(
        &self,
        request: &Request,
        most: usize,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let worker = &self.pool.worker;
        let what = format!("{} of worker `{}`", request.method, worker.name);
        let Some(method) = worker.methods.get(&request.method) else {
            let message = format!("{what}: there is no such method");
            return Err(CallError::new(CallCode::NotFound, message));
        };
        let mut counted = Counted {
            worker: &worker.name,
            method: &request.method,
            outcome: "abandoned",
        };
        let caller = TimeLimit::of_caller(deadline);
        let limit = match method.timeout {
            Some(timeout) => caller.no_longer_than(timeout, "timeout"),
            None => caller.no_longer_than(worker.call_timeout, "call_timeout"),
        };
        let call = Asked {
            request,
            method,
            what: &what,
            limit,
        };
        let answered = self.attempt_all(&call).await;
        counted.outcome = match &answered {
            Ok(Answer::Value(_)) => "ok",
            Ok(Answer::Error { .. }) => CallCode::Backend.as_str(),
            Err(error) => error.code.as_str(),
        };
        match answered? {
            Answer::Value(value) if value.len() > most => {
                counted.outcome = CallCode::Budget.as_str();
                Err(CallError::new(
                    CallCode::Budget,
                    format!(
                        "{what}: the answer is larger than {most} bytes; ask for less or raise `limits.unread` and `limits.host_to_guest`"
                    ),
                ))
            }
            Answer::Value(value) => Ok(value),
            Answer::Error { code, message } => {
                let detail = format!("{what}: {code}: {message}");
                Err(CallError::new(CallCode::Backend, message).with_backend_text(detail))
            }
        }
    }

    async fn attempt_all(&self, call: &Asked<'_>) -> Result<Answer, CallError> {
        let (mut attempts, mut unsent) = (1, 0);
        loop {
            let turn = self.turn(call).await?;
            let (attempt, lease) = self.enter(call).await?;
            let outcome = self.attempt(call, attempt, lease).await?;
            drop(turn);
            let fault = match outcome {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let may = match &fault {
                Fault::Unsent(_) => {
                    unsent += 1;
                    unsent <= MOST_UNSENT
                }
                _ => {
                    attempts += 1;
                    attempts <= 2
                }
            };
            let access = call.method.access;
            if !may || !fault.may_be_repeated(access) || Instant::now() >= call.limit.at() {
                return Err(fault.tell(call.what, &self.method_key(call), access));
            }
        }
    }

    /// Waits for its turn: for its own share, then for the pool.
    async fn turn(&self, call: &Asked<'_>) -> Result<Turn<'_>, CallError> {
        let task = call.request.method.as_str().into();
        let turns = &self.pool.turns;
        let turn = turns.take(&self.share, &call.request.borrower, &task, call.limit.at());
        turn.await.ok_or_else(|| self.too_late(call))
    }

    /// Waits for a process; whoever may not go on is told before that.
    async fn enter(&self, call: &Asked<'_>) -> Result<(Option<Attempt<'_>>, Lease), CallError> {
        let circuit = self.pool.methods.get(&call.request.method);
        let attempt = circuit.map(|circuit| circuit.enter(Instant::now()));
        let attempt = attempt.transpose().map_err(|_| method_open(call.what))?;
        let began = Instant::now();
        let taken = timeout_at(call.limit.at(), self.pool.take(call.what)).await;
        metrics::waited(&pool_name(&self.pool.worker.name), began.elapsed());
        let lease = taken.map_err(|_| self.too_late(call))??;
        Ok((attempt, lease))
    }

    /// One attempt, and what it says of the method. The outer error is the end of the call's time.
    async fn attempt(
        &self,
        call: &Asked<'_>,
        attempt: Option<Attempt<'_>>,
        mut lease: Lease,
    ) -> Result<Result<Answer, Fault>, CallError> {
        let Some(process) = lease.process() else {
            return Ok(Err(Fault::Unsent("it is gone".to_owned())));
        };
        let now = Instant::now();
        let left = call.limit.at().saturating_duration_since(now);
        let outgoing = Outgoing {
            method: &call.request.method,
            arguments: &call.request.arguments,
            deadline_ms: left.as_millis(),
            trace_id: &call.request.borrower.trace_id,
        };
        let most = call.method.max_answer_bytes;
        let outcome = timeout_at(call.limit.at(), process.call(&outgoing, most)).await;
        let method = &call.request.method;
        let worker = &self.pool.worker.name;
        match &outcome {
            Ok(Ok(_)) => {
                metrics::answered(worker, method, now.elapsed());
                self.settle(method, attempt, true);
            }
            Ok(Err(Fault::Unsent(_) | Fault::TooLarge { .. })) => {}
            Ok(Err(fault)) => {
                self.log(call, process.about.pid, fault, &process.about.tail());
                self.settle(method, attempt, false);
            }
            // A caller in a hurry says nothing about the method; one that gave it its whole time does.
            Err(_) => {
                let whole = call.method.timeout.unwrap_or(self.pool.worker.call_timeout);
                if now.elapsed() >= whole.mul_f64(0.9) {
                    self.settle(method, attempt, false);
                }
            }
        }
        let table = self.table_of_timeout(call);
        outcome.map_err(|_| cut_off(call.what, call.method.access, call.limit, &table))
    }

    fn settle(&self, method: &str, attempt: Option<Attempt<'_>>, is_well: bool) {
        let (Some(attempt), Some(circuit)) = (attempt, self.pool.methods.get(method)) else {
            return;
        };
        let change = if is_well {
            attempt.succeeded()
        } else {
            attempt.failed(Instant::now())
        };
        self.pool.tell(method, circuit, change);
    }

    fn log(&self, call: &Asked<'_>, pid: Option<i32>, fault: &Fault, stderr: &str) {
        let worker = &self.pool.worker.name;
        let (method, trace_id) = (&call.request.method, &*call.request.borrower.trace_id);
        let (Fault::Unsent(why) | Fault::Died(why) | Fault::Misbehaved(why)) = fault else {
            return;
        };
        tracing::warn!(
            worker,
            pid,
            method,
            trace_id,
            stderr,
            "a process of a worker failed in a call: {why}"
        );
    }

    fn too_late(&self, call: &Asked<'_>) -> CallError {
        call.limit.too_late(call.what, self.table_of_timeout(call))
    }

    /// The table that gives the call its time: its method's, or the worker's.
    fn table_of_timeout(&self, call: &Asked<'_>) -> String {
        match call.method.timeout {
            Some(_) => self.method_key(call),
            None => format!("workers.{}", mayfly_config::key(&self.pool.worker.name)),
        }
    }

    fn method_key(&self, call: &Asked<'_>) -> String {
        format!(
            "workers.{}.methods.{}",
            mayfly_config::key(&self.pool.worker.name),
            mayfly_config::key(&call.request.method)
        )
    }

    /// The worker it is of.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        &self.pool.worker
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        metrics::ended(self.worker, self.method, self.outcome);
    }
}
