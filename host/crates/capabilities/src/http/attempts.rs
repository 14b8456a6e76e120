//! Attempts: what is sent again, and after how long; what each says of the service.
//!
//! A request is sent again only where that cannot do anything twice that has to be done once. A turn is given back between two attempts,
//! so that nobody waits for a service that is waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use mayfly_error::CallError;
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::client::{Client, Shared};
use super::exchange::exchange;
use super::failure::{Cause, Failed, circuit_open};
use super::metrics;
use super::request::{Bounds, Request};
use crate::circuit::{Attempt, Change};

/// The longest wait before the second try of a request; it doubles from then on. The wait itself is a random part of it.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The most that is waited because a service asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Client {
    /// Sends a request until it is answered, or there is no point in going on.
    pub(super) async fn send_until(
        &self,
        request: &Request,
        what: &str,
        bounds: Bounds,
    ) -> Result<Answer, CallError> {
        let service = &self.shared.service;
        let mut number = 1;
        loop {
            let turn = self.turn(request, what, bounds.limit).await?;
            let attempt = self.shared.circuit.enter(Instant::now());
            let attempt = attempt.map_err(|_| circuit_open(what))?;
            let is_last = number >= service.max_attempts;
            let outcome = self.shared.attempt(attempt, request, bounds, is_last).await;
            drop(turn);
            let backoff = FIRST_BACKOFF
                .saturating_mul(1 << (number - 1).min(10))
                .mul_f64(rand::random());
            let wait = match &outcome {
                Ok(answer) if is_refusal(answer) && request.method.is_idempotent() => {
                    asked_to_wait(&answer.headers)
                        .unwrap_or_default()
                        .max(backoff)
                }
                Err(failed) if failed.may_be_repeated(request) => backoff,
                _ => Duration::MAX,
            };
            let left = bounds.limit.at().saturating_duration_since(Instant::now());
            if is_last || wait >= left || wait > LONGEST_WAIT {
                return outcome.map_err(|failed| failed.tell(request, what, &service.name));
            }
            tracing::debug!(
                service = service.name,
                number,
                ?outcome,
                "a request is sent again"
            );
            sleep(wait).await;
            number += 1;
        }
    }
}

impl Shared {
    /// One attempt, and what it says of the service.
    async fn attempt(
        &self,
        attempt: Attempt<'_>,
        request: &Request,
        bounds: Bounds,
        is_last: bool,
    ) -> Result<Answer, Failed> {
        let service = &self.service;
        let began = Instant::now();
        let bounds = if request.method.is_idempotent() && !is_last {
            Bounds {
                limit: bounds
                    .limit
                    .no_longer_than(service.attempt_timeout, "attempt_timeout"),
                ..bounds
            }
        } else {
            bounds
        };
        metrics::attempt(&service.name);
        let outcome = self.exchange(request, bounds).await;
        let change = match &outcome {
            Ok(answer) if !is_refusal(answer) => attempt.succeeded(),
            // A caller in a hurry says nothing about the service.
            Err(Failed {
                cause: Cause::Late(_),
                ..
            }) if began.elapsed() < service.attempt_timeout => {
                drop(attempt);
                Change::None
            }
            Err(failed) if !failed.blames_service() => attempt.succeeded(),
            Ok(_) | Err(_) => attempt.failed(Instant::now()),
        };
        self.tell(change);
        outcome
    }

    /// One exchange, whatever the circuit says.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        bounds: Bounds,
    ) -> Result<Answer, Failed> {
        let was_sent = AtomicBool::new(false);
        let most = self.service.max_answer_bytes;
        let exchange = exchange(&self.connections, &self.target, request, most, &was_sent);
        match timeout_at(bounds.limit.at(), exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failed {
                was_sent: was_sent.load(Ordering::Relaxed),
                cause: Cause::Late(bounds.limit),
            }),
        }
    }

    fn tell(&self, change: Change) {
        let name = &self.service.name;
        match change {
            Change::None => return,
            Change::Opened => {
                let seconds = self.service.circuit.open.as_secs_f64();
                metrics::circuit_opened(name);
                tracing::warn!(
                    service = name,
                    seconds,
                    "the circuit of a service opened: it failed several times in a row"
                );
            }
            Change::Closed => {
                tracing::info!(
                    service = name,
                    "the circuit of a service closed: it answers again"
                );
            }
        }
        metrics::circuit(name, self.circuit.state());
    }
}

/// Whether an answer says that the service, or who stands before it, cannot answer now.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 502..=504)
}

/// How long a service asks to be left alone.
fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
