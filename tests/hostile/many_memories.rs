//! Several memories.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn the_memories_of_a_component_count_together() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ manyMemories }").await,
        json!(128),
        "the pages of 8 MiB, over all four"
    );
    lab.unharmed().await;
}
