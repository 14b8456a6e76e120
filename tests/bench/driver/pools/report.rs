//! What came out of the pools' rounds.

use std::fmt::Write as _;

use serde_json_plain::{Value, json};

use super::contender::{Contender, GETS_AT_ONCE, Target};
use super::{Plan, Sample};
use crate::report::{aligned, machine, spread, spread_json};
use crate::statistics::Spread;

const HEADINGS: [&str; 8] = [
    "",
    "CPU µs/call",
    "above the bare driver",
    "times the bare driver",
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
    /// Its CPU by the bare driver's, round by round.
    times: Option<Spread>,
    target: Option<Target>,
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
                let bare = contender.beside.and_then(of);
                let beside = |compare: fn(f64, f64) -> f64| {
                    let rounds = own.iter().zip(bare?);
                    Spread::of(
                        rounds
                            .map(|(own, bare)| compare(own.cpu_us_per_call, bare.cpu_us_per_call)),
                    )
                };
                Some(Line {
                    name: contender.name,
                    cpu_us: all(|sample| sample.cpu_us_per_call)?,
                    own_us: beside(|own, bare| own - bare),
                    times: beside(|own, bare| own / bare),
                    target: contender.target,
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
        for line in &self.lines {
            let Some((target, is_met)) = line.judge() else {
                continue;
            };
            let met = if is_met { "met" } else { "MISSED" };
            let said = |of: Option<Spread>, digits| {
                of.map_or_else(|| "not measured".to_owned(), |of| spread(&of, digits))
            };
            let _ = match target {
                Target::OwnMicros(most) => writeln!(
                    text,
                    "  {}: its own CPU per call {} µs, at most {most:.0}: {met}",
                    line.name,
                    said(line.own_us, 1)
                ),
                Target::Times(most) => writeln!(
                    text,
                    "  {}: CPU per call {} times the bare client's, at most {most}: {met}",
                    line.name,
                    said(line.times, 2)
                ),
            };
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
                "timesBareDriver": spread_json(line.times),
                "callsPerSecond": spread_json(Some(line.calls_per_second)),
                "p50Micros": spread_json(Some(line.p50_us)),
                "p99Micros": spread_json(Some(line.p99_us)),
                "requestsPerGet": spread_json(line.requests_per_call),
                "met": line.judge().map(|(_, is_met)| is_met),
            })
        };
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        let record = json!({ "workload": "pools", "conditions": self.conditions, "machine": machine(), "contenders": lines });
        format!("{record:#}\n")
    }

    pub(super) fn targets_met(&self) -> bool {
        let mut judged = self.lines.iter().filter_map(Line::judge);
        judged.all(|(_, is_met)| is_met)
    }
}

impl Line {
    /// What it is held to, and whether that was met.
    fn judge(&self) -> Option<(Target, bool)> {
        let target = self.target?;
        let (measured, most) = match target {
            Target::OwnMicros(most) => (self.own_us, most),
            Target::Times(most) => (self.times, most),
        };
        let is_met = measured.is_some_and(|measured| measured.median <= most);
        Some((target, is_met))
    }
}

fn row(line: &Line) -> [String; 8] {
    let optional =
        |of: Option<Spread>, digits| of.map_or_else(|| "–".to_owned(), |of| spread(&of, digits));
    [
        line.name.to_owned(),
        spread(&line.cpu_us, 1),
        optional(line.own_us, 1),
        optional(line.times, 2),
        format!("{:.0}", line.calls_per_second.median),
        spread(&line.p50_us, 0),
        spread(&line.p99_us, 0),
        optional(line.requests_per_call, 3),
    ]
}
