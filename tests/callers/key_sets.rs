//! Keys that issuers publish: fetched, kept, fetched again, and never from where a token says.

use futures_util::future::join_all;
use mayfly_tests::{TestApp, TestHost, mayfly, repository};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::clients::tls::certificates;

use super::issuer::{Reply, TestIssuer};
use super::keys::{EllipticKey, RsaKey};
use super::{accepted, claims_with, forged, refused_token, who_am_i};

/// Claims of an issuer's tokens.
fn claims_of(issuer: &TestIssuer, changes: Value) -> Value {
    let mut changes = changes;
    changes["iss"] = json!(issuer.name());
    claims_with(changes)
}

fn table(name: &str, issuer: &TestIssuer, further: &str) -> String {
    let issuer = issuer.name();
    format!("[callers.issuers.{name}]\nissuer = \"{issuer}\"\naudience = \"mayfly\"\n{further}\n")
}

async fn host_of(issuer: &TestIssuer) -> TestHost {
    let table = table(
        "test",
        issuer,
        &format!("key_set_url = \"{}\"", issuer.url("/keys")),
    );
    let host = TestHost::start(TestApp::hostile().with_configuration(&table)).await;
    host.ready().await;
    host
}

/// A token is neither believed nor refused while it is not known whether a key of its issuer has signed it.
async fn waits_for_keys(host: &TestHost, token: &str) {
    let answer = who_am_i(host, &[&format!("Bearer {token}")]).await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["code"],
        json!("BACKEND_UNAVAILABLE")
    );
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_when_a_token_names_it_and_one_withdrawn_is_forgotten() {
    let issuer = TestIssuer::start().await;
    let (before, after) = (RsaKey::new(), EllipticKey::new());
    issuer.publishes(&[before.jwk("a")]);
    let host = host_of(&issuer).await;
    let claims = claims_of(&issuer, json!({}));
    let (old, new) = (
        before.token(Some("a"), &claims),
        after.token(Some("b"), &claims),
    );
    assert!(accepted(&host, &old).await.starts_with("ann: "));
    assert_eq!(issuer.asked("/keys"), 1, "at the start");
    issuer.publishes(&[after.jwk("b")]);
    assert!(accepted(&host, &new).await.starts_with("ann: "));
    assert_eq!(issuer.asked("/keys"), 2);
    assert_eq!(refused_token(&host, &old).await, "the token is not valid");
    assert_eq!(issuer.asked("/keys"), 2, "not twice in a minute");
    let fetched = "mayfly_key_set_fetches_total{issuer=\"test\",outcome=\"ok\"}";
    assert!((host.metric(fetched).await - 2.0).abs() < 0.1);
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_also_where_no_name_tells_that_it_is() {
    let nameless = |key: &EllipticKey| {
        let mut jwk = key.jwk("a");
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    for (id, published) in [
        // Of a set without names, every key may be the one that a token names.
        (Some("b"), nameless as fn(&EllipticKey) -> Value),
        (None, nameless),
        (None, |key| key.jwk("a")),
    ] {
        let issuer = TestIssuer::start().await;
        let (before, after) = (EllipticKey::new(), EllipticKey::new());
        issuer.publishes(&[published(&before)]);
        let host = host_of(&issuer).await;
        let claims = claims_of(&issuer, json!({}));
        let (old, new) = (before.token(id, &claims), after.token(id, &claims));
        accepted(&host, &old).await;
        issuer.publishes(&[published(&after)]);
        accepted(&host, &new).await;
        assert_eq!(refused_token(&host, &old).await, "the token is not valid");
        assert_eq!(issuer.asked("/keys"), 2, "not twice in a minute");
    }
}

#[tokio::test]
async fn a_flood_of_tokens_with_unknown_keys_makes_one_fetch() {
    let issuer = TestIssuer::start().await;
    let key = EllipticKey::new();
    issuer.publishes(&[key.jwk("a")]);
    let host = host_of(&issuer).await;
    let claims = claims_of(&issuer, json!({}));
    let good = key.token(Some("a"), &claims);
    let flood = (0..200).map(|number| key.token(Some(&format!("random-{number}")), &claims));
    let refusals = join_all(flood.map(|token| {
        let host = &host;
        async move { refused_token(host, &token).await }
    }));
    for refusal in refusals.await {
        assert_eq!(refusal, "the token is not valid");
    }
    assert_eq!(issuer.asked("/keys"), 2, "one at the start, and one more");
    accepted(&host, &good).await;
}

#[tokio::test]
async fn while_the_issuer_is_away_at_the_start_the_host_serves_says_so_and_recovers() {
    let issuer = TestIssuer::start().await;
    let key = EllipticKey::new();
    issuer.answers(
        "/keys",
        Reply::Raw("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned()),
    );
    let table = table(
        "test",
        &issuer,
        &format!("key_set_url = \"{}\"", issuer.url("/keys")),
    );
    let app =
        TestApp::hostile().with_configuration(&format!("[callers]\nanonymous = true\n{table}"));
    let host = TestHost::start(app).await;
    host.logged(&[
        "\"issuer\":\"test\"",
        "the keys of the issuer cannot be fetched; its tokens are refused until they are",
        "answered 503",
    ])
    .await;
    let readiness = host.admin("/readyz").await;
    assert_eq!(readiness.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        readiness.json()["backends"]["callers.issuers.test"],
        json!("no key of the issuer is known, so none of its tokens can be checked")
    );
    let token = key.token(Some("a"), &claims_of(&issuer, json!({})));
    waits_for_keys(&host, &token).await;
    assert_eq!(
        who_am_i(&host, &[]).await.json(),
        json!({ "data": { "whoAmI": "nobody: {}" } }),
        "who shows nothing needs no issuer"
    );
    issuer.publishes(&[key.jwk("a")]);
    host.ready().await;
    assert!(accepted(&host, &token).await.starts_with("ann: "));
}

#[tokio::test]
async fn keys_are_kept_while_the_issuer_answers_nothing_useful() {
    let issuer = TestIssuer::start().await;
    let key = EllipticKey::new();
    issuer.publishes(&[key.jwk("a")]);
    let host = host_of(&issuer).await;
    let claims = claims_of(&issuer, json!({}));
    let good = key.token(Some("a"), &claims);
    accepted(&host, &good).await;
    issuer.answers("/keys", Reply::Json(json!({ "keys": [] })));
    let unknown = key.token(Some("b"), &claims);
    waits_for_keys(&host, &unknown).await;
    host.logged(&[
        "the known ones stay in use",
        "has no RS256 or ES256 signature key",
    ])
    .await;
    accepted(&host, &good).await;
    assert_eq!(host.admin("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_of_a_new_key_is_not_refused_while_the_issuer_takes_its_time() {
    let issuer = TestIssuer::start().await;
    let (before, after) = (EllipticKey::new(), EllipticKey::new());
    issuer.publishes(&[before.jwk("a")]);
    let host = host_of(&issuer).await;
    let claims = claims_of(&issuer, json!({}));
    let (old, new) = (
        before.token(Some("a"), &claims),
        after.token(Some("b"), &claims),
    );
    issuer.answers("/keys", Reply::Silent);
    // The first begins to fetch, and others wait for the same fetch.
    for _ in 0..3 {
        waits_for_keys(&host, &new).await;
        accepted(&host, &old).await;
    }
    issuer.publishes(&[after.jwk("b")]);
    host.until(async || {
        who_am_i(&host, &[&format!("Bearer {new}")]).await.status == StatusCode::OK
    })
    .await;
    assert_eq!(refused_token(&host, &old).await, "the token is not valid");
}

#[tokio::test]
async fn the_issuer_in_callers_itself_has_the_name_default_in_log_and_metrics() {
    let issuer = TestIssuer::start().await;
    issuer.publishes(&[EllipticKey::new().jwk("a")]);
    let (name, keys) = (issuer.name(), issuer.url("/keys"));
    let app = TestApp::hostile().with_configuration(&format!(
        "[callers]\nissuer = \"{name}\"\naudience = \"mayfly\"\nkey_set_url = \"{keys}\"\n"
    ));
    let host = TestHost::start(app).await;
    host.ready().await;
    host.logged(&["the keys of the issuer are known", "\"issuer\":\"default\""])
        .await;
    let fetched = "mayfly_key_set_fetches_total{issuer=\"default\",outcome=\"ok\"}";
    assert!(host.metric(fetched).await >= 1.0);
}

/// Every way in which an issuer can answer badly, at one host that goes on answering.
#[tokio::test]
async fn whatever_an_issuer_answers_is_bounded_and_said() {
    let (issuer, other) = (TestIssuer::start().await, TestIssuer::start().await);
    other.publishes(&[EllipticKey::new().jwk("a")]);
    let page = "<!doctype html><title>Sign in</title>";
    let length = page.len();
    issuer.answers(
        "/html",
        Reply::Raw(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{page}"
        )),
    );
    issuer.answers("/endless", Reply::Endless);
    issuer.answers("/silent", Reply::Silent);
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n{";
    issuer.answers("/announced", Reply::Raw(announced.to_owned()));
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        other.url("/keys")
    );
    issuer.answers("/redirect", Reply::Raw(redirect));
    let circle = "HTTP/1.1 302 Found\r\nlocation: /circle\r\ncontent-length: 0\r\n\r\n";
    issuer.answers("/circle", Reply::Raw(circle.to_owned()));
    issuer.answers(
        "/.well-known/openid-configuration",
        Reply::Json(json!({ "issuer": other.name(), "jwks_uri": other.url("/keys") })),
    );
    let url = |path: &str| format!("key_set_url = \"{}\"", issuer.url(path));
    let tables: String = [
        ("html", url("/html")),
        ("endless", url("/endless")),
        ("silent", url("/silent")),
        ("announced", url("/announced")),
        ("redirect", url("/redirect")),
        ("circle", url("/circle")),
        ("missing", url("/missing")),
        ("discovery", "discovery = true".to_owned()),
    ]
    .iter()
    .map(|(name, keys)| {
        let table = table(name, &issuer, keys);
        // Each is an issuer of its own, as far as tokens say.
        table.replace("audience = \"mayfly\"", &format!("audience = \"{name}\""))
    })
    .collect();
    let app =
        TestApp::hostile().with_configuration(&format!("[callers]\nanonymous = true\n{tables}"));
    let host = TestHost::start(app).await;
    let before = host.resident_bytes();
    for (name, outcome, why) in [
        ("html", "no_keys", "is not a JSON Web Key Set: "),
        ("endless", "too_large", "is larger than 1048576 bytes"),
        ("silent", "timeout", "no answer within 10 s"),
        ("announced", "too_large", "is larger than 1048576 bytes"),
        (
            "redirect",
            "redirect",
            "redirects to another host are not followed",
        ),
        (
            "circle",
            "unreachable",
            "more than 3 redirects, the last to",
        ),
        ("missing", "status", "answered 404 Not Found"),
        ("discovery", "other_issuer", "is for issuer "),
    ] {
        host.logged(&[&format!("\"issuer\":\"{name}\""), why]).await;
        let metric =
            format!("mayfly_key_set_fetches_total{{issuer=\"{name}\",outcome=\"{outcome}\"}}");
        assert!(host.metric(&metric).await >= 1.0, "{metric}");
    }
    assert_eq!(other.asked("/keys"), 0, "nothing leads to another host");
    let taken = issuer.taken();
    assert!(taken < 32 << 20, "{taken} bytes were read");
    assert!(host.resident_bytes() < before + (64 << 20));
    assert_eq!(
        who_am_i(&host, &[]).await.json(),
        json!({ "data": { "whoAmI": "nobody: {}" } })
    );
}

#[tokio::test]
async fn a_key_of_another_type_under_the_same_name_checks_nothing_of_the_others() {
    let issuer = TestIssuer::start().await;
    let (rsa, elliptic) = (RsaKey::new(), EllipticKey::new());
    issuer.publishes(&[elliptic.jwk("a")]);
    let host = host_of(&issuer).await;
    let claims = claims_of(&issuer, json!({}));
    accepted(&host, &elliptic.token(Some("a"), &claims)).await;
    // The minute of unknown keys is used up here.
    let token = rsa.token(Some("a"), &claims);
    assert_eq!(refused_token(&host, &token).await, "the token is not valid");
    let public = jsonwebtoken::EncodingKey::from_secret(elliptic.public_pem().as_bytes());
    let header = jsonwebtoken::Header {
        kid: Some("a".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    let confused = jsonwebtoken::encode(&header, &claims, &public).unwrap();
    assert_eq!(
        refused_token(&host, &confused).await,
        "the token is not valid"
    );
}

#[tokio::test]
async fn an_issuer_that_is_asked_where_its_keys_are_is_believed_when_it_names_itself() {
    let issuer = TestIssuer::start().await;
    let key = RsaKey::new();
    issuer.publishes(&[key.jwk("a")]);
    issuer.answers(
        "/.well-known/openid-configuration",
        Reply::Json(json!({ "issuer": issuer.name(), "jwks_uri": issuer.url("/keys") })),
    );
    let table = table("test", &issuer, "discovery = true");
    let host = TestHost::start(TestApp::hostile().with_configuration(&table)).await;
    host.ready().await;
    let token = key.token(Some("a"), &claims_of(&issuer, json!({})));
    assert!(accepted(&host, &token).await.starts_with("ann: "));
}

#[tokio::test]
async fn of_several_issuers_each_has_its_own_keys_and_nobody_else_is_believed() {
    let (first, second) = (TestIssuer::start().await, TestIssuer::start().await);
    let (one, two) = (EllipticKey::new(), EllipticKey::new());
    first.publishes(&[one.jwk("a")]);
    second.publishes(&[two.jwk("a")]);
    let keys = |issuer: &TestIssuer| format!("key_set_url = \"{}\"", issuer.url("/keys"));
    let tables = table("first", &first, &keys(&first)) + &table("second", &second, &keys(&second));
    let host = TestHost::start(TestApp::hostile().with_configuration(&tables)).await;
    host.ready().await;
    for (key, issuer) in [(&one, &first), (&two, &second)] {
        accepted(&host, &key.token(Some("a"), &claims_of(issuer, json!({})))).await;
    }
    for (key, issuer) in [(&two, &first), (&one, &second)] {
        let token = key.token(Some("a"), &claims_of(issuer, json!({})));
        assert_eq!(refused_token(&host, &token).await, "the token is not valid");
    }
    let unknown = one.token(
        Some("a"),
        &claims_with(json!({ "iss": "https://id.example.com" })),
    );
    assert_eq!(
        refused_token(&host, &unknown).await,
        "the token is from another issuer"
    );
}

#[tokio::test]
async fn where_keys_are_is_never_read_from_a_token() {
    let (issuer, attacker) = (TestIssuer::start().await, TestIssuer::start().await);
    let (key, own) = (EllipticKey::new(), EllipticKey::new());
    issuer.publishes(&[key.jwk("a")]);
    attacker.publishes(&[own.jwk("a")]);
    let host = host_of(&issuer).await;
    let place = attacker.url("/keys");
    for claims in [
        claims_of(&issuer, json!({})),
        claims_with(json!({ "iss": attacker.name() })),
    ] {
        for header in [
            json!({ "alg": "ES256", "kid": "a", "jku": place, "x5u": place }),
            json!({ "alg": "ES256", "kid": place, "jwk": own.jwk("a") }),
            json!({ "alg": "ES256", "kid": "../../etc/passwd" }),
            json!({ "alg": "ES256", "kid": "a' OR '1'='1" }),
        ] {
            let signature = own.token(None, &claims);
            let signature = signature.rsplit('.').next().unwrap();
            let message = refused_token(&host, &forged(&header, &claims, signature)).await;
            assert!(message.starts_with("the token is "), "{message}");
        }
    }
    assert_eq!(attacker.asked("/keys"), 0);
}

#[tokio::test]
async fn access_tokens_of_cognito_say_their_client_in_place_of_an_audience() {
    let issuer = TestIssuer::start().await;
    let key = RsaKey::new();
    issuer.publishes(&[key.jwk("a")]);
    let keys = format!("key_set_url = \"{}\"", issuer.url("/keys"));
    let table =
        table("cognito", &issuer, &keys).replace("audience = \"mayfly\"", "client_id = \"app\"");
    let host = TestHost::start(TestApp::hostile().with_configuration(&table)).await;
    host.ready().await;
    let token = |changes: Value| key.token(Some("a"), &claims_of(&issuer, changes));
    accepted(
        &host,
        &token(json!({ "aud": null, "client_id": "app", "token_use": "access" })),
    )
    .await;
    for (changes, expected) in [
        (
            json!({ "client_id": "app", "token_use": "id" }),
            "the token is not an access token",
        ),
        (
            json!({ "client_id": "app" }),
            "the token is not an access token",
        ),
        (
            json!({ "aud": "app", "token_use": "access" }),
            "the token is for another audience",
        ),
        (
            json!({ "client_id": "other", "token_use": "access" }),
            "the token is for another audience",
        ),
        (
            json!({ "client_id": ["app"], "token_use": "access" }),
            "the token is for another audience",
        ),
    ] {
        assert_eq!(
            refused_token(&host, &token(changes.clone())).await,
            expected,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn keys_outlive_the_app_that_fetched_them() {
    let issuer = TestIssuer::start().await;
    let key = EllipticKey::new();
    issuer.publishes(&[key.jwk("a")]);
    let host = host_of(&issuer).await;
    let token = key.token(Some("a"), &claims_of(&issuer, json!({})));
    accepted(&host, &token).await;
    let asked = issuer.asked("/keys");
    issuer.answers(
        "/keys",
        Reply::Raw("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_owned()),
    );
    let configuration = host.app.path().join("mayfly.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text + "leeway = \"0 s\"\n").unwrap();
    host.logged(&["applied"]).await;
    accepted(&host, &token).await;
    assert_eq!(issuer.asked("/keys"), asked);
    // A place from which nothing comes does not take the place of one from which keys came.
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text.replace("/keys\"", "/other\"")).unwrap();
    host.logged(&[
        "not applied",
        "cannot get the keys of `callers.issuers.test`",
    ])
    .await;
    accepted(&host, &token).await;
}

/// A host that fetches over TLS, and trusts the tests' CA for that where it `trusts` any.
async fn host_of_secure(issuer: &TestIssuer, trusts: bool) -> TestHost {
    let ca = if trusts { "ca_file = \"ca.pem\"\n" } else { "" };
    let table = table(
        "test",
        issuer,
        &format!("key_set_url = \"{}\"\n{ca}", issuer.url("/keys")),
    );
    let authority = std::fs::read(certificates().join("ca.pem")).unwrap();
    let app = TestApp::hostile()
        .with_file("ca.pem", &authority)
        .with_configuration(&table);
    TestHost::start(app).await
}

#[tokio::test]
async fn keys_come_over_tls_and_are_kept_while_the_issuer_s_certificate_is_not_to_be_trusted() {
    let good = certificates();
    let own = repository().join("tests/clients/certificates");
    for (certificate, key, why) in [
        // For the right name, of nobody who is trusted here.
        (
            own.join("unknown.pem"),
            own.join("unknown.key"),
            "UnknownIssuer",
        ),
        (
            good.join("sql.example.pem"),
            good.join("sql.example.key"),
            "certificate not valid for name",
        ),
        (
            own.join("expired.pem"),
            own.join("expired.key"),
            "certificate expired",
        ),
    ] {
        let (before, after) = (EllipticKey::new(), EllipticKey::new());
        let issuer =
            TestIssuer::start_secure(&good.join("localhost.pem"), &good.join("localhost.key"))
                .await;
        issuer.publishes(&[before.jwk("a")]);
        let host = host_of_secure(&issuer, true).await;
        host.ready().await;
        let claims = claims_of(&issuer, json!({}));
        let (old, new) = (
            before.token(Some("a"), &claims),
            after.token(Some("b"), &claims),
        );
        assert!(accepted(&host, &old).await.starts_with("ann: "));
        issuer.publishes(&[after.jwk("b")]);
        issuer.presents(&certificate, &key);
        waits_for_keys(&host, &new).await;
        host.logged(&[
            "the known ones stay in use",
            "cannot be reached: invalid peer certificate: ",
            why,
        ])
        .await;
        accepted(&host, &old).await;
        assert_eq!(issuer.asked("/keys"), 1, "nothing is asked before that");
    }
}

#[tokio::test]
async fn an_issuer_of_an_unknown_ca_has_no_keys_and_its_tokens_wait_for_them() {
    let files = certificates();
    let issuer =
        TestIssuer::start_secure(&files.join("localhost.pem"), &files.join("localhost.key")).await;
    let key = EllipticKey::new();
    issuer.publishes(&[key.jwk("a")]);
    let host = host_of_secure(&issuer, false).await;
    host.logged(&[
        "\"issuer\":\"test\"",
        "its tokens are refused until they are",
        "UnknownIssuer",
    ])
    .await;
    let token = key.token(Some("a"), &claims_of(&issuer, json!({})));
    waits_for_keys(&host, &token).await;
    assert_eq!(issuer.asked("/keys"), 0);
}

#[tokio::test]
async fn check_fetches_when_it_may_connect() {
    let issuer = TestIssuer::start().await;
    let key = EllipticKey::new();
    let keys = format!("key_set_url = \"{}\"", issuer.url("/keys"));
    let check = async |connect: bool| {
        let app = TestApp::hostile().with_configuration(&table("test", &issuer, &keys));
        let output = tokio::task::spawn_blocking(move || {
            let mut command = mayfly();
            command.arg("check").args(connect.then_some("--connect"));
            command.arg(app.path()).output().unwrap()
        });
        let output = output.await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = check(true).await;
    assert_eq!(code, Some(3), "{said}");
    let problem = format!(
        "mayfly.toml: cannot get the keys of `callers.issuers.test`: {} answered 404 Not Found",
        issuer.url("/keys")
    );
    assert!(said.contains(&problem), "{said}");
    let asked = issuer.asked("/keys");
    let (code, said) = check(false).await;
    assert_eq!((code, issuer.asked("/keys")), (Some(0), asked), "{said}");
    issuer.publishes(&[key.jwk("a")]);
    let (code, said) = check(true).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("callers: those with a token or an API key"),
        "{said}"
    );
}
