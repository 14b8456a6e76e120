//! What came out: ratios, targets, and where they are written.

mod chart;
mod draw;
mod record;
mod table;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::contender::{Absent, DERIVED, FLOOR, Kind, TARGET};
use crate::rounds::{Entry, Plan, Results, Sample};
use crate::statistics::Spread;

/// Everything to say.
pub(crate) struct Report {
    plan: Plan,
    rate: Option<f64>,
    lines: Vec<Line>,
    absent: Vec<Absent>,
    targets: Vec<Target>,
    /// Round by round, for who wants to compute again.
    entries: Vec<Entry>,
    /// What a reader has to know before trusting the numbers.
    warnings: Vec<String>,
}

/// A contender's line. Ratios are computed round by round, from measurements that were neighbours in time.
struct Line {
    name: &'static str,
    kind: Kind,
    cpu_us: Spread,
    of_floor: Option<Spread>,
    of_derived: Option<Spread>,
    requests_per_second: Spread,
    /// The share of the time that the process was on its core.
    busy: Spread,
    p50_us: Option<Spread>,
    p99_us: Option<Spread>,
    p99_of_derived: Option<Spread>,
    peak_resident_bytes: u64,
}

/// The ratios that [`TARGET`] is held to; `None` for those that are only reported.
pub(crate) struct Most {
    pub(crate) of_derived: Option<f64>,
    pub(crate) of_floor: Option<f64>,
    pub(crate) p99_of_derived: Option<f64>,
}

/// One of these ratios, and what came of it.
struct Target {
    what: &'static str,
    measured: Measured,
    most: Option<f64>,
}

/// What is known of a target's ratio.
#[derive(Clone, Copy)]
enum Measured {
    Ratio(Spread),
    /// The server fell behind the load at which it would have been measured.
    Overloaded,
    /// A contender it needs did not take part.
    Nothing,
}

impl Target {
    /// `None` when there is nothing to judge.
    fn met(&self) -> Option<bool> {
        match self.measured {
            Measured::Ratio(ratio) => Some(ratio.median <= self.most?),
            Measured::Overloaded => Some(false),
            Measured::Nothing => None,
        }
    }
}

impl Report {
    pub(crate) fn new(results: Results, mut absent: Vec<Absent>, most: Most) -> Self {
        let Results { plan, rate, entries, failed, mut warnings } = results;
        if cfg!(debug_assertions) {
            warnings.push("this is a debug build; times mean nothing".to_owned());
        }
        absent.extend(failed);
        let lines: Vec<_> = entries.iter().filter_map(|entry| line(entry, &entries)).collect();
        let subject = lines.iter().find(|line| line.name == TARGET);
        let ratio = |ratio: fn(&Line) -> Option<Spread>| subject.and_then(ratio).map_or(Measured::Nothing, Measured::Ratio);
        let overloaded = subject.is_some_and(|line| rate.is_some() && line.p99_us.is_none());
        let p99 = if overloaded { Measured::Overloaded } else { ratio(|line| line.p99_of_derived) };
        let targets = vec![
            Target { what: "CPU / derived async-graphql", measured: ratio(|line| line.of_derived), most: most.of_derived },
            Target { what: "CPU / floor", measured: ratio(|line| line.of_floor), most: most.of_floor },
            Target { what: "p99 / derived async-graphql", measured: p99, most: most.p99_of_derived },
        ];
        Self { plan, rate, lines, absent, targets, entries, warnings }
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        table::write(self)
    }

    /// Whether no target was missed.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets.iter().all(|target| target.met() != Some(false))
    }

    /// Writes `workload-a.json` and `workload-a.svg`, and `workload-a.png` where a Chromium draws it.
    pub(crate) fn write(&self, output: &Path) -> anyhow::Result<()> {
        let file = |extension: &str| output.join(format!("workload-a.{extension}"));
        fs::write(file("json"), record::write(self)?).with_context(|| format!("cannot write to {}", output.display()))?;
        fs::write(file("svg"), chart::write(self))?;
        println!("\nwritten: {} and {}", file("json").display(), file("svg").display());
        match draw::draw(&file("svg"), &file("png"), chart::size(self)) {
            Ok(()) => println!("         {}", file("png").display()),
            Err(error) => println!("no PNG: {error:#}"),
        }
        Ok(())
    }
}

fn line(entry: &Entry, entries: &[Entry]) -> Option<Line> {
    let base = |name: &str| entries.iter().find(|entry| entry.name == name);
    let cpu = |sample: &Sample| Some(sample.cpu_us_per_request);
    let p99 = |sample: &Sample| sample.latency_us.map(|(_, p99)| p99);
    Some(Line {
        name: entry.name,
        kind: entry.kind,
        cpu_us: Spread::of(entry.samples.iter().filter_map(cpu))?,
        of_floor: ratio(entry, base(FLOOR), cpu),
        of_derived: ratio(entry, base(DERIVED), cpu),
        requests_per_second: Spread::of(entry.samples.iter().map(|sample| sample.requests_per_second))?,
        busy: Spread::of(entry.samples.iter().map(|sample| sample.busy))?,
        p50_us: every(entry, |sample| sample.latency_us.map(|(p50, _)| p50)),
        p99_us: every(entry, p99),
        p99_of_derived: every(entry, p99).and_then(|_| ratio(entry, base(DERIVED), p99)),
        peak_resident_bytes: entry.peak_resident_bytes,
    })
}

/// The spread of a value that every round has to have.
fn every(entry: &Entry, value: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
    Spread::of(entry.samples.iter().map(value).collect::<Option<Vec<_>>>()?)
}

fn ratio(entry: &Entry, base: Option<&Entry>, value: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
    let rounds = entry.samples.iter().zip(&base?.samples);
    Spread::of(rounds.filter_map(|(own, base)| Some(value(own)? / value(base)?)))
}
