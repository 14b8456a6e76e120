//! Panics.

use super::lab;

#[tokio::test]
async fn a_guest_that_panics_says_why_in_the_log_only() {
    let lab = lab!();
    let messages = lab
        .all_fail(
            &[r#"{ panics(message: "a secret reason") }"#],
            "GUEST_TRAPPED",
        )
        .await;
    assert_eq!(messages, ["module `panics`: the resolver crashed"]);
    lab.logged(&["a secret reason"]).await;
}
