//! Grants on routes of services: nobody reaches another route, another's document or another host, and nothing but what was granted is
//! sent.

use mayfly_tests::{Answer, TestApp, TestHost};
use serde_json::{Value, json};

use crate::callers::{SECRET, claims_with, section, signed};

const ROUTES: &str = r#"[modules.asks-services.grants]
http.lab = ["GET /students/{id}", "GET /_echo/{any}", "POST /_echo/{any}", "GET /own/{id = claims.sub}", "POST /enrolments"]
"#;

const SERVICE: &str = r#"
[http.lab]
base = "embedded"
header = { name = "x-api-key", value = { env = "API_KEY" } }
forward = ["traceparent", "authorization", "accept-language"]
"#;

async fn host() -> TestHost {
    let app = TestApp::hostile()
        .configured("[modules.leaks]\n", &format!("{ROUTES}\n[modules.leaks]\n"))
        .configured("[embedded]\n", &format!("{SERVICE}\n[embedded]\n"))
        .with_configuration("[server]\nguest_headers = [\"accept-language\"]")
        .with_configuration(&section("secret = { env = \"TOKEN_SECRET\" }"));
    TestHost::start_with(app, &[("TOKEN_SECRET", SECRET), ("API_KEY", "a secret")]).await
}

/// What is asked, with what is changed of a request that is granted.
fn asked(change: Value) -> Value {
    let mut asked = json!({
        "method": "GET", "path": "/students/{id}", "values": [{ "name": "id", "value": "S1" }],
    });
    let changes = change.as_object().unwrap().clone();
    asked.as_object_mut().unwrap().extend(changes);
    asked
}

async fn asks_as(host: &TestHost, token: Option<&str>, variables: Value) -> Value {
    let query = "query ($service: String! = \"lab\", $method: String!, $path: String!, $values: [Named!]! = [], $query: [Named!]! = [],
        $headers: [Named!]! = [], $body: String) {
        asks(service: $service, method: $method, path: $path, values: $values, query: $query, headers: $headers, body: $body) }";
    let request = host
        .request()
        .header("content-type", "application/json")
        .header("accept-language", "de")
        .body(json!({ "query": query, "variables": variables }).to_string());
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    Answer::of(request).await.json()
}

async fn fails(host: &TestHost, token: Option<&str>, change: Value, code: &str) {
    let answer = asks_as(host, token, asked(change.clone())).await;
    let error = &answer["errors"][0];
    let found = error["extensions"]["reason"]
        .as_str()
        .or(error["extensions"]["code"].as_str());
    assert_eq!(found, Some(code), "{change}: {answer}");
}

fn pair(name: &str, value: &str) -> Value {
    json!([{ "name": name, "value": value }])
}

async fn requests(host: &TestHost) -> Value {
    host.backends().await["http"]["requests"].clone()
}

#[tokio::test]
async fn what_was_not_granted_is_never_sent() {
    let host = host().await;
    for change in [
        json!({ "service": "other" }),
        json!({ "service": "" }),
        json!({ "service": "http://169.254.169.254" }),
        json!({ "method": "PUT" }),
        json!({ "method": "DELETE" }),
        json!({ "path": "/students/S1", "values": [] }),
        json!({ "path": "/students" }),
        json!({ "path": "/students/{id}/" }),
        json!({ "path": "//students/{id}" }),
        json!({ "path": "/students/{id}/../{id}" }),
        json!({ "path": "/students/{id}?admin=true" }),
        json!({ "path": "/students/{ID}" }),
        json!({ "path": "http://169.254.169.254/students/{id}" }),
        json!({ "path": "" }),
        json!({ "method": "POST" }),
    ] {
        fails(&host, None, change, "DENIED").await;
    }
    assert_eq!(requests(&host).await, json!({}), "nothing was sent");
    let line = host
        .logged(&[
            "DENIED",
            "add \\\"PUT /students/{id}\\\" to `modules.asks-services.grants.http.lab`",
        ])
        .await;
    assert!(line.contains("asks-services"), "{line}");
}

