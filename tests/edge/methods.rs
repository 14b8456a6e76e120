//! Methods and names: what runs, and for whom.

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::client::{Client, post, status};
use super::frames::{HEADERS, Http2, status as status2};
use super::{QUERY, host};

const METHODS: [&str; 11] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY",
    "PROPFIND",
];

const RECORD: &str = r#"mutation { recordAssessment(input: {studentId: "S1", type: PHONICS, score: 1, takenAt: "2026-03-02T00:00:00Z", idempotencyKey: "KEY"}) { id } }"#;

async fn recorded(host: &TestHost) -> f64 {
    host.metric(
        "mayfly_invocations_total{module=\"assessments\",field=\"Mutation.recordAssessment\"",
    )
    .await
}

#[tokio::test]
async fn only_post_runs_a_mutation_whatever_else_is_tried() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let client = reqwest::Client::new();
    for method in METHODS {
        let named = Method::from_bytes(method.as_bytes()).expect("a method");
        let mutation = RECORD.replace("KEY", method);
        let in_url = reqwest::Url::parse_with_params(
            &format!("http://{}/graphql", host.graphql),
            [("query", &mutation)],
        )
        .expect("a URL");
        if method != "CONNECT" {
            // With the mutation in the URL, with it in the body as well, and with neither a body nor a type.
            let body = json!({ "query": mutation }).to_string();
            for with_body in [false, true] {
                let mut request = client.request(named.clone(), in_url.clone());
                if with_body && method != "POST" {
                    request = request
                        .header("content-type", "application/json")
                        .body(body.clone());
                }
                let answer = Answer::of(request).await;
                assert!(
                    answer.status.is_client_error(),
                    "{method}: {}",
                    answer.status
                );
                if answer.status == StatusCode::METHOD_NOT_ALLOWED {
                    assert_eq!(answer.header("allow"), "GET, HEAD, POST", "{method}");
                }
            }
        } else {
            let mut raw = Client::saying(
                host.graphql,
                "CONNECT /graphql HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
            )
            .await;
            assert!((400..500).contains(&status(&raw.rest().await)), "{method}");
        }
        assert_eq!(recorded(&host).await, 0.0, "{method} ran it");
    }
    let body = json!({ "query": RECORD.replace("KEY", "last") }).to_string();
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(body);
    let answer = Answer::of(request).await;
    assert_eq!(answer.json().get("errors"), None, "{}", answer.text);
    assert_eq!(recorded(&host).await, 1.0);
}

#[tokio::test]
async fn head_is_get_without_a_body_on_every_path() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let paths = [
        (host.graphql, "/"),
        (host.graphql, "/graphql?query=%7B__typename%7D"),
        (host.graphql, "/graphql?query=%7B"),
        (host.graphql, "/graphql"),
        (host.graphql, "/graphql?query=mutation%7B__typename%7D"),
        (host.graphql, "/nothing"),
        (host.admin, "/healthz"),
        (host.admin, "/readyz"),
        (host.admin, "/admin/graphql"),
        (host.admin, "/modules/students"),
    ];
    let client = reqwest::Client::new();
    for (address, path) in paths {
        let url = format!("http://{address}{path}");
        let get = Answer::of(client.get(&url)).await;
        let head = Answer::of(client.head(&url)).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.text, "", "{path}");
        for name in ["content-type", "content-length", "allow"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

/// What is served, without how long it has been.
async fn modules(host: &TestHost) -> serde_json::Value {
    let query = "{ modules { name active { digest activeSinceMs } swaps refusals canary { digest } staged } }";
    host.ask_admin(query, json!({})).await
}

#[tokio::test]
async fn every_method_on_every_path_is_answered_and_changes_nothing() {
    let host = TestHost::start(TestApp::students()).await;
    host.ready().await;
    let before = modules(&host).await;
    let paths = [
        (host.graphql, "/"),
        (host.graphql, "/graphql"),
        (host.graphql, "/other"),
        (host.admin, "/healthz"),
        (host.admin, "/readyz"),
        (host.admin, "/metrics"),
        (host.admin, "/admin/graphql"),
        (host.admin, "/modules/students"),
    ];
    for (address, path) in paths {
        for method in METHODS {
            let text = format!(
                "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            );
            let mut client = Client::saying(address, text).await;
            let answer = client.rest().await;
            let found = status(&answer);
            assert!(
                found == 200 || (400..500).contains(&found),
                "{method} {path}: {answer}"
            );
            if !matches!(method, "GET" | "HEAD") {
                assert_ne!(found, 200, "{method} {path}: {answer}");
            }
        }
    }
    assert_eq!(modules(&host).await, before);
    assert_eq!(host.metric("mayfly_invocations_total").await, 0.0);
}

#[tokio::test]
async fn a_name_that_is_not_listed_is_refused() {
    let host = host("hosts = [\"api.example.org\", \"localhost:8080\", \"[::1]\"]").await;
    let table = [
        ("api.example.org", 200),
        ("API.EXAMPLE.ORG:443", 200),
        ("localhost:8080", 200),
        ("localhost", 421),
        ("[::1]:9", 200),
        ("127.0.0.1", 421),
        ("evil.example", 421),
        ("api.example.org.evil.example", 421),
        ("api.example.org@evil.example", 400),
        ("a b/c", 400),
        ("", 421),
    ];
    for (name, expected) in table {
        let text = post(QUERY).replace("host: test", &format!("host: {name}"));
        let mut client = Client::saying(host.graphql, text).await;
        let answer = client.answer().await;
        assert_eq!(status(&answer), expected, "{name:?}: {answer}");
        if expected == 421 {
            assert!(answer.contains("server.hosts"), "{answer}");
        }
        let page = format!("GET / HTTP/1.1\r\nhost: {name}\r\naccept: text/html\r\n\r\n");
        let mut client = Client::saying(host.graphql, page).await;
        assert_eq!(
            status(&client.answer().await),
            expected,
            "the page, {name:?}"
        );
    }
    // In HTTP/2 the authority is the name, and an absolute URL is one, too.
    let mut http2 = Http2::connect(host.graphql, 65_535).await;
    http2.post(1, QUERY).await;
    let answer = http2.until(HEADERS, 1).await.expect("an answer");
    assert_eq!(status2(&answer), 421);
    for (name, expected) in [("api.example.org", 200), ("evil.example", 421)] {
        let text = post(QUERY)
            .replace("host: test", "host: api.example.org")
            .replace(" /graphql", &format!(" http://{name}/graphql"));
        let mut client = Client::saying(host.graphql, text).await;
        assert_eq!(status(&client.answer().await), expected, "{name}");
    }
}

#[tokio::test]
async fn without_a_list_every_name_is_served_and_the_log_says_so() {
    let host = host("").await;
    host.logged(&["server.hosts"]).await;
    let text = post(QUERY).replace("host: test", "host: anything.example");
    let mut client = Client::saying(host.graphql, text).await;
    assert_eq!(status(&client.answer().await), 200);
    let headers = [
        ("", 400),
        ("host: a\r\nhost: b\r\n", 400),
        ("host: a b/c\r\n", 400),
        ("host: a\r\n", 200),
    ];
    for (header, expected) in headers {
        let text = post(QUERY).replace("host: test\r\n", header);
        let mut client = Client::saying(host.graphql, text).await;
        assert_eq!(status(&client.answer().await), expected, "{header:?}");
    }
}
