//! What became of the operations of one side.
//!
//! An operation counts when it called the module; it has failed when any of the module's invocations in it has, or when an answer
//! of the module did not fit the schema. Failures of the host itself say nothing about a version and are left out.

use std::collections::BTreeMap;
use std::time::Duration;

use mayfly_error::{Blame, Code};
use serde::Serialize;

/// Codes that say something about a version.
fn is_failure(code: Code) -> bool {
    matches!(code.blame(), Blame::Guest | Blame::Backend)
}

/// What a correct version does not do, whatever it is asked.
pub(super) const FAULTS: [Code; 4] = [
    Code::GuestTrapped,
    Code::OutOfMemory,
    Code::DeadlineExceeded,
    Code::InvalidOutput,
];

/// The operations of one side, counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    operations: u64,
    failed: u64,
    by_code: BTreeMap<&'static str, u64>,
    latencies: Latencies,
}

/// A tally as people are shown it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TallyStatus {
    /// Operations that called the module.
    pub operations: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Operations by the code of an error in them; one may have several.
    pub by_code: BTreeMap<&'static str, u64>,
    /// The median time of an operation, in seconds.
    pub median_seconds: f64,
}

impl Tally {
    /// Counts an operation with the codes of its errors.
    pub fn count(&mut self, codes: &[Code], time: Duration) {
        self.operations += 1;
        self.latencies.record(time);
        let mut failed = false;
        let distinct = codes
            .iter()
            .enumerate()
            .filter(|(index, code)| !codes.iter().take(*index).any(|other| other == *code));
        for (_, code) in distinct.filter(|(_, code)| is_failure(**code)) {
            failed = true;
            *self.by_code.entry(code.as_str()).or_default() += 1;
        }
        self.failed += u64::from(failed);
    }

    /// Operations that called the module.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Operations that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Operations with an error of this code.
    #[must_use]
    pub fn with(&self, code: Code) -> u64 {
        self.by_code.get(code.as_str()).copied().unwrap_or_default()
    }

    /// The median time of an operation.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.latencies.median()
    }

    /// The numbers for people.
    #[must_use]
    pub fn status(&self) -> TallyStatus {
        TallyStatus {
            operations: self.operations,
            failed: self.failed,
            by_code: self.by_code.clone(),
            median_seconds: self.median().as_secs_f64(),
        }
    }
}

/// Times by their order of magnitude: each bucket is an eighth of an octave wide, so a median is right to 5 %.
#[derive(Debug, Clone, Default)]
struct Latencies(BTreeMap<u16, u64>);

/// Buckets in an octave.
const EIGHTHS: f64 = 8.0;

impl Latencies {
    fn record(&mut self, time: Duration) {
        let micros = (time.as_secs_f64() * 1e6).max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a logarithm of a positive number, small"
        )]
        let bucket = (micros.log2() * EIGHTHS) as u16;
        *self.0.entry(bucket).or_default() += 1;
    }

    /// The middle of the bucket that the middle one is in.
    fn median(&self) -> Duration {
        let half = self.0.values().sum::<u64>().div_ceil(2);
        let mut seen = 0;
        let bucket = self.0.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= half.max(1)).then_some(*bucket)
        });
        let middle = |bucket: u16| {
            Duration::from_secs_f64(((f64::from(bucket) + 0.5) / EIGHTHS).exp2() / 1e6)
        };
        bucket.map_or(Duration::ZERO, middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn an_operation_fails_once_whatever_went_wrong_in_it() {
        let mut tally = Tally::default();
        tally.count(&[], MS);
        tally.count(
            &[Code::GuestError, Code::GuestTrapped, Code::GuestError],
            MS,
        );
        tally.count(&[Code::BackendUnavailable], MS);
        let status = tally.status();
        assert_eq!((status.operations, status.failed), (3, 2));
        let expected = [
            ("BACKEND_UNAVAILABLE", 1),
            ("GUEST_ERROR", 1),
            ("GUEST_TRAPPED", 1),
        ];
        assert_eq!(status.by_code, BTreeMap::from(expected));
        assert_eq!(
            (
                tally.with(Code::GuestTrapped),
                tally.with(Code::OutOfMemory)
            ),
            (1, 0)
        );
    }

    #[test]
    fn faults_of_the_host_are_no_failures_of_a_version() {
        let mut tally = Tally::default();
        tally.count(&[Code::Overloaded], MS);
        tally.count(&[Code::Internal], MS);
        assert_eq!((tally.operations(), tally.failed()), (2, 0));
    }

    #[test]
    fn the_median_is_right_to_a_twentieth() {
        let mut tally = Tally::default();
        assert_eq!(tally.median(), Duration::ZERO);
        for micros in 1..=9_999 {
            tally.count(&[], Duration::from_micros(micros));
        }
        let median = tally.median().as_secs_f64();
        assert!((0.00475..0.00525).contains(&median), "{median}");
    }
}
