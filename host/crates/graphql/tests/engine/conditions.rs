//! `@skip` and `@include`, also on plans that are kept.

use crate::stage::{Cast, SCHOOL, engine, refusals, respond, with_variables};

#[tokio::test]
async fn conditions_are_asked_anew_for_each_request_of_a_kept_document() {
    let engine = engine(SCHOOL);
    let cast = Cast::new().says("Query.student", r#"{"id":1,"name":"Ada","grade":5}"#).says("Student.assessments", "[]");
    let query = "query($a: Boolean!, $b: Boolean = true) {
        student(id: 1) { name @skip(if: $a) grade ...F @include(if: $b) name } }
        fragment F on Student { assessments @skip(if: $a) { id } id }";
    let mut responses = Vec::new();
    for variables in [r#"{"a":true}"#, r#"{"a":false}"#, r#"{"a":false,"b":false}"#, r#"{"a":true}"#] {
        responses.push(respond(&engine, &cast, with_variables(query, variables)).await);
    }
    assert_eq!(responses[0], r#"{"data":{"student":{"grade":5,"id":"1","name":"Ada"}}}"#);
    assert_eq!(responses[1], r#"{"data":{"student":{"name":"Ada","grade":5,"assessments":[],"id":"1"}}}"#);
    assert_eq!(responses[2], r#"{"data":{"student":{"name":"Ada","grade":5}}}"#);
    assert_eq!(responses[3], responses[0]);
    assert_eq!(cast.called().iter().filter(|call| call.contains("assessments")).count(), 1, "a skipped module is not called");
    assert_eq!(engine.stats().hits, 3);
}

#[tokio::test]
async fn a_selection_that_is_skipped_whole_leaves_an_empty_object() {
    let cast = Cast::new().says("Query.student", "{}");
    let response = respond(
        &engine(SCHOOL),
        &cast,
        with_variables("query($n: Boolean!) { student(id: 1) { id @include(if: $n) } }", r#"{"n":false}"#),
    )
    .await;
    assert_eq!(response, r#"{"data":{"student":{}}}"#);
}

#[test]
fn a_condition_that_is_null_is_the_clients_mistake() {
    let request = with_variables("query($n: Boolean = true) { maybe { id @skip(if: $n) } }", r#"{"n":null}"#);
    assert_eq!(
        refusals(&engine(SCHOOL), &request),
        [r#"BAD_USER_INPUT: Argument "if" of non-null type "Boolean!" must not be null."#]
    );
}
