//! A memory as large as its cap, filled from data segments.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_memory_filled_from_data_segments_is_the_same_in_every_instance() {
    let lab = lab!();
    for _ in 0..20 {
        assert_eq!(
            lab.value("{ dataSegments }").await,
            json!(128),
            "one byte for each page, whatever was written before"
        );
    }
    lab.unharmed().await;
}
