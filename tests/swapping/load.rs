//! Swaps under load: no answer is mixed, none fails, and what was swapped out is given back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mayfly_tests::versions::{component, mark, marked, renamed};
use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

use super::{WITH_TOKEN, swapping, version};

/// A query that calls the module in many invocations: every text that comes back has to be the same mark.
const MANY: &str = "{ version items(count: 12) { made version again } more: items(count: 7) { made again } last: version }";

/// Every text in an answer.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// Sends the query, again and again, until told to stop; gives the marks that answered, and how many answers there were.
async fn ask_until(host: &TestHost, stop: &AtomicBool, answers: &AtomicUsize) -> Vec<String> {
    let mut marks: Vec<String> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = host.query(MANY).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        let mut found = Vec::new();
        texts(&answer["data"], &mut found);
        assert_eq!(found.len(), 2 + 12 * 3 + 7 * 2, "{answer}");
        assert!(
            found.iter().all(|text| *text == found[0]),
            "two versions in one answer: {answer}"
        );
        answers.fetch_add(1, Ordering::Relaxed);
        if marks.last().is_none_or(|last| last != found[0]) {
            marks.push(found[0].to_owned());
        }
    }
    marks
}

/// Swaps between two versions, `swaps` times, while clients ask; gives the marks that each client saw, one after the other.
async fn swap_under_load(host: &TestHost, swaps: usize) -> Vec<Vec<String>> {
    const CLIENTS: usize = 6;
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let clients =
        futures_util::future::join_all((0..CLIENTS).map(|_| ask_until(host, &stop, &answers)));
    let versions = [marked(&mark("good", 1)), marked(&mark("good", 2))];
    let swapping = async {
        for swap in 0..swaps {
            let seen = answers.load(Ordering::Relaxed);
            let answer = host.push("marked", versions[swap % 2].clone()).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(
                version(host).await,
                mark("good", 1 + swap % 2),
                "what was told is so"
            );
            // Each version answers somebody before the next one comes.
            host.until(async || answers.load(Ordering::Relaxed) > seen)
                .await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(clients, swapping).0
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_swaps_under_load_mix_nothing_and_fail_nothing() {
    let host = swapping().await;
    // Clients that asked for the first time at once would each prepare what they ask for.
    for query in [MANY, "{ version }"] {
        assert_eq!(host.query(query).await.get("errors"), None);
    }
    let marks = swap_under_load(&host, 200).await;
    // The clients did see the swaps.
    let changes: usize = marks.iter().map(|marks| marks.len() - 1).sum();
    assert!(changes >= 200, "the clients saw {changes} changes");
    let status = host.module("marked").await;
    assert_eq!(
        (&status["swaps"], &status["refusals"]),
        (&json!(200), &json!(0))
    );
    assert_eq!(
        host.metric("mayfly_plan_cache_misses ").await,
        2.0,
        "a swap keeps the plans"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_takes_long_ends_on_the_version_it_began_with() {
    let app = TestApp::swapping().configured(
        "deadline = \"5 s\"\nmax_batch",
        "deadline = \"100 s\"\nmax_batch",
    );
    let host = TestHost::start(app.with_configuration(WITH_TOKEN)).await;
    let slow = async {
        let query = "{ slow(milliseconds: 3000) items(count: 3) { version } }";
        let both = (0..3).map(|_| host.query(query));
        futures_util::future::join_all(both).await
    };
    let swaps = async {
        host.until(async || host.metric("mayfly_slots_in_use ").await > 0.0)
            .await;
        for number in 1..=2 {
            assert_eq!(
                host.push("marked", marked(&mark("good", number)))
                    .await
                    .status,
                200
            );
            assert_eq!(
                version(&host).await,
                mark("good", number),
                "while the others still run"
            );
        }
        host.rolls_back("marked").await;
    };
    for answer in tokio::join!(slow, swaps).0 {
        let old = mark("good", 0);
        let items = vec![json!({ "version": old }); 3];
        assert_eq!(answer, json!({ "data": { "slow": old, "items": items } }));
    }
    assert_eq!(version(&host).await, mark("good", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn roll_backs_at_once_each_go_back_one_step() {
    let host = swapping().await;
    for number in 1..=3 {
        assert_eq!(
            host.push("marked", marked(&mark("good", number)))
                .await
                .status,
            200
        );
    }
    // Everybody rolls back at once: each goes back one step, or is told that there is none.
    let answers = futures_util::future::join_all((0..5).map(|_| host.rollback("marked"))).await;
    let mut outcomes: Vec<_> = answers
        .iter()
        .map(|outcome| outcome["code"].as_str().unwrap_or("done"))
        .collect();
    outcomes.sort_unstable();
    let none = "NO_EARLIER_VERSION";
    assert_eq!(outcomes, [none, none, "done", "done", "done"]);
    assert_eq!(version(&host).await, mark("good", 0));
}

/// How many swaps the test on memory makes: 1,000 with MAYFLY_SWAPS=1000, fewer where everybody waits for it.
fn swaps() -> u64 {
    std::env::var("MAYFLY_SWAPS")
        .ok()
        .and_then(|swaps| swaps.parse().ok())
        .unwrap_or(120)
}

#[tokio::test(flavor = "multi_thread")]
async fn swaps_of_new_bytes_give_back_what_they_took() {
    // Few slots, so that warming up fills what they keep ready.
    let server = format!("{WITH_TOKEN}guest_memory = \"64 MiB\"\n");
    let host = TestHost::start(TestApp::swapping().with_configuration(&server)).await;
    let (swaps, warm) = (swaps(), 30);
    let (mut after_warming_up, mut most_live) = (0, 0.0_f64);
    for number in 0..swaps {
        let answer = host
            .push("marked", renamed(component("marked"), number))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        // Its code runs, so its pages are in memory.
        assert_eq!(host.query(MANY).await.get("errors"), None);
        most_live = most_live.max(host.metric("mayfly_live_versions{module=\"marked\"}").await);
        if number == warm {
            after_warming_up = host.resident_bytes();
        }
    }
    assert!(most_live <= 4.0, "{most_live} versions lived at once");
    // Active, previous, and the other module's.
    let loaded = host.loaded_components();
    assert!(
        (2..=4).contains(&loaded),
        "{loaded} components are still loaded"
    );
    let grown = host.resident_bytes().saturating_sub(after_warming_up);
    // An artifact is some 300 kB, of which a good part is touched: keeping each would be far more than this.
    assert!(
        grown < 8 << 20,
        "{grown} bytes stayed behind after {} swaps",
        swaps - warm
    );
    let components = host.app.path().join(".mayfly/components");
    assert!(
        std::fs::read_dir(components).unwrap().count() <= 8 + 3,
        "and the disk is given back too"
    );
}
