//! Numbers that are not what their type holds: refused wherever they come from, and never changed.

use crate::stage::{Cast, digest, engine, refusals, request, respond, run, schema, with_variables};
use mayfly_graphql::{Schema, SchemaProblem};

const SDL: &str = r#"
type Query { echo(f: Float, id: ID, in: In): Any @resolve(module: "m") f: Float @resolve(module: "m") id: ID @resolve(module: "m") any: Any @resolve(module: "m") }
input In { f: Float id: ID }
scalar Any
"#;

#[test]
fn a_float_that_is_not_finite_is_refused_in_documents_and_variables() {
    let engine = engine(SDL);
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", "1.5E+309", &digits] {
        for query in [
            format!("{{ echo(f: {number}) }}"),
            format!("{{ echo(in: {{f: {number}}}) }}"),
            format!("query($f: Float = {number}) {{ echo(f: $f) }}"),
        ] {
            let told = refusals(&engine, &request(&query)).join("");
            assert!(
                told.starts_with(
                    "GRAPHQL_VALIDATION_FAILED: Float cannot represent non numeric value: "
                ),
                "{told}"
            );
        }
        for (query, variables) in [
            (
                "query($f: Float) { echo(f: $f) }",
                format!("{{\"f\":{number}}}"),
            ),
            (
                "query($f: [Float]) { echo(in: $f) }",
                format!("{{\"f\":[{number}]}}"),
            ),
            (
                "query($in: In) { echo(in: $in) }",
                format!("{{\"in\":{{\"f\":{number}}}}}"),
            ),
        ] {
            let told = refusals(&engine, &with_variables(query, &variables)).join("");
            assert!(
                told.contains("Float cannot represent non numeric value: ") || told.contains("In"),
                "{told}"
            );
        }
    }
    let large = "1.7976931348623157e308";
    assert_eq!(
        refusals(&engine, &request(&format!("{{ echo(f: {large}) }}"))),
        Vec::<String>::new()
    );
}

#[test]
fn a_schema_cannot_have_a_float_that_is_not_finite_as_a_default() {
    let sdl = "type Query { echo(f: Float = 1e400): Int @resolve(module: \"m\") }";
    let problems = Schema::parse(sdl).unwrap_err();
    assert!(
        problems.iter().any(|SchemaProblem { message, .. }| {
            message.contains("Float cannot represent non numeric value: 1e")
                || message.contains("number out of range")
        }),
        "{problems:?}"
    );
    schema(&sdl.replace("1e400", "1e300"));
}

#[tokio::test]
async fn a_float_that_is_not_finite_is_no_answer() {
    for answer in ["1e400", "-1e400", "\"1e400\""] {
        let (errors, data) = digest(&run(SDL, &Cast::new().says("Query.f", answer), "{ f }").await);
        assert_eq!(
            (errors, data["f"].is_null()),
            (vec![r#"INVALID_OUTPUT ["f"]"#.to_owned()], true),
            "{answer}"
        );
    }
    for answer in ["1e300", "-0.0", "12345678901234567890.123456789"] {
        let response = run(SDL, &Cast::new().says("Query.f", answer), "{ f }").await;
        assert_eq!(response, format!(r#"{{"data":{{"f":{answer}}}}}"#));
    }
    let response = run(SDL, &Cast::new().says("Query.any", "[1e400]"), "{ any }").await;
    assert_eq!(
        response, r#"{"data":{"any":[1e400]}}"#,
        "a scalar of the app is any JSON"
    );
}

#[tokio::test]
async fn an_id_keeps_its_digits_or_is_refused() {
    let engine = engine(SDL);
    let huge = "123456789012345678901234567890123456789";
    for (number, digits) in [
        ("9007199254740993.0", Some("9007199254740993")),
        ("9007199254740993", Some("9007199254740993")),
        ("90071992547409930e-1", Some("9007199254740993")),
        (huge, Some(huge)),
        ("1e20", Some("100000000000000000000")),
        ("1e30", None),
        ("1.5", None),
        ("1e-7", None),
        ("0.99999999999999999999", None),
        ("1e400", None),
    ] {
        let query = "query($id: ID) { echo(id: $id) }";
        let cast = Cast::new().says("Query.echo", "1").says("Query.id", number);
        let asked = with_variables(query, &format!("{{\"id\":{number}}}"));
        let (errors, _) = digest(&respond(&engine, &cast, asked).await);
        assert_eq!(errors.is_empty(), digits.is_some(), "{number}: {errors:?}");
        let given = cast.calls().first().map(|call| call.arguments.clone());
        assert_eq!(
            given,
            digits.map(|digits| format!(r#"{{"id":"{digits}"}}"#)),
            "{number}"
        );
        let (errors, data) = digest(&respond(&engine, &cast, request("{ id }")).await);
        assert_eq!(
            (data["id"].as_str(), errors.len()),
            (digits, usize::from(digits.is_none())),
            "{number}"
        );
    }
}
