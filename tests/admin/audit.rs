//! Every change is recorded: who, from where, what, before and after.

use mayfly_tests::TOKEN;
use mayfly_tests::versions::{mark, marked};

use super::*;

async fn changes(host: &TestHost) -> Vec<Value> {
    let query = "{ changes(last: 50) { number who byOperator address action module before after done message } }";
    let data = host.ask_admin(query, json!({})).await;
    data["changes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_change_and_each_attempt_is_listed_and_logged() {
    let host = host().await;
    let zero = host.module("marked").await["active"]["digest"].clone();
    let one = host.push("marked", marked(&mark("good", 1))).await.json()["version"].clone();
    let sick = host.push("marked", marked(&mark("sick", 2))).await;
    assert_eq!(sick.status, 422);
    let query = "mutation { rollBack(module: \"marked\") { __typename } }";
    assert_eq!(ask_as(&host, CI, query).await.status, 200);
    ask_as(&host, CI, query).await;
    let staged = host.stage("marked", marked(&mark("good", 3))).await.json()["version"].clone();
    let begin = format!(
        "mutation {{ canary(module: \"marked\", digest: {staged}, settings: {{ for: \"1h\" }}) {{ __typename }} }}"
    );
    ask_as(&host, CI, &begin).await;
    ask_as(
        &host,
        TOKEN,
        "mutation { promote(module: \"marked\") { __typename } }",
    )
    .await;
    ask_as(
        &host,
        TOKEN,
        "mutation { abort(module: \"marked\") { __typename } }",
    )
    .await;
    ask_as(&host, TOKEN, "mutation { apply { __typename } }").await;
    let mut changes = changes(&host).await;
    changes.reverse();
    let shown: Vec<_> = changes
        .iter()
        .map(|change| {
            let text = |key: &str| change[key].as_str().unwrap_or("-").to_owned();
            (
                text("action"),
                text("who"),
                text("before"),
                text("after"),
                change["done"] == json!(true),
            )
        })
        .collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (zero, one, staged) = (text(&zero), text(&one), text(&staged));
    let digest = |bytes: Vec<u8>| -> String {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let sick = digest(marked(&mark("sick", 2)));
    let expected = [
        ("PUSH", "default", zero.as_str(), one.as_str(), true),
        ("PUSH", "default", &one, &sick, false),
        ("ROLL_BACK", "ci", &one, &zero, true),
        ("ROLL_BACK", "ci", &zero, "-", false),
        ("STAGE", "default", &zero, &staged, true),
        ("CANARY", "ci", &zero, &staged, true),
        ("PROMOTE", "default", &zero, &staged, true),
        ("ABORT", "default", "-", "-", false),
    ];
    let expected: Vec<_> = expected
        .map(|(action, who, before, after, done)| {
            (
                action.to_owned(),
                who.to_owned(),
                before.to_owned(),
                after.to_owned(),
                done,
            )
        })
        .into();
    assert_eq!(
        shown, expected,
        "applying what is not different is no change"
    );
    for (change, number) in changes.iter().zip(1..) {
        assert_eq!(change["number"], json!(number));
        assert_eq!(change["byOperator"], json!(true));
        assert!(
            change["address"]
                .as_str()
                .unwrap()
                .starts_with("127.0.0.1:"),
            "{change}"
        );
    }
    host.logged(&[
        "\"audit\":\"roll-back\"",
        "\"who\":\"ci\"",
        "\"from\":\"127.0.0.1:",
        &one,
        &zero,
        "\"done\":true",
    ])
    .await;
    host.logged(&["\"audit\":\"push\"", "\"done\":false", "probe"])
        .await;
    assert!(
        !host.has_logged(TOKEN) && !host.has_logged(CI),
        "no token is in the log"
    );
}

#[tokio::test]
async fn what_the_host_does_by_itself_is_told_as_such() {
    let watched = TestApp::swapping()
        .with_file("build/marked.wasm", &marked(&mark("good", 0)))
        .with_configuration(&server("shutdown_grace = \"7 s\""));
    let host = TestHost::start(watched).await;
    let build = host.app.path().join("build");
    std::fs::write(build.join("new"), marked(&mark("good", 1))).unwrap();
    std::fs::rename(build.join("new"), build.join("marked.wasm")).unwrap();
    let by = async |who: &str| {
        let changes = changes(&host).await;
        changes
            .into_iter()
            .find(|change| change["who"] == json!(who))
    };
    host.until(async || by("file watcher").await.is_some())
        .await;
    let change = by("file watcher").await.unwrap();
    assert_eq!(
        (&change["action"], &change["byOperator"]),
        (&json!("PUSH"), &json!(false))
    );
    // A canary whose time is over without an operation is given up by its verdict.
    let staged = host.stage("marked", marked(&mark("good", 2))).await.json()["version"].clone();
    let begin = format!(
        "mutation {{ canary(module: \"marked\", digest: {staged}, settings: {{ for: \"1ms\" }}) {{ __typename }} }}"
    );
    assert_eq!(
        ask_as(&host, CI, &begin).await.json()["data"]["canary"]["__typename"],
        json!("Canary")
    );
    host.until(async || by("verdict").await.is_some()).await;
    let change = by("verdict").await.unwrap();
    assert_eq!(
        (&change["action"], &change["done"]),
        (&json!("ABORT"), &json!(true))
    );
    assert!(
        change["message"]
            .as_str()
            .unwrap()
            .contains("at least 20 are needed"),
        "{change}"
    );
}
