//! A few numbers of the last hour, one sample every ten seconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::now_ms;
use super::ring::Ring;

/// Between two samples.
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// Samples of an hour.
const KEPT: usize = 360;

/// What is counted between two samples.
#[derive(Default)]
pub struct Counters {
    requests: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    errors: AtomicU64,
    micros: AtomicU64,
}

/// What is read when a sample is taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readings {
    /// Operations that have a place.
    pub running: u64,
    /// Operations that wait for one.
    pub waiting: u64,
    /// Connections of clients.
    pub connections: u64,
    /// Invocations under way.
    pub invocations: u64,
    /// The sum of their memory caps, in bytes.
    pub guest_bytes: u64,
    /// The process's resident memory, in bytes.
    pub resident_bytes: u64,
}

/// The numbers of one interval.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: u64,
    /// Requests that were answered in it.
    pub requests: u64,
    /// Those of them that were answered with a status of 500 and above.
    pub failed: u64,
    /// Operations that were refused because the host was full.
    pub refused: u64,
    /// Errors that answers held.
    pub errors: u64,
    /// The mean time of a request, in seconds.
    pub mean_seconds: f64,
    /// What was so at its end.
    pub readings: Readings,
}

/// The samples of the last hour.
pub struct Samples(Ring<Sample>);

impl Default for Samples {
    fn default() -> Self {
        Self(Ring::new(KEPT))
    }
}

impl Counters {
    /// A request was answered with a status, after a time.
    pub fn request(&self, status: u16, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        add(&self.requests, 1);
        add(&self.failed, u64::from(status >= 500));
        add(&self.micros, micros);
    }

    /// An operation was refused because the host is full.
    pub fn refused(&self) {
        add(&self.refused, 1);
    }

    /// An answer held an error.
    pub fn error(&self) {
        add(&self.errors, 1);
    }
}

impl Samples {
    /// Takes a sample of what was counted since the last one.
    pub fn take(&self, counters: &Counters, readings: Readings) {
        let requests = take(&counters.requests);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a mean, whose last digits do not matter"
        )]
        let mean_seconds = take(&counters.micros) as f64 / 1e6 / requests.max(1) as f64;
        self.0.push(Sample {
            at_ms: now_ms(),
            requests,
            failed: take(&counters.failed),
            refused: take(&counters.refused),
            errors: take(&counters.errors),
            mean_seconds,
            readings,
        });
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Sample> {
        self.0.all()
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

fn take(counter: &AtomicU64) -> u64 {
    counter.swap(0, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_has_what_was_counted_since_the_one_before() {
        let (counters, samples) = (Counters::default(), Samples::default());
        counters.request(200, Duration::from_millis(10));
        counters.request(503, Duration::from_millis(30));
        counters.refused();
        counters.error();
        samples.take(&counters, Readings::default());
        samples.take(&counters, Readings::default());
        let taken: Vec<_> = samples
            .list()
            .iter()
            .map(|sample| {
                (
                    sample.requests,
                    sample.failed,
                    sample.refused,
                    sample.errors,
                )
            })
            .collect();
        assert_eq!(taken, [(2, 1, 1, 1), (0, 0, 0, 0)]);
        let mean = samples.list().first().map(|sample| sample.mean_seconds);
        assert_eq!(mean, Some(0.02));
    }

    #[test]
    fn an_hour_is_kept() {
        let (counters, samples) = (Counters::default(), Samples::default());
        (0..KEPT + 10).for_each(|_| samples.take(&counters, Readings::default()));
        assert_eq!(samples.list().len(), KEPT);
    }
}
