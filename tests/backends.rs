//! Backends that fail: what a client is told, and that answers flow again once they are back.

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

const ASSESSMENTS: &str = r#"{ assessments(studentId: "S1") { id } }"#;
const STUDENT: &str = r#"{ student(id: "S1") { id } }"#;

async fn recovers(host: &TestHost) {
    host.faults(&json!({})).await;
    host.ready().await;
    let answer = host.query(ASSESSMENTS).await;
    assert_eq!(
        answer["data"]["assessments"].as_array().map(Vec::len),
        Some(20),
        "{answer}"
    );
    assert_eq!(
        host.query(STUDENT).await,
        json!({ "data": { "student": { "id": "S1" } } })
    );
}

#[tokio::test]
async fn an_outage_of_sql_server_is_told_and_survived() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "refuse": true } }))
        .await;
    host.until_ready(false).await;
    let answer = host.query(ASSESSMENTS).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BACKEND_UNAVAILABLE"),
        "{answer}"
    );
    assert!(
        !answer.to_string().contains("127.0.0.1"),
        "clients learn no addresses: {answer}"
    );
    recovers(&host).await;
}

#[tokio::test]
async fn an_outage_of_dynamodb_is_told_and_survived() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.faults(&json!({ "dynamodb": { "refuse": true } }))
        .await;
    let answer = host.query(STUDENT).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BACKEND_UNAVAILABLE"),
        "{answer}"
    );
    recovers(&host).await;
}

#[tokio::test]
async fn a_query_that_stalls_ends_at_its_timeout_and_its_connection_is_not_used_again() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": { "matching": "student_id" } } }))
        .await;
    let answer = host.query(ASSESSMENTS).await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, &json!("BACKEND_UNAVAILABLE"), "{answer}");
    // The log says which setting ended it, and not that the module's time was over.
    let told = "no answer within 1s (`statements.assessments_by_student.timeout`)";
    host.logged(&["a backend is not available", told]).await;
    host.logged(&["host call failed", told]).await;
    // The log says whose call it was and why the connection was closed; the metrics say it too.
    let line: serde_json::Value =
        serde_json::from_str(&host.logged(&["a connection was closed", "cut_off"]).await).unwrap();
    assert_eq!(
        (&line["module"], &line["statement"]),
        (&json!("assessments"), &json!("assessments_by_student")),
        "{line}"
    );
    assert_eq!(line["trace_id"].as_str().map(str::len), Some(32), "{line}");
    assert_eq!(
        host.metric("mayfly_pool_connections_closed_total{backend=\"school\",reason=\"cut_off\"}")
            .await,
        1.0
    );
    recovers(&host).await;
}

#[tokio::test]
async fn a_module_whose_statement_is_stuck_starves_no_other() {
    // Memory for four invocations, of which one module may have three.
    let app = TestApp::patient().with_configuration("[server]\nguest_memory = \"64 MiB\"");
    let host = std::sync::Arc::new(TestHost::start(app).await);
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": { "matching": "student_id" } } }))
        .await;
    let stuck: Vec<_> = (0..12)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { host.query(ASSESSMENTS).await })
        })
        .collect();
    host.until(async || host.metric("mayfly_slots_in_use ").await == 3.0)
        .await;
    host.until(async || host.metric("mayfly_operations ").await == 12.0)
        .await;
    for _ in 0..5 {
        assert_eq!(
            host.query(STUDENT).await,
            json!({ "data": { "student": { "id": "S1" } } })
        );
    }
    assert!(
        stuck.iter().all(|task| !task.is_finished()),
        "they are stuck all the while"
    );
    assert_eq!(host.metric("mayfly_slots_in_use ").await, 3.0);
    host.faults(&json!({})).await;
    for task in stuck {
        let answer = task.await.unwrap();
        assert_eq!(
            answer["data"]["assessments"].as_array().map(Vec::len),
            Some(20),
            "what was admitted is answered: {answer}"
        );
    }
}

