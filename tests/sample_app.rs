//! The main job: what the old resolver did, answered by fresh instances over pooled connections.

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

const MAIN_QUERY: &str = r#"
query ($id: ID!) {
  student(id: $id) { name grade readingLevel
    assessments(type: FLUENCY, dateRange: {from: "2026-01-01", to: "2026-06-30"}) { id type score takenAt } }
  assessments(studentId: $id) { id type score takenAt studentGrade readingLevel processedAt }
}"#;

/// Takes the times out of an answer, which differ from run to run, after checking that they are times.
fn without_times(mut answer: Value) -> Value {
    for assessment in answer["data"]["assessments"]
        .as_array_mut()
        .expect("assessments")
    {
        let time = assessment["processedAt"].take();
        assert!(
            time.as_str()
                .is_some_and(|time| time.ends_with('Z') && time.len() == 24),
            "{time}"
        );
    }
    answer
}

#[tokio::test]
async fn the_main_query_is_answered_by_guests_from_both_backends() {
    let host = TestHost::start(TestApp::students()).await;
    let answer = without_times(host.query_with(MAIN_QUERY, json!({ "id": "S1" })).await);
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(
        answer["data"]["assessments"].as_array().map(Vec::len),
        Some(20)
    );
    insta::assert_snapshot!(
        "the_main_query",
        serde_json::to_string_pretty(&answer).unwrap()
    );
}

#[tokio::test]
async fn an_unknown_student_is_null_for_student_and_an_error_for_assessments() {
    let host = TestHost::start(TestApp::students()).await;
    let answer = host.query(r#"{ student(id: "S9999") { name } }"#).await;
    assert_eq!(answer, json!({ "data": { "student": null } }));
    let answer = host
        .query(r#"{ assessments(studentId: "S9999") { id } }"#)
        .await;
    assert_eq!(
        answer,
        json!({
            "errors": [{
                "message": "student `S9999` does not exist",
                "locations": [{ "line": 1, "column": 3 }],
                "path": ["assessments"],
                "extensions": { "code": "GUEST_ERROR", "reason": "STUDENT_NOT_FOUND" }
            }],
            "data": null
        })
    );
}

#[tokio::test]
async fn students_keep_their_order_and_unknown_ones_are_null() {
    let host = TestHost::start(TestApp::students()).await;
    let answer = host
        .query(r#"{ students(ids: ["S1000", "nobody", "S2", "S2"]) { id } }"#)
        .await;
    assert_eq!(
        answer,
        json!({ "data": { "students": [{ "id": "S1000" }, null, { "id": "S2" }, { "id": "S2" }] } })
    );
}

#[tokio::test]
async fn fifty_students_with_assessments_cost_two_invocations_one_query_and_one_request() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let before = host.backends().await;
    let ids: Vec<_> = (1..=50).map(|n| format!("S{n}")).collect();
    let query = "query ($ids: [ID!]!) { students(ids: $ids) { assessments { id } } }";
    let answer = host.query_with(query, json!({ "ids": ids })).await;
    let students = answer["data"]["students"].as_array().expect("students");
    assert_eq!(students.len(), 50);
    assert!(
        students
            .iter()
            .all(|student| student["assessments"].as_array().map(Vec::len) == Some(20)),
        "{answer}"
    );
    let after = host.backends().await;
    let spent = |pointer: &str| {
        let count = |status: &Value| status.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        count(&after) - count(&before)
    };
    assert_eq!(spent("/sqlserver/queries"), 1, "SQL queries");
    assert_eq!(
        spent("/dynamodb/requests/BatchGetItem"),
        1,
        "DynamoDB batches"
    );
    assert_eq!(spent("/dynamodb/requests/GetItem"), 0, "DynamoDB gets");
    let metrics = host.admin("/metrics").await.text;
    let invocations: Vec<_> = metrics
        .lines()
        .filter(|line| line.starts_with("mayfly_invocations_total") && !line.ends_with(" 0"))
        .collect();
    assert_eq!(invocations.len(), 2, "{invocations:?}");
    assert!(
        invocations
            .iter()
            .all(|line| line.ends_with(" 1") && line.contains("outcome=\"ok\"")),
        "{invocations:?}"
    );
}

const RECORD: &str = r#"
mutation ($input: RecordAssessmentInput!) {
  recordAssessment(input: $input) { id studentId type score takenAt studentGrade }
}"#;

fn record(key: &str, score: f64) -> Value {
    json!({ "input": {
        "studentId": "S7", "type": "PHONICS", "score": score, "takenAt": "2026-03-04T05:06:07Z", "idempotencyKey": key
    } })
}

#[tokio::test]
async fn the_same_idempotency_key_records_once() {
    let host = TestHost::start(TestApp::students()).await;
    let count = async || {
        let answer = host
            .query(r#"{ assessments(studentId: "S7") { id } }"#)
            .await;
        answer["data"]["assessments"].as_array().map(Vec::len)
    };
    assert_eq!(count().await, Some(20));
    let first = host.query_with(RECORD, record("key-1", 88.25)).await;
    assert_eq!(
        first["data"]["recordAssessment"]["score"],
        json!(88.25),
        "{first}"
    );
    assert_eq!(
        first["data"]["recordAssessment"]["takenAt"],
        json!("2026-03-04T05:06:07.000Z")
    );
    let again = host.query_with(RECORD, record("key-1", 11.0)).await;
    assert_eq!(again, first, "the first record is the record");
    assert_eq!(count().await, Some(21));
}

#[tokio::test]
async fn two_that_record_under_one_key_at_once_get_one_record() {
    let host = TestHost::start(TestApp::students()).await;
    let racing = (0..8).map(|_| host.query_with(RECORD, record("raced", 50.0)));
    let mut answers = Vec::new();
    for answer in futures_util::future::join_all(racing).await {
        assert_eq!(answer.get("errors"), None, "{answer}");
        answers.push(answer["data"]["recordAssessment"]["id"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let host = TestHost::start(TestApp::students()).await;
    let table = [
        (
            r#"{ assessments(studentId: "S1", dateRange: {from: "2026-02-30", to: "2026-03-01"}) { id } }"#,
            "argument `dateRange.from`: `2026-02-30` is not a date (expected YYYY-MM-DD)",
        ),
        (
            r#"{ assessments(studentId: "S1", dateRange: {from: "2026-03-02", to: "2026-03-01"}) { id } }"#,
            "argument `dateRange`: `to` (2026-03-01) is before `from` (2026-03-02)",
        ),
        (
            r#"mutation { recordAssessment(input: {studentId: "S1", type: FLUENCY, score: 100.01, takenAt: "2026-03-02T00:00:00Z", idempotencyKey: "k"}) { id } }"#,
            "argument `input.score`: 100.01 is not between 0 and 100",
        ),
        (
            r#"mutation { recordAssessment(input: {studentId: "nobody", type: FLUENCY, score: 1, takenAt: "2026-03-02T00:00:00Z", idempotencyKey: "k"}) { id } }"#,
            "student `nobody` does not exist",
        ),
    ];
    for (query, message) in table {
        let answer = host.query(query).await;
        assert_eq!(answer["errors"][0]["message"], json!(message), "{answer}");
        assert_eq!(answer["data"], Value::Null, "{answer}");
    }
}
