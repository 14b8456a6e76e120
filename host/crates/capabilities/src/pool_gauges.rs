//! What of a pool is in use, written to the metrics.

use std::sync::Arc;

use mayfly_runtime::capability::PoolUsage;
use mayfly_telemetry::pool_gauges;

/// Writes what is in use now.
pub(crate) fn record(pool: &str, usage: &PoolUsage) {
    pool_gauges::record(pool, usage.size, usage.in_use, usage.waiting);
    pool_gauges::record_modules(pool, &usage.holders, &usage.waiters);
}

/// Sets all that was written to zero.
pub(crate) fn clear(pool: &str, usage: &PoolUsage) {
    let none = |by_module: &[(Arc<str>, usize)]| -> Vec<_> {
        let modules = by_module.iter();
        modules.map(|(module, _)| (Arc::clone(module), 0)).collect()
    };
    pool_gauges::record(pool, 0, 0, 0);
    pool_gauges::record_modules(pool, &none(&usage.holders), &none(&usage.waiters));
}
