//! What the host's pools cost beside the bare drivers, and what joining gets saves.
//!
//! This process is the client, on the servers' core with one thread; the embedded backends are a process on the load's core. Each
//! contender asks for the same thing, and its answer is checked before any clock runs; rounds are interleaved, and what a pool costs by
//! itself is compared round by round: its CPU for a call beside that of its driver, which no pool can go below.

mod contender;
mod query;
mod report;
mod service;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json_plain::Value;

use crate::accounting::CpuTime;
use crate::cores::Cores;
use crate::rounds::Plan;
use crate::statistics::percentile_us;
use contender::Contender;

/// Load before each measurement: connections, caches.
const SETTLING: Duration = Duration::from_millis(200);

/// What one round says of one contender.
pub(crate) struct Sample {
    cpu_us_per_call: f64,
    calls_per_second: f64,
    p50_us: f64,
    p99_us: f64,
    /// Requests to DynamoDB for one call; only where gets may be joined.
    requests_per_call: Option<f64>,
}

/// Measures, prints the table and writes `pools.json`; tells whether the target was met.
pub(crate) fn run(
    programs: &Path,
    output: &Path,
    plan: &Plan,
    cores: &Cores,
) -> anyhow::Result<bool> {
    cores.take_server_core()?;
    let backends = Backends::start(programs, cores)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut contenders = runtime.block_on(contender::all(&backends))?;
    let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=plan.rounds {
        for (contender, samples) in contenders.iter_mut().zip(&mut samples) {
            eprintln!("{round} of {}: {}", plan.rounds, contender.name);
            let sample = runtime.block_on(measure(contender, plan.measured))?;
            // The first one warms up.
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let report = report::Report::new(plan, &contenders, samples);
    print!("{}", report.table());
    let file = output.join("pools.json");
    std::fs::write(&file, report.record())
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nwritten: {}", file.display());
    Ok(report.targets_met())
}

async fn measure(contender: &mut Contender, duration: Duration) -> anyhow::Result<Sample> {
    contender.load(SETTLING).await?;
    let process = std::process::id();
    let requests_before = contender.requests();
    let (began, before) = (Instant::now(), CpuTime::of(process)?);
    let mut latencies = contender.load(duration).await?;
    let (elapsed, cpu) = (began.elapsed(), CpuTime::of(process)?.since(&before));
    latencies.sort_unstable();
    let calls = latencies.len() as f64;
    let requests = contender
        .requests()
        .zip(requests_before)
        .map(|(after, before)| (after - before) as f64 / calls);
    Ok(Sample {
        cpu_us_per_call: cpu.as_secs_f64() * 1e6 / calls,
        calls_per_second: calls / elapsed.as_secs_f64(),
        p50_us: percentile_us(&latencies, 0.5),
        p99_us: percentile_us(&latencies, 0.99),
        requests_per_call: requests,
    })
}

/// The embedded backends with the sample data, ended when dropped.
pub(crate) struct Backends {
    pub(crate) dynamodb: SocketAddr,
    pub(crate) sqlserver: SocketAddr,
    http: SocketAddr,
    child: Child,
    /// The backends end when it closes, however this process ends.
    _until: Option<ChildStdin>,
}

/// The sample app's data.
const SEED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../guest/apps/students/seed"
);

impl Backends {
    /// Starts them on the load's core.
    pub(crate) fn start(programs: &Path, cores: &Cores) -> anyhow::Result<Self> {
        let program = programs.join("mayfly-embedded");
        let mut command = cores.load_command(&program);
        command
            .args(["--until-stdin-closes", "--seed", SEED])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
        let said: Value = serde_json_plain::from_str(&line)
            .context("the backends did not say where they listen")?;
        let address = |name: &str| {
            let text = said
                .get(name)
                .and_then(Value::as_str)
                .context("an address is missing")?;
            Ok::<SocketAddr, anyhow::Error>(text.parse()?)
        };
        Ok(Self {
            dynamodb: address("dynamodb")?,
            sqlserver: address("sqlserver")?,
            http: address("http")?,
            _until: child.stdin.take(),
            child,
        })
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        // They may have ended by themselves, which is what this is for.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}
