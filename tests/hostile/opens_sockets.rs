//! Sockets, asked of WASI itself.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn there_are_no_sockets_and_no_names() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ opensSockets }").await,
        json!(10_120),
        "access denied, twice, and no name is known"
    );
    lab.unharmed().await;
}
