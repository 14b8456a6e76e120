//! A legacy library that crashes, hangs and leaks, behind a worker: every read is answered correctly or refused with its own code, every
//! write's outcome is reported correctly, and memory stays within limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::dice::Dice;
use crate::workers::lab::{app, change, until};

/// Clients at once.
const AT_ONCE: u64 = 6;
/// Calls of one query.
const BATCH: u64 = 10;
/// Calls of a short run.
const SHORT: u64 = 2_000;
/// One call in so many crashes its process, one in so many hangs.
const CRASHES: u64 = 500;
const HANGS: u64 = 2_000;
/// What each call leaks, in bytes.
const LEAK: u64 = 64 << 10;
/// `memory` of a process, in bytes.
const MEMORY: u64 = 96 << 20;
/// What the host may grow by between a tenth of a run and its end, in bytes.
const GROWTH: u64 = 64 << 20;

const KEYS: &str = "processes = 3\nmemory = \"96 MiB\"\nrecycle_memory = \"32 MiB\"\nmax_calls = 1000\ncancel_grace = \"100 ms\"\nwritable = [\"data\"]\n";

/// What became of the calls so far.
#[derive(Default)]
struct Seen {
    problems: Vec<String>,
    /// Reads by what they were told.
    told: BTreeMap<String, u64>,
    /// Lines whose writes were acknowledged, unknown, or refused.
    acknowledged: BTreeSet<String>,
    unknown: BTreeSet<String>,
    refused: BTreeSet<String>,
    most_resident: u64,
    processes: BTreeSet<u64>,
}

struct Run {
    host: TestHost,
    ledger: PathBuf,
    seed: u64,
    calls: u64,
    made: AtomicU64,
    seen: Mutex<Seen>,
}

fn resident(pid: u64) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).unwrap_or("0");
    pages.parse::<u64>().unwrap() * rustix::param::page_size() as u64
}

impl Run {
    async fn client(&self) {
        loop {
            let number = self.made.fetch_add(BATCH + 1, Ordering::Relaxed);
            if number >= self.calls {
                return;
            }
            let mut dice = Dice::new(self.seed, number);
            self.read(number, &mut dice).await;
            self.write(number, &mut dice).await;
        }
    }

    async fn read(&self, number: u64, dice: &mut Dice) {
        let batch: Vec<_> = (number..number + BATCH)
            .map(|value| {
                let how = if dice.once_in(CRASHES) {
                    json!("exit")
                } else if dice.once_in(HANGS) {
                    json!("hang")
                } else {
                    Value::Null
                };
                json!({ "value": value, "leak": LEAK, "how": how })
            })
            .collect();
        let arguments: Vec<_> = batch.iter().map(Value::to_string).collect();
        let query = "query ($all: [String!]!) { callAll(worker: \"lab\", method: \"Work\", arguments: $all) }";
        let answer = self
            .host
            .query_with(query, json!({ "all": arguments }))
            .await;
        let mut seen = self.seen.lock().unwrap();
        let Some(texts) = answer["data"]["callAll"].as_array() else {
            return seen.problems.push(answer.to_string());
        };
        for (asked, text) in batch.iter().zip(texts) {
            seen.check(asked, text.as_str().unwrap());
        }
    }

    async fn write(&self, number: u64, dice: &mut Dice) {
        let die = match (dice.once_in(CRASHES / 2), dice.once_in(2)) {
            (true, true) => "before",
            (true, false) => "after",
            (false, _) => "never",
        };
        let line = format!("line {number}");
        let arguments = json!({ "ledger": self.ledger, "line": line, "die": die });
        let recorded = change(&self.host, "Record", &arguments).await;
        let mut seen = self.seen.lock().unwrap();
        let error = match recorded {
            Ok(_) => {
                seen.acknowledged.insert(line);
                return;
            }
            Err(error) => error,
        };
        match error["extensions"]["reason"]
            .as_str()
            .or(error["extensions"]["code"].as_str())
        {
            Some("outcome-unknown") => {
                seen.unknown.insert(line);
            }
            Some("BACKEND_UNAVAILABLE" | "DEADLINE_EXCEEDED") if die == "never" => {
                seen.refused.insert(line);
            }
            _ => seen.problems.push(format!("{arguments}: {error}")),
        }
    }

