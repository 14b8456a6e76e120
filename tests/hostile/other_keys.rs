//! Grants whose key is bound to the caller: nobody reaches another's items, whatever the operation.

use mayfly_tests::{Answer, TestApp, TestHost};
use serde_json::{Value, json};

use crate::callers::{SECRET, claims_with, section, signed};

/// The operations, and what each says about one's own note; those that write leave it as it was or say what was there.
const READS: [&str; 4] = ["GET", "BATCH_GET", "QUERY", "QUERY_BY_OWNER"];
const WRITES: [&str; 7] = [
    "PUT",
    "UPDATE",
    "DELETE",
    "TRANSACT_PUT",
    "TRANSACT_UPDATE",
    "TRANSACT_DELETE",
    "TRANSACT_CHECK",
];

async fn host(grant: &str) -> TestHost {
    let grants =
        format!("[modules.other-keys.grants]\ndynamodb.Drawers = {grant}\n\n[modules.leaks]\n");
    let app = TestApp::hostile()
        .configured("[modules.leaks]\n", &grants)
        .with_configuration(&section("secret = { env = \"TOKEN_SECRET\" }"));
    TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await
}

const BOUND: &str = r#"{ actions = ["get", "batch-get", "query", "put", "update", "delete", "check"], key = "PK = DRAWER#{claims.sub}", index_keys.ByOwner = "owner = DRAWER#{claims.sub}" }"#;

fn token_of(name: &str) -> String {
    signed(&claims_with(json!({ "sub": name })))
}

async fn reaches(host: &TestHost, token: Option<&str>, how: &str, keys: &[&str]) -> Value {
    let body = json!({
        "query": "query ($how: Reach!, $keys: [String!]!) { reaches(how: $how, keys: $keys) }",
        "variables": { "how": how, "keys": keys },
    });
    let request = host
        .request()
        .header("content-type", "application/json")
        .body(body.to_string());
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    Answer::of(request).await.json()
}

async fn is_denied(host: &TestHost, token: Option<&str>, how: &str, keys: &[&str]) {
    let answer = reaches(host, token, how, keys).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        json!("DENIED"),
        "{how} {keys:?}: {answer}"
    );
    assert!(!answer.to_string().contains("note of"), "{answer}");
}

/// Requests the DynamoDB endpoint has received, those of readiness checks left out.
async fn requests(host: &TestHost) -> Value {
    let mut requests = host.backends().await["dynamodb"]["requests"].clone();
    requests.as_object_mut().unwrap().remove("ListTables");
    requests
}

#[tokio::test]
async fn only_the_caller_s_own_key_is_reached_by_any_operation() {
    let host = host(BOUND).await;
    let (ann, bob) = (token_of("ann"), token_of("bob"));
    let before = requests(&host).await;
    for how in READS.into_iter().chain(WRITES) {
        is_denied(&host, Some(&ann), how, &["DRAWER#bob"]).await;
        is_denied(&host, Some(&ann), how, &["DRAWER#"]).await;
        is_denied(&host, None, how, &["DRAWER#ann"]).await;
        is_denied(&host, None, how, &["DRAWER#"]).await;
        is_denied(
            &host,
            Some(&signed(&claims_with(json!({ "sub": null })))),
            how,
            &["DRAWER#ann"],
        )
        .await;
    }
    // One key of another's among one's own fails the whole, wherever it stands.
    for how in [
        "BATCH_GET",
        "TRANSACT_PUT",
        "TRANSACT_UPDATE",
        "TRANSACT_DELETE",
        "TRANSACT_CHECK",
    ] {
        is_denied(&host, Some(&ann), how, &["DRAWER#ann", "DRAWER#bob"]).await;
        is_denied(&host, Some(&ann), how, &["DRAWER#bob", "DRAWER#ann"]).await;
    }
    assert_eq!(
        requests(&host).await,
        before,
        "what is denied is never sent"
    );
    for how in READS {
        let answer = reaches(&host, Some(&ann), how, &["DRAWER#ann"]).await;
        assert_eq!(
            answer,
            json!({ "data": { "reaches": "a note of ann" } }),
            "{how}"
        );
    }
    for (how, told) in [
        ("TRANSACT_CHECK", ""),
        ("UPDATE", "taken"),
        ("PUT", "taken"),
        ("TRANSACT_PUT", ""),
        ("DELETE", "taken"),
    ] {
        let answer = reaches(&host, Some(&ann), how, &["DRAWER#ann"]).await;
        assert_eq!(answer, json!({ "data": { "reaches": told } }), "{how}");
    }
    let answer = reaches(&host, Some(&bob), "GET", &["DRAWER#bob"]).await;
    assert_eq!(
        answer,
        json!({ "data": { "reaches": "a note of bob" } }),
        "nobody touched it"
    );
}

#[tokio::test]
async fn an_index_without_a_key_of_its_own_is_held_to_the_table_s() {
    let host = host(r#"{ actions = ["query"], key = "PK = DRAWER#{claims.sub}" }"#).await;
    let ann = token_of("ann");
    is_denied(&host, Some(&ann), "QUERY_BY_OWNER", &["DRAWER#ann"]).await;
    is_denied(&host, Some(&ann), "GET", &["DRAWER#ann"]).await;
    let line = host
        .logged(&["DENIED", "by the caller's own `PK` only"])
        .await;
    assert!(
        line.contains("modules.other-keys.grants.dynamodb.Drawers"),
        "{line}"
    );
    let answer = reaches(&host, Some(&ann), "QUERY", &["DRAWER#ann"]).await;
    assert_eq!(answer, json!({ "data": { "reaches": "a note of ann" } }));
}

#[tokio::test]
async fn gets_of_two_callers_that_share_a_request_are_checked_each_on_its_own() {
    let host = host(BOUND).await;
    let (ann, bob) = (token_of("ann"), token_of("bob"));
    // Held, so that the later ones meet.
    host.faults(&json!({ "dynamodb": { "slow": { "ms": 200, "times": 4 } } }))
        .await;
    let gets = (0..24).map(|n| {
        let (token, own) = if n % 2 == 0 {
            (&ann, "ann")
        } else {
            (&bob, "bob")
        };
        let of = if n % 3 == 0 { "ann" } else { "bob" };
        let host = &host;
        async move {
            (
                own == of,
                own,
                reaches(host, Some(token), "GET", &[&format!("DRAWER#{of}")]).await,
            )
        }
    });
    for (allowed, own, answer) in futures_util::future::join_all(gets).await {
        if allowed {
            assert_eq!(
                answer,
                json!({ "data": { "reaches": format!("a note of {own}") } })
            );
        } else {
            assert_eq!(
                answer["errors"][0]["extensions"]["code"],
                json!("DENIED"),
                "{answer}"
            );
        }
    }
    assert!(
        host.metric("mayfly_coalesced_gets_total").await > 0.0,
        "some did meet"
    );
}
