//! The order in which mistakes are reported: the reference implementation's, as its 16th version finds them in these documents.

use crate::stage::{SCHOOL, engine, request};

/// Each document with the columns and messages of its mistakes.
const TABLE: &[(&str, &[&str])] = &[
    (
        "query ($a: [[Student!]]!) { search(raw: $a) { __typename } }",
        &[
            "12 Variable \"$a\" cannot be non-input type \"[[Student!]]!\".",
            "8 41 Variable \"$a\" of type \"[[Student!]]!\" used in position expecting type \"Json\".",
        ],
    ),
    (
        "query ($a: [Nope!]) { search(raw: $a) { __typename } }",
        &["13 Unknown type \"Nope\"."],
    ),
    (
        "{ student { mentor { ...Missing } } }",
        &[
            "25 Unknown fragment \"Missing\".",
            "3 Field \"student\" argument \"id\" of type \"ID!\" is required, but it was not provided.",
        ],
    ),
    (
        "{ maybe @include { name } }",
        &[
            "9 Directive \"@include\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.",
        ],
    ),
    (
        "{ student @skip { nope } }",
        &[
            "11 Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.",
            "19 Cannot query field \"nope\" on type \"Student\".",
            "3 Field \"student\" argument \"id\" of type \"ID!\" is required, but it was not provided.",
        ],
    ),
    (
        "{ maybe @include { id { x } } search }",
        &[
            "9 Directive \"@include\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.",
            "23 Field \"id\" must not have a selection since type \"ID!\" has no subfields.",
            "31 Field \"search\" of type \"[Found!]\" must have a selection of subfields. Did you mean \"search { ... }\"?",
        ],
    ),
    (
        "{ a: students(first: 1) { id } a: students(first: 1.0) { id } }",
        &[
            "3 32 Fields \"a\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.",
            "51 Int cannot represent non-integer value: 1.0",
        ],
    ),
    (
        "{ maybe { id @nope ... on Student { x: id ... on Named { x: name } } } }",
        &[
            "37 58 Fields \"x\" conflict because \"id\" and \"name\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
            "14 Unknown directive \"@nope\".",
        ],
    ),
    (
        "{ maybe { best { ...F0 name } } } fragment F0 on Student { ... on Named { name: __typename } }",
        &[
            "24 75 Fields \"name\" conflict because \"name\" and \"__typename\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
        ],
    ),
    (
        "{ maybe { ...A ...B x: name } } fragment A on Student { x: id } fragment B on Student { x: grade }",
        &[
            "21 57 Fields \"x\" conflict because \"name\" and \"id\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
            "57 89 Fields \"x\" conflict because \"id\" and \"grade\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
            "21 89 Fields \"x\" conflict because \"name\" and \"grade\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
        ],
    ),
    (
        "{ maybe { name } } fragment F on Student { ...G } fragment G on Student { nmae }",
        &[
            "75 Cannot query field \"nmae\" on type \"Student\".",
            "20 Fragment \"F\" is never used.",
            "51 Fragment \"G\" is never used.",
        ],
    ),
    (
        "query Op1($v0: String!) { maybe { id } } fragment F1 on Student { nope }",
        &[
            "11 Variable \"$v0\" is never used in operation \"Op1\".",
            "67 Cannot query field \"nope\" on type \"Student\".",
            "42 Fragment \"F1\" is never used.",
        ],
    ),
    (
        "query A { ...F student(id: $a) { id } } query B($b: ID) { ...F } fragment F on Query { students(ids: [$b $c]) { id } }",
        &[
            "28 1 Variable \"$a\" is not defined by operation \"A\".",
            "103 1 Variable \"$b\" is not defined by operation \"A\".",
            "106 1 Variable \"$c\" is not defined by operation \"A\".",
            "106 41 Variable \"$c\" is not defined by operation \"B\".",
            "49 103 Variable \"$b\" of type \"ID\" used in position expecting type \"ID!\".",
        ],
    ),
    (
        "query A { maybe { best { ...G } ...F } } fragment F on Student { assessments(type: $f) { id } } fragment G on Student { assessments(type: $g) { id } }",
        &[
            "84 1 Variable \"$f\" is not defined by operation \"A\".",
            "139 1 Variable \"$g\" is not defined by operation \"A\".",
        ],
    ),
    (
        "{ search(filter: {name: \"a\", inner: {grade: 1, grade: 2}, name: 3}) { __typename } }",
        &[
            "38 48 There can be only one input field named \"grade\".",
            "19 59 There can be only one input field named \"name\".",
            "65 String cannot represent a non string value: 3",
        ],
    ),
    (
        "{ search(filter: [{grade: 1, grade: \"x\"}], nope: {a: 1, a: 2}) { __typename } }",
        &[
            "18 Expected value of type \"Filter\", found [{ grade: 1, grade: \"x\" }].",
            "20 30 There can be only one input field named \"grade\".",
            "44 Unknown argument \"nope\" on field \"Query.search\".",
            "51 57 There can be only one input field named \"a\".",
        ],
    ),
    (
        "{ students(first: {a: 1, a: $x}) { id } }",
        &[
            "19 Int cannot represent non-integer value: { a: 1, a: $x }",
            "20 26 There can be only one input field named \"a\".",
            "29 1 Variable \"$x\" is not defined.",
        ],
    ),
    (
        "{ maybe { ...F } } fragment F on Student { name } fragment F on Room { number }",
        &[
            "11 Fragment \"F\" cannot be spread here as objects of type \"Student\" can never be of type \"Room\".",
            "29 60 There can be only one fragment named \"F\".",
        ],
    ),
    (
        "fragment F on Nope { a } { ...F } fragment F on Mode { a } query A { a }",
        &[
            "15 Unknown type \"Nope\".",
            "26 This anonymous operation must be the only defined operation.",
            "49 Fragment \"F\" cannot condition on non composite type \"Mode\".",
            "10 44 There can be only one fragment named \"F\".",
            "70 Cannot query field \"a\" on type \"Query\".",
        ],
    ),
    (
        "query A { a } query A { b } query A { c } { d }",
        &[
            "11 Cannot query field \"a\" on type \"Query\".",
            "7 21 There can be only one operation named \"A\".",
            "25 Cannot query field \"b\" on type \"Query\".",
            "7 35 There can be only one operation named \"A\".",
            "39 Cannot query field \"c\" on type \"Query\".",
            "43 This anonymous operation must be the only defined operation.",
            "45 Cannot query field \"d\" on type \"Query\".",
        ],
    ),
    (
        "query ($a: ID, $b: ID, $a: ID) { student(id: 1, id: 2, x: 3, id: 4) { id } }",
        &[
            "9 25 There can be only one variable named \"$a\".",
            "42 49 62 There can be only one argument named \"id\".",
            "56 Unknown argument \"x\" on field \"Query.student\".",
            "8 Variable \"$a\" is never used.",
            "16 Variable \"$b\" is never used.",
            "24 Variable \"$a\" is never used.",
        ],
    ),
    (
        "{ maybe { id @skip(if: true) @nope(if: 1) @skip(if: 2, x: 3) @include(x: 1) } }",
        &[
            "14 43 The directive \"@skip\" can only be used once at this location.",
            "30 Unknown directive \"@nope\".",
            "56 Unknown argument \"x\" on directive \"@skip\".",
            "53 Boolean cannot represent a non boolean value: 2",
            "71 Unknown argument \"x\" on directive \"@include\".",
            "62 Directive \"@include\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.",
        ],
    ),
    (
        "{ a: __schema { types { fields { type { fields { type { fields { nope } } } } } } } nope }",
        &[
            "3 Maximum introspection depth exceeded",
            "66 Cannot query field \"nope\" on type \"__Field\".",
            "85 Cannot query field \"nope\" on type \"Query\".",
        ],
    ),
    (
        "query Q($a: Int = \"x\", $b: Filter = {nope: 1}, $c: Student = {a: 1, a: 2}) { students(first: $a) { nope } search(filter: $b, raw: $c) { __typename } }",
        &[
            "19 Int cannot represent non-integer value: \"x\"",
            "38 Field \"nope\" is not defined by type \"Filter\".",
            "52 Variable \"$c\" cannot be non-input type \"Student\".",
            "63 69 There can be only one input field named \"a\".",
            "100 Cannot query field \"nope\" on type \"Student\".",
            "48 131 Variable \"$c\" of type \"Student\" used in position expecting type \"Json\".",
        ],
    ),
];

#[test]
fn mistakes_are_told_in_the_order_and_at_the_places_of_the_reference() {
    let engine = engine(SCHOOL);
    for (query, wanted) in TABLE {
        let refused = engine.prepare(&request(query)).unwrap_err();
        let told: Vec<String> = refused
            .errors()
            .iter()
            .map(|error| {
                let columns: Vec<String> = error
                    .locations
                    .iter()
                    .map(|at| at.column.to_string())
                    .collect();
                format!("{} {}", columns.join(" "), error.error)
            })
            .collect();
        assert_eq!(told, *wanted, "{query}");
    }
}
