//! What swapping costs those who ask meanwhile: latencies while one new version after the other goes through the gate, against
//! latencies without, in one run and of one server.
//!
//! Each version has new bytes (the same component with another number in a custom section), so each is compiled, by a process on the
//! server's own core. A push begins when the one before has been answered, so the server never stops swapping. What it takes from
//! the last byte of a component being sent to the first answer of its version is measured by the one who pushes. Two components are
//! swapped: the one that is asked, of some 100 kB, and another of 1 MB; with `--busy`, while other programs want every core.

mod busy;
mod component;

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
use busy::Busy;

/// The module whose versions are swapped, and what it is asked.
const MODULE: &str = "in-guest";
const QUESTION: Question = Question::Report("report");

/// The token of the server that is measured.
const TOKEN: &str = "a-token-for-the-bench-only";

/// The ratio that 99 of 100 requests are promised to stay within, on a machine with nothing else to do and on a busy one.
const MOST: f64 = 1.2;
const MOST_BUSY: f64 = 1.3;

/// The size of the larger component.
const LARGE_BYTES: usize = 1_000_000;

/// A component whose versions are swapped, and how soon one has to be in.
struct Subject {
    module: &'static str,
    component: Vec<u8>,
    at_most: Duration,
}

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
    let large = component::build(programs, &output.join("large"), LARGE_BYTES)?;
    let app = own_app(
        &output.join("swapping"),
        &format!(
            "[server]\nadmin_token = {{ env = \"BENCH_ADMIN_TOKEN\" }}\nwatch = false\n{}",
            component::CONFIGURATION
        ),
    )?;
    add_large(&app, &large)?;
    let small = fs::read(app.join(format!("build/{MODULE}.wasm")))
        .context("run `mayfly build guest/bench` first")?;
    let contender = Contender::swapping(programs, &app, TOKEN, QUESTION);
    let server = Server::start(&contender, cores, output)?;
    let admin = server
        .admin
        .context("the server did not say where its admin address is")?;
    let target = Target::check(server.address, QUESTION)?;
    let _busy = plan.busy.then(|| Busy::start(*cores));
    if plan.busy
        && let Err(error) = Cores::put_main_thread_first()
    {
        eprintln!("{error:#}; latencies include what the load waits for its own core");
    }
    let mut clients = Clients::connect(&target, plan.connections)?;
    let capacity = clients.closed_load(plan.warm_up, true)?;
    let rate = plan.share * capacity.latencies.len() as f64 / capacity.elapsed.as_secs_f64();
    drop(clients);
    let subjects = [
        Subject {
            module: MODULE,
            component: small,
            at_most: Duration::from_secs(10),
        },
        Subject {
            module: component::MODULE,
            component: large,
            at_most: Duration::from_secs(30),
        },
    ];
    let mut kept = true;
    let mut records = Vec::new();
    for subject in subjects {
        let mut pusher = Pusher {
            admin,
            module: subject.module,
            component: subject.component,
            number: 0,
        };
        let rounds = measure(&target, plan, rate, &mut pusher)?;
        let measured = Measured {
            rounds,
            rate,
            component_bytes: pusher.component.len(),
            at_most: subject.at_most,
            most: if plan.busy { MOST_BUSY } else { MOST },
        };
        kept &= measured.report(&mut records)?;
    }
    fs::write(
        output.join("swaps.json"),
        serde_json_plain::to_string_pretty(&records)?,
    )?;
    Ok(kept)
}

/// Gives the app of its own the module that is never asked.
fn add_large(app: &Path, component: &[u8]) -> anyhow::Result<()> {
    let schema = app.join("schema.graphql");
    let text = fs::read_to_string(&schema)?;
    // It is a link to the original.
    fs::remove_file(&schema)?;
    fs::write(schema, format!("{text}\n{}", component::SCHEMA))?;
    fs::create_dir(app.join("large"))?;
    fs::write(app.join("large/large.wasm"), component)?;
    Ok(())
}

/// Pairs of loads, one of each with swaps meanwhile.
fn measure(
    target: &Target,
    plan: &Plan,
    rate: f64,
    pusher: &mut Pusher,
) -> anyhow::Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for number in 0..plan.rounds {
        eprintln!(
            "swaps of `{}`: round {} of {}",
            pusher.module,
            number + 1,
            plan.rounds
        );
        let load = OpenLoad {
            rate,
            duration: plan.measured,
            seed: number as u64,
            spin: false,
        };
        // The order changes, so that neither always follows the other.
        let swapping_first = number % 2 == 1;
        let first = phase(target, &load, swapping_first.then_some(&mut *pusher))?;
        let second = phase(target, &load, (!swapping_first).then_some(&mut *pusher))?;
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
    Ok(rounds)
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
    module: &'static str,
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
            "PUT /modules/{} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n",
            self.module,
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

/// What was measured of one component.
struct Measured {
    rounds: Vec<Round>,
    rate: f64,
    component_bytes: usize,
    /// How soon a version has to answer.
    at_most: Duration,
    /// The most that the ratio may be.
    most: f64,
}

impl Measured {
    /// Prints it, and adds it to the records; tells whether the promise was kept.
    fn report(&self, records: &mut Vec<serde_json_plain::Value>) -> anyhow::Result<bool> {
        let spread = |value: &dyn Fn(&Round) -> f64| {
            Spread::of(self.rounds.iter().map(value)).context("no round was measured")
        };
        let ratio = spread(&|round| round.swapping_p99_us / round.quiet_p99_us)?;
        let quiet = spread(&|round| round.quiet_p99_us)?;
        let swapping = spread(&|round| round.swapping_p99_us)?;
        let swaps = spread(&|round| round.swaps_per_second)?;
        let first = self.rounds.iter().flat_map(|round| &round.first_answers);
        let first = Spread::of(first.map(|time| time.as_secs_f64() * 1e3));
        let first = first.context("no version was swapped")?;
        println!(
            "swapping a module of {} kB at {:.0} requests a second; medians of {} rounds (least–most)",
            self.component_bytes / 1_000,
            self.rate,
            self.rounds.len()
        );
        let at_most = self.at_most.as_secs();
        for (what, spread, digits, unit) in [
            ("p99 without swaps".to_owned(), quiet, 0, " µs"),
            ("p99 during swaps".to_owned(), swapping, 0, " µs"),
            (format!("ratio (at most {})", self.most), ratio, 2, ""),
            ("swaps a second".to_owned(), swaps, 2, ""),
            (
                format!("bytes sent to first answer (at most {at_most} s)"),
                first,
                0,
                " ms",
            ),
        ] {
            println!(
                "  {what:<45} {:.digits$} ({:.digits$}–{:.digits$}){unit}",
                spread.median, spread.least, spread.most
            );
        }
        records.push(json!({
            "component_bytes": self.component_bytes,
            "requests_per_second": self.rate,
            "ratio_median": ratio.median,
            "swaps_per_second_median": swaps.median,
            "first_answer_ms_median": first.median,
            "first_answer_ms_most": first.most,
            "rounds": self.rounds.iter().map(|round| json!({
                "quiet_p99_us": round.quiet_p99_us,
                "swapping_p99_us": round.swapping_p99_us,
                "swaps_per_second": round.swaps_per_second,
            })).collect::<Vec<_>>(),
        }));
        Ok(ratio.median <= self.most && first.most <= self.at_most.as_secs_f64() * 1e3)
    }
}
