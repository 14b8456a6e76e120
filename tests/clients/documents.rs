//! Documents that clients name instead of sending them, and lists of operations.

use mayfly_tests::{Answer, TestApp, TestHost, mayfly};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const STUDENT: &str = "query Student($id: ID!) { student(id: $id) { id } }";

fn hash(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn by_hash(text: &str) -> Value {
    json!({
        "variables": { "id": "S1" },
        "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash(text) } },
    })
}

fn with(mut request: Value, key: &str, value: &str) -> Value {
    request[key] = json!(value);
    request
}

fn answered() -> Value {
    json!({ "data": { "student": { "id": "S1" } } })
}

fn code(answer: &Answer) -> Value {
    answer.json()["errors"][0]["extensions"]["code"].clone()
}

async fn json_of(host: &TestHost, body: &Value) -> Answer {
    let request = host
        .request()
        .header("content-type", "application/json")
        .header("accept", "application/json");
    Answer::of(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_document_is_run_by_its_hash_once_it_was_sent_by_post_and_by_get() {
    let host = TestHost::start(TestApp::students()).await;
    let unknown = json_of(&host, &by_hash(STUDENT)).await;
    assert_eq!(unknown.status, StatusCode::OK, "as Apollo's server answers");
    assert_eq!(
        unknown.json()["errors"][0]["message"],
        "PersistedQueryNotFound"
    );
    assert_eq!(code(&unknown), "PERSISTED_QUERY_NOT_FOUND");
    let sent = json_of(&host, &with(by_hash(STUDENT), "query", STUDENT)).await;
    assert_eq!(sent.json(), answered());
    assert_eq!(json_of(&host, &by_hash(STUDENT)).await.json(), answered());
    let parameters = [
        ("variables", r#"{"id":"S1"}"#.to_owned()),
        ("extensions", by_hash(STUDENT)["extensions"].to_string()),
    ];
    let url = reqwest::Url::parse_with_params("http://host/graphql", &parameters).unwrap();
    let by_get = host
        .get(&format!("/graphql?{}", url.query().unwrap()))
        .await;
    assert_eq!(by_get.json(), answered());
}

#[tokio::test]
async fn a_hash_that_does_not_match_and_a_document_that_is_not_valid_are_not_kept() {
    let host = TestHost::start(TestApp::students()).await;
    let other = json_of(&host, &with(by_hash("{ other }"), "query", STUDENT)).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert!(
        other.text.contains("does not match `query`"),
        "{}",
        other.text
    );
    assert_eq!(
        code(&json_of(&host, &by_hash("{ other }")).await),
        "PERSISTED_QUERY_NOT_FOUND"
    );
    let invalid = "{ nothing }";
    let refused = json_of(&host, &with(by_hash(invalid), "query", invalid)).await;
    assert_eq!(code(&refused), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(
        code(&json_of(&host, &by_hash(invalid)).await),
        "PERSISTED_QUERY_NOT_FOUND"
    );
    for extensions in [
        json!({ "persistedQuery": { "version": 2, "sha256Hash": hash(STUDENT) } }),
        json!({ "persistedQuery": { "version": 1 } }),
        json!({ "persistedQuery": { "version": 1, "sha256Hash": 5 } }),
        json!({ "persistedQuery": { "version": 1, "sha256Hash": "abc" } }),
        json!({ "persistedQuery": [] }),
    ] {
        let refused = json_of(&host, &json!({ "extensions": extensions })).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(code(&refused), "BAD_REQUEST");
    }
}

#[tokio::test]
async fn without_persisted_queries_clients_are_told_to_send_documents() {
    let app = TestApp::students().with_configuration("[documents]\npersisted_queries = false\n");
    let host = TestHost::start(app).await;
    let refused = json_of(&host, &by_hash(STUDENT)).await;
    assert_eq!(
        refused.json()["errors"][0]["message"],
        "PersistedQueryNotSupported"
    );
    let sent = json_of(&host, &with(by_hash(STUDENT), "query", STUDENT)).await;
    assert_eq!(sent.json(), answered());
}

#[tokio::test]
async fn what_is_kept_stays_within_its_bytes_and_one_caller_s_share() {
    let app =
        TestApp::students().with_configuration("[documents]\npersisted_memory = \"64 KiB\"\n");
    let host = TestHost::start(app).await;
    let document = |index: usize| format!("{{ a{index}: __typename }} #{}", "x".repeat(2_000));
    for index in 0..40 {
        let text = document(index);
        let sent = json_of(&host, &with(by_hash(&text), "query", &text)).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    }
    let mut kept = 0;
    for index in 0..40 {
        let answer = json_of(&host, &by_hash(&document(index))).await;
        kept += usize::from(answer.json().get("data").is_some());
    }
    assert!((10..=16).contains(&kept), "{kept} of 40");
}

const MANIFEST: &str = r#"{"known": "query Student($id: ID!) { student(id: $id) { id } }"}"#;

#[tokio::test]
async fn only_documents_of_the_manifest_run_where_it_is_enforced() {
    let app = TestApp::students()
        .with_file("manifest.json", MANIFEST.as_bytes())
        .with_configuration("[documents]\nmanifest = \"manifest.json\"\n");
    let host = TestHost::start(app).await;
    let variables = json!({ "id": "S1" });
    for request in [
        json!({ "documentId": "known", "variables": variables }),
        json!({ "id": "known", "variables": variables }),
        json!({ "doc_id": "known", "variables": variables }),
        json!({ "query": STUDENT, "variables": variables }),
    ] {
        assert_eq!(
            json_of(&host, &request).await.json(),
            answered(),
            "{request}"
        );
    }
    for request in [
        json!({ "query": "{ __typename }" }),
        json!({ "documentId": "other" }),
        with(by_hash("{ __typename }"), "query", "{ __typename }"),
        by_hash("{ __typename }"),
    ] {
        let refused = host.post(&request).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(code(&refused), "DOCUMENT_NOT_TRUSTED", "{request}");
    }
    let counted = host
        .metric("mayfly_documents_total{outcome=\"untrusted\"}")
        .await;
    assert!(counted >= 4.0, "{counted}");
}

#[tokio::test]
async fn a_manifest_that_changes_is_read_again_and_one_that_is_damaged_leaves_the_old_one() {
    let app = TestApp::students()
        .with_file("manifest.json", MANIFEST.as_bytes())
        .with_configuration("[documents]\nmanifest = \"manifest.json\"\n");
    let directory = app.path().to_path_buf();
    let host = TestHost::start(app).await;
    let replace = |text: &str| {
        std::fs::write(directory.join("manifest.new"), text).unwrap();
        std::fs::rename(
            directory.join("manifest.new"),
            directory.join("manifest.json"),
        )
        .unwrap();
    };
    let asks = async |id: &str| {
        let request = json!({ "documentId": id, "variables": { "id": "S1" } });
        json_of(&host, &request).await.json()
    };
    assert_eq!(asks("known").await, answered());
    replace(&MANIFEST.replace("known", "renamed"));
    host.until(async || asks("renamed").await == answered())
        .await;
    let untrusted = asks("known").await;
    assert_eq!(
        untrusted["errors"][0]["extensions"]["code"],
        "DOCUMENT_NOT_TRUSTED"
    );
    replace("{");
    host.logged(&["not applied", "manifest.json", "is not JSON"])
        .await;
    assert_eq!(asks("renamed").await, answered());
    replace(r#"{"broken": "query {", "old": "{ nobody }", "good": "{ __typename }"}"#);
    host.logged(&[
        "WARN",
        "\"count\":2",
        "documents of the manifest cannot be answered; the first is document \\\"broken\\\"",
    ])
    .await;
}

#[test]
fn check_names_the_documents_that_the_schema_does_not_know() {
    let manifest = json!({
        "good": STUDENT,
        "old": "query Student($id: ID!) {\n  student(id: $id) { id nickname }\n}",
        "cut": "query {",
        // A variable that has to be given is none of the document's mistakes.
        "two": "query A($id: ID!) { student(id: $id) { id } } query B { __typename }",
    });
    let check = |manifest: &Value| {
        let app = TestApp::students()
            .with_file("manifest.json", manifest.to_string().as_bytes())
            .with_configuration("[documents]\nmanifest = \"manifest.json\"\n");
        let output = mayfly().arg("check").arg(app.path()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = check(&manifest);
    assert_eq!(code, Some(3), "{said}");
    for problem in [
        "manifest.json: document \"cut\", line 1, column 8: ",
        "manifest.json: document \"old\", line 2, column 25: Cannot query field \"nickname\" on type \"Student\".",
    ] {
        assert!(said.contains(problem), "{problem}\n{said}");
    }
    assert!(
        !said.contains("\"good\"") && !said.contains("\"two\""),
        "{said}"
    );
    let (code, said) = check(&json!({ "good": STUDENT }));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the documents of the manifest"), "{said}");
}

#[tokio::test]
async fn other_documents_are_counted_where_the_manifest_is_only_measured() {
    let app = TestApp::students()
        .with_file("manifest.json", MANIFEST.as_bytes())
        .with_configuration("[documents]\nmanifest = \"manifest.json\"\ntrusted_only = false\n");
    let host = TestHost::start(app).await;
    let answer = json_of(&host, &json!({ "query": "{ __typename }" })).await;
    assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));
    let counted = host
        .metric("mayfly_documents_total{outcome=\"untrusted\"}")
        .await;
    assert!(counted >= 1.0, "{counted}");
}

#[tokio::test]
async fn a_list_of_operations_is_answered_by_a_list_where_that_is_allowed() {
    let app = TestApp::students().with_configuration("[documents]\nmax_batch = 3\n");
    let host = TestHost::start(app).await;
    let student = json!({ "query": STUDENT, "variables": { "id": "S1" } });
    let batch = json!([student, { "query": "{ nothing }" }, { "query": "{ __typename }" }]);
    let answer = json_of(&host, &batch).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answers = answer.json();
    assert_eq!(answers[0], answered());
    assert_eq!(
        answers[1]["errors"][0]["extensions"]["code"],
        "GRAPHQL_VALIDATION_FAILED"
    );
    assert_eq!(answers[2], json!({ "data": { "__typename": "Query" } }));
    for refused in [
        json!([]),
        json!([student, student, student, student]),
        json!([1]),
    ] {
        let answer = json_of(&host, &refused).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    }
}

#[tokio::test]
async fn the_answers_of_a_list_are_together_no_larger_than_one_may_be() {
    let app = TestApp::students()
        .with_configuration("[documents]\nmax_batch = 3\n\n[limits]\nresponse = \"64 KiB\"\n");
    let host = TestHost::start(app).await;
    let schema = "__schema { types { name description fields { name description args { name description } type { name kind ofType { name } } } } }";
    let large = json!({ "query": format!("{{ a: {schema} b: {schema} c: {schema} }}") });
    let one = json_of(&host, &large).await;
    assert!(one.json().get("errors").is_none(), "{}", one.text);
    let fits = 65_536 / one.text.len();
    assert!((1..3).contains(&fits), "{} bytes", one.text.len());
    let answer = json_of(&host, &json!([large, large, large])).await;
    assert!(answer.text.len() < 66_000);
    assert_eq!(
        answer.json()[2]["errors"][0]["extensions"]["code"],
        "LIMIT_EXCEEDED"
    );
}
