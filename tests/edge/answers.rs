//! Answers that clients do not read.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

use super::client::{Client, post, status};
use super::frames::{HEADERS, Http2};
use super::{closed, serves};

/// The size of an answer, in bytes.
const ANSWER_BYTES: u64 = 2_000_000;

/// A small host whose module answers with a text of any length.
async fn host(server: &str) -> TestHost {
    let queue = if server.contains("max_queue") {
        ""
    } else {
        "max_queue = 256\n"
    };
    let app = TestApp::hostile()
        .with_configuration(&format!(
            "[server]\nmax_operations = 2\nmax_connections = 128\nrequest_memory = \"8 MiB\"\nmax_body = \"64 KiB\"\n\
             guest_memory = \"32 MiB\"\nplan_cache = \"1 MiB\"\nanswer_memory = \"12 MiB\"\n{queue}{server}\n[operation]\ndeadline = \"300 s\""
        ));
    TestHost::start(app).await
}

fn large() -> String {
    json!({ "query": format!("{{ floods(with: ANSWER, count: {ANSWER_BYTES}) }}") }).to_string()
}

async fn answered(host: &TestHost) -> f64 {
    host.metric("mayfly_invocations_total{module=\"floods\",field=\"Query.floods\",outcome=\"ok\"}")
        .await
}

async fn stays_in_plan(host: &TestHost) {
    let plan = host.metric("mayfly_memory_plan ").await;
    let peak = host.peak_resident_bytes();
    assert!(
        (peak as f64) < plan,
        "{peak} bytes were resident at most, and the plan is {plan}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_given_up() {
    let host = host("write_timeout = \"500 ms\"").await;
    let mut client = Client::small(host.graphql).await;
    client.send(post(&large())).await;
    host.until(async || closed(&host, "write_timeout").await >= 1.0)
        .await;
    let answer = client.rest_bytes().await;
    assert!(
        (answer.len() as u64) < ANSWER_BYTES,
        "{} bytes",
        answer.len()
    );
    serves(&host).await;
}

#[tokio::test]
async fn an_answer_that_is_read_slowly_and_steadily_arrives_whole() {
    let host = host("write_timeout = \"10 s\"\nmin_rate = \"1 B\"").await;
    let mut client = Client::small(host.graphql).await;
    client.send(post(&large())).await;
    let mut answer = Vec::new();
    let mut piece = vec![0; 64 << 10];
    while (answer.len() as u64) < ANSWER_BYTES {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let read = tokio::io::AsyncReadExt::read(&mut client.stream, &mut piece).await;
        let read = read.expect("the host is patient");
        assert!(read > 0, "it closed after {} bytes", answer.len());
        answer.extend_from_slice(&piece[..read]);
    }
    assert_eq!(status(&String::from_utf8_lossy(&answer)), 200);
}

#[tokio::test]
async fn clients_that_do_not_read_make_room_for_others_and_the_plan_is_kept() {
    let host = host("").await;
    let clients = 60_u32;
    let mut silent = Vec::new();
    for _ in 0..clients {
        let mut client = Client::small(host.graphql).await;
        client.send(post(&large())).await;
        silent.push(client);
    }
    // Ten times the memory for answers is asked for, and nothing is read.
    host.until(async || answered(&host).await >= f64::from(clients))
        .await;
    serves(&host).await;
    assert!(closed(&host, "answer_memory").await > 0.0);
    stays_in_plan(&host).await;
}

#[tokio::test]
async fn streams_without_window_make_room_for_others_and_the_plan_is_kept() {
    let host = host("").await;
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut client = Http2::connect(host.graphql, 0).await;
        for stream in 0..15 {
            client.post(2 * stream + 1, &large()).await;
        }
        connections.push(client);
    }
    host.until(async || answered(&host).await >= 60.0).await;
    let reset = host
        .metric("mayfly_streams_reset_total{reason=\"answer_memory\"}")
        .await;
    assert!(reset > 0.0);
    stays_in_plan(&host).await;
    // What was cut off was streams: their connections serve on.
    for client in &mut connections {
        client.post(101, super::QUERY).await;
        client.until(HEADERS, 101).await.expect("an answer");
    }
}

/// A connection that asks so many times, and reads no answer.
async fn greedy(host: &TestHost, streams: u32, body: &str) -> Http2 {
    let mut client = Http2::connect(host.graphql, 0).await;
    for stream in 0..streams {
        client.post(2 * stream + 1, body).await;
    }
    client
}

#[tokio::test]
async fn a_client_with_one_request_does_not_wait_behind_those_with_many() {
    let host = host("").await;
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(greedy(&host, 60, &large()).await);
    }
    host.until(async || host.metric("mayfly_operations_waiting ").await >= 200.0)
        .await;
    serves(&host).await;
    let answered = answered(&host).await;
    assert!(
        answered < 200.0,
        "{answered} operations of others came before"
    );
}

#[tokio::test]
async fn a_queue_that_one_client_fills_has_room_for_another() {
    let host = host("max_queue = 16").await;
    let body = json!({ "query": "{ sleeps(how: FOR, milliseconds: 400) }" }).to_string();
    let mut greedy = greedy(&host, 60, &body).await;
    // One of many is refused: the queue is full, and stays so for as long as those before it sleep.
    loop {
        let frame = greedy.next().await.expect("one of many is refused");
        if frame.kind == HEADERS && super::frames::status(&frame) == 503 {
            break;
        }
    }
    serves(&host).await;
}
