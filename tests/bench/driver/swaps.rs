//! What swapping costs those who ask meanwhile: latencies while one new version after the other goes through the gate, against
//! latencies without, in one run and of one server.
//!
//! Each version has new bytes (the same component with another number in a custom section), so each is compiled, by a process on the
//! server's own core. A push begins when the one before has been answered, so the server never stops swapping. What it takes from
//! the last byte of a component being sent to the first answer of its version is measured by the one who pushes.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json_plain::json;

use crate::answer::Target;
use crate::contender::{Contender, own_app};
use crate::cores::Cores;
use crate::load::{Clients, OpenLoad};
use crate::rounds::{OPEN_CONNECTIONS, Plan, SETTLING};
use crate::server::Server;
use crate::statistics::{Spread, percentile_us};
use crate::workload::Question;

/// The module whose versions are swapped, and what it is asked.
const MODULE: &str = "in-guest";
const QUESTION: Question = Question::Report("report");

/// The token of the server that is measured.
const TOKEN: &str = "a-token-for-the-bench-only";

/// The ratio that 99 of 100 requests are promised to stay within.
const MOST: f64 = 1.2;

/// One round.
struct Round {
    quiet_p99_us: f64,
    swapping_p99_us: f64,
    swaps_per_second: f64,
    /// From the last byte sent to the first answer, one for each swap.
    first_answers: Vec<Duration>,
}

/// Measures, prints and writes `swaps.json`; tells whether the promise was kept.
pub(crate) fn run(
    programs: &Path,
    cores: &Cores,
    plan: &Plan,
    output: &Path,
) -> anyhow::Result<bool> {
    let app = own_app(
        &output.join("swapping"),
        "[server]\nadmin_token = { env = \"BENCH_ADMIN_TOKEN\" }\nwatch = false\n",
    )?;
    let component = fs::read(app.join(format!("build/{MODULE}.wasm")))
        .context("run `mayfly build guest/bench` first")?;
    let contender = Contender::swapping(programs, &app, TOKEN, QUESTION);
    let server = Server::start(&contender, cores, output)?;
    let admin = server
        .admin
        .context("the server did not say where its admin address is")?;
    let target = Target::check(server.address, QUESTION)?;
    let mut clients = Clients::connect(&target, plan.connections)?;
    let capacity = clients.closed_load(plan.warm_up, true)?;
    let rate = plan.share * capacity.latencies.len() as f64 / capacity.elapsed.as_secs_f64();
    drop(clients);
    let mut rounds = Vec::new();
    let mut pusher = Pusher {
        admin,
        component,
        number: 0,
    };
    for number in 0..plan.rounds {
        eprintln!("swaps: round {} of {}", number + 1, plan.rounds);
        let load = OpenLoad {
            rate,
            duration: plan.measured,
            seed: number as u64,
            spin: false,
        };
        // The order changes, so that neither always follows the other.
        let swapping_first = number % 2 == 1;
        let first = phase(&target, &load, swapping_first.then_some(&mut pusher))?;
        let second = phase(&target, &load, (!swapping_first).then_some(&mut pusher))?;
        let (quiet, swapping) = if swapping_first {
            (second, first)
        } else {
            (first, second)
        };
        rounds.push(Round {
            quiet_p99_us: quiet.p99_us,
            swapping_p99_us: swapping.p99_us,
            swaps_per_second: swapping.first_answers.len() as f64 / swapping.elapsed.as_secs_f64(),
            first_answers: swapping.first_answers,
        });
    }
    report(&rounds, rate, pusher.component.len(), output)
}

/// Latencies of one load, and the swaps meanwhile.
struct Phase {
    p99_us: f64,
    elapsed: Duration,
    first_answers: Vec<Duration>,
}

