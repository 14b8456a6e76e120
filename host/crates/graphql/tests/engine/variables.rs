//! Values of variables, against their types.

use crate::stage::{Cast, digest, engine, refusals, respond, with_variables};

const SDL: &str = r#"
    type Query { f(int: Int float: Float string: String boolean: Boolean id: ID mode: Mode ints: [Int!] deep: [[Int]] filter: Filter pick: Pick any: Any
                   need: Int! = 5): String @resolve(module: "m") }
    enum Mode { ANY ALL }
    scalar Any
    input Filter { name: String grade: Int! modes: [Mode!] = [ALL] inner: Filter }
    input Pick @oneOf { id: ID name: String }
"#;

/// What the module is given for a variable, or why it is not.
async fn given(argument: &str, ty: &str, value: &str) -> String {
    let engine = engine(SDL);
    let cast = Cast::new().says("Query.f", "null");
    let request = with_variables(
        &format!("query($v: {ty}) {{ f({argument}: $v) }}"),
        &format!("{{\"v\":{value}}}"),
    );
    let refused = refusals(&engine, &request);
    if !refused.is_empty() {
        return refused.join("\n");
    }
    respond(&engine, &cast, request).await;
    cast.calls()[0].arguments.replace(",\"need\":5", "")
}

#[tokio::test]
async fn values_are_coerced_to_their_types() {
    let table = [
        ("int", "Int", "2147483647", r#"{"int":2147483647}"#),
        ("int", "Int", "1.0", r#"{"int":1}"#),
        ("int", "Int", "null", r#"{"int":null}"#),
        ("float", "Float", "1", r#"{"float":1}"#),
        (
            "float",
            "Float",
            "0.10000000000000000000001",
            r#"{"float":0.10000000000000000000001}"#,
        ),
        ("string", "String", r#""é\"\n""#, r#"{"string":"é\"\n"}"#),
        ("id", "ID", "7", r#"{"id":"7"}"#),
        ("id", "ID", r#""x""#, r#"{"id":"x"}"#),
        ("mode", "Mode", r#""ALL""#, r#"{"mode":"ALL"}"#),
        ("ints", "[Int!]", "3", r#"{"ints":[3]}"#),
        ("ints", "[Int!]", "[]", r#"{"ints":[]}"#),
        (
            "deep",
            "[[Int]]",
            "[1,[2],null]",
            r#"{"deep":[[1],[2],null]}"#,
        ),
        (
            "filter",
            "Filter",
            r#"{"grade":1}"#,
            r#"{"filter":{"grade":1,"modes":["ALL"]}}"#,
        ),
        (
            "filter",
            "Filter",
            r#"{"modes":"ANY","grade":1,"name":null}"#,
            r#"{"filter":{"name":null,"grade":1,"modes":["ANY"]}}"#,
        ),
        ("pick", "Pick", r#"{"id":1}"#, r#"{"pick":{"id":"1"}}"#),
        (
            "any",
            "Any",
            r#"{"b":[1.50,null],"a":123456789012345678901234567890}"#,
            r#"{"any":{"b":[1.50,null],"a":123456789012345678901234567890}}"#,
        ),
    ];
    for (argument, ty, value, arguments) in table {
        assert_eq!(given(argument, ty, value).await, arguments);
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_told_of_with_their_place() {
    let table = [
        (
            "int",
            "Int",
            "2147483648",
            "got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648",
        ),
        (
            "int",
            "Int",
            "1.5",
            "got invalid value 1.5; Int cannot represent non-integer value: 1.5",
        ),
        (
            "int",
            "Int",
            "\"1\"",
            "got invalid value \"1\"; Int cannot represent non-integer value: \"1\"",
        ),
        (
            "float",
            "Float",
            "\"1\"",
            "got invalid value \"1\"; Float cannot represent non numeric value: \"1\"",
        ),
        (
            "string",
            "String",
            "1",
            "got invalid value 1; String cannot represent a non string value: 1",
        ),
        (
            "boolean",
            "Boolean",
            "1",
            "got invalid value 1; Boolean cannot represent a non boolean value: 1",
        ),
        (
            "id",
            "ID",
            "1.5",
            "got invalid value 1.5; ID cannot represent value: 1.5",
        ),
        (
            "mode",
            "Mode",
            "\"X\"",
            "got invalid value \"X\"; Value \"X\" does not exist in \"Mode\" enum.",
        ),
        (
            "mode",
            "Mode",
            "1",
            "got invalid value 1; Enum \"Mode\" cannot represent non-string value: 1.",
        ),
        (
            "ints",
            "[Int!]",
            "[1,null]",
            "got invalid value null at \"v[1]\"; Expected non-nullable type \"Int!\" not to be null.",
        ),
        (
            "filter",
            "Filter",
            "1",
            "got invalid value 1; Expected type \"Filter\" to be an object.",
        ),
        (
            "filter",
            "Filter",
            "{}",
            "got invalid value {}; Field \"grade\" of required type \"Int!\" was not provided.",
        ),
        (
            "filter",
            "Filter",
            r#"{"grade":1,"inner":{"grade":"x"}}"#,
            "got invalid value \"x\" at \"v.inner.grade\"; Int cannot represent non-integer value: \"x\"",
        ),
        (
            "filter",
            "Filter",
            r#"{"grade":1,"nope":[1]}"#,
            "got invalid value { grade: 1, nope: [1] }; Field \"nope\" is not defined by type \"Filter\".",
        ),
        (
            "pick",
            "Pick",
            "{}",
            "got invalid value {}; Exactly one key must be specified for OneOf type \"Pick\".",
        ),
        (
            "pick",
            "Pick",
            r#"{"id":null}"#,
            "got invalid value null at \"v.id\"; Field \"id\" must be non-null.",
        ),
        (
            "int",
            "Int!",
            "null",
            "of non-null type \"Int!\" must not be null.",
        ),
    ];
    for (argument, ty, value, message) in table {
        assert_eq!(
            given(argument, ty, value).await,
            format!("BAD_USER_INPUT: Variable \"$v\" {message}")
        );
    }
}

#[test]
fn a_required_variable_that_is_missing_is_the_clients_mistake() {
    let engine = engine(SDL);
    let response = engine.prepare(&crate::stage::request(
        "query($a: Int!, $b: Int! = 1, $c: Int) { f(int: $a, ints: [$b], deep: [[$c]]) }",
    ));
    let rendered = String::from_utf8(
        response
            .unwrap_err()
            .render(mayfly_graphql::Disclosure::Full),
    )
    .unwrap();
    insta::assert_snapshot!(rendered, @r#"{"errors":[{"message":"Variable \"$a\" of required type \"Int!\" was not provided.","locations":[{"line":1,"column":7}],"extensions":{"code":"BAD_USER_INPUT"}}]}"#);
}

#[tokio::test]
async fn null_where_only_a_default_allowed_a_nullable_variable_fails_the_field() {
    let cast = Cast::new().says("Query.f", "\"ok\"");
    let query = "query($v: Int) { f(need: $v) }";
    let (errors, data) =
        digest(&respond(&engine(SDL), &cast, with_variables(query, r#"{"v":null}"#)).await);
    assert_eq!(
        (errors, data.to_string()),
        (
            vec![r#"BAD_USER_INPUT ["f"]"#.to_owned()],
            r#"{"f":null}"#.to_owned()
        )
    );
    assert!(cast.calls().is_empty());
    respond(&engine(SDL), &cast, with_variables(query, "{}")).await;
    assert_eq!(cast.calls()[0].arguments, r#"{"need":5}"#);
}
