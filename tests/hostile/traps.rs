//! Traps, and writes where a guest should not.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_guest_that_crashes_says_so_and_nothing_else() {
    let lab = lab!();
    for (how, trap) in [
        ("UNREACHABLE", "wasm `unreachable` instruction executed"),
        ("ABORT", "wasm `unreachable` instruction executed"),
        ("RECURSION", "stack overflow"),
        ("OUT_OF_BOUNDS", "out of bounds memory access"),
        ("DIVISION_BY_ZERO", "integer divide by zero"),
        ("WILD_CALL", "undefined element: out of bounds table access"),
        ("WRONG_CALL", "indirect call type mismatch"),
    ] {
        let message = lab
            .fails(&format!("{{ traps(how: {how}) }}"), "GUEST_TRAPPED")
            .await;
        assert_eq!(
            message, "module `traps`: the resolver crashed",
            "clients learn nothing of how"
        );
        lab.logged(&["GUEST_TRAPPED", trap]).await;
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn memory_that_a_guest_corrupts_is_its_own() {
    let lab = lab!();
    for _ in 0..20 {
        let answer = lab.query("{ traps(how: CORRUPT_MEMORY) }").await;
        assert!(
            answer["data"]["traps"].is_null() || answer["data"]["traps"] == json!(7),
            "{answer}"
        );
        lab.unharmed().await;
    }
}