fn phase(target: &Target, load: &OpenLoad, pusher: Option<&mut Pusher>) -> anyhow::Result<Phase> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let pushing = pusher.map(|pusher| scope.spawn(|| pusher.push_until(&stop, target)));
        let measure = || -> anyhow::Result<_> {
            let mut clients = Clients::connect(target, OPEN_CONNECTIONS)?;
            clients.open_load(&OpenLoad {
                duration: SETTLING,
                ..*load
            })?;
            clients
                .open_load(load)?
                .context("the server fell behind; choose a lower --share")
        };
        let outcome = measure();
        stop.store(true, Ordering::Relaxed);
        let (elapsed, first_answers) = match pushing.map(thread::ScopedJoinHandle::join) {
            None => (load.duration, Vec::new()),
            Some(Ok(pushed)) => pushed?,
            Some(Err(_)) => anyhow::bail!("the pusher panicked"),
        };
        Ok(Phase {
            p99_us: percentile_us(&outcome?.latencies, 0.99),
            elapsed,
            first_answers,
        })
    })
}

/// Sends one version after the other.
struct Pusher {
    admin: SocketAddr,
    component: Vec<u8>,
    number: u64,
}

impl Pusher {
    fn push_until(
        &mut self,
        stop: &AtomicBool,
        target: &Target,
    ) -> anyhow::Result<(Duration, Vec<Duration>)> {
        let began = Instant::now();
        let mut first_answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            first_answers.push(self.push(target)?);
        }
        Ok((began.elapsed(), first_answers))
    }

    /// Pushes a version, and asks once it is told to be active.
    fn push(&mut self, target: &Target) -> anyhow::Result<Duration> {
        self.number += 1;
        let version = renamed(&self.component, self.number);
        let mut stream = TcpStream::connect(self.admin)?;
        let head = format!(
            "PUT /modules/{MODULE} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n",
            self.admin,
            version.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&version)?;
        let sent = Instant::now();
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("\"changed\":true"),
            "a push was answered {answer}"
        );
        target.ask()?;
        Ok(sent.elapsed())
    }
}

/// The component with a custom section more.
fn renamed(component: &[u8], number: u64) -> Vec<u8> {
    const NAME: &[u8] = b"number";
    let contents = [&[NAME.len() as u8], NAME, &number.to_le_bytes()].concat();
    [component, &[0, contents.len() as u8], &contents].concat()
}

fn report(
    rounds: &[Round],
    rate: f64,
    component_bytes: usize,
    output: &Path,
) -> anyhow::Result<bool> {
    let spread = |values: Vec<f64>| Spread::of(values).context("no round was measured");
    let ratio = spread(
        rounds
            .iter()
            .map(|round| round.swapping_p99_us / round.quiet_p99_us)
            .collect(),
    )?;
    let quiet = spread(rounds.iter().map(|round| round.quiet_p99_us).collect())?;
    let swapping = spread(rounds.iter().map(|round| round.swapping_p99_us).collect())?;
    let swaps = spread(rounds.iter().map(|round| round.swaps_per_second).collect())?;
    let first = spread(
        rounds
            .iter()
            .flat_map(|round| &round.first_answers)
            .map(|time| time.as_secs_f64() * 1e3)
            .collect(),
    )?;
    let shown = |spread: Spread, digits: usize| {
        format!(
            "{:.digits$} ({:.digits$}–{:.digits$})",
            spread.median, spread.least, spread.most
        )
    };
    println!(
        "swapping a module of {} kB at {rate:.0} requests a second; medians of {} rounds (least–most)",
        component_bytes / 1_000,
        rounds.len()
    );
    println!(
        "  p99 without swaps                      {} µs",
        shown(quiet, 0)
    );
    println!(
        "  p99 during swaps                       {} µs",
        shown(swapping, 0)
    );
    println!(
        "  ratio (at most {MOST})                    {}",
        shown(ratio, 2)
    );
    println!(
        "  swaps a second                         {}",
        shown(swaps, 2)
    );
    println!(
        "  from bytes received to first answer    {} ms",
        shown(first, 0)
    );
    let record = json!({
        "component_bytes": component_bytes,
        "requests_per_second": rate,
        "ratio_median": ratio.median,
        "swaps_per_second_median": swaps.median,
        "first_answer_ms_median": first.median,
        "rounds": rounds.iter().map(|round| json!({
            "quiet_p99_us": round.quiet_p99_us,
            "swapping_p99_us": round.swapping_p99_us,
            "swaps_per_second": round.swaps_per_second,
        })).collect::<Vec<_>>(),
    });
    fs::write(
        output.join("swaps.json"),
        serde_json_plain::to_string_pretty(&record)?,
    )?;
    Ok(ratio.median <= MOST)
}
