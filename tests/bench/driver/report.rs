//! What came out: ratios, targets, and where they are written.

mod chart;
mod draw;
mod record;
mod table;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::contender::{Absent, Kind};
use crate::rounds::{Entry, Plan, Results, Sample};
use crate::statistics::Spread;
use crate::workload::Workload;

pub(crate) use record::{machine, spread as spread_json};
pub(crate) use table::{aligned, spread};

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
    of_base: Option<Spread>,
    requests_of_base: Option<Spread>,
    requests_per_second: Spread,
    /// The share of the time that the process was on its core.
    busy: Spread,
    p50_us: Option<Spread>,
    p99_us: Option<Spread>,
    p99_of_base: Option<Spread>,
    peak_resident_bytes: u64,
}

/// The ratios that the workload's subject is held to; `None` for those that are only reported.
pub(crate) struct Bounds {
    pub(crate) most_of_derived: f64,
    pub(crate) most_of_floor: f64,
    pub(crate) most_p99_of_derived: f64,
    pub(crate) least_requests_of_mercurius: f64,
}

/// One of these ratios, and what came of it.
struct Target {
    what: &'static str,
    measured: Measured,
    bound: Option<Bound>,
}

/// What a ratio may be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    Most(f64),
    Least(f64),
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
            Measured::Ratio(ratio) => Some(match self.bound? {
                Bound::Most(most) => ratio.median <= most,
                Bound::Least(least) => ratio.median >= least,
            }),
            Measured::Overloaded => Some(false),
            Measured::Nothing => None,
        }
    }
}

impl Report {
    pub(crate) fn new(results: Results, mut absent: Vec<Absent>, bounds: &Bounds) -> Self {
        let Results {
            plan,
            rate,
            entries,
            failed,
            mut warnings,
        } = results;
        if cfg!(debug_assertions) {
            warnings.push("this is a debug build; times mean nothing".to_owned());
        }
        absent.extend(failed);
        let workload = plan.workload;
        let lines: Vec<_> = entries
            .iter()
            .filter_map(|entry| line(workload, entry, &entries))
            .collect();
        let subject = lines.iter().find(|line| line.name == workload.subject());
        let ratio = |ratio: fn(&Line) -> Option<Spread>| {
            subject
                .and_then(ratio)
                .map_or(Measured::Nothing, Measured::Ratio)
        };
        let overloaded = subject.is_some_and(|line| rate.is_some() && line.p99_us.is_none());
        let p99 = if overloaded {
            Measured::Overloaded
        } else {
            ratio(|line| line.p99_of_base)
        };
        let target = |what, measured, bound| Target {
            what,
            measured,
            bound,
        };
        let targets = if workload == Workload::A {
            vec![
                target(
                    "CPU / derived async-graphql",
                    ratio(|line| line.of_base),
                    Some(Bound::Most(bounds.most_of_derived)),
                ),
                target(
                    "CPU / floor",
                    ratio(|line| line.of_floor),
                    Some(Bound::Most(bounds.most_of_floor)),
                ),
                target(
                    "p99 / derived async-graphql",
                    p99,
                    Some(Bound::Most(bounds.most_p99_of_derived)),
                ),
            ]
        } else {
            let least = Some(Bound::Least(bounds.least_requests_of_mercurius));
            vec![
                target(
                    "requests/s / mercurius",
                    ratio(|line| line.requests_of_base),
                    least,
                ),
                target("CPU / mercurius", ratio(|line| line.of_base), None),
                target("p99 / mercurius", p99, None),
            ]
        };
        Self {
            plan,
            rate,
            lines,
            absent,
            targets,
            entries,
            warnings,
        }
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        table::write(self)
    }

    /// Whether no target was missed.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets
            .iter()
            .all(|target| target.met() != Some(false))
    }

    /// Writes `workload-X.json` and `workload-X.svg`, and `workload-X.png` where a Chromium draws it.
    pub(crate) fn write(&self, output: &Path) -> anyhow::Result<()> {
        let file = |extension: &str| {
            output.join(format!(
                "workload-{}.{extension}",
                self.plan.workload.letter()
            ))
        };
        fs::write(file("json"), record::write(self)?)
            .with_context(|| format!("cannot write to {}", output.display()))?;
        fs::write(file("svg"), chart::write(self))?;
        println!(
            "\nwritten: {} and {}",
            file("json").display(),
            file("svg").display()
        );
        match draw::draw(&file("svg"), &file("png"), chart::size(self)) {
            Ok(()) => println!("         {}", file("png").display()),
            Err(error) => println!("no PNG: {error:#}"),
        }
        Ok(())
    }
}

fn line(workload: Workload, entry: &Entry, entries: &[Entry]) -> Option<Line> {
    let base = |name: &str| entries.iter().find(|entry| entry.name == name);
    let cpu = |sample: &Sample| Some(sample.cpu_us_per_request);
    let p99 = |sample: &Sample| sample.latency_us.map(|(_, p99)| p99);
    Some(Line {
        name: entry.name,
        kind: entry.kind,
        cpu_us: Spread::of(entry.samples.iter().filter_map(cpu))?,
        of_floor: workload
            .floor()
            .and_then(|floor| ratio(entry, base(floor), cpu)),
        of_base: ratio(entry, base(workload.base()), cpu),
        requests_of_base: ratio(entry, base(workload.base()), |sample| {
            Some(sample.requests_per_second)
        }),
        requests_per_second: Spread::of(
            entry
                .samples
                .iter()
                .map(|sample| sample.requests_per_second),
        )?,
        busy: Spread::of(entry.samples.iter().map(|sample| sample.busy))?,
        p50_us: every(entry, |sample| sample.latency_us.map(|(p50, _)| p50)),
        p99_us: every(entry, p99),
        p99_of_base: every(entry, p99).and_then(|_| ratio(entry, base(workload.base()), p99)),
        peak_resident_bytes: entry.peak_resident_bytes,
    })
}

/// The spread of a value that every round has to have.
fn every(entry: &Entry, value: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
    Spread::of(
        entry
            .samples
            .iter()
            .map(value)
            .collect::<Option<Vec<_>>>()?,
    )
}

fn ratio(
    entry: &Entry,
    base: Option<&Entry>,
    value: impl Fn(&Sample) -> Option<f64>,
) -> Option<Spread> {
    let rounds = entry.samples.iter().zip(&base?.samples);
    Spread::of(rounds.filter_map(|(own, base)| Some(value(own)? / value(base)?)))
}
