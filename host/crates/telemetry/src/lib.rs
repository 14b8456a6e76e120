//! Logs and metrics: names, formats, exporters; and what the process writes besides.
//!
//! Logs are lines on standard error, JSON unless a terminal reads them. Metrics are Prometheus text. Everything else that is written
//! to the process's streams goes through [`output`]. This crate is a leaf: it knows no other layer, and layers name their metrics
//! through [`names`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod controls;
mod json_lines;
mod logs;
pub mod names;
pub mod output;
pub mod pool_gauges;
mod queue;

pub use controls::in_one_line;
pub use logs::{LogFormat, start_command_log, start_server_log};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of duration histograms, in seconds: from an instantiation (microseconds) to a deadline (seconds).
const SECONDS: [f64; 16] = [
    5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1.0,
    5.0,
];

/// Bounds of memory histograms, in bytes.
const BYTES: [f64; 9] = [
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
];

/// Bounds of histograms of keys in one request; DynamoDB takes a hundred.
const KEYS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 75.0, 100.0];

/// Where metrics are collected, and written as text.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts collecting, for the whole process.
    ///
    /// # Errors
    ///
    /// When it was started before.
    pub fn start() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
            .set_buckets_for_metric(Matcher::Suffix("_keys".to_owned()), &KEYS)?
            .install_recorder()?;
        names::describe();
        Ok(Self(handle))
    }

    /// Sums up the samples recorded since the last time, which frees them.
    pub fn sum_up(&self) {
        self.0.run_upkeep();
    }

    /// Everything collected, in Prometheus's text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}
