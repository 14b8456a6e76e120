//! What pools have in use right now, written to the metrics.

use std::sync::Arc;

use metrics::gauge;

use crate::names;

/// Connections of a backend, of those in use, and calls that wait for one.
pub fn record(backend: &str, size: usize, in_use: usize, waiting: usize) {
    for (name, value) in [
        (names::POOL_SIZE, size),
        (names::POOL_IN_USE, in_use),
        (names::POOL_WAITING, waiting),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        gauge!(name, "backend" => backend.to_owned()).set(value as f64);
    }
}

/// Connections in use and calls that wait for one, by module.
pub fn record_modules(backend: &str, holders: &[(Arc<str>, usize)], waiters: &[(Arc<str>, usize)]) {
    let holders = holders
        .iter()
        .map(|of_module| (names::POOL_HOLDERS, of_module));
    let waiters = waiters
        .iter()
        .map(|of_module| (names::POOL_WAITERS, of_module));
    for (name, (module, count)) in holders.chain(waiters) {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        gauge!(name, "backend" => backend.to_owned(), "module" => module.to_string())
            .set(*count as f64);
    }
}
