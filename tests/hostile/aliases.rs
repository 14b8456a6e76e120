//! Lists whose texts share their bytes.

use super::lab;
use mayfly_tests::Answer;
use serde_json::json;

/// A hundred megabytes to whoever copies every text.
const HUNDRED_MB: &str = "count: 1000, bytes: 100000";

#[tokio::test]
async fn texts_that_share_their_bytes_are_counted_each() {
    let lab = lab!();
    let queries = ["ANSWERS", "KEYS"].map(|how| format!("{{ aliases(how: {how}, {HUNDRED_MB}) }}"));
    let messages = lab.all_fail(&queries, "BUDGET_EXCEEDED").await;
    assert!(
        messages.iter().all(|message| message.contains("8388608")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn texts_that_share_their_bytes_are_not_copied_past_the_limit() {
    let lab = lab!();
    lab.unharmed().await;
    let before = lab.peak_resident_bytes();
    let body = json!({ "query": format!("{{ aliases(how: ANSWERS, {HUNDRED_MB}) }}") });
    let attacks = (0..8).map(|_| lab.post(&body));
    let answers: Vec<Answer> = futures_util::future::join_all(attacks).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.text.contains("BUDGET_EXCEEDED")),
        "{answers:?}"
    );
    // Eight caps of 8 MiB and eight times the limit of 8 MiB; copied whole it would be eight hundred.
    let grown = lab.peak_resident_bytes().saturating_sub(before);
    assert!(grown < 256 << 20, "{grown} bytes");
    lab.unharmed().await;
}
