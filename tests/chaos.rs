//! Everything fails, while many ask: no answer belongs to another request, no acknowledged write is lost or doubled, nothing stays
//! open, and answers flow again once the backends do.
//!
//! `make chaos` makes 100,000 requests. `MAYFLY_TEST_SEED` tries another seed, `MAYFLY_CHAOS_REQUESTS` another number.

mod dice;
mod faults;
mod ledger;
mod proxy;
mod request;
mod run;
mod site;
mod tally;
mod workers;

use std::env;

use faults::Fault;

/// A number of the environment's.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Requests of a short run for each fault.
const FOR_A_FAULT: u64 = 80;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_every_answer_is_its_own_and_nothing_is_lost_or_left_open() {
    let seed = number("MAYFLY_TEST_SEED").unwrap_or(20_261_123);
    let requests = number("MAYFLY_CHAOS_REQUESTS").unwrap_or(FOR_A_FAULT * Fault::ALL.len() as u64);
    // A long run sees each fault some ten times.
    let for_a_fault = (requests / (10 * Fault::ALL.len() as u64)).max(FOR_A_FAULT);
    println!("seed {seed}; set MAYFLY_TEST_SEED to try another");
    let tally = run::run(seed, requests, for_a_fault).await;
    assert!(
        Fault::ALL.iter().all(|fault| tally.count(*fault, "ok") > 0),
        "each fault leaves some requests unharmed:\n{tally}"
    );
    let unknown: u64 = Fault::ALL
        .iter()
        .map(|fault| tally.count(*fault, "outcome-unknown"))
        .sum();
    assert!(
        unknown > 0,
        "some writes were cut off, and said so:\n{tally}"
    );
}
