//! What is counted of invocations, by module and field. Handles are made once per app, so that counting looks nothing up.

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_error::Code;
use mayfly_graphql::Schema;
use mayfly_telemetry::names;
use metrics::{Counter, Histogram, counter, histogram};

use mayfly_runtime::sandbox::Outcome;

/// The meters of an app's fields.
pub struct InvocationMetrics(HashMap<Arc<str>, Vec<(Arc<str>, Meter)>>);

/// The meter of one field.
struct Meter {
    module: Arc<str>,
    field: String,
    ok: Counter,
    wait: Histogram,
    instantiate: Histogram,
    run: Histogram,
    peak: Histogram,
}

impl InvocationMetrics {
    /// Metrics for every field that a module answers.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let mut meters: HashMap<Arc<str>, Vec<(Arc<str>, Meter)>> = HashMap::new();
        for binding in schema.bindings() {
            let field = format!("{}.{}", binding.type_name, binding.field_name);
            let module = binding.module.to_string();
            let meter = Meter {
                ok: counter!(names::INVOCATIONS, "module" => module.clone(), "field" => field.clone(), "outcome" => "ok"),
                wait: histogram!(names::WAIT_SECONDS, "module" => module.clone()),
                instantiate: histogram!(names::INSTANTIATE_SECONDS, "module" => module.clone()),
                run: histogram!(names::RUN_SECONDS, "module" => module.clone()),
                peak: histogram!(names::PEAK_BYTES, "module" => module),
                module: binding.module,
                field,
            };
            meters
                .entry(binding.type_name)
                .or_default()
                .push((binding.field_name, meter));
        }
        Self(meters)
    }

    /// Records what an invocation of a field took.
    pub fn record(&self, type_name: &str, field_name: &str, outcome: &Outcome) {
        if let Some(meter) = self.meter(type_name, field_name) {
            meter.record(outcome);
        }
    }

    /// Counts an invocation of a field by its outcome: once it is known whether its answers fit the schema.
    pub fn count(&self, type_name: &str, field_name: &str, failure: Option<Code>) {
        if let Some(meter) = self.meter(type_name, field_name) {
            match failure {
                None => meter.ok.increment(1),
                Some(code) => meter.count(&code.as_str().to_ascii_lowercase()),
            }
        }
    }

    fn meter(&self, type_name: &str, field_name: &str) -> Option<&Meter> {
        let of_type = self.0.get(type_name)?;
        let (_, meter) = of_type.iter().find(|(name, _)| **name == *field_name)?;
        Some(meter)
    }
}

impl Meter {
    fn record(&self, outcome: &Outcome) {
        let timing = outcome.timing;
        self.wait.record(timing.wait.as_secs_f64());
        self.instantiate.record(timing.instantiate.as_secs_f64());
        self.run.record(timing.run.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        self.peak.record(outcome.peak_memory_bytes as f64);
    }

    fn count(&self, outcome: &str) {
        let labels = [
            ("module", self.module.to_string()),
            ("field", self.field.clone()),
            ("outcome", outcome.to_owned()),
        ];
        counter!(names::INVOCATIONS, &labels).increment(1);
    }
}
