//! What is counted of a worker.

use std::time::Duration;

use mayfly_telemetry::names;

use crate::circuit::CircuitState;

/// A call that ended, by what became of it.
pub(super) fn ended(worker: &str, method: &str, outcome: &'static str) {
    metrics::counter!(
        names::WORKER_CALLS,
        "worker" => worker.to_owned(), "method" => method.to_owned(), "outcome" => outcome
    )
    .increment(1);
}

/// How long a worker took to answer.
pub(super) fn answered(worker: &str, method: &str, time: Duration) {
    metrics::histogram!(
        names::WORKER_CALL_SECONDS,
        "worker" => worker.to_owned(), "method" => method.to_owned()
    )
    .record(time.as_secs_f64());
}

/// A process that was started, or could not be.
pub(super) fn started(worker: &str, outcome: &'static str) {
    metrics::counter!(
        names::WORKER_STARTS, "worker" => worker.to_owned(), "outcome" => outcome
    )
    .increment(1);
}

/// A process that ended, and why.
pub(super) fn process_ended(worker: &str, reason: &'static str) {
    metrics::counter!(
        names::WORKER_ENDS, "worker" => worker.to_owned(), "reason" => reason
    )
    .increment(1);
}

/// Resident memory of the processes of a worker.
pub(super) fn resident(worker: &str, bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    metrics::gauge!(names::WORKER_MEMORY, "worker" => worker.to_owned()).set(bytes as f64);
}

/// A circuit that opened: of starts, or of one method.
pub(super) fn circuit_opened(worker: &str, of: &str) {
    metrics::counter!(
        names::WORKER_CIRCUIT_OPENED, "worker" => worker.to_owned(), "of" => of.to_owned()
    )
    .increment(1);
}

/// Whether a circuit is open now.
pub(super) fn circuit(worker: &str, of: &str, state: CircuitState) {
    let open = if state == CircuitState::Closed {
        0.0
    } else {
        1.0
    };
    metrics::gauge!(
        names::WORKER_CIRCUIT, "worker" => worker.to_owned(), "of" => of.to_owned()
    )
    .set(open);
}

/// How long a call waited for a process.
pub(super) fn waited(pool: &str, time: Duration) {
    metrics::histogram!(names::POOL_WAIT_SECONDS, "backend" => pool.to_owned())
        .record(time.as_secs_f64());
}
