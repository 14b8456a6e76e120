//! A start function that traps.

use super::lab;

#[tokio::test]
async fn a_start_function_that_traps_is_a_crash() {
    lab!().all_fail(&["{ startTraps }"], "GUEST_TRAPPED").await;
}
