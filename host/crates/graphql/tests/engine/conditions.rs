//! `@skip` and `@include`, also on plans that are kept.

use crate::stage::{Cast, SCHOOL, digest, engine, respond, with_variables};

#[tokio::test]
async fn conditions_are_asked_anew_for_each_request_of_a_kept_document() {
    let engine = engine(SCHOOL);
    let cast = Cast::new()
        .says("Query.student", r#"{"id":1,"name":"Ada","grade":5}"#)
        .says("Student.assessments", "[]");
    let query = "query($a: Boolean!, $b: Boolean = true) {
        student(id: 1) { name @skip(if: $a) grade ...F @include(if: $b) name } }
        fragment F on Student { assessments @skip(if: $a) { id } id }";
    let mut responses = Vec::new();
    for variables in [
        r#"{"a":true}"#,
        r#"{"a":false}"#,
        r#"{"a":false,"b":false}"#,
        r#"{"a":true}"#,
    ] {
        responses.push(respond(&engine, &cast, with_variables(query, variables)).await);
    }
    assert_eq!(
        responses[0],
        r#"{"data":{"student":{"grade":5,"id":"1","name":"Ada"}}}"#
    );
    assert_eq!(
        responses[1],
        r#"{"data":{"student":{"name":"Ada","grade":5,"assessments":[],"id":"1"}}}"#
    );
    assert_eq!(
        responses[2],
        r#"{"data":{"student":{"name":"Ada","grade":5}}}"#
    );
    assert_eq!(responses[3], responses[0]);
    assert_eq!(
        cast.called()
            .iter()
            .filter(|call| call.contains("assessments"))
            .count(),
        1,
        "a skipped module is not called"
    );
    assert_eq!(engine.stats().hits, 3);
}

#[tokio::test]
async fn a_selection_that_is_skipped_whole_leaves_an_empty_object() {
    let cast = Cast::new().says("Query.student", "{}");
    let response = respond(
        &engine(SCHOOL),
        &cast,
        with_variables(
            "query($n: Boolean!) { student(id: 1) { id @include(if: $n) } }",
            r#"{"n":false}"#,
        ),
    )
    .await;
    assert_eq!(response, r#"{"data":{"student":{}}}"#);
}

#[tokio::test]
async fn a_condition_that_is_null_fails_what_it_was_to_decide_on() {
    let engine = engine(SCHOOL);
    let cast = Cast::new()
        .says("Query.maybe", r#"[{"id":1},null,{"id":2,"best":{"id":3}}]"#)
        .says("Query.student", r#"{"id":1}"#)
        .says("Student.mentor", "{}");
    let message = r#"{"message":"Argument \"if\" of non-null type \"Boolean!\" must not be null.""#;
    let table = [
        (
            "{ maybe { id @skip(if: $n) } }",
            r#"["maybe",0] ["maybe",2]"#,
            r#"{"maybe":[null,null,null]}"#,
        ),
        (
            "{ maybe { id best { ... @include(if: $n) { id } } } }",
            r#"["maybe",2,"best"]"#,
            r#"{"maybe":[{"id":"1","best":null},null,{"id":"2","best":null}]}"#,
        ),
        (
            "{ student(id: 1) { mentor { name @include(if: $n) } id } }",
            r#"["student","mentor"]"#,
            r#"{"student":{"mentor":null,"id":"1"}}"#,
        ),
        (
            "{ maybe { id @skip(if: true) @include(if: $n) } }",
            "",
            r#"{"maybe":[{},null,{}]}"#,
        ),
        ("{ __typename maybe @skip(if: $n) { id } }", "none", "null"),
        (
            "{ student(id: 1) { id } __schema { queryType { name @skip(if: $n) } } }",
            "none",
            "null",
        ),
    ];
    for (selection, paths, data) in table {
        let query = format!("query($n: Boolean = true) {selection}");
        for _ in 0..2 {
            let response = respond(&engine, &cast, with_variables(&query, r#"{"n":null}"#)).await;
            let (errors, found) = digest(&response);
            let told: Vec<&str> = errors
                .iter()
                .map(|error| error.strip_prefix("BAD_USER_INPUT").unwrap().trim())
                .collect();
            assert_eq!(
                (told.join(" "), found.to_string().as_str()),
                (paths.replace("none", ""), data),
                "{query}"
            );
            assert_eq!(response.contains(message), !paths.is_empty(), "{response}");
        }
        assert!(
            !respond(&engine, &cast, with_variables(&query, r#"{"n":false}"#))
                .await
                .contains("must not be null")
        );
    }
    let refused = respond(
        &engine,
        &cast,
        with_variables(
            "query($n: Boolean = true) { maybe @skip(if: $n) { id } }",
            r#"{"n":null}"#,
        ),
    )
    .await;
    assert!(
        refused.contains(r#""locations":[{"line":1,"column":45}]"#)
            && cast.called().iter().all(|call| !call.contains("enrol"))
    );
}
