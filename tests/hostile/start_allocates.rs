//! A start function that takes all memory.

use super::refused::refused;

#[test]
fn a_start_function_that_takes_all_memory_is_refused() {
    let reason = refused(module_path!(), "60 s");
    assert!(
        reason.starts_with("memory cap of 8388608 bytes reached (8454144 bytes asked)"),
        "{reason}"
    );
}
