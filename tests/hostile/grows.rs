//! Memory: up to the cap, and one page over.

use super::lab;
use serde_json::json;

/// The pages of 8 MiB, of which the module's table takes a page's worth.
const PAGES: u32 = 127;

#[tokio::test]
async fn a_guest_that_grows_past_its_cap_gets_out_of_memory() {
    let lab = lab!();
    let messages = lab
        .all_fail(&["{ grows(mib: 100) }"], "OUT_OF_MEMORY")
        .await;
    assert_eq!(
        messages,
        ["module `grows`: memory cap of 8388608 bytes reached"]
    );
    lab.logged(&["OUT_OF_MEMORY", "raise `modules.grows.memory`"])
        .await;
}

#[tokio::test]
async fn a_guest_may_go_on_below_its_cap() {
    let lab = lab!();
    assert_eq!(lab.value("{ grows(mib: 4) }").await, json!(4));
    let taken = lab.value("{ growsWhileAllowed(mib: 100) }").await;
    assert!((4..8).contains(&taken.as_i64().unwrap()), "{taken}");
    lab.unharmed().await;
}

#[tokio::test]
async fn the_cap_is_exact_to_the_page() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ growsByPages(over: 0) }").await,
        json!(PAGES),
        "to the cap"
    );
    assert_eq!(
        lab.value("{ growsByPages(over: 1) }").await,
        json!(PAGES),
        "one page over is refused, which a guest may survive"
    );
    let messages = lab.all_fail(
        &[
            "{ growsByPages(over: 1, goOn: false) }",
            "{ growsByPages(over: 65535, goOn: false) }",
        ],
        "OUT_OF_MEMORY",
    );
    assert_eq!(
        messages.await,
        ["module `grows`: memory cap of 8388608 bytes reached"; 2]
    );
}
