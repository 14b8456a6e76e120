//! A start function that loops.

use super::refused::refused;

#[test]
fn a_start_function_that_loops_is_refused_at_its_deadline() {
    let reason = refused(module_path!(), "500 ms");
    assert!(reason.starts_with("no answer within 500 ms"), "{reason}");
}
