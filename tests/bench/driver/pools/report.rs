//! What came out of the pools' rounds.

use std::fmt::Write as _;

use serde_json_plain::{Value, json};

use super::contender::{Contender, GETS_AT_ONCE};
use super::{Plan, Sample};
use crate::report::{aligned, machine, spread, spread_json};
use crate::statistics::Spread;

/// What a pool may cost by itself.
const MOST_OWN_US: f64 = 10.0;

const HEADINGS: [&str; 7] = [
    "",
    "CPU µs/call",
    "above the bare driver",
    "calls/s",
    "p50 µs",
    "p99 µs",
    "requests/get",
];

/// Everything to say.
pub(super) struct Report {
    conditions: String,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    cpu_us: Spread,
    /// Its CPU less the bare driver's, round by round.
    own_us: Option<Spread>,
    held: bool,
    calls_per_second: Spread,
    p50_us: Spread,
    p99_us: Spread,
    requests_per_call: Option<Spread>,
}

impl Report {
    pub(super) fn new(plan: &Plan, contenders: &[Contender], samples: Vec<Vec<Sample>>) -> Self {
        let of = |name: &str| {
            contenders
                .iter()
                .position(|contender| contender.name == name)
                .and_then(|at| samples.get(at))
        };
        let lines = contenders
            .iter()
            .zip(&samples)
            .filter_map(|(contender, own)| {
                let all = |value: fn(&Sample) -> f64| Spread::of(own.iter().map(value));
                let above = contender.beside.and_then(of).and_then(|bare| {
                    Spread::of(
                        own.iter()
                            .zip(bare)
                            .map(|(own, bare)| own.cpu_us_per_call - bare.cpu_us_per_call),
                    )
                });
                Some(Line {
                    name: contender.name,
                    cpu_us: all(|sample| sample.cpu_us_per_call)?,
                    own_us: above,
                    held: contender.held,
                    calls_per_second: all(|sample| sample.calls_per_second)?,
                    p50_us: all(|sample| sample.p50_us)?,
                    p99_us: all(|sample| sample.p99_us)?,
                    requests_per_call: Spread::of(
                        own.iter().filter_map(|sample| sample.requests_per_call),
                    ),
                })
            });
        let conditions = format!(
            "Median (least to most) of {} interleaved rounds of {} s, client on one core with one thread, 8 calls under way, {GETS_AT_ONCE} \
             where gets may be joined",
            plan.rounds,
            plan.measured.as_secs_f64(),
        );
        Self {
            conditions,
            lines: lines.collect(),
        }
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.lines.iter().map(row));
        let mut text = format!(
            "\nPools beside bare drivers. {}.\n\n{}",
            self.conditions,
            aligned(&rows)
        );
        if cfg!(debug_assertions) {
            text.push_str("WARNING: this is a debug build; times mean nothing\n");
        }
        let _ = writeln!(text, "\nTargets:");
        for line in self.lines.iter().filter(|line| line.held) {
            let met = if line.met() { "met" } else { "MISSED" };
            let own = line
                .own_us
                .map_or_else(|| "not measured".to_owned(), |own| spread(&own, 1));
            let _ = writeln!(
                text,
                "  {}: its own CPU per call {own} µs, at most {MOST_OWN_US:.0}: {met}",
                line.name
            );
        }
        text
    }

    /// For programs.
    pub(super) fn record(&self) -> String {
        let line = |line: &Line| {
            json!({
                "name": line.name,
                "cpuMicrosPerCall": spread_json(Some(line.cpu_us)),
                "ownMicrosPerCall": spread_json(line.own_us),
                "callsPerSecond": spread_json(Some(line.calls_per_second)),
                "p50Micros": spread_json(Some(line.p50_us)),
                "p99Micros": spread_json(Some(line.p99_us)),
                "requestsPerGet": spread_json(line.requests_per_call),
                "met": line.held.then(|| line.met()),
            })
        };
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        let record = json!({ "workload": "pools", "conditions": self.conditions, "machine": machine(), "contenders": lines });
        format!("{record:#}\n")
    }

    pub(super) fn targets_met(&self) -> bool {
        self.lines.iter().all(|line| !line.held || line.met())
    }
}

impl Line {
    fn met(&self) -> bool {
        self.own_us.is_some_and(|own| own.median <= MOST_OWN_US)
    }
}

fn row(line: &Line) -> [String; 7] {
    let optional =
        |of: Option<Spread>, digits| of.map_or_else(|| "–".to_owned(), |of| spread(&of, digits));
    [
        line.name.to_owned(),
        spread(&line.cpu_us, 1),
        optional(line.own_us, 1),
        format!("{:.0}", line.calls_per_second.median),
        spread(&line.p50_us, 0),
        spread(&line.p99_us, 0),
        optional(line.requests_per_call, 3),
    ]
}
