//! What documents are refused for, in the reference implementation's words.

use crate::stage::{SCHOOL, engine, refusals, request};

/// Refuses each document for exactly this, or takes it where there is nothing.
fn check(table: &[(&str, &str)]) {
    let engine = engine(SCHOOL);
    for (query, message) in table {
        let wanted: Vec<String> = message
            .lines()
            .map(|line| format!("GRAPHQL_VALIDATION_FAILED: {}", line.trim()))
            .collect();
        assert_eq!(refusals(&engine, &request(query)), wanted, "{query}");
    }
}

#[test]
fn fields_and_fragments_are_held_against_their_types() {
    check(&[
        ("{ nope }", "Cannot query field \"nope\" on type \"Query\"."),
        (
            "{ search { name } }",
            "Cannot query field \"name\" on type \"Found\".",
        ),
        (
            "{ maybe }",
            "Field \"maybe\" of type \"[Student]\" must have a selection of subfields. Did you mean \"maybe { ... }\"?",
        ),
        (
            "{ maybe { id { x } } }",
            "Field \"id\" must not have a selection since type \"ID!\" has no subfields.",
        ),
        ("{ ...F }", "Unknown fragment \"F\"."),
        (
            "{ __typename } fragment F on Query { __typename }",
            "Fragment \"F\" is never used.",
        ),
        (
            "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
            "There can be only one fragment named \"F\".",
        ),
        ("{ ... on Nope { a } }", "Unknown type \"Nope\"."),
        (
            "{ ... on Mode { a } }",
            "Fragment cannot condition on non composite type \"Mode\".",
        ),
        (
            "{ ... on Room { number } }",
            "Fragment cannot be spread here as objects of type \"Query\" can never be of type \"Room\".",
        ),
        (
            "{ maybe { ...F } } fragment F on Room { number }",
            "Fragment \"F\" cannot be spread here as objects of type \"Student\" can never be of type \"Room\".",
        ),
        (
            "{ maybe { ... on Named { name ... on Found { ... on Student { id } } } } }",
            "",
        ),
        (
            "query A { __typename } query A { __typename }",
            "There can be only one operation named \"A\".",
        ),
        (
            "query A { __typename } { __typename }",
            "This anonymous operation must be the only defined operation.",
        ),
        (
            "subscription { a }",
            "The subscription operation is not supported by the schema.",
        ),
        (
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            "Maximum introspection depth exceeded",
        ),
    ]);
}

#[test]
fn arguments_and_directives_are_held_against_their_definitions() {
    check(&[
        (
            "{ student { id } }",
            "Field \"student\" argument \"id\" of type \"ID!\" is required, but it was not provided.",
        ),
        (
            "{ student(id: 1, id: 2) { id } }",
            "There can be only one argument named \"id\".",
        ),
        (
            "{ student(id: 1, x: 2) { id } }",
            "Unknown argument \"x\" on field \"Query.student\".",
        ),
        ("{ __typename @nope }", "Unknown directive \"@nope\"."),
        (
            "{ __typename @resolve(module: \"x\") }",
            "Unknown directive \"@resolve\".",
        ),
        (
            "query @skip(if: true) { __typename }",
            "Directive \"@skip\" may not be used on QUERY.",
        ),
        (
            "{ __typename @skip(if: true) @skip(if: true) }",
            "The directive \"@skip\" can only be used once at this location.",
        ),
        (
            "{ __typename @skip }",
            "Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.",
        ),
        (
            "{ __typename @skip(if: true, x: 1) }",
            "Unknown argument \"x\" on directive \"@skip\".",
        ),
    ]);
}

#[test]
fn literals_are_held_against_input_types() {
    check(&[
        (
            "{ student(id: null) { id } }",
            "Expected value of type \"ID!\", found null.",
        ),
        (
            "{ student(id: 1.5) { id } }",
            "ID cannot represent a non-string and non-integer value: 1.5",
        ),
        (
            "{ students(first: \"1\") { id } }",
            "Int cannot represent non-integer value: \"1\"",
        ),
        (
            "{ students(first: 2147483648) { id } }",
            "Int cannot represent non 32-bit signed integer value: 2147483648",
        ),
        (
            "{ search(filter: 1) { __typename } }",
            "Expected value of type \"Filter\", found 1.",
        ),
        (
            "{ search(filter: {grade: null}) { __typename } }",
            "Expected value of type \"Int!\", found null.",
        ),
        (
            "{ search(filter: {nope: 1}) { __typename } }",
            "Field \"nope\" is not defined by type \"Filter\".",
        ),
        (
            "{ search(filter: {name: \"a\", name: \"b\"}) { __typename } }",
            "There can be only one input field named \"name\".",
        ),
        (
            "{ search(filter: {modes: ALL, inner: {inner: {modes: [ANY]}}}) { __typename } }",
            "",
        ),
        (
            "{ search(mode: \"ALL\") { __typename } }",
            "Enum \"Mode\" cannot represent non-enum value: \"ALL\".",
        ),
        (
            "{ search(mode: NOPE) { __typename } }",
            "Value \"NOPE\" does not exist in \"Mode\" enum.",
        ),
        (
            "{ search(raw: {any: [1, {thing: GOES}]}) { __typename } }",
            "",
        ),
        (
            "{ pick(by: {}) }",
            "OneOf Input Object \"Pick\" must specify exactly one key.",
        ),
        (
            "{ pick(by: {id: 1, name: \"x\"}) }",
            "OneOf Input Object \"Pick\" must specify exactly one key.",
        ),
        (
            "{ pick(by: {id: null}) }",
            "Field \"Pick.id\" must be non-null.",
        ),
    ]);
}

