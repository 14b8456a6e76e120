//! Every byte of memory, looked through for another invocation's secret.

use super::lab;
use serde_json::json;

/// 16 MiB, of which the module's table takes a page's worth.
const PAGES: u32 = 255;

#[tokio::test]
async fn no_byte_of_another_invocation_is_found() {
    let lab = lab!();
    let scan = async |secret: u32| {
        let found = lab
            .value(&format!(
                "{{ scans(secret: \"{secret:08}\") {{ pages own foreign }} }}"
            ))
            .await;
        assert_eq!(found, json!({ "pages": PAGES, "own": 1, "foreign": 0 }));
    };
    // One after the other, which gives each the place of the one before; then several at once.
    for secret in 0..8 {
        scan(secret).await;
    }
    futures_util::future::join_all((100..104).map(scan)).await;
    lab.unharmed().await;
}
