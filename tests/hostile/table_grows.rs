//! A table that grows by two thousand million elements.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_table_grows_within_the_cap_only() {
    let lab = lab!();
    assert_eq!(lab.value("{ tableGrows }").await, json!(1));
    lab.unharmed().await;
}