#[test]
fn variables_stand_only_where_their_types_allow() {
    check(&[
        (
            "query($a: Int) { maybe { id } }",
            "Variable \"$a\" is never used.",
        ),
        (
            "query A { ...F } fragment F on Query { student(id: $a) { id } }",
            "Variable \"$a\" is not defined by operation \"A\".",
        ),
        (
            "query($a: ID!, $a: ID!) { student(id: $a) { id } }",
            "There can be only one variable named \"$a\".",
        ),
        (
            "query($a: Student) { search(raw: $a) { __typename } }",
            "Variable \"$a\" cannot be non-input type \"Student\".\nVariable \"$a\" of type \"Student\" used in position expecting type \"Json\".",
        ),
        (
            "query($a: Nope) { search(raw: $a) { __typename } }",
            "Unknown type \"Nope\".",
        ),
        (
            "query($a: ID) { student(id: $a) { id } }",
            "Variable \"$a\" of type \"ID\" used in position expecting type \"ID!\".",
        ),
        ("query($a: ID = 1) { student(id: $a) { id } }", ""),
        (
            "query($a: ID = null) { student(id: $a) { id } }",
            "Variable \"$a\" of type \"ID\" used in position expecting type \"ID!\".",
        ),
        (
            "query($a: Int) { search(filter: {grade: $a}) { __typename } }",
            "",
        ),
        (
            "query($a: [ID]) { students(ids: $a) { id } }",
            "Variable \"$a\" of type \"[ID]\" used in position expecting type \"[ID!]\".",
        ),
        ("query($a: ID! = 1) { students(ids: [$a]) { id } }", ""),
        (
            "query($a: Int = \"x\") { students(first: $a) { id } }",
            "Int cannot represent non-integer value: \"x\"",
        ),
        (
            "query($a: String) { pick(by: {name: $a}) }",
            "Variable \"$a\" is of type \"String\" but must be non-nullable to be used for OneOf Input Object \"Pick\".",
        ),
    ]);
}

#[test]
fn fields_with_one_key_must_be_the_same_field() {
    let conflict = |key: &str, reason: &str| {
        format!(
            "Fields \"{key}\" conflict because {reason}. Use different aliases on the fields to fetch both if this was intentional."
        )
    };
    let different = conflict("name", "\"id\" and \"name\" are different fields");
    let reversed = conflict("name", "\"name\" and \"id\" are different fields");
    let arguments = conflict("a", "they have differing arguments");
    let nested = conflict(
        "teacher",
        "subfields \"x\" conflict because \"name\" and \"room\" are different fields",
    );
    let types = conflict("x", "they return conflicting types \"ID!\" and \"Int!\"");
    check(&[
        ("{ maybe { name: id name } }", different.as_str()),
        (
            "{ maybe { ...A ... on Named { name } } } fragment A on Student { name: id }",
            reversed.as_str(),
        ),
        (
            "{ search { ... on Student { x: __typename } ... on Room { x: number } } }",
            "",
        ),
        (
            "{ a: student(id: 1) { id } a: student(id: 2) { id } }",
            arguments.as_str(),
        ),
        (
            "{ a: student(id: 1) { id } a: student(id: 1) { name } }",
            "",
        ),
        (
            "{ maybe { teacher { x: name } teacher { x: room { number } } } }",
            nested.as_str(),
        ),
        (
            "{ search { ... on Student { x: id } ... on Room { x: number } } }",
            types.as_str(),
        ),
        (
            "{ search { ... on Student { x: name } ... on Teacher { x: name } } }",
            "",
        ),
    ]);
}

