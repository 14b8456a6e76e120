//! GraphQL over HTTP: methods, media types, statuses, limits, the page.

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::StatusCode;
use serde_json::json;

const GRAPHQL: &str = "application/graphql-response+json";

#[tokio::test]
async fn the_status_says_what_became_of_a_request_in_the_media_type_made_for_it() {
    let host = TestHost::start(TestApp::students()).await;
    let table = [
        (json!({ "query": "{ __typename }" }), 200, "", 200),
        (json!({ "query": "{" }), 400, "GRAPHQL_PARSE_FAILED", 200),
        (
            json!({ "query": "{ nothing }" }),
            400,
            "GRAPHQL_VALIDATION_FAILED",
            200,
        ),
        (
            json!({ "query": "query A { __typename } query B { __typename }" }),
            400,
            "OPERATION_RESOLUTION_FAILED",
            200,
        ),
        (
            json!({ "query": "query ($id: ID!) { student(id: $id) { id } }" }),
            400,
            "BAD_USER_INPUT",
            200,
        ),
        (json!({ "query": 7 }), 400, "BAD_REQUEST", 400),
        (json!({ "variables": {} }), 400, "BAD_REQUEST", 400),
        (
            json!({ "query": "{ __typename }", "variables": [] }),
            400,
            "BAD_REQUEST",
            400,
        ),
        (
            json!({ "query": "{ __typename }", "operationName": {} }),
            400,
            "BAD_REQUEST",
            400,
        ),
        (
            json!({ "query": "{ __typename }", "extensions": 0 }),
            400,
            "BAD_REQUEST",
            400,
        ),
        (
            json!([{ "query": "{ __typename }" }]),
            400,
            "BAD_REQUEST",
            400,
        ),
    ];
    for (body, status, code, json_status) in table {
        for (accept, status) in [(GRAPHQL, status), ("application/json", json_status)] {
            let request = host
                .request()
                .header("content-type", "application/json")
                .header("accept", accept);
            let answer = Answer::of(request.body(body.to_string())).await;
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{accept} {body}: {}",
                answer.text
            );
            assert_eq!(
                answer.header("content-type"),
                format!("{accept}; charset=utf-8")
            );
            let json = answer.json();
            if code.is_empty() {
                assert_eq!(json, json!({ "data": { "__typename": "Query" } }));
            } else {
                assert_eq!(
                    json["errors"][0]["extensions"]["code"],
                    json!(code),
                    "{json}"
                );
                assert_eq!(
                    json.get("data"),
                    None,
                    "a request that was not executed has no data: {json}"
                );
            }
        }
    }
}

#[tokio::test]
async fn queries_come_by_get_too_and_mutations_do_not() {
    let host = TestHost::start(TestApp::students()).await;
    let answer =
        host.get("/graphql?query=query(%24id%3AID!)%7Bstudent(id%3A%24id)%7Bid%7D%7D&variables=%7B%22id%22%3A%22S3%22%7D").await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            StatusCode::OK,
            json!({ "data": { "student": { "id": "S3" } } })
        )
    );
    let marked = host
        .request()
        .header("content-type", "application/json")
        .body("\u{feff}{\"query\":\"{ __typename }\"}");
    assert_eq!(
        Answer::of(marked).await.json(),
        json!({ "data": { "__typename": "Query" } }),
        "a byte order mark is ignored"
    );
    let answer = host.get("/graphql?query=mutation%7B__typename%7D").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    let answer = host.get("/graphql").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = host
        .get("/graphql?query=%7Bstudent(id%3A%22S%FF%22)%7Bid%7D%7D")
        .await;
    let text = &answer.text;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{text}");
    assert!(text.contains("the URL is wrong: invalid utf-8"), "{text}");
}

