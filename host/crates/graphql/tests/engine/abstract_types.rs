//! Interfaces and unions.

use crate::stage::{Cast, SCHOOL, digest, run};

#[tokio::test]
async fn the_type_is_what_the_value_says_wherever_it_says_it() {
    let found = r#"[{"name":"Ada","__typename":"Student","id":1},{"__typename":"Teacher","name":"Grace","room":{"number":1}},{"number":2,"__typename":"Room"}]"#;
    let cast = Cast::new().says("Query.search", found);
    let query = "{ search { __typename ... on Named { name } ... on Student { id } ... on Room { n: number } ...R } } fragment R on Teacher { room { number } }";
    let response = run(SCHOOL, &cast, query).await;
    insta::assert_snapshot!(response, @r#"{"data":{"search":[{"__typename":"Student","name":"Ada","id":"1"},{"__typename":"Teacher","name":"Grace","room":{"number":1}},{"__typename":"Room","n":2}]}}"#);
    assert_eq!(
        *cast.calls()[0].selection,
        ["__typename", "name", "id", "room", "room.number", "number"]
    );
}

#[tokio::test]
async fn a_value_without_a_possible_type_is_invalid_output() {
    for value in [
        r#"{"name":"x"}"#,
        r#"{"__typename":"Assessment"}"#,
        r#"{"__typename":7}"#,
        r#"{"__typename":"Nope"}"#,
    ] {
        let cast = Cast::new().says("Query.search", format!("[{value}]"));
        let (errors, data) = digest(&run(SCHOOL, &cast, "{ search { __typename } }").await);
        assert_eq!(errors, [r#"INVALID_OUTPUT ["search",0]"#], "{value}");
        assert_eq!(data.to_string(), r#"{"search":null}"#);
    }
}

#[tokio::test]
async fn modules_answer_below_the_type_they_are_bound_to() {
    let cast = Cast::new()
        .says(
            "Query.search",
            r#"[{"__typename":"Student","id":1},{"__typename":"Teacher","name":"T"},{"__typename":"Student","id":2}]"#,
        )
        .says_of_each("Student.mentor", |parent| Ok(format!(r#"{{"name":{}}}"#, parent["id"])))
        .says("Teacher.pupils", r#"[{"name":"P"}]"#);
    let query =
        "{ search { ... on Student { mentor { name } } ... on Teacher { pupils { name } } } }";
    let response = run(SCHOOL, &cast, query).await;
    insta::assert_snapshot!(response, @r#"{"data":{"search":[{"mentor":{"name":"1"}},{"pupils":[{"name":"P"}]},{"mentor":{"name":"2"}}]}}"#);
    let mut called = cast.called();
    called.sort();
    assert_eq!(
        called,
        ["Query.search×0", "Student.mentor×2", "Teacher.pupils×1"]
    );
}
