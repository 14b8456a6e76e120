//! A version is tried on a share of the operations: it is promoted, or given up with the reason, and keys stay on their side.

mod by_hand;
mod verdicts;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mayfly_tests::versions::{mark, marked};
use mayfly_tests::{Answer, TestApp, TestHost};
use serde_json::{Value, json};

use crate::callers::{SECRET, claims_with, section, signed};

const WITH_TOKEN: &str = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n";
const PROBE: &str = "[[modules.marked.probe]]\nfield = \"Query.healthy\"\nanswer = \"true\"\n";

/// A host on whose module `marked` versions can be tried that are not well: nobody probes them.
async fn unprobed() -> TestHost {
    unprobed_with("").await
}

async fn unprobed_with(server: &str) -> TestHost {
    TestHost::start(
        TestApp::swapping()
            .configured(PROBE, "")
            .with_configuration(&format!("{WITH_TOKEN}{server}")),
    )
    .await
}

/// Begins a canary of the version with this mark, and gives the outcome.
async fn try_version(host: &TestHost, mark: &str, settings: Value) -> Value {
    try_component(host, marked(mark), settings).await
}

async fn try_component(host: &TestHost, component: Vec<u8>, settings: Value) -> Value {
    let staged = host.stage("marked", component).await;
    assert_eq!(staged.status, 200, "{}", staged.text);
    let digest = staged.json()["version"].clone();
    begin(host, "marked", digest, settings).await
}

/// Begins a canary of a version that was sent before.
async fn begin(host: &TestHost, module: &str, digest: Value, settings: Value) -> Value {
    let query = "mutation($module: String!, $digest: String!, $settings: CanarySettings) \
        { canary(module: $module, digest: $digest, settings: $settings) { __typename \
        ... on Canary { module digest share by operations secondsLeft } ... on Refusal { module step message } \
        ... on Failure { code message } } }";
    let variables = json!({ "module": module, "digest": digest, "settings": settings });
    host.ask_admin(query, variables).await["canary"].clone()
}

/// Begins a canary that has to begin.
async fn tries(host: &TestHost, mark: &str, settings: Value) -> Value {
    let outcome = try_version(host, mark, settings).await;
    assert_eq!(outcome["__typename"], json!("Canary"), "{outcome}");
    outcome
}

/// Ends the canary, and gives the outcome.
async fn act(host: &TestHost, action: &str) -> Value {
    let query = format!(
        "mutation {{ {action}(module: \"marked\") {{ __typename ... on Failure {{ code message }} {} }} }}",
        match action {
            "abort" => "... on PastCanary { digest verdict reason }",
            _ => "... on Activation { digest previous }",
        }
    );
    host.ask_admin(&query, json!({})).await[action].clone()
}

/// Asks for the version with a header, and tells which one answered.
async fn version_for(host: &TestHost, header: Option<(&str, &str)>) -> String {
    let mut request = host.request().header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer =
        Answer::of(request.body(json!({ "query": "{ version again: version }" }).to_string()))
            .await
            .json();
    assert_eq!(
        answer["data"]["version"], answer["data"]["again"],
        "two versions in one answer"
    );
    answer["data"]["version"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// Several clients send a query over and over until the canary is over; gives how it ended, and how many answers there were.
async fn ask_until_it_ends(host: &TestHost, query: &str, check: impl Fn(&Value)) -> (Value, u64) {
    let (over, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    let clients = (0..6).map(|_| async {
        while !over.load(Ordering::Relaxed) {
            check(&host.query(query).await);
            answers.fetch_add(1, Ordering::Relaxed);
        }
    });
    let ends = async {
        host.until(async || host.module("marked").await["lastCanary"].is_object())
            .await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(futures_util::future::join_all(clients), ends);
    (
        host.module("marked").await["lastCanary"].clone(),
        answers.into_inner(),
    )
}

/// The active version's mark, asked without a key.
async fn active(host: &TestHost) -> String {
    version_for(host, None).await
}

#[tokio::test]
async fn a_header_keeps_to_its_side_and_about_the_share_of_them_is_on_the_canary() {
    const TENANTS: usize = 240;
    let host = unprobed().await;
    tries(
        &host,
        &mark("good", 1),
        json!({ "share": "30%", "by": "header:X-Tenant", "for": "10m" }),
    )
    .await;
    let mut on_canary = 0;
    for tenant in 0..TENANTS {
        let tenant = format!("tenant-{tenant}");
        let first = version_for(&host, Some(("x-tenant", &tenant))).await;
        assert_eq!(
            version_for(&host, Some(("x-tenant", &tenant))).await,
            first,
            "{tenant} changed sides"
        );
        on_canary += usize::from(first == mark("good", 1));
    }
    // 72 expected; six standard deviations are 43.
    assert!(
        (29..=115).contains(&on_canary),
        "{on_canary} of {TENANTS} tenants are on the canary"
    );
    for _ in 0..40 {
        assert_eq!(
            version_for(&host, None).await,
            mark("good", 0),
            "without the header it is the active version"
        );
    }
    let status = host.module("marked").await;
    let canary = &status["canary"];
    assert_eq!(
        (&canary["share"], &canary["by"]),
        (&json!("30%"), &json!("header:x-tenant"))
    );
    assert_eq!(canary["canary"]["operations"], json!(2 * on_canary));
    assert_eq!(
        canary["active"]["operations"],
        json!(2 * (TENANTS - on_canary) + 40)
    );
    assert_eq!(
        host.metric("mayfly_canary_share{module=\"marked\"}").await,
        0.3
    );
    let labels = "mayfly_canary_operations_total{module=\"marked\",side=\"canary\",outcome=\"ok\"}";
    assert_eq!(host.metric(labels).await, (2 * on_canary) as f64);
}

#[tokio::test]
async fn a_caller_keeps_to_its_side_whatever_token_it_shows() {
    const CALLERS: usize = 60;
    let configuration = format!(
        "{}{WITH_TOKEN}",
        section("secret = { env = \"TOKEN_SECRET\" }")
    );
    let app = TestApp::swapping()
        .configured(PROBE, "")
        .with_configuration(&configuration);
    let host = TestHost::start_with(app, &[("TOKEN_SECRET", SECRET)]).await;
    tries(
        &host,
        &mark("good", 1),
        json!({ "share": "50%", "by": "caller", "for": "10m" }),
    )
    .await;
    let mut on_canary = 0;
    for caller in 0..CALLERS {
        // Two tokens of one caller have nothing in common but whom they are about.
        let token = |school: &str| {
            let claims =
                claims_with(json!({ "sub": format!("caller-{caller}"), "school": school }));
            format!("Bearer {}", signed(&claims))
        };
        let first = version_for(&host, Some(("authorization", &token("north")))).await;
        assert_eq!(
            version_for(&host, Some(("authorization", &token("south")))).await,
            first,
            "caller {caller} changed sides"
        );
        on_canary += usize::from(first == mark("good", 1));
    }
    // 30 expected; five standard deviations are 19.
    assert!(
        (11..=49).contains(&on_canary),
        "{on_canary} of {CALLERS} callers are on the canary"
    );
    assert_eq!(
        active(&host).await,
        mark("good", 0),
        "who shows no token is on the active version"
    );
}

#[tokio::test]
async fn operations_of_nobody_in_particular_stay_on_the_active_version_when_the_share_is_of_callers()
 {
    let host = unprobed().await;
    tries(
        &host,
        &mark("good", 1),
        json!({ "share": "50%", "by": "caller" }),
    )
    .await;
    for _ in 0..40 {
        assert_eq!(active(&host).await, mark("good", 0));
    }
}
