//! What a person reads of a soak: a table, and for programs every sample.

use std::fmt::Write;

use serde_json_plain::{Value, json};

use crate::course::{Course, Sample};

/// A whole soak.
pub(crate) struct Report {
    pub(crate) courses: [Course; 2],
    /// Requests sent to each server that lasted.
    pub(crate) requests: u64,
    pub(crate) connections: usize,
    /// Mayfly's memory plan, in bytes, when it tells one.
    pub(crate) plan_bytes: Option<f64>,
    /// Mayfly's own count of invocations by outcome.
    pub(crate) outcomes: Vec<(String, u64)>,
}

/// Where the table looks: shares of the whole.
const SHARES: [(u64, &str); 4] = [(10, "10 %"), (25, "25 %"), (50, "50 %"), (100, "end")];

impl Report {
    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "\n{} requests to each server in turns, over {} connections\n\n{:<28} {:>6} {:>10} {:>10} {:>9} {:>11} {:>8} {:>8}\n",
            self.requests,
            self.connections,
            "",
            "",
            "requests",
            "leaking",
            "RSS MiB",
            "requests/s",
            "p50 ms",
            "p99 ms"
        );
        for course in &self.courses {
            for (share, name) in SHARES {
                if let Some(sample) = course.at(self.requests * share / 100) {
                    line(&mut text, course.name, name, sample);
                }
            }
            if let (Some(reason), Some(last)) = (&course.ended, course.last()) {
                line(&mut text, course.name, "last", last);
                let _ = writeln!(text, "{:<28} {reason}", course.name);
            }
            if let Some(first) = &course.first_wrong {
                let _ = writeln!(
                    text,
                    "{:<28} {} wrong answers, the first: {first}",
                    course.name, course.wrong
                );
            }
        }
        if let Some(plan) = self.plan_bytes {
            let _ = writeln!(text, "\nmemory plan: {:.0} MiB", mib(plan));
        }
        let _ = writeln!(text, "\ninvocations by Mayfly's own count:");
        for (outcome, count) in &self.outcomes {
            let _ = writeln!(text, "  {count:>10}  {outcome}");
        }
        text
    }

    /// Every sample.
    pub(crate) fn record(&self) -> Value {
        let courses = self.courses.iter().map(|course| {
            json!({
                "name": course.name,
                "ended": course.ended,
                "wrongAnswers": course.wrong,
                "firstWrongAnswer": course.first_wrong,
                "samples": course.samples.iter().map(sample).collect::<Vec<_>>(),
            })
        });
        json!({
            "requests": self.requests,
            "connections": self.connections,
            "memoryPlanBytes": self.plan_bytes,
            "outcomes": self.outcomes.iter().map(|(outcome, count)| json!({ "outcome": outcome, "invocations": count })).collect::<Vec<_>>(),
            "servers": courses.collect::<Vec<_>>(),
        })
    }
}

fn line(text: &mut String, name: &str, at: &str, sample: &Sample) {
    let _ = writeln!(
        text,
        "{name:<28} {at:>6} {:>10} {:>10} {:>9.0} {:>11.0} {:>8.2} {:>8.2}",
        sample.requests,
        sample.leaks,
        mib(sample.resident_bytes as f64),
        sample.requests_per_second,
        sample.p50.as_secs_f64() * 1e3,
        sample.p99.as_secs_f64() * 1e3
    );
}

fn sample(sample: &Sample) -> Value {
    json!({
        "requests": sample.requests,
        "leaking": sample.leaks,
        "residentBytes": sample.resident_bytes,
        "requestsPerSecond": sample.requests_per_second,
        "p50Micros": sample.p50.as_secs_f64() * 1e6,
        "p99Micros": sample.p99.as_secs_f64() * 1e6,
    })
}

pub(crate) fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
