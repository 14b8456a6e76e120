//! The whole old system: a handler as AppSync calls it, a client over edge-js, an assembly, and a library that does what it is told.

use std::fs;

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

use super::driver::legacy_system;

/// An answer without the times at which it was put together.
fn timeless(mut answer: Value) -> Value {
    fn forget(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.shift_remove("processedAt");
                object.values_mut().for_each(forget);
            }
            Value::Array(items) => items.iter_mut().for_each(forget),
            _ => {}
        }
    }
    forget(&mut answer);
    answer
}

/// Reads with a trouble, of a student.
fn read(student: &str, trouble: &str) -> String {
    format!(
        r#"{{ assessments(studentId: "{student}", assessmentType: FLUENCY, trouble: {trouble}) {{ studentId }} }}"#
    )
}

/// Records with a trouble, under a key.
fn record(key: &str, trouble: &str) -> String {
    format!(
        r#"mutation {{ recordAssessment(trouble: {trouble}, input: {{ studentId: "S900", type: PHONICS, score: 50, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "{key}" }}) {{ score }} }}"#
    )
}

fn reason(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
}

/// Whether a read answers with what it should.
async fn answers(host: &TestHost, student: &str) {
    let answer = host.query(&read(student, "null")).await;
    let rows = vec![json!({ "studentId": student }); 5];
    assert_eq!(answer["data"]["assessments"], json!(rows), "{answer}");
}

#[tokio::test]
async fn the_old_system_answers_what_the_sample_app_answers() {
    let queries = [
        r#"{ student(id: "S1") { name grade assessments(type: FLUENCY) { id score } } }"#,
        r#"{ assessments(studentId: "S7") { id studentId type score takenAt studentGrade readingLevel processedAt } }"#,
        r#"{ assessments(studentId: "S7", assessmentType: FLUENCY, dateRange: { from: "2026-01-01", to: "2026-06-30" }) { id score } }"#,
        r#"{ students(ids: ["S1", "S2", "S3"]) { id assessments(type: PHONICS) { id studentId score takenAt studentGrade readingLevel processedAt } } }"#,
        r#"{ assessments(studentId: "S7", dateRange: { from: "2026-02-30", to: "2026-06-30" }) { id } }"#,
        r#"{ assessments(studentId: "nobody") { id } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S7", type: PHONICS, score: 93.456, takenAt: "2026-01-31T13:14:15+01:00", idempotencyKey: "k1" }) { studentId type score takenAt studentGrade readingLevel } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S7", type: FLUENCY, score: 1, takenAt: "2026-02-01T13:14:15Z", idempotencyKey: "k1" }) { type score takenAt } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S8", type: PHONICS, score: 1, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "k1" }) { score } }"#,
        r#"mutation { recordAssessment(input: { studentId: "S8", type: PHONICS, score: 100.5, takenAt: "2026-01-31T13:14:15Z", idempotencyKey: "k2" }) { score } }"#,
        r#"{ assessments(studentId: "S7", assessmentType: PHONICS) { type score takenAt } }"#,
    ];
    let sample = TestHost::start(TestApp::patient()).await;
    // Named as people name it; assembly, library and ledger are found from the app anyway.
    let legacy = TestHost::start_from_above(legacy_system()).await;
    for query in queries {
        let right = timeless(sample.query(query).await);
        let answer = timeless(legacy.query(query).await);
        assert_eq!(answer, right, "{query}");
    }
}

#[tokio::test]
async fn a_crash_costs_one_call_and_says_so() {
    let host = TestHost::start(legacy_system()).await;
    for trouble in ["DOUBLE_FREE", "OVERRUN", "NULL_POINTER", "EXIT"] {
        let answer = host.query(&read("S7", trouble)).await;
        assert_eq!(reason(&answer), "Worker:unavailable", "{trouble}: {answer}");
        answers(&host, "S8").await;
    }
}

#[tokio::test]
async fn a_write_that_dies_is_told_as_unknown_and_is_never_tried_twice() {
    let host = TestHost::start(legacy_system()).await;
    // The library crashes before it records what has an odd last character, and after what has an even one.
    for key in ["key-1", "key-2"] {
        let answer = host.query(&record(key, "DOUBLE_FREE")).await;
        assert_eq!(reason(&answer), "Worker:outcome-unknown", "{answer}");
    }
    let ledger = fs::read_to_string(host.app.path().join("data/ledger.txt")).unwrap();
    assert_eq!(ledger.lines().count(), 1, "{ledger}");
    assert!(ledger.starts_with("recorded key-2 "), "{ledger}");
    // The same again is safe: the key decides.
    for key in ["key-1", "key-2"] {
        let answer = host.query(&record(key, "null")).await;
        let score = &answer["data"]["recordAssessment"]["score"];
        assert_eq!(score.as_f64(), Some(50.0), "{answer}");
    }
}

#[tokio::test]
async fn a_call_that_never_returns_is_cut_off_and_its_process_ended() {
    let app = legacy_system().configured(
        "[workers.legacy.methods.GetAssessments]\naccess = \"read\"",
        "[workers.legacy.methods.GetAssessments]\naccess = \"read\"\ntimeout = \"30 s\"",
    );
    let host = TestHost::start(app).await;
    // A process that is ready gets the call; waiting for one counts, and what was not sent is not unknown.
    answers(&host, "S8").await;
    let answer = host.query(&record("hangs-1", "HANG")).await;
    assert_eq!(reason(&answer), "Worker:outcome-unknown", "{answer}");
    answers(&host, "S9").await;
}

#[tokio::test]
async fn what_the_library_prints_is_logged_and_no_answer() {
    let host = TestHost::start(legacy_system()).await;
    let answer = host.query(&read("S7", "PRINT")).await;
    assert_eq!(
        answer["data"]["assessments"][0]["studentId"],
        json!("S7"),
        "{answer}"
    );
    host.logged(&["legacy: line 0 of what nobody reads"]).await;
    answers(&host, "S8").await;
}

#[tokio::test]
async fn children_that_the_library_forks_keep_nobody_from_being_answered() {
    let host = TestHost::start(legacy_system()).await;
    for _ in 0..3 {
        let answer = host.query(&read("S7", "FORK")).await;
        assert_eq!(
            answer["data"]["assessments"][0]["studentId"],
            json!("S7"),
            "{answer}"
        );
    }
    answers(&host, "S8").await;
}

#[tokio::test]
async fn with_one_call_for_each_process_no_call_finds_what_another_left() {
    let app = legacy_system().configured("max_calls = 1000", "max_calls = 1");
    let host = TestHost::start(app).await;
    for student in ["S7", "S8", "S9"] {
        let answer = host.query(&read(student, "STALE")).await;
        let rows = vec![json!({ "studentId": student }); 5];
        assert_eq!(answer["data"]["assessments"], json!(rows), "{answer}");
    }
}

#[tokio::test]
async fn with_more_calls_what_the_library_keeps_between_them_is_its_own() {
    let app = legacy_system().configured("processes = 2", "processes = 1");
    let host = TestHost::start(app).await;
    answers(&host, "S7").await;
    let answer = host.query(&read("S8", "STALE")).await;
    assert_eq!(
        answer["data"]["assessments"][0]["studentId"],
        json!("S7"),
        "{answer}"
    );
}
