//! What the module was not granted.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn what_was_not_granted_is_denied_and_the_log_says_which_grant_is_missing() {
    let lab = lab!();
    let messages = lab
        .all_fail(
            &["{ deniedTable }", "{ deniedStatement }", "{ deniedAction }"],
            "DENIED",
        )
        .await;
    assert!(
        messages
            .iter()
            .all(|message| message == "module `denied`: not allowed"),
        "{messages:?}"
    );
    for missing in [
        r#"add \"get\" to `modules.denied.grants.dynamodb.Secrets`"#,
        r#"add \"secrets\" to `modules.denied.grants.sql`"#,
        r#"add \"put\" to `modules.denied.grants.dynamodb.Things`"#,
    ] {
        lab.logged(&["DENIED", missing]).await;
    }
    assert_eq!(
        lab.value("{ deniedIgnored }").await,
        json!("denied, denied, denied"),
        "a guest may go on without"
    );
}