    /// Compares what was told of writes with the ledger.
    fn compare(&self) {
        let seen = self.seen.lock().unwrap();
        let written = fs::read_to_string(&self.ledger).unwrap();
        let mut lines: BTreeMap<&str, u32> = BTreeMap::new();
        for line in written.lines() {
            *lines.entry(line).or_default() += 1;
        }
        assert!(
            lines.values().all(|times| *times == 1),
            "a line was written twice"
        );
        for line in &seen.acknowledged {
            assert!(lines.contains_key(line.as_str()), "{line} was lost");
        }
        for line in &seen.refused {
            assert!(
                !lines.contains_key(line.as_str()),
                "{line} was refused and written"
            );
        }
        let known = |line: &&str| seen.acknowledged.contains(*line) || seen.unknown.contains(*line);
        assert!(lines.keys().all(known), "a line came from nowhere");
    }
}

impl Seen {
    fn check(&mut self, asked: &Value, text: &str) {
        let told = match text.strip_prefix("error ") {
            Some(error) => error.split(':').next().unwrap_or_default().to_owned(),
            None => "ok".to_owned(),
        };
        *self
            .told
            .entry(format!("{} {told}", asked["how"]))
            .or_default() += 1;
        let expected: &[&str] = match asked["how"].as_str() {
            Some("exit") => &["unavailable"],
            Some(_) => &["deadline"],
            None => &["ok", "unavailable", "deadline"],
        };
        if !expected.contains(&told.as_str()) {
            return self.problems.push(format!("{asked}: {text}"));
        }
        if told == "ok" {
            let answer: Value = serde_json::from_str(text).unwrap();
            if answer["value"] != asked["value"] {
                self.problems.push(format!("{asked} was answered {text}"));
            }
            let pid = answer["pid"].as_u64().unwrap();
            self.processes.insert(pid);
            self.most_resident = self.most_resident.max(resident(pid));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_crashes_hangs_and_leaks_costs_only_its_own_calls() {
    let seed = super::number("MAYFLY_TEST_SEED").unwrap_or(20_261_130);
    let calls = super::number("MAYFLY_CHAOS_REQUESTS").unwrap_or(SHORT);
    let app = app(KEYS)
        .configured(
            "[workers.lab.methods.Work]\naccess = \"read\"\n",
            "[workers.lab.methods.Work]\naccess = \"read\"\ntimeout = \"3 s\"\n",
        )
        .with_file("data/ledger", b"");
    let ledger = fs::canonicalize(app.path()).unwrap().join("data/ledger");
    let run = Run {
        host: TestHost::start(app).await,
        ledger,
        seed,
        calls: calls / 10,
        made: AtomicU64::new(0),
        seen: Mutex::default(),
    };
    join_all((0..AT_ONCE).map(|_| run.client())).await;
    let before = run.host.resident_bytes();
    let run = Run { calls, ..run };
    join_all((0..AT_ONCE).map(|_| run.client())).await;
    let after = run.host.resident_bytes();
    run.compare();
    let seen = std::mem::take(&mut *run.seen.lock().unwrap());
    println!(
        "seed {seed}: {calls} calls by {} processes, at most {} MiB each; host {} MiB, then {} MiB; writes: {} acknowledged, {} unknown, {} refused",
        seen.processes.len(),
        seen.most_resident >> 20,
        before >> 20,
        after >> 20,
        seen.acknowledged.len(),
        seen.unknown.len(),
        seen.refused.len()
    );
    println!("{:#?}", seen.told);
    assert!(
        seen.problems.is_empty(),
        "seed {seed}: {:#?}",
        seen.problems
    );
    assert!(seen.most_resident <= MEMORY, "{}", seen.most_resident);
    assert!(after <= before + GROWTH, "{before} {after}");
    let told = |key: &str| seen.told.get(key).copied().unwrap_or_default();
    let well: u64 = told("null ok");
    let all: u64 = ["ok", "unavailable", "deadline"]
        .map(|told_as| told(&format!("null {told_as}")))
        .iter()
        .sum();
    assert!(well * 100 >= all * 99, "seed {seed}: {:#?}", seen.told);
    drop(seen);
    until(async || {
        run.host
            .metric("mayfly_pool_in_use{backend=\"workers.lab\"}")
            .await
            == 0.0
    })
    .await;
}
