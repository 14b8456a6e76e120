//! Running the host: readiness, metrics, coming back after an outage, a quick second start, a graceful end.

use mayfly_tests::{Answer, TestApp, TestHost, mayfly};
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

/// How long anything may take before a test is stuck.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

#[tokio::test]
async fn a_ready_host_says_which_modules_and_backends_it_has() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    assert_eq!(
        host.admin("/healthz").await.json(),
        json!({ "status": "ok" })
    );
    let ready = host.admin("/readyz").await.json();
    assert_eq!(ready["status"], json!("ready"));
    assert_eq!(
        ready["backends"],
        json!({ "dynamodb": "ok", "sqlserver.school": "ok", "http.enrolment": "ok" })
    );
    for module in ["students", "assessments"] {
        assert_eq!(
            ready["modules"][module].as_str().map(str::len),
            Some(64),
            "{ready}"
        );
    }
}

#[tokio::test]
async fn a_second_start_compiles_nothing() {
    let store = tempfile::TempDir::new().unwrap();
    let app = || {
        TestApp::students().with_configuration(&format!(
            "[server]\nstore = {:?}",
            store.path().join("store")
        ))
    };
    let first = TestHost::start(app()).await;
    first.logged(&["compiling module students"]).await;
    first.logged(&["compiling module assessments"]).await;
    first.terminate();
    assert_eq!(first.ended().await.code(), Some(0));
    let second = TestHost::start(app()).await;
    second.ready().await;
    assert!(
        !second.has_logged("compiling module"),
        "the artifacts of the first start are used"
    );
}

#[tokio::test]
async fn every_metric_that_is_promised_is_there() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.query(r#"{ student(id: "S1") { id assessments { id } } }"#)
        .await;
    let text = host.admin("/metrics").await.text;
    for line in [
        "mayfly_requests_total{status=\"200\"} 1",
        "mayfly_invocations_total{module=\"students\",field=\"Query.student\",outcome=\"ok\"} 1",
        "mayfly_invocations_total{module=\"assessments\",field=\"Student.assessments\",outcome=\"ok\"} 1",
        "mayfly_invocation_instantiate_seconds_count{module=\"students\"} 1",
        "mayfly_invocation_run_seconds_count{module=\"students\"} 1",
        "mayfly_invocation_wait_seconds_count{module=\"students\"} 1",
        "mayfly_guest_peak_memory_bytes_count{module=\"students\"} 1",
        "mayfly_slots_in_use 0",
        "mayfly_guest_memory_reserved 0",
        "mayfly_pool_size{backend=\"school\"}",
        "mayfly_pool_in_use{backend=\"school\"} 0",
        "mayfly_pool_waiting{backend=\"school\"} 0",
        "mayfly_pool_holders{backend=\"school\",module=\"assessments\"} 0",
        "mayfly_pool_waiters{backend=\"school\",module=\"assessments\"} 0",
        "mayfly_pool_wait_seconds_count{backend=\"school\"}",
        "mayfly_pool_connections_created_total{backend=\"school\"}",
        "mayfly_pool_connect_failures_total{backend=\"school\"} 0",
        "mayfly_pool_connections_closed_total{backend=\"school\",reason=\"cut_off\"} 0",
        "mayfly_pool_size{backend=\"dynamodb\"} 64",
        "mayfly_pool_in_use{backend=\"dynamodb\"} 0",
        "mayfly_coalesced_gets_total",
        "mayfly_plan_cache_misses 1",
        "mayfly_memory_plan ",
        "mayfly_process_resident_memory",
    ] {
        assert!(
            text.lines().any(|found| found.starts_with(line)),
            "no {line} in\n{text}"
        );
    }
    assert!(host.metric("mayfly_process_resident_memory").await > 1e6);
}

