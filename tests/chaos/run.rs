//! A run: for each fault some requests at once while it strikes, then the fault is lifted and everything has to be as before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::Value;

use super::dice::Dice;
use super::faults::Fault;
use super::ledger::Ledger;
use super::request::{Outcome, Request};
use super::site::Site;
use super::tally::Tally;

/// Requests under way: more than there are connections.
const AT_ONCE: usize = 16;
/// Connections the app may open to SQL Server.
const MAX_CONNECTIONS: i64 = 6;
/// How long things may take to be as before. The longest pause of a pool is two seconds; the rest is for busy machines.
const RECOVERY: Duration = Duration::from_secs(60);
/// Assessments in the sample data.
const SEEDED: u64 = 20_000;
/// A run ends when so much is wrong.
const ENOUGH_PROBLEMS: usize = 10;

/// A run under way.
pub struct Run {
    site: Site,
    seed: u64,
    ledger: Ledger,
    tally: Mutex<Tally>,
    problems: Mutex<Vec<String>>,
    /// Requests made so far; each has a number, and its own decisions.
    made: AtomicU64,
    /// Assessments that were recorded.
    recorded: AtomicU64,
    /// Writes whose client was told nothing certain: those that were done, and those that were not.
    unknown: Mutex<(u64, u64)>,
}

/// Makes this many requests in all, this many of them for one fault before the next, and gives what became of them.
///
/// # Panics
///
/// When anything is not as it should be.
pub async fn run(seed: u64, requests: u64, for_a_fault: u64) -> Tally {
    let run = Arc::new(Run {
        site: Site::start().await,
        seed,
        ledger: Ledger::default(),
        tally: Mutex::default(),
        problems: Mutex::default(),
        made: AtomicU64::new(0),
        recorded: AtomicU64::new(0),
        unknown: Mutex::default(),
    });
    let began = Instant::now();
    for fault in Fault::ALL.into_iter().cycle() {
        let made = run.made.load(Ordering::Relaxed);
        if made >= requests {
            break;
        }
        run.episode(fault, (made + for_a_fault).min(requests)).await;
        println!(
            "{:>7} requests, {:>5} s: {fault:?}",
            run.made.load(Ordering::Relaxed),
            began.elapsed().as_secs()
        );
    }
    let (done, not_done) = *run.unknown.lock().unwrap();
    println!(
        "\nseed {seed}: {requests} requests, {} assessments recorded",
        run.recorded.load(Ordering::Relaxed)
    );
    println!("of the writes whose outcome nobody knew {done} were done and {not_done} were not\n");
    println!("{}", run.tally.lock().unwrap());
    let opened = "mayfly_http_circuit_opened_total{service=\"enrolment\"}";
    println!(
        "the circuit of the service opened {} times",
        run.site.host.metric(opened).await
    );
    std::mem::take(&mut *run.tally.lock().unwrap())
}

impl Run {
    /// Requests until so many were made, while a fault strikes; then the comparison.
    async fn episode(self: &Arc<Self>, fault: Fault, until: u64) {
        let worker = || {
            let run = Arc::clone(self);
            tokio::spawn(async move {
                while let number = run.made.fetch_add(1, Ordering::Relaxed)
                    && number < until
                {
                    run.one(fault, number).await;
                }
            })
        };
        for worker in join_all((0..AT_ONCE).map(|_| worker())).await {
            worker.unwrap();
        }
        self.made.store(until, Ordering::Relaxed);
        self.site.lift().await;
        let name = format!("{fault:?}-{until}");
        self.recovers(&name).await;
        self.compare(&name).await;
        let problems = self.problems.lock().unwrap();
        assert!(
            problems.is_empty(),
            "seed {}, {name}, after {until} requests:\n{}\n{}",
            self.seed,
            problems.join("\n"),
            self.tally.lock().unwrap()
        );
    }

    async fn one(&self, fault: Fault, number: u64) {
        let mut dice = Dice::new(self.seed, number);
        fault.may_strike(&self.site, &mut dice).await;
        let request = Request::any(
            &format!("{}-{number}", self.seed),
            fault.guests_leave(&mut dice),
            &mut dice,
        );
        if !request.repeatable() {
            return self.send(fault, &request, &mut dice).await;
        }
        let mut other = Dice::new(self.seed, u64::MAX - number);
        if dice.once_in(4) {
            join(
                self.send(fault, &request, &mut dice),
                self.send(fault, &request, &mut other),
            )
            .await;
        } else {
            self.send(fault, &request, &mut dice).await;
            if dice.once_in(2) {
                self.send(fault, &request, &mut other).await;
            }
        }
    }

