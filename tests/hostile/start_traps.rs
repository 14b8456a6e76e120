//! A start function that traps.

use super::refused::refused;

#[test]
fn a_start_function_that_traps_is_refused() {
    let reason = refused(module_path!(), "60 s");
    assert!(reason.starts_with("the resolver crashed"), "{reason}");
}
