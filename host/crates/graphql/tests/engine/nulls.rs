//! What becomes null because of what, and which errors are reported.

use crate::stage::{Cast, SCHOOL, digest, engine, request, respond, run};
use mayfly_config::Limits;
use mayfly_error::Error;

fn boom() -> Error {
    Error::GuestError {
        reason: "no-luck".to_owned(),
        message: "boom".to_owned(),
        retryable: true,
        passed_on: None,
        beside: None,
    }
}

/// The errors as `code path`, then the data, of a document whose root fields say `json`.
async fn outcome(sdl: &str, json: &str, query: &str) -> (Vec<String>, String) {
    let cast = Cast::new().says("Query.a", json).says("Query.b", "1");
    let (errors, data) = digest(&run(sdl, &cast, query).await);
    (errors, data.to_string())
}

#[tokio::test]
async fn null_goes_to_the_nearest_value_that_may_be_null() {
    let table = [
        ("a: Int", "null", "{ a b }", vec![], r#"{"a":null,"b":1}"#),
        (
            "a: Int",
            "\"x\"",
            "{ a b }",
            vec![r#"INVALID_OUTPUT ["a"]"#],
            r#"{"a":null,"b":1}"#,
        ),
        (
            "a: Int!",
            "null",
            "{ b a }",
            vec![r#"INVALID_OUTPUT ["a"]"#],
            "null",
        ),
        (
            "a: [Int]",
            "[1,null,\"x\",2]",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a",2]"#],
            r#"{"a":[1,null,null,2]}"#,
        ),
        (
            "a: [Int!]",
            "[1,null,3]",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a",1]"#],
            r#"{"a":null}"#,
        ),
        (
            "a: [Int!]!",
            "[1,null,3]",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a",1]"#],
            "null",
        ),
        (
            "a: [[Int!]]",
            "[[1],[null],[]]",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a",1,0]"#],
            r#"{"a":[[1],null,[]]}"#,
        ),
        (
            "a: [[Int!]!]",
            "[[1],[null]]",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a",1,0]"#],
            r#"{"a":null}"#,
        ),
        (
            "a: T",
            "{}",
            "{ a { n { v } } }",
            vec![],
            r#"{"a":{"n":null}}"#,
        ),
        (
            "a: T",
            "{\"n\":{}}",
            "{ a { n { v } } }",
            vec![r#"INVALID_OUTPUT ["a","n","v"]"#],
            r#"{"a":{"n":null}}"#,
        ),
        (
            "a: T",
            "{\"m\":{}}",
            "{ a { x: m { v } } }",
            vec![r#"INVALID_OUTPUT ["a","x","v"]"#],
            r#"{"a":null}"#,
        ),
        (
            "a: [T!]!",
            "[{\"m\":{\"v\":1}},{\"m\":{}}]",
            "{ a { m { v } } }",
            vec![r#"INVALID_OUTPUT ["a",1,"m","v"]"#],
            "null",
        ),
        (
            "a: T",
            "[]",
            "{ a { n { v } } }",
            vec![r#"INVALID_OUTPUT ["a"]"#],
            r#"{"a":null}"#,
        ),
        (
            "a: T",
            "{\"n\":1,\"n\":2}",
            "{ a { n { v } } }",
            vec![r#"INVALID_OUTPUT ["a","n"]"#, r#"INVALID_OUTPUT ["a"]"#],
            r#"{"a":null}"#,
        ),
        ("a: E", "\"X\"", "{ a }", vec![], r#"{"a":"X"}"#),
        ("a: E", "\"\\u0058\"", "{ a }", vec![], r#"{"a":"X"}"#),
        (
            "a: E",
            "\"Z\"",
            "{ a }",
            vec![r#"INVALID_OUTPUT ["a"]"#],
            r#"{"a":null}"#,
        ),
    ];
    for (field, json, query, errors, data) in table {
        let sdl = format!(
            "type Query {{ {field} @resolve(module: \"m\") b: Int @resolve(module: \"m\") }} type T {{ n: V m: V! }} type V {{ v: Int! }} enum E {{ X Y }}"
        );
        let found = outcome(&sdl, json, query).await;
        let mut wanted: Vec<String> = errors.into_iter().map(str::to_owned).collect();
        // The order of errors is that of the response: a value before what is in it.
        wanted.sort_by_key(String::len);
        let mut told = found.0;
        told.sort_by_key(String::len);
        assert_eq!((told, found.1.as_str()), (wanted, data), "{field} = {json}");
    }
}

#[tokio::test]
async fn text_that_is_not_json_is_invalid_output_at_the_fields_place_and_never_shown() {
    for json in [
        "",
        "{",
        "{\"a\":1}x",
        "[1,]",
        "{\"secret\" 1}",
        "\"\\x\"",
        "nul",
        "{\"id\":01}",
        "{\"extra\":[1,,2],\"id\":1}",
        "\"\u{1}\"",
    ] {
        let cast = Cast::new().says("Query.student", json);
        let response = run(SCHOOL, &cast, "{ student(id: 1) { id } }").await;
        let (errors, data) = digest(&response);
        assert_eq!(errors, [r#"INVALID_OUTPUT ["student"]"#], "{json}");
        assert_eq!(data.to_string(), r#"{"student":null}"#);
        assert!(
            response.contains("answer is not JSON") && !response.contains("secret"),
            "{response}"
        );
    }
}

#[tokio::test]
async fn json_as_deep_as_a_guest_likes_is_refused_and_the_stack_survives() {
    let deep = format!(
        "{{\"id\":1,\"extra\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let cast = Cast::new().says("Query.student", deep);
    let (errors, _) = digest(&run(SCHOOL, &cast, "{ student(id: 1) { id } }").await);
    assert_eq!(errors, [r#"BUDGET_EXCEEDED ["student"]"#]);
}

#[tokio::test]
async fn a_guest_cannot_make_the_host_hold_any_number_of_parents_or_errors() {
    let many = |count: usize| format!("[{}{{}}]", "{},".repeat(count - 1));
    let cast = Cast::new()
        .max_batch(1_000_000)
        .says("Query.maybe", many(100_500).replace("{}", "{\"id\":1}"))
        .says("Student.mentor", "null");
    let response = run(SCHOOL, &cast, "{ maybe { mentor { name } } }").await;
    let (errors, data) = digest(&response);
    let told = errors
        .iter()
        .filter(|error| error.starts_with(r#"LIMIT_EXCEEDED ["maybe","#))
        .count();
    assert_eq!(
        (errors.len(), told),
        (1_001, 1_000),
        "the response is full, and errors end where nobody reads them, with one that says so"
    );
    assert!(response.contains("more errors are not shown"), "{response}");
    assert_eq!(
        (data.to_string().as_str(), cast.calls().len()),
        (r#"{"maybe":null}"#, 1),
        "what is too large is not asked for"
    );
    let fitting = Limits::default().response_bytes / 350;
    let cast = Cast::new()
        .max_batch(1_000_000)
        .says("Query.maybe", many(fitting).replace("{}", "{\"id\":1}"))
        .says("Student.mentor", "null");
    let (errors, _) = digest(&run(SCHOOL, &cast, "{ maybe { mentor { name } } }").await);
    assert_eq!(
        (errors.len(), cast.calls()[1].parents.len()),
        (0, fitting),
        "each counts as 256 bytes, its path and what its module is given"
    );
    let aliases: String = (0..90).map(|index| format!("a{index}: name ")).collect();
    let cast = Cast::new().says(
        "Query.student",
        format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20)),
    );
    let (errors, _) = digest(
        &run(
            SCHOOL,
            &cast,
            &format!("{{ student(id: 1) {{ {aliases} }} }}"),
        )
        .await,
    );
    assert_eq!(errors, [r#"LIMIT_EXCEEDED ["student","a3"]"#]);
    let cast = Cast::new().says("Query.maybe", many(5_000));
    let (errors, data) = digest(&run(SCHOOL, &cast, "{ maybe { id } }").await);
    assert_eq!(
        (errors.len(), data["maybe"].as_array().unwrap().len()),
        (1_001, 5_000)
    );
}

#[tokio::test]
async fn an_error_of_a_nested_module_nulls_its_parent_and_says_where() {
    let cast = Cast::new()
        .says(
            "Query.students",
            r#"[{"id":1,"grade":1},{"id":2,"grade":2}]"#,
        )
        .says_of_each("Student.assessments", |parent| {
            if parent["id"] == "2" {
                Err(boom())
            } else {
                Ok("[]".to_owned())
            }
        });
    let response = run(
        SCHOOL,
        &cast,
        "{\n  students {\n    id\n    a: assessments { id }\n  }\n}",
    )
    .await;
    insta::assert_snapshot!(response, @r#"{"errors":[{"message":"boom","locations":[{"line":4,"column":5}],"path":["students",1,"a"],"extensions":{"code":"GUEST_ERROR","reason":"no-luck","retryable":true}}],"data":null}"#);
    assert_eq!(
        cast.reports(),
        [r#"assessments Student.assessments GUEST_ERROR [Key("students"), Index(1), Key("a")]"#]
    );
}

#[tokio::test]
async fn a_nullable_nested_field_keeps_its_siblings() {
    let cast = Cast::new()
        .says("Query.maybe", r#"[{"id":1,"grade":1},null,{"id":3}]"#)
        .says_of_each("Student.mentor", |parent| {
            if parent["id"] == "1" {
                Err(boom())
            } else {
                Ok(r#"{"name":"M"}"#.to_owned())
            }
        })
        .says_of_each("Student.assessments", |parent| {
            if parent["id"] == "3" {
                Err(boom())
            } else {
                Ok("[]".to_owned())
            }
        });
    let response = run(
        SCHOOL,
        &cast,
        "{ maybe { assessments { id } id mentor { name } } }",
    )
    .await;
    let (errors, data) = digest(&response);
    assert_eq!(
        errors,
        [
            r#"GUEST_ERROR ["maybe",0,"mentor"]"#,
            r#"GUEST_ERROR ["maybe",2,"assessments"]"#
        ]
    );
    assert_eq!(
        data.to_string(),
        r#"{"maybe":[{"assessments":[],"id":"1","mentor":null},null,null]}"#
    );
}

#[tokio::test]
async fn two_errors_that_null_one_value_are_told_once() {
    let sdl = r#"
        type Query { t: T @resolve(module: "m") }
        type T { id: Int! u: T a: Int! @resolve(module: "m", needs: "id") b: Int! @resolve(module: "m", needs: "id") c: Int @resolve(module: "m") }
    "#;
    let fails = || |_: &serde_json::Value| Err(boom());
    let cast = Cast::new()
        .says("Query.t", r#"{"id":1,"u":{"id":2}}"#)
        .says_of_each("T.a", fails())
        .says_of_each("T.b", fails())
        .says_of_each("T.c", fails());
    let (errors, data) = digest(&run(sdl, &cast, "{ t { id u { b a id } c } }").await);
    assert_eq!(
        errors,
        [r#"GUEST_ERROR ["t","u","b"]"#, r#"GUEST_ERROR ["t","c"]"#]
    );
    assert_eq!(data.to_string(), r#"{"t":{"id":1,"u":null,"c":null}}"#);
}

#[tokio::test]
async fn an_answer_that_is_null_as_a_whole_tells_no_error_of_root_fields_after_the_one_that_made_it_so()
 {
    let sdl = "type Query { a: Int! @resolve(module: \"m\") b: Int @resolve(module: \"m\") c: T @resolve(module: \"m\") } type T { n: Int! }";
    let cast = Cast::new()
        .says("Query.a", "null")
        .says("Query.b", "\"x\"")
        .says("Query.c", "{}");
    let (errors, data) = digest(&run(sdl, &cast, "{ b a c { n } }").await);
    assert_eq!(
        errors,
        [r#"INVALID_OUTPUT ["b"]"#, r#"INVALID_OUTPUT ["a"]"#]
    );
    assert_eq!(data.to_string(), "null");
}

#[tokio::test]
async fn a_needed_field_that_may_not_be_null_is_invalid_output_although_nobody_selected_it() {
    let cast = Cast::new().says("Query.student", r#"{"name":"Ada"}"#);
    let (errors, data) = digest(
        &run(
            SCHOOL,
            &cast,
            "{ student(id: 1) { name assessments { id } } }",
        )
        .await,
    );
    assert_eq!(errors, [r#"INVALID_OUTPUT ["student","id"]"#]);
    assert_eq!(data.to_string(), r#"{"student":null}"#);
    assert_eq!(
        cast.called(),
        ["Query.student×0"],
        "nobody is called for a parent that is null"
    );
}

#[tokio::test]
async fn a_mutation_stops_at_the_field_that_makes_its_answer_null() {
    let cast = Cast::new()
        .says("Mutation.enrol", r#"{"id":null}"#)
        .says("Mutation.note", "\"n\"");
    let response = respond(
        &engine(SCHOOL),
        &cast,
        request("mutation { a: note enrol(name: \"x\") { id } b: note }"),
    )
    .await;
    let (errors, data) = digest(&response);
    assert_eq!(
        (errors, data.to_string()),
        (
            vec![r#"INVALID_OUTPUT ["enrol","id"]"#.to_owned()],
            "null".to_owned()
        )
    );
    assert_eq!(cast.called(), ["Mutation.note×0", "Mutation.enrol×0"]);
}

#[tokio::test]
async fn errors_found_below_a_value_after_it_became_null_for_another_reason_are_not_told() {
    let sdl = r#"
        type Query { shapes: [Shape] @resolve(module: "m") }
        type Shape {
            id: ID
            strict: Shape! @resolve(module: "m", needs: "id")
            late: [Shape] @resolve(module: "m", needs: "id")
            fails: ID! @resolve(module: "m", needs: "id")
            soft: ID @resolve(module: "m", needs: "id")
            whole: Shape
        }"#;
    let null_for_one = |parent: &serde_json::Value| {
        Ok(if parent["id"] == "1" {
            "null"
        } else {
            r#"{"id":"9"}"#
        }
        .to_owned())
    };
    let cast = || {
        Cast::new()
            .says(
                "Query.shapes",
                r#"[{"id":"1","whole":{"id":"1"}},{"id":"2","whole":{"id":"2"}}]"#,
            )
            .says_of_each("Shape.strict", null_for_one)
            .says("Shape.late", r#"[{"id":"3"},{"id":"9"}]"#)
            .says_of_each("Shape.soft", |parent| {
                if parent["id"] == "1" {
                    Err(boom())
                } else {
                    Ok("1".to_owned())
                }
            })
            .says_of_each("Shape.fails", |parent| {
                if parent["id"] == "9" {
                    Ok("1".to_owned())
                } else {
                    Err(boom())
                }
            })
    };
    let told = async |query: &str| digest(&run(sdl, &cast(), query).await);

    let (errors, data) = told("{ shapes { late { fails } strict { id } } }").await;
    assert_eq!(
        errors,
        [
            r#"INVALID_OUTPUT ["shapes",0,"strict"]"#,
            r#"GUEST_ERROR ["shapes",1,"late",0,"fails"]"#
        ]
    );
    assert_eq!(
        data.to_string(),
        r#"{"shapes":[null,{"late":[null,{"fails":"1"}],"strict":{"id":"9"}}]}"#
    );

    let (errors, data) =
        told("{ shapes { id whole { late { fails } strict { id } } late { fails } } }").await;
    assert_eq!(
        errors,
        [
            r#"INVALID_OUTPUT ["shapes",0,"whole","strict"]"#,
            r#"GUEST_ERROR ["shapes",0,"late",0,"fails"]"#,
            r#"GUEST_ERROR ["shapes",1,"whole","late",0,"fails"]"#,
            r#"GUEST_ERROR ["shapes",1,"late",0,"fails"]"#,
        ]
    );
    assert_eq!(
        data["shapes"][0].to_string(),
        r#"{"id":"1","whole":null,"late":[null,{"fails":"1"}]}"#
    );

    // Of what was found at the same time, what comes before the reason is told.
    let (errors, _) = told("{ shapes { soft strict { id } } }").await;
    assert_eq!(
        errors,
        [
            r#"GUEST_ERROR ["shapes",0,"soft"]"#,
            r#"INVALID_OUTPUT ["shapes",0,"strict"]"#
        ]
    );
    let (errors, _) = told("{ shapes { strict { id } soft } }").await;
    assert_eq!(errors, [r#"INVALID_OUTPUT ["shapes",0,"strict"]"#]);
}
