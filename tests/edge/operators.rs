//! The admin address: what its clients can hold, with a token and without.

use std::time::Duration;

use mayfly_tests::{TOKEN, TestApp, TestHost};
use serde_json::json;

use super::client::{Client, status};
use super::closed;

/// A host whose modules can be changed.
async fn host(server: &str) -> TestHost {
    let token = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n";
    TestHost::start(TestApp::students().with_configuration(&format!("{token}{server}"))).await
}

/// The head of an upload.
fn upload(authorization: &str, length: usize) -> String {
    format!(
        "PUT /modules/students HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn without_the_token_nobody_is_waited_for() {
    // A body would be waited for until the test gives up.
    let host = host("body_timeout = \"600 s\"").await;
    for (method, path) in [
        ("PUT", "/modules/students"),
        ("PUT", "/modules/nobody"),
        ("POST", "/admin/graphql"),
    ] {
        for body in ["content-length: 60000000", "transfer-encoding: chunked"] {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer wrong\r\n{body}\r\n\r\n"
            );
            let mut client = Client::saying(host.admin, head).await;
            let answer = client.rest().await;
            // What is announced to be too large is told so, whoever sends it.
            let expected = match (path, body) {
                ("/admin/graphql", "content-length: 60000000") => 413,
                _ => 401,
            };
            assert_eq!(status(&answer), expected, "{method} {path} {body}");
            assert!(answer.contains("connection: close"), "{answer}");
        }
    }
    assert_eq!(host.admin("/healthz").await.status, 200);
}

#[tokio::test]
async fn without_the_token_a_body_under_way_is_not_waited_for_and_the_answer_can_be_read() {
    let host = host("body_timeout = \"600 s\"").await;
    let bytes = 4 << 20;
    let mut client = Client::saying(host.admin, upload("Bearer wrong", bytes)).await;
    client.send(vec![0; bytes]).await;
    assert_eq!(status(&client.rest().await), 401);
}

#[tokio::test]
async fn a_connection_that_sent_no_body_is_kept_after_a_refusal() {
    let host = host("").await;
    let ask = "POST /admin/graphql HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut client = Client::saying(host.admin, ask).await;
    assert_eq!(status(&client.answer().await), 401);
    client.send(ask).await;
    assert_eq!(status(&client.answer().await), 401);
}

#[tokio::test]
async fn a_component_that_trickles_is_not_waited_for_whoever_sends_it() {
    let host = host("body_timeout = \"300 ms\"").await;
    let head = upload(&format!("Bearer {TOKEN}"), 1 << 20);
    let mut silent = Client::saying(host.admin, &head).await;
    assert_eq!(status(&silent.rest().await), 408);

    let mut slow = Client::saying(host.admin, &head).await;
    let mut sent = 0;
    while slow.try_send("\0").await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        sent += 1;
        assert!(sent < 100_000, "it is waited for");
    }
    host.until(async || closed(&host, "body_timeout").await >= 2.0)
        .await;
    assert!(host.module("students").await.is_object());
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_heard_out_for_longer_than_it_gets_on() {
    let host = host("body_timeout = \"300 ms\"").await;
    let head = upload(&format!("Bearer {TOKEN}"), 1 << 20).replace("students", "nobody");
    let mut silent = Client::saying(host.admin, &head).await;
    assert_eq!(status(&silent.rest().await), 404);
}

/// As many connections as operators have at once.
const PLACES: u16 = 64;

#[tokio::test]
async fn clients_that_read_nothing_or_say_nothing_keep_no_operator_out() {
    let host =
        host("write_timeout = \"600 s\"\nhead_timeout = \"600 s\"\nidle_timeout = \"600 s\"").await;
    let asked = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000);
    let mut kept = Vec::new();
    for _ in 0..PLACES {
        let mut client = Client::small(host.admin).await;
        // More than is read of it, once its answers are not taken.
        let _ = tokio::time::timeout(Duration::from_millis(20), client.try_send(&asked)).await;
        kept.push(client);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    for _ in 0..3 * PLACES {
        kept.push(Client::connect(host.admin).await);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    assert!(closed(&host, "made_room").await > 0.0);
}

/// A request of the admin API with this body, of which so much is announced.
fn ask(body: &str, length: usize) -> String {
    format!(
        "POST /admin/graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Checks that operators are served, whatever others do.
async fn serves_operators(host: &TestHost) {
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    let asked = host.ask_admin("{ process { state } }", json!({})).await;
    assert!(asked["process"]["state"].is_string(), "{asked}");
}

#[tokio::test]
async fn bodies_that_do_not_come_keep_no_operator_out() {
    let host = host("body_timeout = \"600 s\"\nidle_timeout = \"600 s\"").await;
    host.ready().await;
    let mut slow = Vec::new();
    // More than have a place, more than have a body under way, more than are connected at once.
    for many in [15, 1, 48, 86] {
        for _ in 0..many {
            slow.push(Client::saying(host.admin, ask("{\"q", 60_000)).await);
        }
        serves_operators(&host).await;
    }
    let first = slow.remove(0).rest().await;
    assert_eq!(
        status(&first),
        503,
        "not because its time was over: {first}"
    );
}

#[tokio::test]
async fn a_body_that_others_need_the_memory_of_is_told_so() {
    let host = host("body_timeout = \"600 s\"").await;
    host.ready().await;
    let mut first = Client::saying(host.admin, ask("{\"q", 60_000)).await;
    let mut slow = Vec::new();
    for _ in 0..16 {
        slow.push(Client::saying(host.admin, ask("{\"q", 60_000)).await);
    }
    let answer = first.rest().await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    assert!(
        answer.contains("the body had not arrived when others needed its memory"),
        "{answer}"
    );
    let query = r#"{"query":"{ process { state } }"}"#;
    let mut honest = Client::saying(host.admin, ask(query, query.len())).await;
    assert_eq!(status(&honest.answer().await), 200);
}

#[tokio::test]
async fn a_component_that_gets_on_is_taken_while_silent_clients_come_and_go() {
    let host = host("body_timeout = \"600 s\"\nhead_timeout = \"600 s\"").await;
    host.ready().await;
    let mut slow = Client::saying(host.admin, upload(&format!("Bearer {TOKEN}"), 40_000)).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        slow.send([0; 1_000]).await;
        for _ in 0..4 {
            silent.push(Client::connect(host.admin).await);
        }
    }
    let answer = slow.rest().await;
    assert_eq!(status(&answer), 422, "it is not a component: {answer}");
}

#[tokio::test]
async fn answers_that_nobody_reads_hold_no_place_of_the_admin_api() {
    let host = host("write_timeout = \"600 s\"\nidle_timeout = \"600 s\"").await;
    host.ready().await;
    let introspection = r#"{"query":"{ __schema { types { name description kind fields { name description args { name description type { name } } type { name kind ofType { name kind ofType { name kind } } } } inputFields { name description } enumValues { name description } } } }"}"#;
    let asked = ask(introspection, introspection.len()).repeat(60);
    let mut kept = Vec::new();
    for _ in 0..60 {
        let mut client = Client::small(host.admin).await;
        // More than is read of it, once its answers are not taken.
        let _ = tokio::time::timeout(Duration::from_millis(20), client.try_send(&asked)).await;
        kept.push(client);
    }
    serves_operators(&host).await;
}
