//! Too much of one thing.

use super::lab;
use mayfly_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn calls_past_their_limits_fail_and_the_guest_may_go_on() {
    let lab = lab!();
    for (with, count, served) in [
        ("CALLS", 5_000, "1000"),
        ("CALLS_AT_ONCE", 100, "64"),
        ("ABANDONED_CALLS", 5_000, "5000"),
        ("PENDING_CALLS", 3_000, "3000"),
    ] {
        let answer = lab
            .value(&format!("{{ floods(with: {with}, count: {count}) }}"))
            .await;
        // Calls that are dropped or kept without a look at their answers do not tell the guest which of them failed.
        assert_eq!(answer, json!(served), "{with}");
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn log_lines_past_their_limits_are_dropped() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ floods(with: LOG_LINES, count: 5000) }").await,
        json!("5000")
    );
    assert_eq!(
        lab.value("{ floods(with: LONG_LOG_LINES, count: 50) }")
            .await,
        json!("50")
    );
    lab.unharmed().await;
    assert!(lab.has_logged("line 99"), "the first hundred are there");
    assert!(
        !lab.has_logged("line 100") && !lab.has_logged(&"x".repeat(65_536)),
        "and no more"
    );
}

#[tokio::test]
async fn handles_past_their_limit_end_the_invocation() {
    let lab = lab!();
    for with in ["TRANSACTIONS", "STREAMS", "WAITS"] {
        let message = lab
            .fails(
                &format!("{{ floods(with: {with}, count: 20000) }}"),
                "BUDGET_EXCEEDED",
            )
            .await;
        assert_eq!(message, "module `floods`: limit of 4096 handles reached");
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn what_costs_the_guest_itself_is_served() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ floods(with: RANDOM_BYTES, count: 200) }")
            .await,
        json!("200")
    );
    assert_eq!(
        lab.value("{ floods(with: WAITS, count: 1000) }").await,
        json!("1000")
    );
    lab.unharmed().await;
}

#[tokio::test]
async fn an_answer_over_its_budget_is_named() {
    let limits = "[modules.floods.limits]\nguest_to_host = \"64 KiB\"\n[modules.floods.grants]";
    let lab = lab!(TestApp::hostile().configured("[modules.floods.grants]", limits));
    let messages = lab
        .all_fail(
            &["{ floods(with: ANSWER, count: 100000) }"],
            "BUDGET_EXCEEDED",
        )
        .await;
    assert!(
        messages.iter().all(|message| message.contains("65536")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_fit_the_cap_is_out_of_memory() {
    lab!()
        .all_fail(
            &["{ floods(with: ANSWER, count: 7000000) }"],
            "OUT_OF_MEMORY",
        )
        .await;
}
