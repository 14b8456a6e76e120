//! What is counted of a service.

use std::time::Duration;

use mayfly_telemetry::names;

use crate::circuit::CircuitState;

/// A call that ended, by what became of it.
pub(super) fn ended(service: &str, outcome: &'static str) {
    metrics::counter!(names::HTTP_CALLS, "service" => service.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// A request that is sent, those that are sent again counted each time.
pub(super) fn attempt(service: &str) {
    metrics::counter!(names::HTTP_ATTEMPTS, "service" => service.to_owned()).increment(1);
}

/// A `GET` that was answered by another one's answer.
pub(super) fn joined(service: &str) {
    metrics::counter!(names::HTTP_JOINED, "service" => service.to_owned()).increment(1);
}

/// A circuit that opened.
pub(super) fn circuit_opened(service: &str) {
    metrics::counter!(names::HTTP_CIRCUIT_OPENED, "service" => service.to_owned()).increment(1);
}

/// Whether a circuit is open now.
pub(super) fn circuit(service: &str, state: CircuitState) {
    let open = if state == CircuitState::Closed {
        0.0
    } else {
        1.0
    };
    metrics::gauge!(names::HTTP_CIRCUIT, "service" => service.to_owned()).set(open);
}

/// How long a call waited for its turn.
pub(super) fn waited(pool: &str, time: Duration) {
    metrics::histogram!(names::POOL_WAIT_SECONDS, "backend" => pool.to_owned())
        .record(time.as_secs_f64());
}

pub(super) fn connected(pool: &str) {
    metrics::counter!(names::POOL_CONNECTIONS_CREATED, "backend" => pool.to_owned()).increment(1);
}

pub(super) fn connect_failed(pool: &str) {
    metrics::counter!(names::POOL_CONNECT_FAILURES, "backend" => pool.to_owned()).increment(1);
}

/// A connection that was closed: `idle`, `dirty` when its answer was not read to the end, or `ended` by the service.
pub(super) fn closed(pool: &str, reason: &'static str) {
    metrics::counter!(names::POOL_CONNECTIONS_CLOSED, "backend" => pool.to_owned(), "reason" => reason)
        .increment(1);
}