#[tokio::test]
async fn connections_cut_inside_an_answer_give_nobody_another_s_rows() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    for fault in [
        json!({ "half_row": { "then": "drop" } }),
        json!({ "drop": { "at": "inside" } }),
    ] {
        host.faults(&json!({ "sqlserver": fault })).await;
        let answer = host.query(ASSESSMENTS).await;
        assert!(
            answer["errors"][0]["extensions"]["code"].is_string(),
            "{answer}"
        );
        recovers(&host).await;
        for student in ["S5", "S6", "S7"] {
            let answer = host
                .query(&format!(
                    r#"{{ assessments(studentId: "{student}") {{ studentId }} }}"#
                ))
                .await;
            let rows = answer["data"]["assessments"].as_array().unwrap();
            assert!(
                rows.len() == 20 && rows.iter().all(|row| row["studentId"] == json!(student)),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn metrics_and_log_say_who_holds_the_connections_and_who_waits() {
    let app = TestApp::patient().configured(
        "max_connections = 8",
        "max_connections = 1\nwait_timeout = \"5 s\"",
    );
    let host = TestHost::start(app).await;
    host.ready().await;
    host.faults(&json!({ "sqlserver": { "stall": { "matching": "student_id" } } }))
        .await;
    let gauge = async |name: &str| {
        host.metric(&format!(
            "mayfly_pool_{name}{{backend=\"school\",module=\"assessments\"}}"
        ))
        .await
    };
    let holds = host.query(ASSESSMENTS);
    let waits = async {
        host.until(async || host.control_has("/status", "\"running\":1").await)
            .await;
        assert_eq!(gauge("holders").await, 1.0);
        let waits = host.query(ASSESSMENTS);
        let seen = host.until(async || {
            host.metric("mayfly_pool_waiting{backend=\"school\"}").await == 1.0
                && gauge("waiters").await == 1.0
        });
        let (answer, ()) = tokio::join!(waits, seen);
        assert_eq!(
            answer["errors"][0]["extensions"]["code"],
            json!("BACKEND_UNAVAILABLE"),
            "{answer}"
        );
        let line: serde_json::Value =
            serde_json::from_str(&host.logged(&["no connection was free in time"]).await).unwrap();
        assert_eq!(
            (&line["module"], &line["task"]),
            (&json!("assessments"), &json!("assessments_by_student")),
            "{line}"
        );
        assert!(
            line["held_by"]
                .as_str()
                .is_some_and(|by| by.starts_with("assessments/assessments_by_student for ")),
            "{line}"
        );
        host.faults(&json!({})).await;
    };
    let (answer, ()) = tokio::join!(holds, waits);
    assert_eq!(
        answer["data"]["assessments"].as_array().map(Vec::len),
        Some(20),
        "who held it is answered: {answer}"
    );
    assert_eq!((gauge("holders").await, gauge("waiters").await), (0.0, 0.0));
}

#[tokio::test]
async fn metrics_say_what_became_of_requests_to_dynamodb() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let before = host.metric("mayfly_dynamodb_attempts_total").await;
    host.faults(&json!({ "dynamodb": { "throttle": { "times": 1 } } }))
        .await;
    assert_eq!(
        host.query(STUDENT).await,
        json!({ "data": { "student": { "id": "S1" } } })
    );
    assert_eq!(
        host.metric("mayfly_dynamodb_requests_total{operation=\"GetItem\",outcome=\"ok\"}")
            .await,
        1.0
    );
    assert_eq!(host.metric("mayfly_dynamodb_throttles_total").await, 1.0);
    assert!(
        host.metric("mayfly_dynamodb_attempts_total").await >= before + 2.0,
        "it was sent again"
    );
    let both = host
        .query(r#"{ a: student(id: "S1") { id } b: student(id: "S2") { id } }"#)
        .await;
    assert_eq!(
        both,
        json!({ "data": { "a": { "id": "S1" }, "b": { "id": "S2" } } })
    );
    assert!(host.metric("mayfly_dynamodb_wait_seconds_count").await > 0.0);
}

#[tokio::test]
async fn embedded_backends_that_end_are_told_of_in_the_log() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let child = child_of(host.pid(), "mayfly-embedde").expect("the embedded backends run");
    rustix::process::kill_process(child, rustix::process::Signal::KILL).expect("a process of ours");
    host.logged(&["mayfly-embedded ended", "signal: 9", "ERROR"])
        .await;
    host.until_ready(false).await;
}

/// The child of a process whose name begins so.
fn child_of(parent: u32, name: &str) -> Option<rustix::process::Pid> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let found = ids.find(|id| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.contains(&format!("Name:\t{name}")) && status.contains(&format!("PPid:\t{parent}\n"))
    });
    rustix::process::Pid::from_raw(found?)
}
