//! What a plan may take, and what is planned once for many types.

use crate::stage::{Cast, digest, refusals, request, respond, schema};
use allocation_counter::measure;
use mayfly_graphql::{Engine, Limits};
use std::fmt::Write as _;

/// Two types that lead to each other and themselves through an interface: each level of a selection has twice as many types.
const CIRCLES: &str = r#"
interface C { id: ID f: C n: [C] }
type A implements C { id: ID f: C n: [C] @resolve(module: "m", needs: "id") }
type B implements C { id: ID f: C n: [C] @resolve(module: "m", needs: "id") }
type Query { c: C @resolve(module: "m") }
"#;

fn nested(field: &str, levels: usize, leaf: &str) -> String {
    let open = format!("{{{field}").repeat(levels);
    format!("{{c{open}{{{leaf}}}{}}}", "}".repeat(levels))
}

#[test]
fn positions_that_ask_the_same_are_planned_once_whatever_the_type_around_them() {
    let engine = Engine::new(schema(CIRCLES), Limits::default(), 0);
    for levels in [4, 13, 28] {
        let query = nested("f", levels, &"id ".repeat(630));
        let mut fits = false;
        let taken = measure(|| fits = engine.prepare(&request(&query)).is_ok());
        assert!(fits, "{levels} levels");
        assert!(
            taken.bytes_max < 2 << 20,
            "{levels} levels took {} bytes at once",
            taken.bytes_max
        );
    }
}

#[tokio::test]
async fn shared_positions_are_answered_by_one_call_and_each_in_its_place() {
    let engine = Engine::new(schema(CIRCLES), Limits::default(), 0);
    let cast = Cast::new()
        .says(
            "Query.c",
            r#"{"__typename":"A","id":1,"f":{"__typename":"B","id":2,"f":{"__typename":"A","id":3,"f":null}}}"#,
        )
        .says_of_each("A.n", |parent| {
            Ok(format!(r#"[{{"__typename":"B","id":{}}}]"#, parent["id"]))
        });
    let query = "{c{...F f{...F f{...F}}}} fragment F on C {__typename f{id} ... on A{n{id}}}";
    let response = respond(&engine, &cast, request(query)).await;
    assert_eq!(
        response,
        r#"{"data":{"c":{"__typename":"A","f":{"id":"2","__typename":"B","f":{"id":"3","__typename":"A","f":null,"n":[{"id":"3"}]}},"n":[{"id":"1"}]}}}"#
    );
}

#[test]
fn a_plan_that_multiplies_is_refused_while_it_is_built() {
    let limits = Limits {
        complexity: u64::MAX,
        ..Limits::default()
    };
    let engine = Engine::new(schema(CIRCLES), limits, 0);
    // Modules are asked by the type of the parent, so nothing is shared here.
    let bombs = [
        nested("n", 20, "id"),
        // Each type on the way leaves a different selection below it.
        {
            let mut sets = String::new();
            for level in 0..14 {
                let path = "f{".repeat(level);
                let rest = "f{".repeat(13 - level);
                let close = "}".repeat(14);
                write!(sets, " {path}... on A{{{rest}id{close}").unwrap();
            }
            format!("{{c{{{sets}}}}}")
        },
    ];
    for bomb in bombs {
        let mut told = Vec::new();
        let taken = measure(|| told = refusals(&engine, &request(&bomb)));
        assert_eq!(
            told,
            [
                "LIMIT_EXCEEDED: plan of the query, in bytes, over the limit of 2097152; make the operation smaller or raise `limits.plan`"
            ],
            "{bomb}"
        );
        assert!(
            taken.bytes_max < 6 << 20,
            "{} bytes at once",
            taken.bytes_max
        );
    }
}

#[test]
fn what_a_plan_is_said_to_take_is_what_it_takes() {
    let mut wide = String::from("type Query { t: T @resolve(module: \"m\") } type T {");
    for field in 0..400 {
        write!(
            wide,
            " field{field}(a: Int, s: [String]): T deep{field}: [[Int]] other{field}(s: [String]): T @resolve(module: \"m\", needs: \"deep1 deep2\")"
        )
        .unwrap();
    }
    wide.push('}');
    let schema = schema(&wide);
    let long = "x".repeat(3_000);
    let documents = [
        (0..400).fold(String::new(), |all, field| {
            format!("{all} deep{field} a: deep7")
        }),
        (0..200).fold(String::new(), |all, field| {
            format!("{all} field{field}(a: 1, s: [\"{long}\"]) {{ deep1 }}")
        }),
        (0..200).fold(String::new(), |all, field| {
            format!("{all} other{field}(s: [$v, \"{long}\"]) {{ deep1 deep2 field1 {{ deep3 }} }}")
        }),
    ];
    let limits = Limits {
        aliases: 1_000,
        complexity: u64::MAX,
        plan_bytes: 64 << 20,
        ..Limits::default()
    };
    for document in documents {
        let variable = if document.contains("$v") {
            "($v: String)"
        } else {
            ""
        };
        let query = format!("query{variable} {{ t {{ {document} }} }}");
        let room = 256 << 20;
        let engine = Engine::new(schema.clone(), limits, room);
        let taken = measure(|| {
            assert_eq!(refusals(&engine, &request(&query)), Vec::<String>::new());
        });
        // The cache keeps the document besides the plan.
        let kept = usize::try_from(taken.bytes_current).unwrap();
        let said = engine.stats().bytes;
        assert!(
            said * 5 > kept * 4 && said < kept * 2,
            "said {said} bytes, kept {kept}: {}",
            &query[..100]
        );
    }
}

#[tokio::test]
async fn a_field_merged_from_many_places_tells_some_of_them() {
    let engine = Engine::new(schema(CIRCLES), Limits::default(), 0);
    let query = format!("{{c{{__typename {} }}}}", "f{id}".repeat(100));
    let cast = Cast::new().says("Query.c", r#"{"__typename":"A","f":7}"#);
    let response = respond(&engine, &cast, request(&query)).await;
    assert_eq!(digest(&response).0, [r#"INVALID_OUTPUT ["c","f"]"#]);
    assert_eq!(response.matches("\"line\"").count(), 20);
}
