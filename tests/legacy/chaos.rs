//! The whole old system under load while its library leaks with every call, crashes in one of 500 and hangs in one of 2,000: every read
//! is answered correctly or refused with its own code, every write's outcome is reported correctly, and nothing grows.
//!
//! `make chaos` makes 100,000 requests. `MAYFLY_TEST_SEED` tries another seed, `MAYFLY_CHAOS_REQUESTS` another number. A short run has as
//! many crashes as calls allow: there would be none to see otherwise.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use mayfly_tests::TestHost;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::alone::until_it_dies;
use super::driver::legacy_system;

/// Requests under way: more than there are processes.
const AT_ONCE: u64 = 6;
/// Requests of a short run.
const SHORT: u64 = 400;
/// From this many requests on a run is a long one.
const LONG: u64 = 10_000;
/// One request in so many records something.
const WRITE_ONE_IN: u32 = 10;
/// Requests between two looks at the memory of everything.
const LOOK_EVERY: u64 = 50;
/// `workers.legacy.memory` of the app.
const MEMORY_BYTES: u64 = 256 << 20;
/// What the host may hold more at the end of a long run than after its first fifth: caches fill, and pages are counted late.
const HOST_GROWTH_BYTES: u64 = 24 << 20;

/// What a client was told of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Done,
    NotDone,
    Unknown,
}

struct Run {
    host: TestHost,
    seed: u64,
    requests: u64,
    made: AtomicU64,
    /// Outcomes: `read ok`, `write Worker:outcome-unknown`, and so on.
    tally: Mutex<BTreeMap<String, u64>>,
    writes: Mutex<BTreeMap<String, Told>>,
    problems: Mutex<Vec<String>>,
    memory: Mutex<Memory>,
}

/// Resident memory, in bytes.
#[derive(Default)]
struct Memory {
    largest_worker: u64,
    host_early: u64,
    host_late: u64,
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_leaks_crashes_and_hangs_every_answer_is_right_or_refused_and_every_write_told_truly()
 {
    let seed = number("MAYFLY_TEST_SEED").unwrap_or(20_261_130);
    let requests = number("MAYFLY_CHAOS_REQUESTS").unwrap_or(SHORT);
    let is_long = requests >= LONG;
    let (crash, hang) = if is_long { (500, 2000) } else { (50, 200) };
    println!("seed {seed}; set MAYFLY_TEST_SEED to try another");
    let environment = format!(
        "environment = {{ LEGACY_LEDGER = \"data/ledger.txt\", LEGACY_CRASH_ONE_IN = \"{crash}\", LEGACY_HANG_ONE_IN = \"{hang}\" }}"
    );
    let app = legacy_system().configured(
        "environment = { LEGACY_LEDGER = \"data/ledger.txt\" }",
        &environment,
    );
    // Time enough for a call that hangs, the second try, and a wait: what is tested is not how fast the machine is.
    let app = app.configured("deadline = \"5 s\"", "deadline = \"60 s\"");
    let run = Arc::new(Run {
        host: TestHost::start(app).await,
        seed,
        requests,
        made: AtomicU64::new(0),
        tally: Mutex::default(),
        writes: Mutex::default(),
        problems: Mutex::default(),
        memory: Mutex::default(),
    });
    let clients = (0..AT_ONCE).map(|_| tokio::spawn(Arc::clone(&run).client()));
    for client in join_all(clients).await {
        client.unwrap();
    }
    let unknown = run.compare();
    run.tell(unknown);
    let problems = std::mem::take(&mut *run.problems.lock().unwrap());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    if is_long {
        run.assert_nothing_grew();
        run.assert_most_calls_reached_a_worker();
    }
    let alone = tokio::task::spawn_blocking(move || until_it_dies(crash))
        .await
        .unwrap();
    println!(
        "the same library in one process that nobody supervises: dead after {} calls, with {} MiB ({} MiB at first)",
        alone.calls,
        alone.resident.1 >> 20,
        alone.resident.0 >> 20
    );
}

impl Run {
    async fn client(self: Arc<Self>) {
        loop {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests {
                return;
            }
            let mut dice = StdRng::seed_from_u64(self.seed ^ (number << 20));
            if dice.random_ratio(1, WRITE_ONE_IN) {
                self.write(number, &mut dice).await;
            } else {
                self.read(&mut dice).await;
            }
            if number.is_multiple_of(LOOK_EVERY) {
                self.look(number);
            }
        }
    }

    async fn ask(&self, query: &str) -> Value {
        let answer = self.host.post(&json!({ "query": query })).await;
        answer.json()
    }

    /// Reads of the first half of the students, of whom nothing is recorded.
    async fn read(&self, dice: &mut StdRng) {
        let student: u64 = dice.random_range(1..=500);
        let query = format!(
            r#"{{ assessments(studentId: "S{student}", assessmentType: FLUENCY) {{ id studentId score }} }}"#
        );
        let answer = self.ask(&query).await;
        let rows: Vec<Value> = (1..=5).map(|at| row(student, at * 4)).collect();
        let outcome = outcome(&answer);
        match outcome.as_str() {
            "ok" if answer["data"]["assessments"] == json!(rows) => {}
            "Worker:unavailable" | "Worker:deadline" => {}
            _ => self.problem(format!("{query} was answered {answer}")),
        }
        self.count("read", &outcome);
    }

