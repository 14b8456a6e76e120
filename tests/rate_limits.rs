//! Rate limits: how much each caller, API key and address may ask for, and who is who.

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::callers::{SECRET, claims_with, section, signed};

const KEY: &str = "a key that nobody guesses";

async fn host_with(configuration: &str) -> TestHost {
    TestHost::start(TestApp::hostile().with_configuration(configuration)).await
}

/// Sends a body with these headers.
async fn send(host: &TestHost, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(body.to_string());
    Answer::of(headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    }))
    .await
}

async fn asks(host: &TestHost, headers: &[(&str, &str)]) -> StatusCode {
    send(host, &json!({ "query": "{ whoAmI }" }), headers)
        .await
        .status
}

const LIMITED: StatusCode = StatusCode::TOO_MANY_REQUESTS;

#[tokio::test]
async fn whoever_asks_for_too_many_operations_is_told_when_to_come_back() {
    let host = host_with("[rate_limits.address]\noperations = 2\nper = \"1000 s\"\n").await;
    for _ in 0..2 {
        assert_eq!(asks(&host, &[]).await, StatusCode::OK);
    }
    for accept in ["application/json", "application/graphql-response+json"] {
        let query = json!({ "query": "{ whoAmI }" });
        let answer = send(&host, &query, &[("accept", accept)]).await;
        assert_eq!(answer.status, LIMITED);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((400..=500).contains(&wait), "{wait}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["extensions"]["code"], json!("RATE_LIMITED"));
        assert_eq!(error["extensions"]["retryable"], json!(true));
        assert_eq!(
            error["message"],
            json!(format!(
                "too many operations in a short time; try again in {wait} s"
            ))
        );
    }
    // Nothing of it is parsed.
    assert_eq!(send(&host, &json!("no request"), &[]).await.status, LIMITED);
    assert_eq!(
        host.get("/graphql?query=%7BwhoAmI%7D").await.status,
        LIMITED
    );
    let metric = "mayfly_rate_limited_total{by=\"address\",reason=\"operations\"}";
    assert!((host.metric(metric).await - 4.0).abs() < 0.1);
    assert!(
        (host
            .metric("mayfly_rate_limit_buckets{by=\"address\"}")
            .await
            - 1.0)
            .abs()
            < 0.1
    );
    assert_eq!(
        host.get("/").await.status,
        StatusCode::OK,
        "the page is no operation"
    );
}

#[tokio::test]
async fn complexity_counts_once_an_operation_is_priced_however_it_is_written() {
    let host = host_with(
        "[limits]\ncomplexity = 10\n[rate_limits.address]\ncomplexity = 12\nper = \"1000 s\"\n",
    )
    .await;
    let aliases = json!({ "query": "{ a: whoAmI b: whoAmI c: whoAmI d: whoAmI e: whoAmI }" });
    for expected in [StatusCode::OK, StatusCode::OK, LIMITED] {
        let answer = send(&host, &aliases, &[]).await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
    let invalid = json!({ "query": "{ nothing }" });
    assert_eq!(
        send(&host, &invalid, &[]).await.status,
        StatusCode::OK,
        "costs nothing"
    );
    let small = send(&host, &json!({ "query": "{ whoAmI }" }), &[]).await;
    assert_eq!(small.status, StatusCode::OK, "there is still enough for it");
    let metric = "mayfly_rate_limited_total{by=\"address\",reason=\"complexity\"}";
    assert!((host.metric(metric).await - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn each_operation_of_a_list_counts() {
    let host = host_with(
        "[documents]\nmax_batch = 5\n[rate_limits.address]\noperations = 3\nper = \"1000 s\"\n",
    )
    .await;
    let list = Value::from(vec![json!({ "query": "{ whoAmI }" }); 5]);
    let answer = send(&host, &list, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answers = answer.json();
    let codes: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer["errors"][0]["extensions"]["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        [None, None, None, Some("RATE_LIMITED"), Some("RATE_LIMITED")]
    );
    assert_eq!(send(&host, &list, &[]).await.status, LIMITED);
}

#[tokio::test]
async fn callers_keys_and_addresses_are_told_apart() {
    let hash: String = Sha256::digest(KEY)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let limits: String = ["caller", "api_key", "address"]
        .iter()
        .map(|by| format!("[rate_limits.{by}]\noperations = 1\nper = \"1000 s\"\n"))
        .collect();
    let section = section("secret = { env = \"TOKEN_SECRET\" }");
    let keys = format!("[callers.api_keys.batch]\nsha256 = \"{hash}\"\n");
    let app = TestApp::hostile().with_configuration(&(section + &keys + &limits));
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    let token = |subject: &str, other: u32| {
        let claims = claims_with(json!({ "sub": subject, "other": other }));
        format!("Bearer {}", signed(&claims))
    };
    let (ann, again, bob) = (token("ann", 1), token("ann", 2), token("bob", 1));
    for (headers, expected) in [
        (&[("authorization", &ann[..])][..], StatusCode::OK),
        (&[("authorization", &again[..])][..], LIMITED),
        (&[("authorization", &bob[..])][..], StatusCode::OK),
        (&[("x-api-key", KEY)][..], StatusCode::OK),
        (&[("x-api-key", KEY)][..], LIMITED),
        // A credential that is not accepted counts by address, as whoever shows none.
        (&[("x-api-key", "guess 1")][..], StatusCode::UNAUTHORIZED),
        (&[("x-api-key", "guess 2")][..], LIMITED),
        (&[("authorization", "Bearer x.y.z")][..], LIMITED),
        (&[][..], LIMITED),
    ] {
        assert_eq!(asks(&host, headers).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn an_address_counts_as_the_last_one_that_no_trusted_proxy_has() {
    let limits = "[rate_limits.address]\noperations = 1\nper = \"1000 s\"\n";
    let host = host_with(limits).await;
    let from = async |host: &TestHost, list: &str| asks(host, &[("x-forwarded-for", list)]).await;
    assert_eq!(from(&host, "198.51.100.1").await, StatusCode::OK);
    assert_eq!(
        from(&host, "198.51.100.2").await,
        LIMITED,
        "nobody is trusted"
    );
    let host = host_with(&format!(
        "[server]\ntrusted_proxies = [\"::ffff:127.0.0.1\", \"::ffff:10.0.0.0/104\"]\n{limits}"
    ))
    .await;
    for (list, expected) in [
        ("198.51.100.1", StatusCode::OK),
        ("203.0.113.7, 198.51.100.1", LIMITED),
        ("198.51.100.1, 10.1.2.3", LIMITED),
        ("198.51.100.2, 10.1.2.3", StatusCode::OK),
        ("2001:db8:0:1::1", StatusCode::OK),
        ("2001:db8:0:1:ffff::2", LIMITED),
        ("2001:db8:0:2::1", StatusCode::OK),
    ] {
        assert_eq!(from(&host, list).await, expected, "{list}");
    }
}

#[tokio::test]
async fn what_was_used_outlives_a_reload_that_leaves_the_limits_alone() {
    let host = host_with("[rate_limits.address]\noperations = 2\nper = \"1000 s\"\n").await;
    assert_eq!(asks(&host, &[]).await, StatusCode::OK);
    assert_eq!(asks(&host, &[]).await, StatusCode::OK);
    let configuration = host.app.path().join("mayfly.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    let longer = text
        .replace("[limits]\n", "")
        .replace("[server]\n", "[server]\npage = false\n");
    std::fs::write(&configuration, longer).unwrap();
    host.until(async || host.get("/").await.status == StatusCode::NOT_FOUND)
        .await;
    assert_eq!(asks(&host, &[]).await, LIMITED);
}
