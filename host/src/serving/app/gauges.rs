//! What is in use right now, written to the metrics.

use mayfly_telemetry::names;
use metrics::gauge;

use super::App;

impl App {
    /// Writes what is in use right now to the metrics.
    pub fn record_gauges(&self) {
        let (slots, bytes) = self.sandbox.in_use();
        let capacity = self.sandbox.capacity();
        set(names::SLOTS_IN_USE, slots);
        set(names::SLOTS, u64::from(capacity.slots));
        set(names::CAP_BYTES_IN_USE, bytes);
        set(names::CAP_BYTES, capacity.memory_bytes);
        let plans = self.engine.stats();
        set(names::PLAN_HITS, plans.hits);
        set(names::PLAN_MISSES, plans.misses);
        self.pools.iter().for_each(|pool| pool.record_gauges());
        if let Some(limits) = &self.rate_limits {
            limits.record_gauges();
        }
    }
}

fn set(name: &'static str, value: u64) {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    gauge!(name).set(value as f64);
}
