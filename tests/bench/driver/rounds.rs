//! The measurement: all contenders start, are checked and warmed up; then rounds, in each of which every contender is measured once.
//!
//! One contender runs at a time; the others are stopped. The order moves on by one from round to round, so that nobody always
//! follows the same neighbour.

use std::path::Path;
use std::time::Duration;

use crate::accounting::{CpuTime, peak_resident_bytes};
use crate::answer::Target;
use crate::contender::{Absent, Contender, Kind};
use crate::cores::Cores;
use crate::load::{Clients, OpenLoad};
use crate::server::Server;
use crate::statistics::percentile_us;
use crate::workload::Workload;

/// Load before each measurement, for what a stopped server has to make good: connections, caches.
pub(crate) const SETTLING: Duration = Duration::from_millis(300);

/// Connections of the open load: more than a server at this load ever has under way, so that requests wait in the server only.
pub(crate) const OPEN_CONNECTIONS: usize = 64;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) workload: Workload,
    pub(crate) rounds: usize,
    pub(crate) measured: Duration,
    pub(crate) warm_up: Duration,
    /// Of the closed load.
    pub(crate) connections: usize,
    /// The open load's rate, as a share of what the workload's base serves.
    pub(crate) share: f64,
    /// Whether both cores have something else to do meanwhile.
    pub(crate) busy: bool,
}

/// What one round says of one contender.
pub(crate) struct Sample {
    pub(crate) cpu_us_per_request: f64,
    pub(crate) requests_per_second: f64,
    /// The share of the time that the process was on its core: 1 when nothing but the server limits the closed load.
    pub(crate) busy: f64,
    /// The open load's 50th and 99th percentile; `None` when there was none, or the server fell behind.
    pub(crate) latency_us: Option<(f64, f64)>,
}

/// A contender's measurements.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// One for each round, for all contenders in the same order.
    pub(crate) samples: Vec<Sample>,
    pub(crate) peak_resident_bytes: u64,
}

/// What came out.
pub(crate) struct Results {
    pub(crate) plan: Plan,
    /// The open load's rate, if the workload's base took part.
    pub(crate) rate: Option<f64>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) failed: Vec<Absent>,
    /// What servers said of themselves.
    pub(crate) warnings: Vec<String>,
}

/// The contenders that run.
pub(crate) struct Runner {
    plan: Plan,
    entrants: Vec<Entrant>,
    failed: Vec<Absent>,
}

struct Entrant {
    name: &'static str,
    kind: Kind,
    has_backend: bool,
    server: Server,
    target: Target,
    samples: Vec<Sample>,
}

impl Runner {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            entrants: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Starts a contender, checks its answer, and stops it until it is its turn.
    pub(crate) fn add(
        &mut self,
        contender: &Contender,
        cores: &Cores,
        output: &Path,
    ) -> anyhow::Result<()> {
        let server = Server::start(contender, cores, output)?;
        let target = Target::check(server.address, contender.question)?;
        server.stop()?;
        let Contender {
            name,
            kind,
            has_backend,
            ..
        } = *contender;
        self.entrants.push(Entrant {
            name,
            kind,
            has_backend,
            server,
            target,
            samples: Vec::new(),
        });
        Ok(())
    }

    /// Measures.
    pub(crate) fn run(mut self) -> anyhow::Result<Results> {
        let plan = self.plan;
        self.each(0, "warming up", |entrant| {
            entrant.running(|entrant| entrant.warm_up(&plan))
        });
        let rate = self.rate();
        for round in 0..plan.rounds {
            let open = rate.map(|rate| OpenLoad {
                rate,
                duration: plan.measured,
                seed: round as u64,
                spin: true,
            });
            let doing = format!("round {} of {}:", round + 1, plan.rounds);
            self.each(round, &doing, |entrant| {
                entrant.running(|entrant| entrant.measure(&plan, open.as_ref()))
            });
        }
        let (mut entries, mut warnings) = (Vec::new(), Vec::new());
        for entrant in self.entrants {
            let peak_resident_bytes = peak_resident_bytes(entrant.server.process())?;
            warnings.extend(
                entrant
                    .server
                    .warnings
                    .iter()
                    .map(|warning| format!("{}: {warning}", entrant.name)),
            );
            entries.push(Entry {
                name: entrant.name,
                kind: entrant.kind,
                samples: entrant.samples,
                peak_resident_bytes,
            });
        }
        Ok(Results {
            plan,
            rate,
            entries,
            failed: self.failed,
            warnings,
        })
    }