    async fn write(&self, number: u64, dice: &mut StdRng) {
        let student: u64 = dice.random_range(501..=1000);
        let key = format!("{}-{number}", self.seed);
        let query = format!(
            r#"mutation {{ recordAssessment(input: {{ studentId: "S{student}", type: PHONICS, score: {}, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "{key}" }}) {{ studentId }} }}"#,
            number % 100
        );
        let answer = self.ask(&query).await;
        let outcome = outcome(&answer);
        let told = match outcome.as_str() {
            "ok" => Told::Done,
            "Worker:unavailable" | "Worker:deadline" => Told::NotDone,
            "Worker:outcome-unknown" => Told::Unknown,
            _ => {
                self.problem(format!("{query} was answered {answer}"));
                Told::Unknown
            }
        };
        self.writes.lock().unwrap().insert(key, told);
        self.count("write", &outcome);
    }

    /// Compares the ledger with what clients were told; gives how many of the unknown were done, and how many were not.
    fn compare(&self) -> (u64, u64) {
        let ledger = fs::read_to_string(self.host.app.path().join("data/ledger.txt")).unwrap();
        let mut recorded: BTreeMap<&str, u64> = BTreeMap::new();
        for line in ledger.lines() {
            let mut words = line.split(' ');
            assert!(matches!(words.next(), Some("recorded" | "again")), "{line}");
            *recorded.entry(words.next().unwrap()).or_default() += 1;
        }
        let writes = self.writes.lock().unwrap().clone();
        let mut unknown = (0, 0);
        for (key, told) in &writes {
            let times = recorded.remove(key.as_str()).unwrap_or(0);
            match (told, times) {
                (Told::Done, 1) | (Told::NotDone, 0) => {}
                (Told::Unknown, 1) => unknown.0 += 1,
                (Told::Unknown, 0) => unknown.1 += 1,
                _ => self.problem(format!(
                    "{key} was told as {told:?} and recorded {times} times"
                )),
            }
        }
        for key in recorded.keys() {
            self.problem(format!("{key} was recorded, and nobody asked for it"));
        }
        unknown
    }

    /// Looks at the memory of the host and its workers.
    fn look(&self, number: u64) {
        let host = self.host.resident_bytes();
        let workers = monos_below(self.host.pid());
        let mut memory = self.memory.lock().unwrap();
        if number <= self.requests / 5 {
            memory.host_early = memory.host_early.max(host);
        }
        memory.host_late = host;
        for (pid, resident) in workers {
            memory.largest_worker = memory.largest_worker.max(resident);
            if resident > MEMORY_BYTES {
                self.problem(format!("the process {pid} holds {} MiB", resident >> 20));
            }
        }
    }

    fn tell(&self, (done, not_done): (u64, u64)) {
        println!("\n{} requests over the legacy app", self.requests);
        for (outcome, times) in &*self.tally.lock().unwrap() {
            println!("  {times:>7}  {outcome}");
        }
        println!(
            "of the writes whose outcome nobody knew {done} were done and {not_done} were not"
        );
        let memory = self.memory.lock().unwrap();
        println!(
            "largest worker {} MiB; host {} MiB after a fifth of the requests, {} MiB at the end",
            memory.largest_worker >> 20,
            memory.host_early >> 20,
            memory.host_late >> 20
        );
    }

    fn assert_nothing_grew(&self) {
        let memory = self.memory.lock().unwrap();
        assert!(memory.largest_worker > 0, "no worker was ever seen");
        assert!(
            memory.host_late <= memory.host_early + HOST_GROWTH_BYTES,
            "the host grew from {} to {} bytes",
            memory.host_early,
            memory.host_late
        );
    }

    fn assert_most_calls_reached_a_worker(&self) {
        let tally = self.tally.lock().unwrap();
        let answered: u64 = ["read ok", "write ok"]
            .iter()
            .filter_map(|outcome| tally.get(*outcome))
            .sum();
        assert!(
            answered * 100 >= self.requests * 99,
            "{answered} of {} were answered",
            self.requests
        );
    }

    fn count(&self, kind: &str, outcome: &str) {
        *self
            .tally
            .lock()
            .unwrap()
            .entry(format!("{kind} {outcome}"))
            .or_default() += 1;
    }

    fn problem(&self, problem: String) {
        let mut problems = self.problems.lock().unwrap();
        if problems.len() < 10 {
            problems.push(problem);
        }
    }
}

/// `ok`, or the reason of the first error, or its code where it has none.
fn outcome(answer: &Value) -> String {
    let Some(error) = answer["errors"].get(0) else {
        return "ok".to_owned();
    };
    let extensions = &error["extensions"];
    let text = extensions["reason"]
        .as_str()
        .or(extensions["code"].as_str());
    text.unwrap_or("an error without a code").to_owned()
}

/// Assessment `k` of student `n`, as the library makes it.
fn row(n: u64, k: u64) -> Value {
    let hundredths = 4000 + (n * 37 + k * 911) % 6000;
    // As JSON writes it: a whole number has no fraction.
    let score = match hundredths % 100 {
        0 => json!(hundredths / 100),
        _ => json!(hundredths as f64 / 100.0),
    };
    json!({ "id": format!("A-S{n}-{k:02}"), "studentId": format!("S{n}"), "score": score })
}

/// Processes that run Mono somewhere below a process, with their resident bytes.
fn monos_below(ancestor: u32) -> Vec<(u32, u64)> {
    let mut parents: BTreeMap<u32, u32> = BTreeMap::new();
    let mut monos = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((name, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        parents.insert(pid, fields[1].parse().unwrap());
        if name.ends_with("(mono") {
            let pages: u64 = fields[21].parse().unwrap();
            monos.push((pid, pages * rustix::param::page_size() as u64));
        }
    }
    monos.retain(|(pid, _)| {
        let mut at = *pid;
        while let Some(parent) = parents.get(&at) {
            if *parent == ancestor {
                return true;
            }
            at = *parent;
        }
        false
    });
    monos
}
