//! The guard: what is refused before anything costly happens.

use crate::stage::{Cast, SCHOOL, refusals, request, respond, schema, with_variables};
use mayfly_graphql::{Engine, Limits, Request};
use std::fmt::Write as _;

const TIGHT: Limits = Limits {
    response_bytes: 1_024,
    tokens: 60,
    nesting: 12,
    expansion: 20,
    depth: 6,
    aliases: 3,
    directives: 2,
    root_fields: 4,
    complexity: 500,
    list_size: 10,
    plan_bytes: 64 << 10,
};

fn refused(limits: Limits, query: &str) -> String {
    refusals(
        &Engine::new(schema(SCHOOL), limits, 1 << 16),
        &request(query),
    )
    .join("\n")
}

#[test]
fn each_limit_names_what_is_over_it_and_its_setting() {
    let table = [
        (
            format!("{{ maybe {{ {}", "id ".repeat(60)),
            "document has more than 60 tokens, over the limit of 60; make the operation smaller or raise `limits.tokens`",
        ),
        (
            "{a".repeat(13),
            "document nests brackets 13 deep, over the limit of 12; make the operation smaller or raise `limits.nesting`",
        ),
        (
            format!("{{ maybe {{ {} }} }}", "id ".repeat(20)),
            "query selects 21 fields, over the limit of 20; make the operation smaller or raise `limits.expansion`",
        ),
        (
            "{ maybe { best { best { best { best { best { id } } } } } } }".to_owned(),
            "query is 7 fields deep, over the limit of 6; make the operation smaller or raise `limits.depth`",
        ),
        (
            "{ a: maybe { b: id c: id d: id } }".to_owned(),
            "document has 4 aliases, over the limit of 3; make the operation smaller or raise `limits.aliases`",
        ),
        (
            "{ maybe @a @b { id @c } }".to_owned(),
            "document has 3 directives, over the limit of 2; make the operation smaller or raise `limits.directives`",
        ),
        (
            "{ __typename __typename ...F } fragment F on Query { __typename __typename __typename }".to_owned(),
            "query has 5 root fields, over the limit of 4; make the operation smaller or raise `limits.root_fields`",
        ),
        (
            "{ students(first: 90) { id name grade teacher { name } } }".to_owned(),
            "query may answer with 451 fields, over the limit of 400; make the operation smaller or raise `limits.complexity`",
        ),
    ];
    for (query, message) in table {
        let limits = if message.contains("complexity") {
            Limits {
                complexity: 400,
                ..TIGHT
            }
        } else {
            TIGHT
        };
        assert_eq!(
            refused(limits, &query),
            format!("LIMIT_EXCEEDED: {message}"),
            "{query}"
        );
    }
}

