//! Every way to end with a query under way at the database, with and without a transaction around it.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_query_under_way_ends_with_its_invocation() {
    let lab = lab!();
    for (then, code) in [
        ("PANIC", "GUEST_TRAPPED"),
        ("TRAP", "GUEST_TRAPPED"),
        ("SPIN", "DEADLINE_EXCEEDED"),
        // The time of the statement is over before that of the module.
        ("WAIT", "BACKEND_UNAVAILABLE"),
        ("FAIL", "GUEST_ERROR"),
    ] {
        lab.fails(&format!("{{ queryInFlight(then: {then}) }}"), code)
            .await;
        lab.unharmed().await;
        lab.fails(
            &format!("mutation {{ statementInFlight(then: {then}) }}"),
            code,
        )
        .await;
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_is_given_up() {
    let lab = lab!();
    // Twice as often as the pool has connections: none of them may be lost.
    for then in ["FORGET", "DROP", "FORGET", "DROP"] {
        assert_eq!(
            lab.value(&format!("{{ queryInFlight(then: {then}) }}"))
                .await,
            json!(0)
        );
        assert_eq!(
            lab.value(&format!("mutation {{ statementInFlight(then: {then}) }}"))
                .await,
            json!(0)
        );
        lab.unharmed().await;
    }
}
