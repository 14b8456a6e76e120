//! What a call of a worker costs: through the pool to an echo worker, beside two bare processes that exchange the same frames; and what
//! recycling adds to the slowest calls. Measured in turns, so that what the machine does meanwhile happens to both.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use mayfly_capabilities::ALL;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::worker::configuration::{Section, Worker};
use mayfly_capabilities::worker::{Client, Request, Surroundings};
use mayfly_config::Config;
use mayfly_runtime::capability::readers;

/// How often each is measured.
const ROUNDS: usize = 7;

/// The most that a call through the pool may cost of what bare processes take.
const MOST: f64 = 3.0;

/// After how many calls processes are recycled: as workers are unless an operator says otherwise, and so often that it never stops.
const RECYCLED: [u64; 2] = [10_000, 500];

/// What is sent and said back: some rows, about a kilobyte.
const VALUE: &str = include_str!("../data/worker-call.json");

/// What the kernel accounts to a process, in ticks of 10 ms.
fn ticks(pid: &str) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("a stat")?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Ok(field(11).context("utime")? + field(12).context("stime")?)
}

/// CPU time of this process and another, while something is done.
async fn measured(
    pid: u32,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Duration> {
    let pid = pid.to_string();
    let both = || anyhow::Ok(ticks("self")? + ticks(&pid)?);
    let before = both()?;
    work.await?;
    Ok(Duration::from_millis(10 * (both()? - before)))
}

/// A worker that is spoken to directly.
struct Bare {
    child: Child,
    socket: UnixStream,
}

impl Bare {
    fn start(command: &Path) -> anyhow::Result<Self> {
        let (socket, workers) = UnixStream::pair()?;
        let child = Command::new(command)
            .stdin(Stdio::from(OwnedFd::from(workers)))
            .env_clear()
            .spawn()?;
        let mut bare = Self { child, socket };
        ensure!(bare.hear()?.contains("hello"), "the worker says no hello");
        Ok(bare)
    }

    fn hear(&mut self) -> anyhow::Result<String> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length))?];
        self.socket.read_exact(&mut frame)?;
        Ok(String::from_utf8(frame)?)
    }

    fn call(&mut self, id: u32) -> anyhow::Result<()> {
        let call = format!(
            "{{\"type\":\"call\",\"id\":{id},\"method\":\"Echo\",\"arguments\":{VALUE},\"deadline_ms\":5000,\"trace_id\":\"0123456789abcdef0123456789abcdef\"}}"
        );
        let mut frame = u32::try_from(call.len())?.to_be_bytes().to_vec();
        frame.extend_from_slice(call.as_bytes());
        self.socket.write_all(&frame)?;
        ensure!(self.hear()?.contains("result"), "no result");
        Ok(())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // The end of the socket is its end.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

fn pool(command: &Path, max_calls: u64) -> anyhow::Result<Client> {
    let text = format!(
        "schema = \"s\"\n[modules.m]\ncomponent = \"m.wasm\"\n[workers.echo]\ncommand = [{:?}]\nprocesses = 1\nmax_calls = {max_calls}\n[workers.echo.methods.Echo]\naccess = \"read\"\n",
        command.display().to_string()
    );
    let config = Config::parse(Path::new("."), &text, &readers(ALL), &|_| None)?;
    let section = config.sections.get::<Section>().context("a section")?;
    let worker: &Worker = section.worker("echo").context("a worker")?;
    let client = Client::new(worker, Surroundings::default()).map_err(anyhow::Error::msg)?;
    client.start();
    Ok(client)
}

async fn call(client: &Client) -> anyhow::Result<String> {
    let request = Request {
        method: "Echo".to_owned(),
        arguments: VALUE.to_owned(),
        borrower: Borrower::of("lab", "0123456789abcdef0123456789abcdef"),
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    Ok(client.call(request, 1 << 20, deadline).await?)
}

/// Calls one after the other; how long the slowest of a hundred took.
async fn p99(client: &Client, calls: u32) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..calls {
        let began = Instant::now();
        call(client).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().context("calls")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Measures this many calls a round, and prints what came out; whether the target was met.
pub(crate) async fn measure(command: &Path, calls: u32) -> anyhow::Result<bool> {
    let command = fs::canonicalize(command)?;
    let mut bare = Bare::start(&command)?;
    let steady = pool(&command, 1_000_000_000)?;
    let recycled = RECYCLED.map(|calls| pool(&command, calls));
    ensure!(
        call(&steady).await?.trim() == VALUE.trim(),
        "the worker does not say back what it is sent"
    );
    let pid = *steady.status().idle.first().context("a process")?;
    let (mut costs, mut slowest) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        let bare_pid = bare.child.id();
        let by_bare = measured(bare_pid, async {
            (1..=calls).try_for_each(|id| bare.call(id))
        })
        .await?;
        let by_pool = measured(u32::try_from(pid)?, async {
            for _ in 0..calls {
                call(&steady).await?;
            }
            Ok(())
        })
        .await?;
        let cost = by_pool.as_secs_f64() / by_bare.as_secs_f64();
        println!(
            "round {round}: a call costs {:?} of CPU through the pool, {:?} between bare processes ({cost:.2} times)",
            by_pool / calls,
            by_bare / calls,
        );
        costs.push(cost);
        for ((client, after), slowest) in recycled.iter().zip(RECYCLED).zip(&mut slowest) {
            let client = client.as_ref().map_err(|error| anyhow!("{error:#}"))?;
            let steady_p99 = p99(&steady, calls).await?;
            let recycled_p99 = p99(client, calls).await?;
            let added = recycled_p99.as_secs_f64() / steady_p99.as_secs_f64();
            println!(
                "round {round}: p99 {recycled_p99:?} recycled every {after} calls, {steady_p99:?} not ({added:.2} times)"
            );
            slowest.push(added);
        }
    }
    let cost = median(costs);
    let [usual, always] = slowest.map(median);
    println!(
        "workers: {cost:.2} times the CPU of bare processes (at most {MOST}); p99 with recycling {usual:.2} times that without, and {always:.2} times where it never stops (medians of {ROUNDS} rounds of {calls} calls)"
    );
    Ok(cost <= MOST)
}
