//! Callers: whose tokens are accepted, and what guests learn of them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mayfly_tests::{Answer, TestApp, TestHost, mayfly};
use reqwest::StatusCode;
use serde_json::{Value, json};

use keys::{EllipticKey, RsaKey};

mod api_keys;
mod issuer;
mod key_sets;
mod keys;

pub const SECRET: &str = "a secret of at least thirty-two bytes";
const ISSUER: &str = "https://id.example.org";

pub fn section(key: &str) -> String {
    format!("[callers]\n{key}\nissuer = \"{ISSUER}\"\naudience = \"mayfly\"\nanonymous = true\n")
}

/// A host that shares a secret with the issuer.
async fn host_with_secret(further: &str) -> TestHost {
    let section = section("secret = { env = \"TOKEN_SECRET\" }");
    let app = TestApp::hostile().with_configuration(&format!("{section}{further}"));
    TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await
}

fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    i64::try_from(now).unwrap() + seconds
}

/// Claims that are accepted.
fn claims() -> Value {
    json!({ "sub": "ann", "iss": ISSUER, "aud": "mayfly", "exp": in_seconds(600), "school": "north" })
}

/// The claims with some of them changed, or taken out where null.
pub fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub fn signed(claims: &Value) -> String {
    encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .unwrap()
}

