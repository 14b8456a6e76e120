//! Transactions that nobody commits.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_transaction_left_open_is_rolled_back_however_the_guest_ends() {
    let lab = lab!();
    for (then, code) in [
        ("PANIC", "GUEST_TRAPPED"),
        ("TRAP", "GUEST_TRAPPED"),
        ("SPIN", "DEADLINE_EXCEEDED"),
        ("FAIL", "GUEST_ERROR"),
    ] {
        lab.fails(
            &format!("mutation {{ transactionLeftOpen(then: {then}) }}"),
            code,
        )
        .await;
        lab.unharmed().await;
    }
    for then in ["FORGET", "DROP", "ROLL_BACK"] {
        assert_eq!(
            lab.value(&format!("mutation {{ transactionLeftOpen(then: {then}) }}"))
                .await,
            json!(1)
        );
        lab.unharmed().await;
    }
    assert_eq!(
        lab.value("mutation { transactionLeftOpen(then: COMMIT) }")
            .await,
        json!(1)
    );
    assert_eq!(
        lab.value("{ marks }").await,
        json!(1),
        "what is committed stays"
    );
}