    async fn send(&self, fault: Fault, request: &Request, dice: &mut Dice) {
        let outcomes = if fault.clients_leave(dice) {
            let patience = Duration::from_micros(dice.between(0, 60_000));
            match tokio::time::timeout(patience, self.site.post(&request.text)).await {
                Ok(answer) => self.check(request, answer),
                Err(_) => request.left(&self.ledger),
            }
        } else {
            self.check(request, self.site.post(&request.text).await)
        };
        let mut tally = self.tally.lock().unwrap();
        for outcome in outcomes {
            tally.add(fault, outcome);
        }
    }

    fn check(&self, request: &Request, answer: Result<(u16, Value), String>) -> Vec<Outcome> {
        let checked = match &answer {
            Ok((status, body)) => request
                .check(*status, body, &self.ledger)
                .map_err(|problem| format!("{problem}\n  in {body}")),
            Err(problem) => Err(problem.clone()),
        };
        checked.unwrap_or_else(|problem| {
            let mut problems = self.problems.lock().unwrap();
            if problems.len() < ENOUGH_PROBLEMS {
                problems.push(format!("{problem}\n  to {}", request.text));
            }
            vec!["wrong".to_owned()]
        })
    }

    /// Waits until requests of all kinds are answered, and nothing is left open.
    async fn recovers(&self, name: &str) {
        let last = Mutex::new(String::new());
        let mut round = 0;
        let answered = async {
            'again: loop {
                round += 1;
                let mut dice = Dice::new(self.seed, u64::from(u32::MAX) + round);
                for probe in Request::probes(&format!("{}-{name}-{round}", self.seed), &mut dice) {
                    let answer = self.site.post(&probe.text).await;
                    let outcomes = self.check(&probe, answer);
                    if outcomes != ["ok"] {
                        *last.lock().unwrap() = format!("{outcomes:?} to {}", probe.text);
                        continue 'again;
                    }
                }
                return;
            }
        };
        let answered = tokio::time::timeout(RECOVERY, answered).await;
        assert!(
            answered.is_ok(),
            "seed {}, {name}: answers never flowed again: {}",
            self.seed,
            last.lock().unwrap()
        );
        let closed = async {
            loop {
                let leftovers = self.site.leftovers().await;
                if leftovers.none(MAX_CONNECTIONS) {
                    return;
                }
                *last.lock().unwrap() = format!("{leftovers:?}");
            }
        };
        let closed = tokio::time::timeout(RECOVERY, closed).await;
        assert!(
            closed.is_ok(),
            "seed {}, {name}: something stayed open: {}",
            self.seed,
            last.lock().unwrap()
        );
    }

    /// Compares what clients were told was written with what is there.
    async fn compare(&self, name: &str) {
        let ask = async |query: String| {
            let last = Mutex::new(None);
            let asking = async {
                loop {
                    match self.site.post(&query).await {
                        Ok((200, body)) if body["errors"].is_null() => return body["data"].clone(),
                        other => *last.lock().unwrap() = Some(other),
                    }
                }
            };
            let answer = tokio::time::timeout(RECOVERY, asking).await;
            answer.unwrap_or_else(|_| {
                panic!(
                    "{name}: what was written cannot be read: {:?} to {query}",
                    last.lock().unwrap()
                )
            })
        };
        let balance = self.ledger.balance(&ask).await;
        let recorded = self
            .recorded
            .fetch_add(balance.assessments, Ordering::Relaxed)
            + balance.assessments;
        let count = ask("{ count }".to_owned()).await["count"].as_u64();
        let mut problems = self.problems.lock().unwrap();
        problems.extend(balance.problems);
        if count != Some(SEEDED + recorded) {
            problems.push(format!(
                "{name}: {count:?} assessments, not the {SEEDED} there were and {recorded} recorded"
            ));
        }
        let mut unknown = self.unknown.lock().unwrap();
        unknown.0 += balance.unknown.0;
        unknown.1 += balance.unknown.1;
    }
}