/// How many fields an answer may hold, as the message of a refusal says.
fn cost(sdl: &str, request: &Request) -> String {
    let limits = Limits {
        complexity: 0,
        ..Limits::default()
    };
    let message = refusals(&Engine::new(schema(sdl), limits, 1 << 16), request).join("\n");
    let (_, rest) = message.split_once("answer with ").unwrap_or_default();
    rest.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn complexity_counts_lists_by_what_their_arguments_say() {
    let cost = |query: &str| cost(SCHOOL, &request(query));
    assert_eq!(cost("{ student(id: 1) { id name } }"), "3");
    assert_eq!(
        cost("{ students { id } }"),
        "3",
        "the argument's default is 2"
    );
    assert_eq!(cost("{ students(first: 50) { id } }"), "51");
    assert_eq!(
        cost("{ students(first: null, ids: [1, 2, 3]) { id } }"),
        "4"
    );
    assert_eq!(cost("{ maybe { id } }"), "11", "nothing says how many");
    assert_eq!(cost("{ students(first: 5) { assessments { id } } }"), "56");
    assert_eq!(
        cost("{ search { ... on Room { number } ... on Teacher { name room { number } } } }"),
        "31",
        "the costliest type counts"
    );
    assert_eq!(
        cost("{ students(first: 0) { id } }"),
        cost("{ students(first: 1) { id } }"),
        "no list is free"
    );
    assert_eq!(
        cost("{ students(first: null, ids: []) { assessments { id } } }"),
        "12",
        "nor what is below it"
    );
    assert_eq!(
        cost("{ __schema { types { name } } }"),
        "27",
        "as many types as there are"
    );
    assert_eq!(cost("{ __type(name: \"Student\") { name } }"), "2");
}

#[test]
fn no_argument_hides_what_another_says_about_a_list() {
    let sdl = r#"
        type Query {
          friends(last: Int, first: Int = 30, limit: Int): [Friend!]! @resolve(module: "m")
          named(last: Int, tags: [String!] = ["a", "b"], ids: [ID!]): [Friend!]! @resolve(module: "m")
        }
        type Friend { id: ID! }
    "#;
    let table = [
        // A variable that is not given leaves the argument's default.
        ("($n: Int) { friends(first: $n) ", "{}", "31"),
        ("($n: Int) { friends(first: $n) ", r#"{"n":5}"#, "6"),
        ("($n: Int) { friends(first: $n) ", r#"{"n":null}"#, "11"),
        ("($n: Int = 7) { friends(first: $n) ", "{}", "8"),
        ("($t: [String!]) { named(tags: $t) ", "{}", "3"),
        ("($t: [String!]) { named(tags: $t) ", r#"{"t":null}"#, "11"),
        // The largest number counts.
        ("{ friends(last: 5, first: 300) ", "{}", "301"),
        ("{ friends(last: 300, first: 5) ", "{}", "301"),
        ("($n: Int) { friends(last: $n, first: 300) ", "{}", "301"),
        ("($n: Int) { friends(last: $n, limit: $n) ", "{}", "31"),
        (
            "($n: Int) { friends(last: $n, first: 300) ",
            r#"{"n":null}"#,
            "301",
        ),
        (
            "($n: Int) { friends(last: $n, first: 300) ",
            r#"{"n":400}"#,
            "401",
        ),
        // And the longest list, where no number is given.
        (r#"{ named(tags: [], ids: ["a", "b", "c"]) "#, "{}", "4"),
        (
            r#"($t: [String!]) { named(tags: $t, ids: ["a"]) "#,
            r#"{"t":[]}"#,
            "2",
        ),
        (
            r#"($t: [String!]) { named(tags: $t, ids: ["a"]) "#,
            r#"{"t":["a","b","c"]}"#,
            "4",
        ),
        (
            "($t: [String!], $i: [ID!]) { named(tags: $t, ids: $i) ",
            r#"{"t":[],"i":[1,2,3,4]}"#,
            "5",
        ),
        (
            r#"($n: Int) { named(last: $n, ids: ["a", "b", "c"]) "#,
            r#"{"n":null}"#,
            "4",
        ),
        (
            r#"($n: Int) { named(last: $n, ids: ["a", "b", "c"]) "#,
            r#"{"n":1}"#,
            "2",
        ),
    ];
    for (query, variables, expected) in table {
        let request = with_variables(&format!("query {query} {{ id }} }}"), variables);
        assert_eq!(cost(sdl, &request), expected, "{query} {variables}");
    }
}

#[test]
fn variables_have_a_say_in_complexity_on_kept_plans() {
    let engine = Engine::new(
        schema(SCHOOL),
        Limits {
            complexity: 100,
            ..Limits::default()
        },
        1 << 16,
    );
    let first = "query($n: Int) { students(first: $n) { id } }";
    let ids = "query($n: [ID!]) { students(first: null, ids: $n) { id } }";
    for (query, variables, fits) in [
        (first, r#"{"n":99}"#.to_owned(), true),
        (first, r#"{"n":100}"#.to_owned(), false),
        (first, r#"{"n":50}"#.to_owned(), true),
        (ids, format!("{{\"n\":[{}1]}}", "1,".repeat(98)), true),
        (ids, format!("{{\"n\":[{}1]}}", "1,".repeat(99)), false),
    ] {
        assert_eq!(
            refusals(&engine, &with_variables(query, &variables)).is_empty(),
            fits,
            "{variables}"
        );
    }
}

#[test]
fn brackets_in_strings_and_comments_do_not_count_as_nesting() {
    let query = "{ student(id: \"[[[[[[[[[[[[[[\") { id } # {{{{{{{{{{{{{{\n a: student(id: \"\"\"((((((((((((((\"\"\") { id } }";
    assert_eq!(refused(TIGHT, query), "");
}

#[test]
fn four_kilobytes_of_brackets_are_refused_and_the_stack_survives() {
    for bracket in ["[", "{x:", "{a", "(", "query($a: ["] {
        for prefix in ["", "{ student(id: ", "query($a: "] {
            let message = refused(
                Limits::default(),
                &format!("{prefix}{}", bracket.repeat(4_000)),
            );
            assert!(
                message.starts_with("LIMIT_EXCEEDED")
                    || message.starts_with("GRAPHQL_PARSE_FAILED"),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn the_deepest_document_a_generous_limit_takes_fits_the_stack() {
    let deep = Limits {
        nesting: 200,
        depth: 200,
        ..Limits::default()
    };
    let engine = Engine::new(schema(SCHOOL), deep, 1 << 16);
    // Every level of fields in the text is wrapped once more by a fragment, so that twice the nesting is reached.
    let mut query = format!(
        "{{ maybe {{ {}id{} ...F0 }} }}",
        "best { ".repeat(190),
        " }".repeat(190)
    );
    for level in 0..180 {
        write!(
            query,
            " fragment F{level} on Student {{ best {{ ...F{} }} }}",
            level + 1
        )
        .unwrap();
    }
    query.push_str(" fragment F180 on Student { id scores }");
    let answer = format!("[{}null{}]", "{\"best\":".repeat(100), "}".repeat(100));
    let response = respond(
        &engine,
        &Cast::new().says("Query.maybe", answer),
        request(&query),
    )
    .await;
    assert!(
        response.starts_with("{\"data\":{\"maybe\":[{\"best\":{"),
        "{response}"
    );
    let literal = format!(
        "{{ search(raw: {}1{}) {{ __typename }} }}",
        "[".repeat(190),
        "]".repeat(190)
    );
    let response = respond(
        &engine,
        &Cast::new().says("Query.search", "[]"),
        request(&literal),
    )
    .await;
    assert_eq!(response, r#"{"data":{"search":[]}}"#);
}

#[test]
fn fragment_bombs_are_measured_without_going_off() {
    let mut bomb = String::from("{ student(id: 1) { ...F0 } } fragment F30 on Student { id }");
    for level in 0..30 {
        write!(
            bomb,
            " fragment F{level} on Student {{ ...F{} best {{ ...F{} }} }}",
            level + 1,
            level + 1
        )
        .unwrap();
    }
    assert!(refused(Limits::default(), &bomb).contains("LIMIT_EXCEEDED: query selects"));
    let mut nothing = String::from("{ ...F0 } fragment F40 on Query { ...Nobody }");
    for level in 0..40 {
        write!(
            nothing,
            " fragment F{level} on Query {{ ...F{} ...F{} }}",
            level + 1,
            level + 1
        )
        .unwrap();
    }
    assert!(refused(Limits::default(), &nothing).contains("LIMIT_EXCEEDED"));
}

#[test]
fn chains_of_fragments_are_bounded_whether_used_or_not() {
    for start in ["{ ...F0 }", "{ __typename }"] {
        let mut chain = format!("{start} fragment F900 on Query {{ __typename }}");
        for level in 0..900 {
            write!(chain, " fragment F{level} on Query {{ ...F{} }}", level + 1).unwrap();
        }
        assert!(
            refused(Limits::default(), &chain).contains("nests selections"),
            "{start}"
        );
    }
}

#[test]
fn long_chains_of_fragments_with_the_same_fields_are_compared_within_the_stack() {
    let generous = Limits {
        nesting: 200,
        depth: 200,
        ..Limits::default()
    };
    let mut chains = String::from(
        "{ maybe { ...A0 ...B0 } } fragment A190 on Student { x: id } fragment B190 on Student { x: name }",
    );
    for level in 0..190 {
        for chain in ["A", "B"] {
            write!(
                chains,
                " fragment {chain}{level} on Student {{ best {{ ...{chain}{} }} }}",
                level + 1
            )
            .unwrap();
        }
    }
    assert!(
        refused(generous, &chains)
            .contains("Fields \"best\" conflict because subfields \"best\" conflict because")
    );
    let mut flat = String::from(
        "{ maybe { ...A0 ...B0 } } fragment A390 on Student { id } fragment B390 on Student { id }",
    );
    for level in 0..390 {
        for chain in ["A", "B"] {
            write!(
                flat,
                " fragment {chain}{level} on Student {{ best {{ id }} ...{chain}{} }}",
                level + 1
            )
            .unwrap();
        }
    }
    let message = refused(generous, &flat);
    assert!(
        message.is_empty() || message.contains("LIMIT_EXCEEDED"),
        "{message}"
    );
}

#[test]
fn fragment_cycles_are_refused_before_anything_follows_them() {
    let table = [
        (
            "{ ...A } fragment A on Query { ...A }",
            "Cannot spread fragment \"A\" within itself.",
        ),
        (
            "{ ...A } fragment A on Query { ...B } fragment B on Query { maybe { ...C } } fragment C on Student { ...A }",
            "Cannot spread fragment \"A\" within itself via \"B\", \"C\".",
        ),
        (
            "{ maybe { id } } fragment A on Query { ...B } fragment B on Query { ...A }",
            "Cannot spread fragment \"A\" within itself via \"B\".",
        ),
    ];
    for (query, message) in table {
        assert_eq!(
            refused(Limits::default(), query),
            format!("GRAPHQL_VALIDATION_FAILED: {message}")
        );
    }
}

#[test]
fn many_fields_with_one_key_are_compared_within_bounds() {
    let same = "best { id best { name } } ".repeat(1_200);
    assert_eq!(
        refused(Limits::default(), &format!("{{ maybe {{ {same} }} }}")),
        "",
        "what is the same everywhere need not be compared in pairs"
    );
    let other = "best: teacher { name }";
    assert!(
        refused(
            Limits::default(),
            &format!("{{ maybe {{ {same} {other} }} }}")
        )
        .contains("document repeats response keys in too many fields")
    );
}
