//! The end of a host: what it waits for, what it does not, and what it says.

use mayfly_tests::{Answer, TestApp, TestHost};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::task::JoinHandle;

use super::client::{Client, head, post, status};
use super::{QUERY, host, in_state, serves};

/// A host that runs an operation until the fault is lifted.
async fn running(server: &str) -> (TestHost, JoinHandle<Answer>) {
    let app = TestApp::patient().with_configuration(&format!("[server]\n{server}"));
    let host = TestHost::start(app).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": {} } })).await;
    let request = host.request().header("content-type", "application/json");
    let request =
        request.body(json!({ "query": r#"{ assessments(studentId: "S1") { id } }"# }).to_string());
    let running = tokio::spawn(Answer::of(request));
    host.until(async || host.metric("mayfly_operations ").await >= 1.0)
        .await;
    (host, running)
}

fn signal(host: &TestHost, signal: Signal) {
    let pid = i32::try_from(host.pid()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), signal).expect("a signal sent");
}

#[tokio::test]
async fn it_is_not_ready_while_it_still_serves() {
    let host = host("drain_delay = \"600 s\"").await;
    host.ready().await;
    host.terminate();
    host.until_ready(false).await;
    assert_eq!(
        host.admin("/readyz").await.json()["status"],
        json!("ending")
    );
    serves(&host).await;
    assert_eq!(host.admin("/healthz").await.status, 200);
}

#[tokio::test]
async fn operators_see_the_end_after_clients_are_no_longer_accepted() {
    let host = host("drain_delay = \"0 s\"\nbody_timeout = \"600 s\"").await;
    host.ready().await;
    let mut client = Client::saying(host.graphql, head(QUERY.len())).await;
    host.until(async || in_state(&host, "body").await == 1.0)
        .await;
    host.terminate();
    host.until(async || tokio::net::TcpStream::connect(host.graphql).await.is_err())
        .await;
    assert_eq!(host.admin("/readyz").await.status, 503);
    assert_eq!(host.admin("/healthz").await.status, 200);
    assert_eq!(in_state(&host, "body").await, 1.0);
    client.send(QUERY).await;
    let answer = client.answer().await;
    assert_eq!(status(&answer), 200);
    assert!(
        answer.contains("connection: close"),
        "it is the last: {answer}"
    );
    drop(client);
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn requests_are_accepted_for_a_second_more_when_an_operation_runs() {
    let (host, running) = running("").await;
    host.terminate();
    host.logged(&["accepting requests for another 1s"]).await;
    host.faults(&json!({})).await;
    let answer = running.await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn clients_that_are_not_under_way_are_not_waited_for() {
    let host =
        host("shutdown_grace = \"600 s\"\nhead_timeout = \"600 s\"\nidle_timeout = \"600 s\"")
            .await;
    let _silent = Client::connect(host.graphql).await;
    let _half = Client::saying(host.graphql, "POST /graphql HTTP/1.1\r\nhost: ").await;
    let _preface = Client::saying(host.graphql, "PRI * HTTP").await;
    let mut idle = Client::saying(host.graphql, post(QUERY)).await;
    assert_eq!(status(&idle.answer().await), 200);
    let mut second = Client::saying(host.graphql, post(QUERY)).await;
    assert_eq!(status(&second.answer().await), 200);
    second.send("POST /gra").await;
    host.until(async || {
        in_state(&host, "idle").await == 2.0 && in_state(&host, "head").await == 3.0
    })
    .await;
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_body_under_way_is_waited_for() {
    let host = host("").await;
    let mut client = Client::saying(host.graphql, head(QUERY.len())).await;
    host.until(async || in_state(&host, "body").await == 1.0)
        .await;
    host.terminate();
    host.logged(&["finishing what is running"]).await;
    client.send(QUERY).await;
    let answer = client.answer().await;
    assert_eq!(status(&answer), 200);
    drop(client);
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn what_a_second_signal_cuts_off_shows_in_the_exit_code() {
    let (host, running) = running("").await;
    host.terminate();
    host.logged(&["finishing what is running"]).await;
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(7));
    running.abort();
}

#[tokio::test]
async fn what_the_grace_cuts_off_shows_in_the_exit_code() {
    let (host, running) = running("shutdown_grace = \"10 ms\"\ndrain_delay = \"0 s\"").await;
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(7));
    running.abort();
}

#[tokio::test]
async fn a_second_signal_that_cuts_nothing_off_is_an_end_in_order() {
    let host = host("drain_delay = \"600 s\"").await;
    host.terminate();
    host.logged(&["finishing what is running"]).await;
    serves(&host).await;
    // The client may know that it was answered before the host does.
    host.until(async || {
        in_state(&host, "answer").await + in_state(&host, "operation").await == 0.0
    })
    .await;
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn sighup_applies_the_app_while_requests_run() {
    let store = tempfile::TempDir::new().expect("a directory");
    let app = TestApp::students().with_configuration(&format!(
        "[server]\nwatch = false\nstore = {:?}",
        store.path().join("store")
    ));
    let host = TestHost::start(app).await;
    host.ready().await;
    let schema = host.app.path().join("schema.graphql");
    let text = std::fs::read_to_string(&schema).expect("a schema");
    std::fs::remove_file(&schema).expect("a link removed");
    let more = text.replace(
        "type Query {",
        "type Query {\n  again(id: ID!): Student @resolve(module: \"students\")\n",
    );
    // The module does not handle the field: the app is refused, and the old one serves on.
    std::fs::write(&schema, more).expect("a schema written");
    signal(&host, Signal::HUP);
    host.logged(&["SIGHUP"]).await;
    host.logged(&["not applied"]).await;
    serves(&host).await;
    let described = text.replace("\"Students by id,", "\"Several students by id,");
    assert_ne!(described, text);
    std::fs::write(&schema, described).expect("a schema written");
    signal(&host, Signal::HUP);
    host.until(async || {
        host.metric("mayfly_applies_total{outcome=\"applied\"}")
            .await
            == 1.0
    })
    .await;
    let query = "{ __type(name: \"Query\") { fields { description } } }";
    assert!(
        host.query(query)
            .await
            .to_string()
            .contains("Several students"),
        "the schema that was read again is served"
    );
    assert!(!host.has_logged("nothing to apply"));
    signal(&host, Signal::HUP);
    host.logged(&["nothing to apply: what is on disk is what is served"])
        .await;
}
