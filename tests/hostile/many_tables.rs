//! Several tables.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn tables_count_against_the_memory_cap() {
    let lab = lab!();
    let elements = (1024 * 1024 - 65_536) / 8;
    assert_eq!(
        lab.value("{ manyTables }").await,
        json!(elements / 1000),
        "what 1 MiB leaves beside a page of memory"
    );
    lab.unharmed().await;
}