#[tokio::test]
async fn what_a_page_of_another_site_could_send_is_refused() {
    let host = TestHost::start(TestApp::students()).await;
    let body = json!({ "query": "{ __typename }" }).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        let answer = Answer::of(
            host.request()
                .header("content-type", content_type)
                .body(body.clone()),
        )
        .await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}"
        );
    }
    let answer = Answer::of(host.request().body(body)).await;
    assert_eq!(
        answer.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "without a content type"
    );
}

#[tokio::test]
async fn what_cannot_be_accepted_is_refused() {
    let host = TestHost::start(TestApp::students()).await;
    let request = host
        .request()
        .header("content-type", "application/json")
        .body("{}");
    let answer = Answer::of(request.header("accept", "text/csv")).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    let client = reqwest::Client::new();
    let answer = Answer::of(client.put(format!("http://{}/graphql", host.graphql))).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, POST")
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_below_is_not() {
    let app = TestApp::students().with_configuration("[server]\nmax_body = \"2 KiB\"");
    let host = TestHost::start(app).await;
    let padded =
        |bytes: usize| json!({ "query": format!("{{ __typename }} #{}", "x".repeat(bytes)) });
    assert_eq!(host.post(&padded(1_000)).await.status, StatusCode::OK);
    let answer = host.post(&padded(3_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["code"],
        json!("BODY_TOO_LARGE")
    );
}

#[tokio::test]
async fn a_query_nested_to_overflow_the_parser_s_stack_is_a_clear_error() {
    let host = TestHost::start(TestApp::students()).await;
    for open in ["[", "{x:"] {
        let query = format!("{{ student(id: {}) {{ id }} }}", open.repeat(2_000));
        let answer = host.post(&json!({ "query": query })).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let error = &answer.json()["errors"][0];
        assert_eq!(
            error["extensions"]["code"],
            json!("LIMIT_EXCEEDED"),
            "{error}"
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("nests brackets 65 deep, over the limit of 64"),
            "{error}"
        );
    }
    let bomb = (0..30).fold("{ ...F0 }".to_owned(), |text, n| {
        format!(
            "{text} fragment F{n} on Query {{ ...F{m} ...F{m} }}",
            m = n + 1
        )
    }) + " fragment F30 on Query { __typename }";
    let answer = host.post(&json!({ "query": bomb })).await;
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["code"],
        json!("LIMIT_EXCEEDED"),
        "{}",
        answer.text
    );
    assert_eq!(
        host.query("{ __typename }").await,
        json!({ "data": { "__typename": "Query" } }),
        "the host lives"
    );
}

#[tokio::test]
async fn the_page_is_served_to_browsers_and_loads_nothing_from_elsewhere() {
    let host = TestHost::start(TestApp::students()).await;
    for path in ["/", "/graphql"] {
        let client = reqwest::Client::new();
        let page = Answer::of(
            client
                .get(format!("http://{}{path}", host.graphql))
                .header("accept", "text/html,*/*"),
        )
        .await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            page.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert!(
            !page.text.contains("http://") && !page.text.contains("https://"),
            "the page is whole"
        );
    }
}

#[tokio::test]
async fn a_trace_id_comes_back_and_stands_in_the_log() {
    let host = TestHost::start(TestApp::students()).await;
    let id = "0af7651916cd43dd8448eb211c80319c";
    let request = host
        .request()
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{id}-b7ad6b7169203331-01"));
    let answer = Answer::of(
        request
            .body(json!({ "query": r#"{ assessments(studentId: "nobody") { id } }"# }).to_string()),
    )
    .await;
    assert_eq!(answer.header("x-trace-id"), id);
    let line: serde_json::Value =
        serde_json::from_str(&host.logged(&[id, "GUEST_ERROR"]).await).unwrap();
    assert_eq!(line["module"], json!("assessments"));
    assert_eq!(line["field"], json!("Query.assessments"));
    assert_eq!(line["version"].as_str().map(str::len), Some(64), "{line}");
    let answer = host.post(&json!({ "query": "{ __typename }" })).await;
    assert_eq!(answer.header("x-trace-id").len(), 32);
}