    /// Does something with every contender, beginning with a later one each round. Whoever fails is out, and reported.
    fn each(
        &mut self,
        round: usize,
        doing: &str,
        mut action: impl FnMut(&mut Entrant) -> anyhow::Result<()>,
    ) {
        let count = self.entrants.len();
        let mut out = Vec::new();
        for index in (0..count).map(|index| (index + round) % count) {
            let Some(entrant) = self.entrants.get_mut(index) else {
                continue;
            };
            eprintln!("{doing} {}", entrant.name);
            if let Err(error) = action(entrant) {
                eprintln!("  failed: {error:#}");
                out.push(entrant.name);
                self.failed.push(Absent {
                    name: entrant.name,
                    reason: format!("{error:#}"),
                });
            }
        }
        self.entrants.retain(|entrant| !out.contains(&entrant.name));
    }

    /// The open load's rate: a share of what the base serves when it is never idle.
    fn rate(&mut self) -> Option<f64> {
        let plan = self.plan;
        let base = self
            .entrants
            .iter_mut()
            .find(|entrant| entrant.name == plan.workload.base())?;
        // If it fails here, it fails in the first round too, and is reported there.
        let sample = base.running(|base| base.closed(&plan)).ok()?;
        Some(plan.share * sample.requests_per_second)
    }
}

impl Entrant {
    /// Lets the server run while something is done with it.
    fn running<T>(
        &mut self,
        action: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.server.resume()?;
        let outcome = action(self);
        self.server.stop()?;
        outcome
    }

    fn warm_up(&self, plan: &Plan) -> anyhow::Result<()> {
        Clients::connect(&self.target, plan.connections)?
            .closed_load(plan.warm_up, !self.has_backend)?;
        Ok(())
    }

    fn measure(&mut self, plan: &Plan, open: Option<&OpenLoad>) -> anyhow::Result<()> {
        let mut sample = self.closed(plan)?;
        // A server that is full at a lower rate would only queue.
        if let Some(load) = open.filter(|load| sample.requests_per_second > load.rate) {
            sample.latency_us = self.open(load)?;
        }
        self.samples.push(sample);
        Ok(())
    }

    /// A sample without latencies, of a server that is never idle.
    fn closed(&self, plan: &Plan) -> anyhow::Result<Sample> {
        let mut clients = Clients::connect(&self.target, plan.connections)?;
        clients.closed_load(SETTLING, !self.has_backend)?;
        let before = CpuTime::of(self.server.process())?;
        let outcome = clients.closed_load(plan.measured, !self.has_backend)?;
        let cpu_s = CpuTime::of(self.server.process())?
            .since(&before)
            .as_secs_f64();
        let (requests, elapsed_s) = (
            outcome.latencies.len() as f64,
            outcome.elapsed.as_secs_f64(),
        );
        Ok(Sample {
            cpu_us_per_request: cpu_s * 1e6 / requests,
            requests_per_second: requests / elapsed_s,
            busy: cpu_s / elapsed_s,
            latency_us: None,
        })
    }

    fn open(&self, load: &OpenLoad) -> anyhow::Result<Option<(f64, f64)>> {
        let mut clients = Clients::connect(&self.target, OPEN_CONNECTIONS)?;
        let load = OpenLoad {
            spin: load.spin && !self.has_backend,
            ..*load
        };
        let settling = OpenLoad {
            duration: SETTLING,
            ..load
        };
        if clients.open_load(&settling)?.is_none() {
            return Ok(None);
        }
        let outcome = clients.open_load(&load)?;
        Ok(outcome.map(|outcome| {
            (
                percentile_us(&outcome.latencies, 0.5),
                percentile_us(&outcome.latencies, 0.99),
            )
        }))
    }
}
