//! The memory plan, filled: every guest at its cap at once, with answers it does not take and values that nobody takes from it, while
//! requests wait; then the largest answers at once. The process stays below what the plan promises.

use futures_util::future::join_all;
use mayfly_tests::TestApp;
use serde_json::json;

use super::lab;

/// Pages of a guest at its cap: its tables count too.
const PAGES: u64 = 255;

/// Guests that fit the guest memory at once, and the cap of each in bytes.
const GUESTS: usize = 12;
const CAP: u64 = 16 << 20;

/// Just below what a guest leaves unread of its statement, in bytes.
const UNREAD: u64 = 3 << 20;

fn small() -> TestApp {
    let patient = "max_connections = 4\nwait_timeout = \"60 s\"";
    let server = format!(
        "[server]\nguest_memory = \"192 MiB\"\nmax_operations = {GUESTS}\nmax_connections = 64\nmax_body = \"256 KiB\"\n\
         request_memory = \"64 MiB\""
    );
    let dynamodb = "region = \"us-east-1\"\nattempt_timeout = \"60 s\"\nanswer_memory = \"64 MiB\"";
    let app = TestApp::hostile().configured("region = \"us-east-1\"", dynamodb).configured("max_connections = 4", patient);
    // The plan reckons with as many invocations as fit the guest memory.
    app.configured("memory = \"1 MiB\"", "memory = \"8 MiB\"").with_configuration(&server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_filled_is_kept() {
    let lab = lab!(small());
    let (plan, before) = (lab.metric("mayfly_memory_plan ").await as u64, lab.resident_bytes());
    lab.faults(&json!({ "dynamodb": { "stall": {} } })).await;
    let attack = json!({ "query": "{ takesEverything(values: 30, bytes: 65000) }" });
    // What is read of it takes many times its size.
    let body = json!({ "query": "query ($v: [Int!]) { __typename }", "variables": { "v": vec![1; 120_000] } });
    let attacks = join_all((0..GUESTS).map(|_| async {
        let answer = lab.post(&attack).await;
        assert_eq!(answer.json(), json!({ "data": { "takesEverything": PAGES } }));
    }));
    let others = async {
        lab.until(async || lab.times_logged(&format!("full with {PAGES} pages")) == GUESTS).await;
        let waiting = join_all((0..8).map(|_| lab.post(&body)));
        let sees = async {
            lab.until(async || lab.metric("mayfly_operations_refused_total").await > 0.0).await;
            assert_eq!(lab.metric("mayfly_guest_memory_reserved ").await as u64, GUESTS as u64 * CAP);
            let full = lab.resident_bytes();
            lab.faults(&json!({})).await;
            full
        };
        tokio::join!(sees, waiting).0
    };
    let full = tokio::join!(attacks, others).1;
    let least = before + GUESTS as u64 * (CAP - (1 << 20) + UNREAD);
    assert!(full >= least, "the plan was not filled: {full} bytes, and {before} before");
    assert!(full <= plan, "{full} bytes are more than the plan of {plan}");

    let largest = json!({ "query": "{ floods(with: ANSWER, count: 1900000) }" });
    for answer in join_all((0..GUESTS).map(|_| lab.post(&largest))).await {
        assert_eq!(answer.json()["data"]["floods"].as_str().map(str::len), Some(1_900_000), "{}", answer.text);
    }
    let peak = lab.peak_resident_bytes();
    println!("plan {} MiB; before {} MiB, full {} MiB, peak {} MiB", plan >> 20, before >> 20, full >> 20, peak >> 20);
    assert!(peak <= plan, "{peak} bytes are more than the plan of {plan}");
    lab.unharmed().await;
}
