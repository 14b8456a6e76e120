//! Streams of rows that nobody reads to their end.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_stream_ends_with_its_invocation() {
    let lab = lab!();
    for read in [0, 10] {
        for (then, code) in [
            ("PANIC", "GUEST_TRAPPED"),
            ("TRAP", "GUEST_TRAPPED"),
            ("SPIN", "DEADLINE_EXCEEDED"),
            ("FAIL", "GUEST_ERROR"),
        ] {
            lab.fails(
                &format!("{{ streamNeverRead(read: {read}, then: {then}) }}"),
                code,
            )
            .await;
            lab.unharmed().await;
        }
        for then in ["FORGET", "DROP"] {
            assert_eq!(
                lab.value(&format!(
                    "{{ streamNeverRead(read: {read}, then: {then}) }}"
                ))
                .await,
                json!(read)
            );
            lab.unharmed().await;
        }
    }
}
