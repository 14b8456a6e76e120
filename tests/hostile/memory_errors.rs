//! What ends a process of unmanaged code: a double free, a use after free, a write through a null pointer, a heap overflow.

use super::lab;
use serde_json::json;

const WAYS: [&str; 5] = [
    "DOUBLE_FREE",
    "USE_AFTER_FREE",
    "NULL_WRITE",
    "HEAP_OVERFLOW",
    "HEAP_OVERRUN",
];

#[tokio::test]
async fn a_broken_heap_ends_with_its_invocation() {
    let lab = lab!();
    let honest = lab.value("{ memoryErrors(how: NONE) }").await;
    for way in WAYS {
        let query = format!("{{ memoryErrors(how: {way}) }}");
        let body = lab.query(&query).await;
        // Whether the guest noticed is its own business: it crashes, spins, or answers as if nothing were wrong.
        match body["errors"][0]["extensions"]["code"].as_str() {
            None => assert!(body["data"]["memoryErrors"].is_i64(), "{way}: {body}"),
            Some(code) => {
                assert!(
                    ["GUEST_TRAPPED", "DEADLINE_EXCEEDED", "OUT_OF_MEMORY"].contains(&code),
                    "{way}: {body}"
                );
                lab.fails(&query, code).await;
            }
        }
        assert_eq!(
            lab.value("{ memoryErrors(how: NONE) }").await,
            honest,
            "after {way}"
        );
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn what_leads_out_of_memory_is_a_crash() {
    let lab = lab!();
    let queries =
        ["USE_AFTER_FREE", "HEAP_OVERRUN"].map(|way| format!("{{ memoryErrors(how: {way}) }}"));
    let messages = lab.all_fail(&queries, "GUEST_TRAPPED").await;
    assert_eq!(
        messages,
        ["module `memory-errors`: the resolver crashed"; 2]
    );
}

#[tokio::test]
async fn a_thousand_honest_answers_between_them_are_the_same_to_the_byte() {
    let lab = lab!();
    let honest = json!({ "query": "{ memoryErrors(how: NONE) leaks wrongType(how: NONE) { id number colour tags } }" });
    let right = lab.post(&honest).await.text;
    assert!(!right.contains("errors"), "{right}");
    for round in 0..100 {
        let attack =
            json!({ "query": format!("{{ memoryErrors(how: {}) }}", WAYS[round % WAYS.len()]) });
        let attacks = futures_util::future::join_all((0..2).map(|_| lab.post(&attack)));
        let answers = futures_util::future::join_all((0..10).map(|_| lab.post(&honest)));
        let (_, answers) = futures_util::future::join(attacks, answers).await;
        assert!(
            answers.iter().all(|answer| answer.text == right),
            "{answers:?}"
        );
    }
    lab.unharmed().await;
}
