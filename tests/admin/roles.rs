//! Who may do what, and whose requests are not looked at.

use mayfly_tests::TOKEN;
use mayfly_tests::versions::{mark, marked};

use super::*;

const LOOK: &str = "{ process { state } }";
const CHANGE: &str =
    "mutation { rollBack(module: \"marked\") { __typename ... on Failure { code } } }";

#[tokio::test]
async fn a_token_may_do_what_its_role_says() {
    let host = host().await;
    for token in [TOKEN, READ, CI] {
        let answer = ask_as(&host, token, LOOK).await;
        assert_eq!(answer.json()["data"]["process"]["state"], json!("SERVING"));
    }
    for token in [TOKEN, CI] {
        let answer = ask_as(&host, token, CHANGE).await.json();
        assert_eq!(
            answer["data"]["rollBack"]["code"],
            json!("NO_EARLIER_VERSION")
        );
    }
    let changed = ask_as(&host, READ, CHANGE).await;
    assert_eq!(refusal(&changed), (403, "FORBIDDEN".to_owned()));
    for token in ["", "x", "a-token-for-reading-onl", &hash(READ)] {
        let answer = ask_as(&host, token, LOOK).await;
        assert_eq!(refusal(&answer), (401, "UNAUTHENTICATED".to_owned()));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let none = Answer::of(request(&host, LOOK)).await;
    assert_eq!(refusal(&none), (401, "UNAUTHENTICATED".to_owned()));
    let two = request(&host, LOOK)
        .bearer_auth(READ)
        .header("authorization", "Bearer x");
    assert_eq!(refusal(&Answer::of(two).await).0, 401);
}

#[tokio::test]
async fn components_are_sent_with_the_role_deploy_only() {
    let host = host().await;
    for (token, expected) in [(READ, 403), ("x", 401), (CI, 200)] {
        for path in ["marked?stage=true", "marked"] {
            let put = reqwest::Client::new()
                .request(Method::PUT, format!("http://{}/modules/{path}", host.admin))
                .bearer_auth(token)
                .body(marked(&mark("good", 1)));
            let answer = Answer::of(put).await;
            assert_eq!(answer.status, expected, "{token} {path}: {}", answer.text);
        }
    }
    let active = &host.module("marked").await["active"];
    assert_eq!(active["pushedBy"], json!("ci"));
    let host = host.restarted().await;
    let active = &host.module("marked").await["active"];
    assert_eq!(active["pushedBy"], json!("ci"), "and it is remembered");
}

#[tokio::test]
async fn an_operation_is_what_the_request_names_and_not_what_stands_beside_it() {
    let host = host().await;
    let both = format!(
        "query Look {LOOK} {}",
        CHANGE.replace("mutation", "mutation Change")
    );
    let named = async |name: &str| {
        let body = json!({ "query": both, "operationName": name }).to_string();
        let request = request(&host, "").bearer_auth(READ).body(body);
        Answer::of(request).await
    };
    assert_eq!(
        named("Look").await.json()["data"]["process"]["state"],
        json!("SERVING")
    );
    assert_eq!(refusal(&named("Change").await).0, 403);
    assert_eq!(refusal(&named("Other").await).0, 400);
}

#[tokio::test]
async fn tokens_change_when_the_app_is_applied() {
    let host = host().await;
    let file = host.app.path().join("mayfly.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let next = text.replace(&hash(READ), &hash("another-token-for-reading"));
    assert_ne!(next, text);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, next).unwrap();
    assert_eq!(ask_as(&host, READ, LOOK).await.status, 200, "not before");
    let applied = host
        .ask_admin("mutation { apply { __typename } }", json!({}))
        .await;
    assert_eq!(applied["apply"]["__typename"], json!("Applied"));
    assert_eq!(ask_as(&host, READ, LOOK).await.status, 401);
    assert_eq!(
        ask_as(&host, "another-token-for-reading", LOOK)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn names_that_others_may_own_are_not_answered_to() {
    let names = server("watch = false\nadmin_hosts = [\"mayfly.internal\"]");
    let host = TestHost::start(TestApp::swapping().with_configuration(&names)).await;
    let table = [
        ("localhost:8081", 200),
        ("127.0.0.1", 200),
        ("[::1]:1", 200),
        ("mayfly.internal:80", 200),
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ];
    for (name, expected) in table {
        let request = request(&host, LOOK).bearer_auth(READ).header("host", name);
        assert_eq!(Answer::of(request).await.status, expected, "{name}");
        let put = reqwest::Client::new()
            .request(Method::PUT, format!("http://{}/modules/nobody", host.admin))
            .bearer_auth(TOKEN)
            .header("host", name);
        let expected = if expected == 200 { 404 } else { expected };
        assert_eq!(Answer::of(put).await.status, expected, "{name}");
    }
    // Whoever asks how the process is doing uses whatever name they have.
    let health = reqwest::Client::new().get(format!("http://{}/healthz", host.admin));
    assert_eq!(
        Answer::of(health.header("host", "evil.example"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing() {
    let host = host().await;
    let own = format!("http://{}", host.admin);
    let table = [
        (own.as_str(), 200),
        ("http://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("null", 403),
        ("file://", 403),
    ];
    for (origin, expected) in table {
        let request = request(&host, LOOK)
            .bearer_auth(READ)
            .header("origin", origin);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, expected, "{origin}: {}", answer.text);
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let ask = reqwest::Client::new()
        .request(Method::OPTIONS, format!("{own}/admin/graphql"))
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    let answer = Answer::of(ask).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
}
