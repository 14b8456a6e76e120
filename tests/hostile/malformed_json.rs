//! Text that is not JSON, or too much of it.

use super::lab;
use serde_json::json;

fn ask(how: &str) -> String {
    format!("{{ malformedJson(how: {how}) {{ id number anything }} }}")
}

#[tokio::test]
async fn text_that_is_not_json_is_invalid_output() {
    let lab = lab!();
    let ways = [
        "NOT_JSON",
        "EMPTY",
        "TRUNCATED",
        "TRAILING",
        "LONE_SURROGATE",
        "HUGE_NUMBER",
    ];
    let messages = lab.all_fail(&ways.map(ask), "INVALID_OUTPUT").await;
    assert!(
        messages
            .iter()
            .all(|message| message.starts_with("module `malformed-json`: ")),
        "{messages:#?}"
    );
}

#[tokio::test]
async fn text_that_is_not_utf_8_traps() {
    lab!()
        .all_fail(&[ask("INVALID_UTF8")], "GUEST_TRAPPED")
        .await;
}

#[tokio::test]
async fn json_100_000_deep_exceeds_a_budget_whether_or_not_anybody_asked_for_it() {
    let lab = lab!();
    for way in [
        "DEEP_UNUSED",
        "DEEP_OBJECTS",
        "DEEP_ANYTHING",
        "DEEPLY_NESTED",
    ] {
        let queries = [
            ask(way),
            format!("{{ malformedJson(how: {way}) {{ id }} }}"),
        ];
        for message in lab.all_fail(&queries, "BUDGET_EXCEEDED").await {
            assert_eq!(
                message,
                "module `malformed-json`: limit of 64 nested arrays and objects in an answer reached"
            );
        }
    }
}

#[tokio::test]
async fn huge_strings_keys_and_numbers_are_what_they_are() {
    let lab = lab!();
    let thing = lab.value(&ask("LONG_STRING")).await;
    assert_eq!(thing["id"].as_str().map(str::len), Some(1 << 20));
    for way in ["LONG_KEY", "MANY_KEYS"] {
        assert_eq!(
            lab.value(&ask(way)).await,
            json!({ "id": "1", "number": null, "anything": null }),
            "{way}"
        );
    }
    let digits = lab
        .value("{ malformedJson(how: NUMBER_IN_ID) { id } }")
        .await;
    assert_eq!(
        digits["id"],
        json!("9".repeat(100_000)),
        "an ID may be a number of any length"
    );
    lab.unharmed().await;
}

#[tokio::test]
async fn a_key_that_comes_twice_is_invalid_output() {
    let lab = lab!();
    let message = lab
        .fails(
            "{ malformedJson(how: DUPLICATE_KEYS) { id } }",
            "INVALID_OUTPUT",
        )
        .await;
    assert_eq!(
        message,
        "module `malformed-json`: Thing.id: the object has this property twice"
    );
    lab.unharmed().await;
}
