//! API keys: in a header, their hashes in the configuration, their names in the log.

use mayfly_tests::{Answer, TestApp, TestHost, mayfly};
use reqwest::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{claims, section, signed};

const KEY: &str = "a key that nobody guesses";
const OLD: &str = "a key of last year";

fn hash(key: &str) -> String {
    let digest = Sha256::digest(key);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn keys() -> String {
    let (key, old) = (hash(KEY), hash(OLD));
    format!(
        "[callers.api_keys.batch]\nsha256 = \"{key}\"\ngroups = [\"staff\", \"night\"]\nscopes = [\"students:read\"]\n\
         claims = {{ sub = \"batch\", school = \"north\" }}\n\
         [callers.api_keys.old]\nsha256 = \"{old}\"\nexpires = \"2020-01-01\"\n"
    )
}

async fn host_with(configuration: &str) -> TestHost {
    TestHost::start(TestApp::hostile().with_configuration(configuration)).await
}

/// Asks with these headers.
async fn ask(host: &TestHost, query: &str, headers: &[(&str, &str)]) -> Answer {
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(json!({ "query": query }).to_string());
    Answer::of(headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    }))
    .await
}

async fn refused(host: &TestHost, headers: &[(&str, &str)]) -> String {
    let answer = ask(host, "{ whoAmI }", headers).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    let json = answer.json();
    assert_eq!(json.get("data"), None, "{json}");
    json["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_caller_who_shows_a_key_has_its_claims_and_its_name_is_in_the_log() {
    let host = host_with(&keys()).await;
    for header in ["x-api-key", "X-Api-Key"] {
        let answer = ask(&host, "{ whoAmI }", &[(header, KEY)]).await;
        // The guest sorts them.
        let expected = r#"batch: {"groups":["staff","night"],"school":"north","scope":"students:read","sub":"batch"}"#;
        assert_eq!(
            answer.json()["data"]["whoAmI"],
            json!(expected),
            "{}",
            answer.text
        );
    }
    ask(&host, "{ deniedTable }", &[("x-api-key", KEY)]).await;
    host.logged(&["\"api_key\":\"batch\"", "Query.deniedTable"])
        .await;
    assert!(!host.has_logged(KEY));
}

#[tokio::test]
async fn what_is_no_key_is_refused_with_a_reason() {
    let host = host_with(&keys()).await;
    let long = "x".repeat(2_000);
    for (headers, expected) in [
        (&[][..], "the request carries no API key"),
        (&[("x-api-key", "wrong")][..], "the API key is not valid"),
        (&[("x-api-key", "")][..], "the API key is not valid"),
        (
            &[("x-api-key", &hash(KEY)[..])][..],
            "the API key is not valid",
        ),
        (&[("x-api-key", &long[..])][..], "the API key is not valid"),
        (
            &[("x-api-key", OLD)][..],
            "the API key has expired; use a new one",
        ),
        (
            &[("x-api-key", KEY), ("x-api-key", KEY)][..],
            "the request carries several API keys; send one",
        ),
        (
            &[("x-api-key", "wrong"), ("X-API-KEY", KEY)][..],
            "the request carries several API keys; send one",
        ),
        (
            &[("x-api-key", KEY), ("authorization", "Bearer x.y.z")][..],
            "the request carries a token and an API key; send one of them",
        ),
        (
            &[("authorization", &format!("Bearer {KEY}")[..])][..],
            "the Authorization header is not a single bearer token; send one as Authorization: Bearer",
        ),
    ] {
        assert_eq!(refused(&host, headers).await, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn tokens_and_keys_live_beside_each_other_and_never_count_together() {
    let section = section("secret = { env = \"TOKEN_SECRET\" }")
        .replace("anonymous = true", "api_key_header = \"X-Own-Key\"");
    let app = TestApp::hostile().with_configuration(&(section + &keys()));
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", super::SECRET)]).await;
    let token = format!("Bearer {}", signed(&claims()));
    for (header, value, who) in [
        ("authorization", &token[..], "ann"),
        ("x-own-key", KEY, "batch"),
    ] {
        let answer = ask(&host, "{ whoAmI }", &[(header, value)]).await;
        let said = answer.json()["data"]["whoAmI"].as_str().unwrap().to_owned();
        assert!(said.starts_with(&format!("{who}: ")), "{said}");
    }
    assert_eq!(
        refused(&host, &[("authorization", &token), ("x-own-key", KEY)]).await,
        "the request carries a token and an API key; send one of them"
    );
    assert_eq!(
        refused(&host, &[("x-api-key", KEY)]).await,
        "the request carries neither a token nor an API key; send one of them",
        "another header counts for nothing"
    );
}

#[tokio::test]
async fn a_key_that_is_replaced_in_its_file_is_refused_from_then_on() {
    let app = TestApp::hostile()
        .with_file("batch.sha256", format!("{}\n", hash(KEY)).as_bytes())
        .with_configuration("[callers.api_keys.batch]\nsha256 = { file = \"batch.sha256\" }\n");
    let host = TestHost::start(app).await;
    assert_eq!(
        ask(&host, "{ whoAmI }", &[("x-api-key", KEY)]).await.status,
        StatusCode::OK
    );
    std::fs::write(host.app.path().join("batch.sha256"), hash("another")).unwrap();
    host.until(async || {
        ask(&host, "{ whoAmI }", &[("x-api-key", "another")])
            .await
            .status
            == StatusCode::OK
    })
    .await;
    assert_eq!(
        refused(&host, &[("x-api-key", KEY)]).await,
        "the API key is not valid"
    );
}

#[tokio::test]
async fn who_shows_nothing_is_refused_unless_the_configuration_lets_everybody_in() {
    let host = host_with(&format!("[callers]\nanonymous = true\n{}", keys())).await;
    host.logged(&["everybody may call: `callers.anonymous` is true"])
        .await;
    let answer = ask(&host, "{ whoAmI }", &[]).await;
    assert_eq!(answer.json()["data"]["whoAmI"], json!("nobody: {}"));
    assert_eq!(
        refused(&host, &[("x-api-key", "wrong")]).await,
        "the API key is not valid",
        "and never taken for nobody"
    );
    let host = host_with("").await;
    host.logged(&["everybody may call anonymously: there is no [callers]"])
        .await;
}

#[test]
fn keys_that_have_expired_are_told_of_by_check() {
    let app = TestApp::hostile().with_configuration(&keys());
    let output = mayfly().arg("check").arg(app.path()).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        said.contains("the API key `old` has expired; remove `callers.api_keys.old`, or give its caller a new one"),
        "{said}"
    );
}
