//! What clients are told of errors, of the schema, and at `/`; and what is counted.

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

/// The app whose clients are told no more than usual.
fn discreet() -> TestApp {
    TestApp::hostile().configured("error_detail = \"full\"", "error_detail = \"code\"")
}

async fn error(host: &TestHost, query: &str) -> (Value, String) {
    let answer = host.post(&json!({ "query": query })).await;
    let trace_id = answer.header("x-trace-id").to_owned();
    (answer.json()["errors"][0].clone(), trace_id)
}

#[tokio::test]
async fn clients_read_code_and_trace_and_the_log_has_the_rest() {
    let host = TestHost::start(discreet()).await;
    for (query, code, inside) in [
        ("{ panics(message: \"why\") }", "GUEST_TRAPPED", "panics"),
        ("{ deniedTable }", "DENIED", "grants"),
    ] {
        let (error, trace_id) = error(&host, query).await;
        let message = format!("failed with {code}; trace {trace_id}");
        assert_eq!(error["message"], message);
        let extensions = json!({ "code": code, "traceId": trace_id });
        assert_eq!(error["extensions"], extensions);
        host.logged(&[&trace_id, code, inside]).await;
    }
}

#[tokio::test]
async fn what_a_client_did_wrong_is_told_without_names_of_the_inside() {
    let app = discreet().with_configuration("[limits]\naliases = 1");
    let host = TestHost::start(app).await;
    let (error, _) = error(&host, "{ a: __typename b: __typename c: __typename }").await;
    let message = error["message"].as_str().unwrap();
    assert_eq!(error["extensions"]["code"], "LIMIT_EXCEEDED");
    assert!(
        message.contains("over the limit of 1; make the operation smaller")
            && !message.contains("limits."),
        "{message}"
    );
}

#[tokio::test]
async fn the_schema_and_the_page_are_there_until_they_are_switched_off() {
    let open = TestHost::start(discreet()).await;
    assert_eq!(open.get("/").await.status, 200);
    let schema = open.query("{ __schema { queryType { name } } }").await;
    assert_eq!(schema["data"]["__schema"]["queryType"]["name"], "Query");

    let app = discreet().with_configuration("[server]\nintrospection = false\npage = false\n");
    let closed = TestHost::start(app).await;
    assert_eq!(closed.get("/").await.status, 404);
    for (query, field) in [
        ("{ __schema { queryType { name } } }", "__schema"),
        (
            "{ ...F } fragment F on Query { __type(name: \"Query\") { name } }",
            "__type",
        ),
    ] {
        let (error, _) = error(&closed, query).await;
        assert_eq!(
            error["message"],
            format!(
                "GraphQL introspection has been disabled, but the requested query contained the field \"{field}\"."
            )
        );
        assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    }
    assert_eq!(
        closed.query("{ __typename }").await,
        json!({ "data": { "__typename": "Query" } })
    );
}