/// A token whose claims are written just so.
pub fn signed_text(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

/// A token put together by hand, with any header.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

async fn who_am_i(host: &TestHost, authorization: &[&str]) -> Answer {
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(json!({ "query": "{ whoAmI }" }).to_string());
    Answer::of(authorization.iter().fold(request, |request, value| {
        request.header("authorization", *value)
    }))
    .await
}

async fn accepted(host: &TestHost, token: &str) -> String {
    let answer = who_am_i(host, &[&format!("Bearer {token}")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["data"]["whoAmI"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .to_owned()
}

/// Sends what has to be refused, and gives the message.
async fn refused(host: &TestHost, authorization: &[&str]) -> String {
    let answer = who_am_i(host, authorization).await;
    assert_eq!(
        answer.status,
        StatusCode::UNAUTHORIZED,
        "{authorization:?}: {}",
        answer.text
    );
    let json = answer.json();
    assert_eq!(
        json["errors"][0]["extensions"]["code"],
        json!("UNAUTHENTICATED"),
        "{json}"
    );
    assert_eq!(json.get("data"), None, "nothing was executed: {json}");
    let challenge = if authorization.is_empty() {
        r#"Bearer realm="mayfly""#
    } else {
        r#"Bearer realm="mayfly", error="invalid_token""#
    };
    assert_eq!(answer.header("www-authenticate"), challenge);
    json["errors"][0]["message"].as_str().unwrap().to_owned()
}

async fn refused_token(host: &TestHost, token: &str) -> String {
    refused(host, &[&format!("Bearer {token}")]).await
}

#[tokio::test]
async fn a_guest_learns_the_id_and_the_claims_of_a_caller_whose_token_is_right() {
    let host = host_with_secret("").await;
    let token = signed(&claims_with(
        json!({ "exp": 33_333_333_333_i64, "big": 12_345_678_901_234_567_890_u64 }),
    ));
    let told = accepted(&host, &token).await;
    assert!(
        told.starts_with("ann: {") && told.contains(r#""school":"north""#),
        "{told}"
    );
    assert!(told.contains(r#""big":12345678901234567890"#), "{told}");
    // The scheme's case does not matter; several audiences may be named; a token may have no subject.
    let several = signed(&claims_with(
        json!({ "aud": ["other", "mayfly"], "sub": null }),
    ));
    let answer = who_am_i(&host, &[&format!("bearer {several}")]).await;
    assert!(
        answer.json()["data"]["whoAmI"]
            .as_str()
            .unwrap()
            .starts_with("nobody: {"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_caller_without_a_token_is_refused_unless_anonymous_callers_are_let_in() {
    let host = host_with_secret("").await;
    let answer = who_am_i(&host, &[]).await;
    assert_eq!(answer.json(), json!({ "data": { "whoAmI": "nobody: {}" } }));
    let section = section("secret = { env = \"TOKEN_SECRET\" }").replace("anonymous = true", "");
    let app = TestApp::hostile().with_configuration(&section);
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    let message = refused(&host, &[]).await;
    assert_eq!(
        message,
        "the request carries no token; send one as Authorization: Bearer"
    );
    assert!(
        accepted(&host, &signed(&claims()))
            .await
            .starts_with("ann: ")
    );
    let page = host.get("/").await;
    assert_eq!(
        page.status,
        StatusCode::OK,
        "the page itself holds nothing of anyone's"
    );
}

#[tokio::test]
async fn without_the_section_tokens_are_not_looked_at() {
    let host = TestHost::start(TestApp::hostile()).await;
    let answer = who_am_i(&host, &["Bearer nonsense"]).await;
    assert_eq!(answer.json(), json!({ "data": { "whoAmI": "nobody: {}" } }));
}

#[tokio::test]
async fn a_token_with_wrong_claims_is_refused_with_the_reason() {
    let host = host_with_secret("leeway = \"0 s\"").await;
    let table = [
        (
            json!({ "exp": in_seconds(-10) }),
            "the token has expired; get a new one",
        ),
        (json!({ "exp": null }), "the token is not valid"),
        (json!({ "exp": "tomorrow" }), "the token is not valid"),
        (
            json!({ "nbf": in_seconds(600) }),
            "the token is not valid yet",
        ),
        (json!({ "nbf": [] }), "the token is not valid"),
        (
            json!({ "aud": "other" }),
            "the token is for another audience",
        ),
        (
            json!({ "aud": ["other", "mayfly2"] }),
            "the token is for another audience",
        ),
        (json!({ "aud": null }), "the token is not valid"),
        (json!({ "aud": 7 }), "the token is not valid"),
        (
            json!({ "iss": "https://id.example.com" }),
            "the token is from another issuer",
        ),
        (json!({ "iss": null }), "the token is not valid"),
        (json!({ "iss": [ISSUER] }), "the token is not valid"),
        (json!({ "iss": [] }), "the token is not valid"),
        (json!({ "iss": { "a": ISSUER } }), "the token is not valid"),
    ];
    for (changes, expected) in table {
        assert_eq!(
            refused_token(&host, &signed(&claims_with(changes.clone()))).await,
            expected,
            "{changes}"
        );
    }
    accepted(
        &host,
        &signed(&claims_with(json!({ "nbf": in_seconds(-1) }))),
    )
    .await;
}

#[tokio::test]
async fn clocks_may_differ_by_the_leeway() {
    let host = host_with_secret("leeway = \"60 s\"").await;
    accepted(
        &host,
        &signed(&claims_with(
            json!({ "exp": in_seconds(-20), "nbf": in_seconds(20) }),
        )),
    )
    .await;
    assert_eq!(
        refused_token(
            &host,
            &signed(&claims_with(json!({ "exp": in_seconds(-120) })))
        )
        .await,
        "the token has expired; get a new one"
    );
}

#[tokio::test]
async fn what_is_no_token_of_the_issuer_is_refused() {
    let host = host_with_secret("").await;
    let good = signed(&claims());
    let (body, signature) = good.rsplit_once('.').unwrap();
    let other = encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(&[7; 40]),
    )
    .unwrap();
    let longer = encode(
        &Header::new(Algorithm::HS512),
        &claims(),
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .unwrap();
    let critical = Header {
        crit: Some(vec!["b64".to_owned()]),
        ..Header::new(Algorithm::HS256)
    };
    let critical = encode(
        &critical,
        &claims(),
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .unwrap();
    let none = json!({ "alg": "none", "typ": "JWT" });
    let tokens = [
        "x".to_owned(),
        "x.y.z".to_owned(),
        "..".to_owned(),
        other,
        longer,
        critical,
        format!("{body}."),
        format!("{body}.{signature}.{signature}"),
        forged(&none, &claims(), ""),
        forged(&none, &claims(), signature),
        forged(&json!({ "alg": "NONE" }), &claims(), ""),
        forged(
            &json!({ "alg": "HS256" }),
            &claims_with(json!({ "sub": "bob" })),
            signature,
        ),
        forged(&json!({}), &claims(), signature),
        forged(&json!("HS256"), &claims(), signature),
    ];
    for token in tokens {
        assert_eq!(
            refused_token(&host, &token).await,
            "the token is not valid",
            "{}",
            token.get(..200).unwrap_or(&token)
        );
    }
    let large = signed(&claims_with(json!({ "padding": "x".repeat(20_000) })));
    assert_eq!(
        refused_token(&host, &large).await,
        "the token is longer than 16 KiB; have its issuer put fewer claims into it"
    );
    let not_bearer =
        "the Authorization header is not a single bearer token; send one as Authorization: Bearer";
    let bearer = format!("Bearer {good}");
    let headers: [&[&str]; 6] = [
        &["Basic YW5uOmFubg=="],
        &["Bearer"],
        &["Bearer "],
        &[&good],
        &["Bearer a b"],
        &[&bearer, "Bearer other"],
    ];
    for header in headers {
        assert_eq!(refused(&host, header).await, not_bearer, "{header:?}");
    }
    accepted(&host, &good).await;
}

#[tokio::test]
async fn a_public_key_accepts_its_own_algorithm_only() {
    let (rsa, elliptic) = (RsaKey::new(), EllipticKey::new());
    for (pem, token, foreign) in [
        (
            rsa.public_pem(),
            rsa.token(None, &claims()),
            elliptic.token(None, &claims()),
        ),
        (
            elliptic.public_pem(),
            elliptic.token(None, &claims()),
            rsa.token(None, &claims()),
        ),
    ] {
        let app = TestApp::hostile()
            .with_file("issuer.pem", pem.as_bytes())
            .with_configuration(&section("public_key = \"issuer.pem\""));
        let host = TestHost::start(app).await;
        assert!(accepted(&host, &token).await.starts_with("ann: "));
        // The public key, which everyone knows, taken for a secret.
        let confused = encode(
            &Header::new(Algorithm::HS256),
            &claims(),
            &EncodingKey::from_secret(pem.as_bytes()),
        )
        .unwrap();
        for token in [
            foreign,
            confused,
            RsaKey::new().token(None, &claims()),
            EllipticKey::new().token(None, &claims()),
        ] {
            assert_eq!(refused_token(&host, &token).await, "the token is not valid");
        }
    }
}

#[tokio::test]
async fn a_key_set_knows_its_keys_by_their_ids() {
    let (first, second, third) = (RsaKey::new(), EllipticKey::new(), RsaKey::new());
    let mut encryption = third.jwk("c");
    encryption["use"] = json!("enc");
    let post_quantum = json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "d" });
    let set = json!({ "keys": [first.jwk("a"), second.jwk("b"), encryption, post_quantum] });
    let app = TestApp::hostile()
        .with_file("issuer.json", set.to_string().as_bytes())
        .with_configuration(&section("key_set = \"issuer.json\""));
    let host = TestHost::start(app).await;
    for token in [
        first.token(Some("a"), &claims()),
        second.token(Some("b"), &claims()),
        second.token(None, &claims()),
    ] {
        assert!(accepted(&host, &token).await.starts_with("ann: "));
    }
    let expired = first.token(Some("a"), &claims_with(json!({ "exp": in_seconds(-600) })));
    assert_eq!(
        refused_token(&host, &expired).await,
        "the token has expired; get a new one"
    );
    for token in [
        first.token(Some("b"), &claims()),
        first.token(Some("x"), &claims()),
        third.token(Some("c"), &claims()),
        third.token(None, &claims()),
    ] {
        assert_eq!(refused_token(&host, &token).await, "the token is not valid");
    }
}

#[tokio::test]
async fn an_issuer_s_new_keys_are_believed_once_their_file_has_changed() {
    let (before, after) = (EllipticKey::new(), EllipticKey::new());
    let set = |key: &EllipticKey, id| json!({ "keys": [key.jwk(id)] }).to_string();
    let app = TestApp::hostile()
        .with_file("issuer.json", set(&before, "a").as_bytes())
        .with_configuration(&section("key_set = \"issuer.json\""));
    let host = TestHost::start(app).await;
    let tokens = (
        before.token(Some("a"), &claims()),
        after.token(Some("b"), &claims()),
    );
    accepted(&host, &tokens.0).await;
    assert_eq!(
        refused_token(&host, &tokens.1).await,
        "the token is not valid"
    );
    // As whoever fetches it from the issuer would.
    let new = host.app.path().join("issuer.new");
    std::fs::write(&new, set(&after, "b")).unwrap();
    std::fs::rename(new, host.app.path().join("issuer.json")).unwrap();
    host.until(async || {
        who_am_i(&host, &[&format!("Bearer {}", tokens.1)])
            .await
            .status
            == StatusCode::OK
    })
    .await;
    assert_eq!(
        refused_token(&host, &tokens.0).await,
        "the token is not valid"
    );
    // A set that cannot be read leaves the keys that are believed.
    std::fs::write(host.app.path().join("issuer.json"), "{").unwrap();
    host.logged(&["not applied: ", "issuer.json"]).await;
    accepted(&host, &tokens.1).await;
}

#[tokio::test]
async fn a_modulus_with_leading_zeros_is_the_number_that_it_is() {
    let key = RsaKey::new();
    let mut padded = key.jwk("a");
    padded["n"] = json!(URL_SAFE_NO_PAD.encode([&[0, 0][..], &key.modulus()].concat()));
    let set = json!({ "keys": [padded] });
    let app = TestApp::hostile()
        .with_file("issuer.json", set.to_string().as_bytes())
        .with_configuration(&section("key_set = \"issuer.json\""));
    let host = TestHost::start(app).await;
    for id in [Some("a"), None] {
        assert!(
            accepted(&host, &key.token(id, &claims()))
                .await
                .starts_with("ann: ")
        );
    }
}

/// What `mayfly check` says of an app with this key set.
fn checked(set: &Value) -> (Option<i32>, String) {
    let app = TestApp::hostile()
        .with_file("issuer.json", set.to_string().as_bytes())
        .with_configuration(&section("key_set = \"issuer.json\""));
    let output = mayfly().arg("check").arg(app.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn keys_that_are_not_used_are_told_of_by_check_and_in_the_log() {
    let (rsa, elliptic) = (RsaKey::new(), EllipticKey::new());
    let mut encryption = rsa.jwk("for-encryption");
    encryption["use"] = json!("enc");
    let mut no_point = elliptic.jwk("no-point");
    no_point["x"] = json!("AAAA");
    let mut short = rsa.jwk("short");
    short["n"] = json!(URL_SAFE_NO_PAD.encode(&rsa.modulus()[..128]));
    let mut even = rsa.jwk("even");
    let mut modulus = rsa.modulus();
    *modulus.last_mut().unwrap() &= !1;
    even["n"] = json!(URL_SAFE_NO_PAD.encode(modulus));
    let unused = [encryption, no_point, short, even, json!({ "kty": "oct" })];
    let why = "\"for-encryption\" is not for signatures, \"no-point\" is damaged: it is not a point on P-256, \
               \"short\" is of 1024 bits, not 2,048 to 8,192, \"even\" is damaged: it is not an RSA key, \
               number 5 is of kind \"oct\", not RSA or EC";
    // None that can be used is a problem, and some that cannot are a warning.
    let (code, said) = checked(&json!({ "keys": unused }));
    assert_eq!(code, Some(3), "{said}");
    let problem =
        format!("has no RS256 or ES256 signature key: {why}; use the set the issuer publishes");
    assert!(said.contains(&problem), "{said}");
    let keys: Vec<_> = unused.into_iter().chain([elliptic.jwk("good")]).collect();
    let set = json!({ "keys": keys });
    let (code, said) = checked(&set);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(&format!("issuer.json: 5 of 6 keys are not used: {why}")),
        "{said}"
    );
    let app = TestApp::hostile()
        .with_file("issuer.json", set.to_string().as_bytes())
        .with_configuration(&section("key_set = \"issuer.json\""));
    let host = TestHost::start(app).await;
    host.logged(&["5 of 6 keys are not used"]).await;
    accepted(&host, &elliptic.token(Some("good"), &claims())).await;
}

#[test]
fn more_keys_than_are_tried_are_refused_and_not_dropped() {
    let key = EllipticKey::new();
    let set = |count: usize| {
        let keys: Vec<_> = (0..count).map(|id| key.jwk(&id.to_string())).collect();
        json!({ "keys": keys })
    };
    assert_eq!(checked(&set(64)).0, Some(0));
    let (code, said) = checked(&set(65));
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("has 65 signature keys, and at most 64 are tried"),
        "{said}"
    );
}
