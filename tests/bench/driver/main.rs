//! `make bench`: workload A, what isolation costs, beside servers that have none; workload B, the sample app end to end, beside the same
//! in Node; and the pools, beside the bare drivers.
//!
//! Every server is pinned to one core and the load to another; each answer is compared byte for
//! byte with one that was checked against the data before any clock ran; runs are interleaved, so that what the machine does
//! meanwhile happens to all of them; CPU is what the kernel accounts to the server's process, so that idle time and the load
//! generator's own cost do not count. A server that cannot be started is reported with the reason, and never left out in silence.
//!
//! Reading order: [`workload`] says what is asked, [`contender`] says who runs and how, [`node`] installs what needs installing, [`server`] starts and pins a process,
//! [`answer`] checks it, [`rounds`] interleaves, [`load`] and [`connection`] make the requests, [`accounting`] reads the clocks,
//! [`statistics`] and [`report`] say what came out; [`pools`] is the measurement without servers, [`swaps`] that of swapping.

mod accounting;
mod answer;
mod connection;
mod contender;
mod cores;
mod load;
mod node;
mod pools;
mod report;
mod rounds;
mod server;
mod statistics;
mod swaps;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;

use crate::contender::{Absent, Contender};
use crate::cores::Cores;
use crate::pools::Backends;
use crate::report::{Bounds, Report};
use crate::rounds::{Plan, Runner};
use crate::workload::Workload;

/// Measure Mayfly beside what it is compared with.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// What to measure
    #[arg(value_enum, default_value = "a")]
    workload: Workload,
    /// The directory with the programs `mayfly`, `mayfly-embedded` and `bench-mayfly`
    #[arg(long, value_name = "DIRECTORY", default_value = "target/release")]
    programs: PathBuf,
    /// The program `bench-peer` [default: beside this one]
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// Where the results and the servers' logs are written
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    output: PathBuf,
    /// Only contenders whose name contains one of these texts
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    only: Vec<String>,
    /// How often each contender is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long each measurement lasts, in seconds
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How long each contender is loaded before the first round, in seconds (JIT compilers need it)
    #[arg(long, default_value_t = 4.0)]
    warm_up: f64,
    /// Connections with one request under way each, for the measurement of CPU
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The load for latencies, as a share of what the peer to compare with can serve [default: 0.6, and 0.3 with --busy]
    #[arg(long)]
    share: Option<f64>,
    /// Keep both cores busy with something else meanwhile, in `swaps`
    #[arg(long)]
    busy: bool,
    /// The core of the servers
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the load
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// The target for the median ratio of CPU to derived async-graphql
    #[arg(long, value_name = "RATIO", default_value_t = 0.7)]
    most_of_derived: f64,
    /// The target for the median ratio of CPU to the floor
    #[arg(long, value_name = "RATIO", default_value_t = 2.0)]
    most_of_floor: f64,
    /// The target for the median ratio of p99 to derived async-graphql
    #[arg(long, value_name = "RATIO", default_value_t = 1.0)]
    most_p99_of_derived: f64,
    /// The target for the median ratio of requests per second to mercurius, in workload B
    #[arg(long, value_name = "RATIO", default_value_t = 3.0)]
    least_requests_of_mercurius: f64,
    /// End with exit code 2 when a target is missed
    #[arg(long)]
    enforce: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and reports; tells whether all is well.
fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    ensure!(
        arguments.rounds > 0 && arguments.seconds > 0.0,
        "--rounds and --seconds have to be above 0"
    );
    // What is busy beside the server has half of its core.
    let share = arguments
        .share
        .unwrap_or(if arguments.busy { 0.3 } else { 0.6 });
    ensure!(
        share > 0.0 && share < 1.0,
        "--share has to be between 0 and 1: what a server can serve at its limit"
    );
    let cores = Cores::new(arguments.server_core, arguments.load_core)?;
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create {}", arguments.output.display()))?;
    let plan = Plan {
        workload: arguments.workload,
        rounds: arguments.rounds,
        measured: Duration::try_from_secs_f64(arguments.seconds)?,
        warm_up: Duration::try_from_secs_f64(arguments.warm_up)?,
        connections: arguments.connections,
        share,
        busy: arguments.busy,
    };
    match arguments.workload {
        Workload::Pools => {
            return Ok(
                pools::run(&arguments.programs, &arguments.output, &plan, &cores)?
                    || !arguments.enforce,
            );
        }
        Workload::Swaps => {
            cores.take_load_core()?;
            return Ok(
                swaps::run(&arguments.programs, &cores, &plan, &arguments.output)?
                    || !arguments.enforce,
            );
        }
        Workload::A | Workload::B => {}
    }
    cores.take_load_core()?;
    // Backends that contenders share, and that live as long as they do.
    let backends = if arguments.workload == Workload::B {
        Some(Backends::start(&arguments.programs, &cores)?)
    } else {
        None
    };
    let (contenders, mut absent) = contenders(arguments, backends.as_ref())?;
    let mut runner = Runner::new(plan);
    for contender in contenders {
        eprintln!("starting {}", contender.name);
        if let Err(error) = runner.add(&contender, &cores, &arguments.output) {
            let reason = format!("{error:#}");
            eprintln!("  cannot take part: {reason}");
            absent.push(Absent {
                name: contender.name,
                reason,
            });
        }
    }
    let results = runner.run()?;
    let bounds = Bounds {
        most_of_derived: arguments.most_of_derived,
        most_of_floor: arguments.most_of_floor,
        most_p99_of_derived: arguments.most_p99_of_derived,
        least_requests_of_mercurius: arguments.least_requests_of_mercurius,
    };
    let report = Report::new(results, absent, &bounds);
    print!("{}", report.table());
    report.write(&arguments.output)?;
    Ok(report.targets_met() || !arguments.enforce)
}

/// Who takes part, and who cannot.
fn contenders(
    arguments: &Arguments,
    backends: Option<&Backends>,
) -> anyhow::Result<(Vec<Contender>, Vec<Absent>)> {
    let beside = std::env::current_exe()
        .context("cannot find this program")?
        .with_file_name("bench-peer");
    let peers = arguments.peers.clone().unwrap_or(beside);
    let wanted = |name: &str| {
        arguments.only.is_empty()
            || arguments
                .only
                .iter()
                .any(|text| name.contains(text.as_str()))
    };
    let mut chosen = match backends {
        Some(backends) => contender::of_sample_app(
            &arguments.programs,
            &arguments.output,
            (backends.dynamodb, backends.sqlserver),
        )?,
        None => contender::all(&arguments.programs, &peers, &arguments.output)?,
    };
    chosen.retain(|contender| wanted(contender.name));
    let installed = node::install(
        &chosen
            .iter()
            .filter_map(|contender| contender.package)
            .collect::<Vec<_>>(),
    );
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for contender in chosen {
        match contender
            .package
            .and_then(|package| installed.problem(package))
        {
            Some(reason) => absent.push(Absent {
                name: contender.name,
                reason,
            }),
            None => present.push(contender),
        }
    }
    Ok((present, absent))
}