#[test]
fn every_mistake_is_told_with_its_places_up_to_a_hundred() {
    let engine = engine(SCHOOL);
    let errors = engine
        .prepare(&request("{\n  a: nope\n  maybe { id: name id }\n}"))
        .unwrap_err();
    insta::assert_snapshot!(String::from_utf8(errors.render(mayfly_graphql::Disclosure::Full)).unwrap(), @r#"{"errors":[{"message":"Cannot query field \"nope\" on type \"Query\".","locations":[{"line":2,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}},{"message":"Fields \"id\" conflict because \"name\" and \"id\" are different fields. Use different aliases on the fields to fetch both if this was intentional.","locations":[{"line":3,"column":11},{"line":3,"column":20}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#);
    let many = format!(
        "{{ {} }}",
        (0..150)
            .map(|index| format!("f{index} "))
            .collect::<String>()
            .replace("f99 ", "f99 x ")
    );
    let limits = mayfly_graphql::Limits {
        root_fields: 1_000,
        ..mayfly_graphql::Limits::default()
    };
    let engine = mayfly_graphql::Engine::new(engine.schema().clone(), limits, 0);
    assert_eq!(refusals(&engine, &request(&many)).len(), 101);
}

#[test]
fn syntax_errors_say_where() {
    let engine = engine(SCHOOL);
    for (query, message) in [
        ("", "Syntax Error: Unexpected <EOF>."),
        ("{", "Syntax Error: Expected Name, found <EOF>."),
        ("{ a: }", "Syntax Error: Expected Name, found \"}\"."),
        (
            "query () { a }",
            "Syntax Error: Expected \"$\", found \")\".",
        ),
        ("queryX { a }", "Syntax Error: Unexpected Name \"queryX\"."),
        (
            "{ a(b: 01) }",
            "Syntax Error: Invalid number, unexpected digit after 0: \"1\".",
        ),
        ("{ a(b: \"\n\") }", "Syntax Error: Unterminated string."),
        (
            "{ a(b: \"\\q\") }",
            "Syntax Error: Invalid character escape sequence: \"\\q\".",
        ),
        ("{ é }", "Syntax Error: Unexpected character: U+00E9."),
        (
            "query($a: Int = $b) { a }",
            "Syntax Error: Unexpected variable \"$b\" in constant value.",
        ),
        (
            "type A { a: Int }",
            "Syntax Error: Unexpected Name \"type\".",
        ),
        (
            "\"x\" { a }",
            "Syntax Error: Unexpected description, descriptions are not supported on shorthand queries.",
        ),
        (
            "\"x\" a { a }",
            "Syntax Error: Unexpected description, only GraphQL definitions support descriptions.",
        ),
    ] {
        assert_eq!(
            refusals(&engine, &request(query)),
            [format!("GRAPHQL_PARSE_FAILED: {message}")],
            "{query}"
        );
    }
    let rendered = engine
        .prepare(&request("{ a(b: \"é😀\") } # é\n  ?"))
        .unwrap_err()
        .render(mayfly_graphql::Disclosure::Full);
    assert!(
        String::from_utf8(rendered)
            .unwrap()
            .contains(r#""locations":[{"line":2,"column":3}]"#)
    );
    let columns = engine.prepare(&request("{ a(b: \"é😀\") ? }")).unwrap_err();
    assert_eq!(
        columns.errors()[0].locations[0].column,
        15,
        "columns count UTF-16 units"
    );
}

#[test]
fn the_operation_must_be_clear() {
    let engine = engine(SCHOOL);
    let named = |query: &str, name: Option<&str>| {
        let request = mayfly_graphql::Request {
            operation_name: name.map(str::to_owned),
            ..request(query)
        };
        refusals(&engine, &request).join("")
    };
    let two = "query A { __typename } mutation B { __typename }";
    assert_eq!(
        named(two, None),
        "OPERATION_RESOLUTION_FAILED: Must provide operation name if query contains multiple operations."
    );
    assert_eq!(
        named(two, Some("C")),
        "OPERATION_RESOLUTION_FAILED: Unknown operation named \"C\"."
    );
    assert_eq!(named(two, Some("B")), "");
    assert_eq!(named("{ __typename }", None), "");
}

#[test]
fn what_the_grammar_allows_is_read() {
    let engine = engine(SCHOOL);
    for query in [
        "\u{feff}query query($on: [ ID ! ] ! = [ \"a\" , ]) { students ( ids : $on ) { ... { id } } }",
        "\"d\" query A(\"v\" $a: ID! = 1) { student(id: $a) { ...F } } \"\"\"f\"\"\" fragment F on Student { id }",
        "{ student(id: \"\\u{1F600}\\ud83d\\ude00\\u00e9\") { id } }",
        "{ student(id: \"\"\"\n  a \\\"\"\" b\n    c\n\"\"\") { id } }",
        "{ true: __typename null: __typename fragment: __typename on: __typename }",
    ] {
        assert_eq!(
            refusals(&engine, &request(query)),
            Vec::<String>::new(),
            "{query}"
        );
    }
}