#[tokio::test]
async fn a_backend_that_is_down_at_the_start_is_waited_for() {
    // A port that nothing listens on until the test does.
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let embedded = mayfly_tests::Embedded::start(None).await;
    let app = TestApp::students().configured(
        "address = \"embedded\"",
        &format!("address = \"{address}\"\nuser = \"mayfly\"\npassword = {{ env = \"TEST_PASSWORD\" }}\nencryption = \"off\""),
    );
    let app = app.configured(
        "endpoint = \"embedded\"",
        &format!("endpoint = \"http://{}\"", embedded.dynamodb),
    );
    let environment = [
        ("TEST_PASSWORD", "mayfly"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let host = TestHost::start_with(app, &environment).await;
    host.until_ready(false).await;
    let waiting = host.admin("/readyz").await.json();
    assert_eq!(waiting["status"], json!("waiting for backends"));
    assert_eq!(waiting["backends"]["dynamodb"], json!("ok"), "{waiting}");
    assert_ne!(
        waiting["backends"]["sqlserver.school"],
        json!("ok"),
        "{waiting}"
    );
    let answer = host
        .query(r#"{ assessments(studentId: "S1") { id } }"#)
        .await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "BACKEND_UNAVAILABLE", "{answer}");
    assert_eq!(extensions["retryable"], true, "{answer}");
    let answer = host.query(r#"{ student(id: "S1") { id } }"#).await;
    assert_eq!(
        answer,
        json!({ "data": { "student": { "id": "S1" } } }),
        "the other backend serves on"
    );

    let _sqlserver = mayfly_tests::Embedded::start(Some(address)).await;
    host.ready().await;
    let answer = host
        .query(r#"{ assessments(studentId: "S1") { id } }"#)
        .await;
    assert_eq!(
        answer["data"]["assessments"].as_array().map(Vec::len),
        Some(20),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_running_finishes_when_the_host_is_told_to_end() {
    let host = TestHost::start(TestApp::patient()).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": {} } })).await;
    let slow = host.request().header("content-type", "application/json");
    let slow =
        slow.body(json!({ "query": r#"{ assessments(studentId: "S1") { id } }"# }).to_string());
    let slow = tokio::spawn(Answer::of(slow));
    host.until(async || host.metric("mayfly_slots_in_use ").await >= 1.0)
        .await;
    host.terminate();
    host.logged(&["finishing what is running"]).await;
    host.faults(&json!({})).await;
    let answer = slow.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json()["data"]["assessments"]
            .as_array()
            .map(Vec::len),
        Some(20),
        "{}",
        answer.text
    );
    let control = host.control.unwrap();
    assert_eq!(host.ended().await.code(), Some(0));
    let gone = reqwest::get(format!("http://{control}/status")).await;
    assert!(gone.is_err(), "the embedded backends end with the host");
}

#[tokio::test]
async fn a_host_told_to_end_while_it_compiles_ends_in_order() {
    let store = tempfile::TempDir::new().unwrap();
    let app = TestApp::students().with_configuration(&format!(
        "[server]\nstore = {:?}",
        store.path().join("store")
    ));
    let mut host = tokio::process::Command::from(mayfly())
        .arg("serve")
        .arg(app.path())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(host.stderr.take().unwrap()).lines();
    while !lines
        .next_line()
        .await
        .unwrap()
        .expect("a line")
        .contains("compiling module")
    {}
    let pid = i32::try_from(host.id().unwrap())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(host.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_embedded_backends_end_with_a_host_that_is_killed() {
    let host = TestHost::start(TestApp::students()).await;
    let control = host.control.unwrap();
    drop(host);
    let ended = async {
        while reqwest::get(format!("http://{control}/status"))
            .await
            .is_ok()
        {}
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("they end");
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_place_back() {
    let host = TestHost::start(TestApp::patient()).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": {} } })).await;
    let request = host.request().header("content-type", "application/json");
    let request =
        request.body(json!({ "query": r#"{ assessments(studentId: "S1") { id } }"# }).to_string());
    let gone = tokio::spawn(Answer::of(request));
    host.until(async || host.metric("mayfly_slots_in_use ").await >= 1.0)
        .await;
    gone.abort();
    host.until(async || {
        host.metric("mayfly_slots_in_use ").await + host.metric("mayfly_operations ").await == 0.0
    })
    .await;
    host.faults(&json!({})).await;
    let answer = host
        .query(r#"{ assessments(studentId: "S1") { id } }"#)
        .await;
    assert_eq!(
        answer["data"]["assessments"].as_array().map(Vec::len),
        Some(20),
        "{answer}"
    );
}

#[tokio::test]
async fn a_mutation_that_began_ends_though_its_client_went_away() {
    let host = TestHost::start(TestApp::patient()).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": { "matching": "INSERT" } } }))
        .await;
    let record = r#"mutation { recordAssessment(input: {studentId: "S9", type: PHONICS, score: 1, takenAt: "2026-03-02T00:00:00Z", idempotencyKey: "gone"}) { id } }"#;
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(json!({ "query": record }).to_string());
    let gone = tokio::spawn(Answer::of(request));
    host.until(async || {
        host.control_has("/requests", "INSERT INTO Assessments")
            .await
    })
    .await;
    gone.abort();
    assert!(gone.await.is_err(), "its client went away");
    host.faults(&json!({})).await;
    let recorded = async {
        loop {
            let answer = host
                .query(r#"{ assessments(studentId: "S9") { id } }"#)
                .await;
            if answer["data"]["assessments"].as_array().map(Vec::len) == Some(21) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, recorded)
        .await
        .expect("the row is written");
}

#[tokio::test]
async fn past_the_queue_operations_are_refused_at_the_door() {
    let app = TestApp::patient().with_configuration("[server]\nmax_operations = 1\nmax_queue = 0");
    let host = TestHost::start(app).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": {} } })).await;
    let slow = host.request().header("content-type", "application/json");
    let slow =
        slow.body(json!({ "query": r#"{ assessments(studentId: "S1") { id } }"# }).to_string());
    let slow = tokio::spawn(Answer::of(slow));
    host.until(async || host.metric("mayfly_operations ").await >= 1.0)
        .await;
    let refused = host.post(&json!({ "query": "{ __typename }" })).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        refused.json()["errors"][0]["extensions"],
        json!({ "code": "OVERLOADED", "retryable": true })
    );
    host.faults(&json!({})).await;
    assert_eq!(
        slow.await.unwrap().json().get("errors"),
        None,
        "what was admitted is answered"
    );
}
