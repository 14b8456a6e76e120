//! A start function that takes all memory.

use super::lab;

#[tokio::test]
async fn a_start_function_that_takes_all_memory_is_out_of_memory() {
    lab!().all_fail(&["{ startAllocates }"], "OUT_OF_MEMORY").await;
}
