//! What canaries are promoted for, and what ends them.

use super::*;

const ALL: &str = "{ version items(count: 6) { made version again } last: version }";

/// Every answer is whole, and of one version.
fn of_one_version(answer: &Value) {
    assert_eq!(answer.get("errors"), None, "{answer}");
    let version = &answer["data"]["version"];
    let items = answer["data"]["items"].as_array().unwrap();
    let marks = items
        .iter()
        .flat_map(|item| [&item["made"], &item["version"], &item["again"]]);
    assert!(
        marks
            .chain([&answer["data"]["last"]])
            .all(|mark| mark == version),
        "two versions in one answer: {answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_no_worse_is_promoted_under_load_after_its_operations() {
    let host = unprobed().await;
    let began = tries(
        &host,
        &mark("good", 1),
        json!({ "share": "20%", "operations": "150", "for": "10m" }),
    )
    .await;
    let (ended, answers) = ask_until_it_ends(&host, ALL, of_one_version).await;
    assert_eq!(
        (&ended["verdict"], &ended["digest"]),
        (&json!("PROMOTED"), &began["digest"]),
        "{ended}"
    );
    assert!(
        ended["reason"]
            .as_str()
            .unwrap()
            .contains("operations failed, 0 of"),
        "{ended}"
    );
    // 150 of about 750, give or take six standard deviations of the share of so many.
    let [tried, others] =
        ["canary", "active"].map(|side| ended[side]["operations"].as_u64().unwrap());
    assert!(
        tried >= 150 && (300..=1_500).contains(&others),
        "{tried} against {others} operations, {answers} answers"
    );
    assert_eq!(
        (&ended["canary"]["failed"], &ended["active"]["failed"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(active(&host).await, mark("good", 1));
    let status = host.module("marked").await;
    assert_eq!(
        (&status["active"]["origin"], &status["swaps"]),
        (&json!("CANARY"), &json!(1))
    );
    assert_eq!(status["earlier"].as_array().unwrap().len(), 1);
    host.logged(&[
        "canary promoted: 0 of its",
        began["digest"].as_str().unwrap(),
    ])
    .await;
    assert_eq!(
        host.metric("mayfly_canaries_total{module=\"marked\",verdict=\"promoted\"}")
            .await,
        1.0
    );
    assert_eq!(
        host.metric("mayfly_canary_share{module=\"marked\"}").await,
        0.0
    );
    host.rolls_back("marked").await;
    assert_eq!(
        active(&host).await,
        mark("good", 0),
        "what was before the canary is still there to roll back to"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_promoted_when_its_time_is_over() {
    let host = unprobed().await;
    tries(
        &host,
        &mark("good", 1),
        json!({ "share": "50%", "for": "1500ms", "minOperations": "1" }),
    )
    .await;
    let (ended, _) = ask_until_it_ends(&host, ALL, of_one_version).await;
    assert_eq!(ended["verdict"], json!("PROMOTED"), "{ended}");
}

#[tokio::test]
async fn a_version_that_nobody_asked_is_not_promoted() {
    let host = unprobed().await;
    tries(
        &host,
        &mark("good", 1),
        json!({ "share": "50%", "for": "1ms" }),
    )
    .await;
    let (ended, _) = ask_until_it_ends(&host, "{ greedy }", |_| ()).await;
    assert_eq!(
        ended["reason"],
        json!("only 0 operations ran on it; at least 20 are needed to judge it")
    );
    assert_eq!(active(&host).await, mark("good", 0));
}

/// Tries a version whose field `healthy` misbehaves; gives the reason why it was given up.
async fn is_given_up(host: &TestHost, kind: &str) -> String {
    let mark = mark(kind, 1);
    let began = tries(
        host,
        &mark,
        json!({ "share": "40%", "by": "operation", "for": "10m" }),
    )
    .await;
    let (ended, _) = ask_until_it_ends(host, "{ healthy }", |_| ()).await;
    assert_eq!(ended["verdict"], json!("ABORTED"), "{ended}");
    assert_eq!(
        ended["active"]["failed"],
        json!(0),
        "the active version does not notice: {ended}"
    );
    let reason = ended["reason"].as_str().unwrap().to_owned();
    assert_eq!(active(host).await, super::mark("good", 0));
    let digest = began["digest"].as_str().unwrap();
    host.logged(&["\"WARN\"", "canary aborted: ", digest]).await;
    // The errors that clients got name the version that made them.
    host.logged(&["Query.healthy", digest, "\"trace_id\""])
        .await;
    assert_eq!(
        host.metric("mayfly_canaries_total{module=\"marked\",verdict=\"aborted\"}")
            .await,
        1.0
    );
    let status = host.module("marked").await;
    assert_eq!(
        (&status["swaps"], &status["liveVersions"]),
        (&json!(0), &json!(1)),
        "it is out of memory"
    );
    reason
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_is_given_up_at_once() {
    let reason = is_given_up(&unprobed().await, "trap").await;
    assert!(
        reason.starts_with("GUEST_TRAPPED in 3 of ") && reason.ends_with(" of the active version"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_runs_out_of_memory_is_given_up_at_once() {
    let reason = is_given_up(&unprobed().await, "grow").await;
    assert!(reason.starts_with("OUT_OF_MEMORY in 3 of "), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_too_slow_is_given_up_for_its_deadlines() {
    let app = TestApp::swapping().configured(PROBE, "").configured(
        "deadline = \"5 s\"\nmax_batch",
        "deadline = \"2 s\"\nmax_batch",
    );
    let host = TestHost::start(app.with_configuration(WITH_TOKEN)).await;
    let reason = is_given_up(&host, "spin").await;
    assert!(reason.starts_with("DEADLINE_EXCEEDED in 3 of "), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_answers_with_errors_is_given_up_for_their_share() {
    let reason = is_given_up(&unprobed().await, "fail").await;
    assert!(
        reason.contains("of its 2")
            && reason
                .contains("the difference is statistically significant; at most 1% more may fail"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_median_is_slower_than_allowed_is_given_up() {
    let host = unprobed().await;
    // Its answer is right, and takes a second.
    tries(
        &host,
        &mark("slow", 1),
        json!({ "share": "50%", "maxSlowdown": "100%", "minOperations": "4" }),
    )
    .await;
    let (ended, _) = ask_until_it_ends(&host, "{ healthy }", |answer| {
        assert_eq!(answer["data"]["healthy"], json!(true))
    })
    .await;
    let reason = ended["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("its median operation takes ")
            && reason.ends_with("it may take at most 100% longer"),
        "{reason}"
    );
    assert_eq!(active(&host).await, mark("good", 0));
}
