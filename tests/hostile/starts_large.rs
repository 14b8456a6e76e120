//! A memory that is over the cap before anything runs.

use super::refused::refused;

#[test]
fn a_memory_declared_over_the_cap_is_refused() {
    let reason = refused(module_path!(), "60 s");
    assert!(
        reason.starts_with("memory cap of 8388608 bytes reached (8454144 bytes asked)"),
        "{reason}"
    );
}
