//! Services over HTTP, from `mayfly.toml` to the answer of the sample app.

use std::process::Output;

use mayfly_tests::{TestApp, TestHost, mayfly};
use serde_json::{Value, json};

const ENROLMENT: &str = r#"{ student(id: "S1") { enrolment { school status } } }"#;

fn requests(status: &Value) -> u64 {
    status["http"]["requests"]["GET"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn the_sample_app_asks_a_service_for_one_field() {
    let host = TestHost::start(TestApp::students()).await;
    let query =
        r#"{ students(ids: ["S1", "S2", "S3", "nobody"]) { id enrolment { school status } } }"#;
    assert_eq!(
        host.query(query).await,
        json!({ "data": { "students": [
            { "id": "S1", "enrolment": { "school": "Riverside", "status": "ENROLLED" } },
            { "id": "S2", "enrolment": { "school": "Hillcrest", "status": "LEFT" } },
            { "id": "S3", "enrolment": null },
            null,
        ] } })
    );
}

#[tokio::test]
async fn fifty_students_are_asked_for_in_one_invocation_over_few_connections() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let ids: Vec<_> = (1..=50).chain(1..=50).map(|n| format!("S{n}")).collect();
    let query = "query ($ids: [ID!]!) { students(ids: $ids) { id enrolment { school } } }";
    let answer = host.query_with(query, json!({ "ids": ids })).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(
        answer["data"]["students"].as_array().map(Vec::len),
        Some(100)
    );
    let status = host.backends().await;
    assert!((50..=100).contains(&requests(&status)), "{status}");
    assert!(
        status["http"]["connections"].as_u64().unwrap() <= 16,
        "{status}"
    );
    let invocations =
        "mayfly_invocations_total{module=\"students\",field=\"Student.enrolment\",outcome=\"ok\"}";
    assert_eq!(host.metric(invocations).await, 1.0);
    for line in [
        "mayfly_http_calls_total{service=\"enrolment\",outcome=\"2xx\"}",
        "mayfly_http_attempts_total{service=\"enrolment\"}",
        "mayfly_pool_wait_seconds_count{backend=\"http.enrolment\"}",
        "mayfly_pool_connections_created_total{backend=\"http.enrolment\"}",
    ] {
        assert!(host.metric(line).await > 0.0, "{line}");
    }
    assert_eq!(
        host.metric("mayfly_pool_in_use{backend=\"http.enrolment\"}")
            .await,
        0.0
    );
    assert_eq!(
        host.metric("mayfly_http_circuit_open{service=\"enrolment\"}")
            .await,
        0.0
    );
}

#[tokio::test]
async fn an_outage_is_told_survived_and_takes_nothing_else_away() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.faults(&json!({ "http": { "refuse": true } })).await;
    let answer = host
        .query(r#"{ student(id: "S1") { name enrolment { school } } }"#)
        .await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BACKEND_UNAVAILABLE"),
        "{answer}"
    );
    assert_eq!(answer["data"]["student"]["enrolment"], Value::Null);
    assert!(answer["data"]["student"]["name"].is_string(), "{answer}");
    assert!(
        !answer.to_string().contains("127.0.0.1"),
        "clients learn no addresses: {answer}"
    );
    // Without a probe a service that is gone is no reason to take the host out.
    assert_eq!(host.admin("/readyz").await.status, 200);
    host.faults(&json!({})).await;
    host.until(async || host.query(ENROLMENT).await.get("errors").is_none())
        .await;
}

#[tokio::test]
async fn a_probe_makes_readiness_depend_on_the_service() {
    let app = TestApp::students().configured(
        "[http.enrolment]\n",
        "[http.enrolment]\nprobe = \"/_health\"\n",
    );
    let host = TestHost::start(app).await;
    host.ready().await;
    host.faults(&json!({ "http": { "refuse": true } })).await;
    host.until_ready(false).await;
    host.faults(&json!({})).await;
    host.ready().await;
}

#[tokio::test]
async fn a_service_that_is_slower_than_its_own_timeout_is_told_as_that() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.faults(&json!({ "http": { "stall": {} } })).await;
    let answer = host.query(ENROLMENT).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BACKEND_UNAVAILABLE"),
        "{answer}"
    );
    let told = "no answer within 1s (`http.enrolment.timeout`)";
    host.logged(&["a backend is not available", told]).await;
}

#[tokio::test]
async fn a_service_that_stalls_ends_at_the_deadline_and_keeps_no_connection() {
    let app = TestApp::students().configured("timeout = \"1 s\"", "timeout = \"60 s\"");
    let host = TestHost::start(app).await;
    host.ready().await;
    host.faults(&json!({ "http": { "stall": {} } })).await;
    let answer = host.query(ENROLMENT).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("DEADLINE_EXCEEDED"),
        "{answer}"
    );
    host.faults(&json!({})).await;
    host.until(async || {
        let status = host.backends().await;
        status["http"]["inFlight"] == 0
            && host
                .metric("mayfly_pool_in_use{backend=\"http.enrolment\"}")
                .await
                == 0.0
    })
    .await;
    host.until(async || host.query(ENROLMENT).await.get("errors").is_none())
        .await;
}

#[tokio::test]
async fn applying_keeps_the_connections_of_what_did_not_change() {
    let app = TestApp::students()
        .with_configuration("[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }");
    let host = TestHost::start(app).await;
    host.query(ENROLMENT).await;
    let created = "mayfly_pool_connections_created_total{backend=\"http.enrolment\"}";
    assert_eq!(host.metric(created).await, 1.0);
    let file = host.app.path().join("mayfly.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let apply = async |text: &str| {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, text).unwrap();
        let applied = host
            .ask_admin("mutation { apply { __typename } }", json!({}))
            .await;
        assert_eq!(
            applied["apply"]["__typename"],
            json!("Applied"),
            "{applied}"
        );
    };
    apply(&before.replace("max_batch = 100", "max_batch = 50")).await;
    host.query(ENROLMENT).await;
    assert_eq!(host.metric(created).await, 1.0, "the pool was kept");
    apply(&before.replace("[http.enrolment]\n", "[http.enrolment]\nmax_attempts = 1\n")).await;
    host.query(ENROLMENT).await;
    assert_eq!(host.metric(created).await, 2.0, "another pool");
    host.until(async || host.backends().await["http"]["connections"] == 1)
        .await;
}

fn check(app: &TestApp, arguments: &[&str]) -> Output {
    mayfly()
        .arg("check")
        .arg(app.path())
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn checking_connects_to_services_when_it_is_told_to() {
    let good = check(&TestApp::students(), &["--connect"]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(
        said.contains("16 requests to service `enrolment`"),
        "{said}"
    );

    let nowhere = TestApp::students().configured(
        "[http.enrolment]\nbase = \"embedded\"",
        "[http.enrolment]\nbase = \"http://127.0.0.1:1\"",
    );
    assert_eq!(
        check(&nowhere, &[]).status.code(),
        Some(0),
        "nothing is connected to"
    );
    let bad = check(&nowhere, &["--connect"]);
    let said = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(
        said.contains("http.enrolment: ") && said.contains("cannot connect to 127.0.0.1:1"),
        "{said}"
    );
    assert!(said.contains("mayfly.toml:"), "it names the line: {said}");

    let probed = TestApp::students().configured(
        "[http.enrolment]\n",
        "[http.enrolment]\nprobe = \"/nowhere\"\n",
    );
    let said = check(&probed, &["--connect"]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("the probe answered 404"), "{said}");
}
