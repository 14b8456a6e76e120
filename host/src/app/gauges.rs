//! What is in use right now, written to the metrics.

use std::sync::Arc;

use mayfly_telemetry::names;
use metrics::gauge;

use super::{App, Pools};

impl App {
    /// Writes what is in use right now to the metrics.
    pub fn record_gauges(&self) {
        let (slots, bytes) = self.sandbox.in_use();
        let capacity = self.sandbox.capacity();
        set(names::SLOTS_IN_USE, None, slots);
        set(names::SLOTS, None, u64::from(capacity.slots));
        set(names::CAP_BYTES_IN_USE, None, bytes);
        set(names::CAP_BYTES, None, capacity.memory_bytes);
        let plans = self.engine.stats();
        set(names::PLAN_HITS, None, plans.hits);
        set(names::PLAN_MISSES, None, plans.misses);
        let pools = &self.pools;
        if let Some(dynamodb) = &pools.dynamodb {
            let status = dynamodb.status();
            set_pool(
                "dynamodb",
                pools.dynamodb_in_flight,
                status.in_flight,
                status.waiting,
            );
        }
        for (name, backend) in &pools.sqlserver {
            let status = backend.status();
            set_pool(name, status.size, status.in_use, status.waiting);
            set_by_module(names::POOL_HOLDERS, name, &status.holders);
            set_by_module(names::POOL_WAITERS, name, &status.waiters);
        }
    }
}

impl Pools {
    /// Sets what is told of these pools to zero, but of those that others follow: for an app that is served no more.
    pub fn clear_gauges_without(&self, next: &Self) {
        if self.dynamodb.is_some() && next.dynamodb.is_none() {
            set_pool("dynamodb", 0, 0, 0);
        }
        for (name, backend) in self
            .sqlserver
            .iter()
            .filter(|(name, _)| !next.sqlserver.contains_key(*name))
        {
            let zero = |counts: Vec<(Arc<str>, usize)>| {
                counts
                    .into_iter()
                    .map(|(module, _)| (module, 0))
                    .collect::<Vec<_>>()
            };
            let status = backend.status();
            set_pool(name, 0, 0, 0);
            set_by_module(names::POOL_HOLDERS, name, &zero(status.holders));
            set_by_module(names::POOL_WAITERS, name, &zero(status.waiters));
        }
    }
}

/// Connections of a backend, of those in use, and calls that wait for one.
fn set_pool(backend: &str, size: usize, in_use: usize, waiting: usize) {
    set(names::POOL_SIZE, Some(backend), size as u64);
    set(names::POOL_IN_USE, Some(backend), in_use as u64);
    set(names::POOL_WAITING, Some(backend), waiting as u64);
}

fn set(name: &'static str, backend: Option<&str>, value: u64) {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    let value = value as f64;
    match backend {
        Some(backend) => gauge!(name, "backend" => backend.to_owned()).set(value),
        None => gauge!(name).set(value),
    }
}

fn set_by_module(name: &'static str, backend: &str, counts: &[(Arc<str>, usize)]) {
    for (module, count) in counts {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        gauge!(name, "backend" => backend.to_owned(), "module" => module.to_string())
            .set(*count as f64);
    }
}
