//! Pages of other origins.

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::{Method, StatusCode};

const APP: &str = "https://app.example.org";

const CORS: &str = "[cors]\norigins = [\"https://app.example.org\", \"http://localhost:3000\"]\n";

async fn host_with(text: &str) -> TestHost {
    TestHost::start(TestApp::students().with_configuration(text)).await
}

/// What a browser asks before it sends a page's request.
async fn preflight(host: &TestHost, origin: &str) -> Answer {
    let url = format!("http://{}/graphql", host.graphql);
    let request = reqwest::Client::new()
        .request(Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    Answer::of(request).await
}

/// A page's request.
async fn query(host: &TestHost, origin: &str) -> Answer {
    let request = host
        .request()
        .header("origin", origin)
        .header("content-type", "application/json");
    Answer::of(request.body(r#"{"query": "{ __typename }"}"#)).await
}

#[tokio::test]
async fn a_page_of_a_listed_origin_reads_answers_and_others_do_not() {
    let host = host_with(CORS).await;
    for origin in [APP, "http://localhost:3000"] {
        let allowed = preflight(&host, origin).await;
        assert_eq!(allowed.status, StatusCode::OK);
        assert_eq!(allowed.header("access-control-allow-origin"), origin);
        assert!(
            allowed
                .header("access-control-allow-methods")
                .contains("POST")
        );
        assert!(
            allowed
                .header("access-control-allow-headers")
                .contains("content-type")
        );
        assert_eq!(allowed.header("access-control-max-age"), "600");
        assert_eq!(allowed.header("access-control-allow-credentials"), "");
        let answer = query(&host, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("x-trace-id")
        );
    }
    for origin in [
        "null",
        "https://evil.example",
        "http://app.example.org",
        "https://app.example.org:444",
        "https://app.example.org.evil.example",
    ] {
        for answer in [preflight(&host, origin).await, query(&host, origin).await] {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
            assert!(vary(&answer).contains("origin"), "{:?}", answer.headers);
        }
    }
}

/// All of the header `Vary`, in lower case.
fn vary(answer: &Answer) -> String {
    let values = answer.headers.get_all("vary").iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",").to_ascii_lowercase()
}

#[tokio::test]
async fn a_preflight_needs_no_token() {
    let host = TestHost::start_with(
        TestApp::students()
            .with_configuration(CORS)
            .with_configuration(
                "[callers]\nsecret = { env = \"TEST_SECRET\" }\nissuer = \"i\"\naudience = \"a\"\n",
            ),
        &[("TEST_SECRET", "a secret of at least thirty-two bytes")],
    )
    .await;
    assert_eq!(preflight(&host, APP).await.status, StatusCode::OK);
    let refused = query(&host, APP).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        APP,
        "the page may read why"
    );
}

#[tokio::test]
async fn credentials_and_any_origin_are_said_where_they_are_configured() {
    let host = host_with("[cors]\norigins = [\"https://app.example.org\"]\ncredentials = true\nheaders = [\"x-own\"]\nmax_age = \"0 s\"\n").await;
    let allowed = preflight(&host, APP).await;
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert_eq!(allowed.header("access-control-allow-headers"), "x-own");
    assert_eq!(allowed.header("access-control-max-age"), "0");
    let host = host_with("[cors]\norigins = [\"*\"]\n").await;
    let answer = query(&host, "https://anybody.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn without_the_section_nothing_is_said_of_origins() {
    let host = TestHost::start(TestApp::students()).await;
    let refused = preflight(&host, APP).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = query(&host, APP).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
