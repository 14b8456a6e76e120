//! A megabyte leaked at each call, and a singleton that would remember.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn what_a_guest_leaks_and_remembers_is_gone_with_its_instance() {
    let lab = lab!();
    // More than the host has slots, and than the cap has megabytes.
    for _ in 0..300 {
        assert_eq!(
            lab.value("{ leaks }").await,
            json!(1),
            "every call is the first"
        );
    }
    lab.unharmed().await;
}
