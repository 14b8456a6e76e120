//! A few numbers of the last hour. `/metrics` has all of them, as they are now.

use async_graphql::SimpleObject;
use serde::Deserialize;

use super::long::Long;
use crate::history::{self, SAMPLE_INTERVAL};

/// The numbers of the last hour.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Seconds between two samples.
    pub step_seconds: Long,
    /// One for each step, the oldest first; an hour of them at most.
    pub samples: Vec<Sample>,
}

/// The numbers of one step.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: Long,
    /// Requests that were answered in it.
    pub requests: Long,
    /// How many of them were answered with a status of 500 or above.
    pub failed: Long,
    /// Operations that were refused because the host was full.
    pub refused: Long,
    /// Errors in answers.
    pub errors: Long,
    /// The mean time of a request.
    pub mean_seconds: f64,
    /// Operations under way at its end.
    pub running: Long,
    /// Operations that waited for a place at its end.
    pub waiting: Long,
    /// Connections of clients at its end.
    pub connections: Long,
    /// Invocations under way at its end.
    pub invocations: Long,
    /// The sum of their memory caps.
    pub guest_bytes: Long,
    /// The process's resident memory at its end.
    pub resident_bytes: Long,
}

impl Metrics {
    pub(super) fn of(samples: &history::Samples, last: usize) -> Self {
        let samples = samples.list();
        let left_out = samples.len().saturating_sub(last);
        Self {
            step_seconds: SAMPLE_INTERVAL.as_secs().into(),
            samples: samples.into_iter().skip(left_out).map(Into::into).collect(),
        }
    }
}

impl From<history::Sample> for Sample {
    fn from(sample: history::Sample) -> Self {
        let readings = sample.readings;
        Self {
            at_ms: sample.at_ms.into(),
            requests: sample.requests.into(),
            failed: sample.failed.into(),
            refused: sample.refused.into(),
            errors: sample.errors.into(),
            mean_seconds: sample.mean_seconds,
            running: readings.running.into(),
            waiting: readings.waiting.into(),
            connections: readings.connections.into(),
            invocations: readings.invocations.into(),
            guest_bytes: readings.guest_bytes.into(),
            resident_bytes: readings.resident_bytes.into(),
        }
    }
}
