//! Memory is given back: what guests leak is gone with their instance.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

/// Sends `count` copies of a query from eight clients at once; `note` sees the resident memory after each answer.
async fn load(host: &TestHost, query: &str, count: usize, mut note: impl FnMut(usize, u64)) {
    const CLIENTS: usize = 8;
    let body = json!({ "query": query });
    let mut sent = 0;
    while sent < count {
        let answers = (0..CLIENTS).map(|_| host.post(&body));
        for answer in futures_util::future::join_all(answers).await {
            assert!(answer.status.is_success(), "{}", answer.text);
            assert_eq!(answer.json().get("errors"), None, "{}", answer.text);
            sent += 1;
        }
        note(sent, host.resident_bytes());
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn resident_memory_is_flat_from_request_1_000_to_10_000() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let query = r#"{ student(id: "S1") { name assessments(type: FLUENCY) { id score } } }"#;
    let (mut early, mut late) = (Vec::new(), Vec::new());
    load(&host, query, 10_000, |request, bytes| match request {
        1_001..=2_000 => early.push(bytes),
        9_001..=10_000 => late.push(bytes),
        _ => {}
    })
    .await;
    let (early, late) = (median(early), median(late));
    let most = early + early / 50 + (2 << 20);
    assert!(
        late <= most,
        "resident memory grew from {early} to {late} bytes; at most {most} are allowed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_leaks_is_gone_with_its_instance() {
    let host = TestHost::start(TestApp::hostile()).await;
    let query = "{ leaks }";
    load(&host, query, 200, |_, _| ()).await;
    let before = host.resident_bytes();
    load(&host, query, 2_000, |_, _| ()).await;
    let grown = host.resident_bytes().saturating_sub(before);
    // Two thousand invocations leaked a megabyte each.
    assert!(grown < 16 << 20, "{grown} bytes stayed behind");
    assert_eq!(
        host.query(query).await,
        json!({ "data": { "leaks": 1 } }),
        "and nothing is remembered"
    );
}
