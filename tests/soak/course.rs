//! How a server fared: what was measured at the end of each slice, until it was over or the server was.

use std::time::Duration;

use crate::load::Slice;

/// A server's course through the soak.
pub(crate) struct Course {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
    /// Answers that were not what they had to be, and the first of them.
    pub(crate) wrong: u64,
    pub(crate) first_wrong: Option<String>,
    /// Why it ended before the soak did.
    pub(crate) ended: Option<String>,
}

/// One slice.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Requests answered so far, and those of them whose resolver leaked.
    pub(crate) requests: u64,
    pub(crate) leaks: u64,
    /// Resident memory at the slice's end.
    pub(crate) resident_bytes: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Course {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            samples: Vec::new(),
            wrong: 0,
            first_wrong: None,
            ended: None,
        }
    }

    /// Adds a slice.
    pub(crate) fn add(&mut self, slice: &Slice, requests: u64, leaks: u64, resident_bytes: u64) {
        let count = slice.latencies.len();
        let at = |share: f64| {
            slice
                .latencies
                .get(((count as f64 * share) as usize).min(count.saturating_sub(1)))
        };
        self.samples.push(Sample {
            requests,
            leaks,
            resident_bytes,
            requests_per_second: count as f64 / slice.elapsed.as_secs_f64().max(1e-9),
            p50: at(0.5).copied().unwrap_or_default(),
            p99: at(0.99).copied().unwrap_or_default(),
        });
        self.wrong += slice.wrong;
        if self.first_wrong.is_none() {
            self.first_wrong.clone_from(&slice.first_wrong);
        }
    }

    /// The sample at which this many requests were answered, if it came so far.
    pub(crate) fn at(&self, requests: u64) -> Option<&Sample> {
        self.samples
            .iter()
            .find(|sample| sample.requests >= requests)
    }

    pub(crate) fn last(&self) -> Option<&Sample> {
        self.samples.last()
    }
}
