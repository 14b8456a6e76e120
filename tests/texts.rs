//! JSON made to hurt its reader, through every way by which it gets into the host: bodies, URLs, probes, tokens, pushed components.

use mayfly_tests::{Answer, TestApp, TestHost};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::StatusCode;
use serde_json::json;

use crate::callers::{SECRET, claims_with, section, signed_text};

/// Keys that were once a library's own, written in two ways.
const MARKERS: [&str; 4] = [
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
    r"\u0024serde_json::private::RawValue",
    r"$serde_json\u003a:private::Number",
];

/// Markers inside the strings of markers, in arrays: each level began a reader of its own, with a limit of depth of its own.
fn nested_markers(marker: &str, levels: usize) -> String {
    let arrays = |inner: &str| format!("{}{inner}{}", "[".repeat(120), "]".repeat(120));
    let mut text = arrays("1");
    for _ in 1..levels {
        let inner = text.replace('\\', r"\u005c").replace('"', r"\u0022");
        text = arrays(&format!(r#"{{"{marker}":"{inner}"}}"#));
    }
    text
}

/// A text as somebody would write who looks for a way to hurt.
fn hostile(random: &mut StdRng) -> String {
    let levels = random.random_range(1..2_000);
    match random.random_range(0..8) {
        0 => "[".repeat(levels),
        1 => format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels)),
        2 => nested_markers(MARKERS[levels % MARKERS.len()], levels % 20 + 1),
        3 => format!(r#"{{"a":1,"a":{levels}}}"#),
        4 => r#"{"a":"\ud800"}"#.to_owned(),
        5 => format!(r#"{{"{}":"1"}}"#, MARKERS[levels % MARKERS.len()]),
        6 => format!("[{}1]", "1,".repeat(levels)),
        _ => {
            let alphabet = b"[]{},:\"\\u09aeE+-. \n";
            (0..levels)
                .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
                .collect()
        }
    }
}

fn seeded() -> StdRng {
    let seed = std::env::var("MAYFLY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("MAYFLY_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

async fn post(host: &TestHost, body: String) -> Answer {
    Answer::of(
        host.request()
            .header("content-type", "application/json")
            .body(body),
    )
    .await
}

#[tokio::test]
async fn no_body_and_no_url_ends_the_host_or_means_more_than_it_says() {
    let host = TestHost::start(TestApp::everything()).await;
    let mut random = seeded();
    let process = host.pid();
    let million = 1_000_000;
    let mut texts = vec![
        "[".repeat(million / 2),
        format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
        format!("[{}1]", "1,".repeat(400_000)),
    ];
    texts.extend(MARKERS.map(|marker| nested_markers(marker, 40)));
    texts.extend((0..60).map(|_| hostile(&mut random)));
    for text in &texts {
        let shown = text.get(..200).unwrap_or(text);
        for body in [
            text.clone(),
            format!(r#"{{"query":"{{__typename}}","variables":{text}}}"#),
            format!(r#"{{"query":"{{__typename}}","variables":{{"a":{text}}}}}"#),
            format!(r#"{{"query":"{{__typename}}","extensions":{{"a":{text}}}}}"#),
            format!(r#"{{"query":{text}}}"#),
        ] {
            let answer = post(&host, body).await;
            assert!(
                answer.status == StatusCode::OK || answer.status == StatusCode::BAD_REQUEST,
                "{}: {shown}",
                answer.status
            );
        }
        if text.len() < 8_000 {
            let host_url = format!("http://{}/graphql", host.graphql);
            let url = reqwest::Url::parse_with_params(
                &host_url,
                [("query", "{__typename}"), ("variables", text)],
            );
            let answer = Answer::of(reqwest::Client::new().get(url.unwrap())).await;
            assert!(
                answer.status.is_success() || answer.status.is_client_error(),
                "{}: {shown}",
                answer.status
            );
        }
    }
    assert_eq!(host.pid(), process);
    assert_eq!(
        host.query("{ __typename }").await["data"]["__typename"],
        "Query"
    );
}

#[tokio::test]
async fn an_object_with_a_reader_s_own_key_is_an_object_like_any_other() {
    let host = TestHost::start(TestApp::everything()).await;
    let query = "query ($any: JSON, $float: Float) { scalars(json: $any, float: $float) }";
    for marker in MARKERS {
        let body = |name: &str| {
            format!(r#"{{"query":"{query}","variables":{{"{name}":{{"{marker}":"7"}}}}}}"#)
        };
        // Not read here: in tests `serde_json` may give the key a meaning.
        let answer = post(&host, body("any")).await.text;
        let key: String = serde_json::from_str(&format!("\"{marker}\"")).unwrap();
        let same = [marker, &key]
            .map(|key| format!(r#"{{"data":{{"scalars":{{"json":{{"{key}":"7"}}}}}}}}"#));
        assert!(same.contains(&answer), "{answer}");
        let answer = post(&host, body("float")).await.json();
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{answer}"
        );
    }
}

#[tokio::test]
async fn variables_keep_all_digits_and_no_key_stands_twice() {
    let host = TestHost::start(TestApp::everything()).await;
    let body = |variables: &str| {
        format!(
            r#"{{"query":"query ($any: JSON) {{ scalars(json: $any) }}","variables":{variables}}}"#
        )
    };
    let digits = "123456789012345678901234567890.10";
    let answer = post(&host, body(&format!(r#"{{"any":[{digits}]}}"#))).await;
    assert!(answer.text.contains(digits), "{}", answer.text);
    for twice in [
        body(r#"{"any":1,"any":2}"#),
        body(r#"{"any":{"a":1,"\u0061":2}}"#),
        r#"{"query":"{__typename}","query":"{nothing}"}"#.to_owned(),
    ] {
        let answer = post(&host, twice).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        let message = answer.json()["errors"][0]["message"].to_string();
        assert!(
            message.contains("duplicate key") || message.contains("twice"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn claims_reach_guests_as_they_were_written_and_hostile_ones_are_refused() {
    let app =
        TestApp::hostile().with_configuration(&section("secret = { env = \"TOKEN_SECRET\" }"));
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    let ask = async |claims: &str| {
        let token = signed_text(claims);
        let request = host
            .request()
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(json!({ "query": "{ whoAmI }" }).to_string());
        Answer::of(request).await
    };
    let with = |more: &str| {
        let claims = claims_with(json!({})).to_string();
        format!("{},{more}}}", claims.strip_suffix('}').unwrap())
    };
    // More digits than a double has; the guest itself reads integers of 64 bits.
    let digits = "1234567890123456789";
    let answer = ask(&with(&format!(r#""big":{digits}"#))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.contains(digits), "{}", answer.text);
    let mut random = seeded();
    let mut texts: Vec<_> = (0..40).map(|_| hostile(&mut random)).collect();
    texts.extend(MARKERS.map(|marker| nested_markers(marker, 4)));
    for text in texts {
        let answer = ask(&with(&format!(r#""a":{text}"#))).await;
        assert!(
            answer.status == StatusCode::OK || answer.status == StatusCode::UNAUTHORIZED,
            "{}: {text:.200}",
            answer.status
        );
    }
    let twice = ask(&with(r#""sub":"bob""#)).await;
    assert_eq!(twice.status, StatusCode::UNAUTHORIZED, "{}", twice.text);
}