#[tokio::test]
async fn no_value_leaves_its_segment_and_no_header_its_place() {
    let host = host().await;
    for value in [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\nb",
        "a\r\nhost: x",
        "a\u{0}b",
        "%2f",
        "%2e%2e",
        "..%2Fadmin",
        "a%5Cb",
    ] {
        fails(
            &host,
            None,
            json!({ "values": pair("id", value) }),
            "invalid",
        )
        .await;
    }
    fails(&host, None, json!({ "values": [] }), "invalid").await;
    fails(
        &host,
        None,
        json!({ "values": [{ "name": "id", "value": "a" }, { "name": "id", "value": "b" }] }),
        "invalid",
    )
    .await;
    fails(
        &host,
        None,
        json!({ "values": [{ "name": "id", "value": "a" }, { "name": "more", "value": "b" }] }),
        "invalid",
    )
    .await;
    for name in [
        "host",
        "content-length",
        "connection",
        "transfer-encoding",
        "te",
        "upgrade",
        "proxy-authorization",
        "authorization",
        "cookie",
        "traceparent",
        "x-api-key",
        "accept-language",
        "x-forwarded-for",
        "x-http-method-override",
        "x-original-url",
        "a b",
        "",
    ] {
        fails(
            &host,
            None,
            json!({ "headers": pair(name, "x") }),
            "invalid",
        )
        .await;
    }
    fails(
        &host,
        None,
        json!({ "headers": pair("x-a", "b\r\nhost: c") }),
        "invalid",
    )
    .await;
    fails(&host, None, json!({ "body": "a body" }), "invalid").await;
    assert_eq!(requests(&host).await, json!({}), "nothing was sent");
}

#[tokio::test]
async fn what_is_sent_is_what_the_operator_and_the_guest_said_each_in_its_place() {
    let host = host().await;
    let ann = signed(&claims_with(json!({ "sub": "ann" })));
    let change = json!({
        "method": "POST", "path": "/_echo/{any}", "values": pair("any", "a b;c?d#e"), "query": pair("q&a", "1=2"),
        "headers": [{ "name": "X-Tenant", "value": "north" }, { "name": "content-type", "value": "text/plain" }], "body": "ü",
    });
    let answer = asks_as(&host, Some(&ann), asked(change)).await;
    let said = answer["data"]["asks"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let mut seen: Value = serde_json::from_str(said.strip_prefix("200 ").unwrap()).unwrap();
    let trace = seen["headers"]["traceparent"].take();
    let parts: Vec<_> = trace.as_str().unwrap().split('-').collect();
    assert!(
        matches!(parts.as_slice(), ["00", trace, span, "01"] if trace.len() == 32 && span.len() == 16),
        "{trace}"
    );
    seen["headers"]["host"].take();
    assert_eq!(
        seen,
        json!({
            "method": "POST",
            "target": "/lab/_echo/a%20b%3Bc%3Fd%23e?q%26a=1%3D2",
            "headers": {
                "x-tenant": "north", "content-type": "text/plain", "accept-language": "de", "authorization": format!("Bearer {ann}"),
                "accept-encoding": "identity", "user-agent": "mayfly", "x-api-key": "a secret", "content-length": "2",
                "traceparent": null, "host": null,
            },
            "body": "ü",
        })
    );
    // Without a token there is none to pass on.
    let change = json!({ "path": "/_echo/{any}", "values": pair("any", "x") });
    let answer = asks_as(&host, None, asked(change)).await;
    assert!(!answer.to_string().contains("authorization"), "{answer}");
}

#[tokio::test]
async fn a_bound_parameter_is_the_callers_own() {
    let host = host().await;
    let token = |claims| signed(&claims_with(claims));
    let (ann, odd) = (
        token(json!({ "sub": "ann" })),
        token(json!({ "sub": "../bob" })),
    );
    let own = |values: Value| json!({ "path": "/own/{id}", "values": values });
    fails(&host, Some(&ann), own(pair("id", "bob")), "DENIED").await;
    fails(&host, None, own(pair("id", "ann")), "DENIED").await;
    fails(&host, None, own(json!([])), "DENIED").await;
    fails(
        &host,
        Some(&token(json!({ "sub": null }))),
        own(json!([])),
        "DENIED",
    )
    .await;
    // What an issuer says of a caller is no more than a value.
    fails(&host, Some(&odd), own(json!([])), "invalid").await;
    assert_eq!(requests(&host).await, json!({}), "nothing was sent");
    for values in [json!([]), pair("id", "ann")] {
        let answer = asks_as(&host, Some(&ann), asked(own(values))).await;
        assert!(
            answer["data"]["asks"].as_str().unwrap().starts_with("404 "),
            "{answer}"
        );
    }
    assert_eq!(requests(&host).await, json!({ "GET": 2 }));
}

#[tokio::test]
async fn the_same_asked_at_once_is_sent_once_and_counts_as_often_as_it_is_asked() {
    let host = host().await;
    let answer = host.query(r#"{ asksAtOnce(id: "S1", times: 20) }"#).await;
    assert_eq!(answer, json!({ "data": { "asksAtOnce": 20 } }));
    assert_eq!(requests(&host).await, json!({ "GET": 1 }));
    assert_eq!(
        host.metric("mayfly_http_joined_total{service=\"lab\"}")
            .await,
        19.0
    );
    let answer = host.query(r#"{ asksAtOnce(id: "S1", times: 65) }"#).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("BUDGET_EXCEEDED"),
        "{answer}"
    );
}
