//! A memory that is over the cap before anything runs.

use super::lab;

#[tokio::test]
async fn a_memory_declared_over_the_cap_is_out_of_memory() {
    lab!().all_fail(&["{ startsLarge }"], "OUT_OF_MEMORY").await;
}
