//! Any text is a schema or has problems, in time and memory that grow with its size.

use crate::stage::SCHOOL;
use allocation_counter::measure;
use mayfly_graphql::Schema;
use proptest::prelude::*;
use std::fmt::Write;

const PIECES: [&str; 64] = [
    "type",
    "interface",
    "union",
    "enum",
    "input",
    "scalar",
    "schema",
    "directive",
    "extend",
    "implements",
    "on",
    "repeatable",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    ":",
    "=",
    "|",
    "&",
    "@",
    "$",
    "...",
    "Query",
    "A",
    "B",
    "In",
    "__T",
    "a",
    "b",
    "Int",
    "String",
    "A B",
    "null",
    "true",
    "1",
    "-0.5e3",
    "\"text\"",
    "\"\"\"block",
    "\"\"\"",
    "\"",
    "\\u{1F600}",
    "#",
    "\n",
    ",",
    "\u{feff}",
    "😀",
    "\u{0}",
    "@deprecated",
    "@oneOf",
    "@specifiedBy(url: 1)",
    "@resolve(module: \"m\")",
    "OBJECT",
    "{a: {b: [1]}}",
    "type A { a: B }",
    "input In { a: In! = {} }",
    "interface B implements A { b: [A!]! }",
];

/// Bytes of the texts whose cost is measured.
const SMALL: usize = 64 << 10;
/// The text that is compared with it is this many times as large; a quadratic one would cost that often as much again.
const LARGER: usize = 16;

fn judge(sdl: &str) {
    if let Err(problems) = Schema::parse(sdl) {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(problem.line > 0 && problem.column > 0, "{problem:?}");
            assert!(problem.message.len() < 4_000, "{problem:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_schema_or_has_problems(text in "\\PC*") {
        judge(&text);
    }

    #[test]
    fn any_tokens_are_a_schema_or_have_problems(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..80),
    ) {
        judge(&pieces.join(" "));
        judge(&pieces.concat());
        judge(&format!("type Query {{ a: Int @resolve(module: \"m\") }} type T {{ {} }}", pieces.join(" ")));
    }

    #[test]
    fn any_schema_with_changes_is_a_schema_or_has_problems(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0..12_usize), 1..4),
    ) {
        let mut text: Vec<char> = SCHOOL.chars().collect();
        for (at, piece, removed) in edits {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        judge(&text.into_iter().collect::<String>());
    }
}

#[test]
fn brackets_without_end_are_refused_where_they_become_too_many() {
    for (before, bracket) in [
        ("type Query { a: ", "["),
        ("type Query { a(b: Int = ", "["),
        ("type Query { a(b: Int = ", "{a:"),
        ("type Query { a: Int @d(a: ", "["),
        ("type Query ", "{"),
        ("directive @d", "("),
        ("", "{"),
        ("", "("),
    ] {
        let text = format!("{before}{}", bracket.repeat(1_000_000));
        let problems = Schema::parse(&text).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}

/// Texts of some size, each of which costs more than it should if something looks at everything for each thing.
fn shapes(bytes: usize) -> Vec<(&'static str, String)> {
    let repeated = |item: &dyn Fn(usize) -> String| {
        let mut text = String::from("type Query { a: Int @resolve(module: \"m\") } ");
        let mut index = 0;
        while text.len() < bytes {
            text.push_str(&item(index));
            index += 1;
        }
        text
    };
    let list = |before: &str, item: &dyn Fn(usize) -> String, after: &str| {
        format!("{before} {{ {} }} {after}", &repeated(item)[44..])
    };
    let name = "n".repeat(bytes / 2);
    vec![
        (
            "types",
            repeated(&|n| format!("type T{n} {{ a: T{} }} ", n / 2)),
        ),
        ("fields", list("type T", &|n| format!("f{n}: Int "), "")),
        (
            "arguments",
            list(
                "type T",
                &|n| format!("f{n}(a: Int, b: [Int!] = [1, 2]): Int "),
                "",
            ),
        ),
        ("values", list("enum E", &|n| format!("V{n} "), "")),
        (
            "implementations",
            repeated(&|n| {
                format!("interface I{n} {{ a: Int }} type T{n} implements I{n} & I0 {{ a: Int }} ")
            }),
        ),
        (
            "implementations without fields",
            format!(
                "{} interface I {{ {} }}",
                repeated(&|n| format!("type T{n} implements I {{ a: Int }} ")),
                (0..bytes / 8).fold(String::new(), |mut fields, n| {
                    let _ = write!(fields, "f{n}: Int ");
                    fields
                })
            ),
        ),
        (
            "unions",
            repeated(&|n| format!("type T{n} {{ a: Int }} union U{n} = T{n} | T{} ", n / 2)),
        ),
        (
            "inputs in a chain",
            repeated(&|n| format!("input I{n} {{ a: I{}! }} ", n + 1)),
        ),
        (
            "inputs that refer to those before",
            repeated(&|n| format!("input I{n} {{ a: I{}! b: I0! }} ", n.saturating_sub(1))),
        ),
        (
            "defaults in a chain",
            repeated(&|n| match n {
                0 => "input I0 { a: Int = 1 } ".to_owned(),
                n => format!("input I{n} {{ a: I{} = null b: I0 = {{}} }} ", n - 1),
            }),
        ),
        (
            "required fields of a default",
            format!(
                "input I {{ {} }} type T {{ a(b: I = {{ {} }}): Int }}",
                (0..bytes / 20)
                    .map(|n| format!("f{n}: Int! "))
                    .collect::<String>(),
                (0..bytes / 20)
                    .map(|n| format!("f{n}: 1 "))
                    .collect::<String>()
            ),
        ),
        (
            "unknown types",
            list("type T", &|n| format!("f{n}: X{n} "), ""),
        ),
        (
            "unknown directives",
            list("type T", &|n| format!("f{n}: Int @d{n} "), ""),
        ),
        (
            "directives",
            repeated(&|n| {
                format!(
                    "directive @d{n}(a: Int) repeatable on OBJECT type T{n} @d{n}(a: 1) @d{}(a: 2) {{ a: Int }} ",
                    n / 2
                )
            }),
        ),
        (
            "extensions",
            repeated(&|n| format!("extend type Query {{ f{n}: Int @resolve(module: \"m\") }} ")),
        ),
        (
            "types that come twice",
            repeated(&|_| "type T { a: Int } ".to_owned()),
        ),
        (
            "a description",
            format!(
                "\"\"\"\n{}\n\"\"\" type T {{ a: Int }}",
                "a line\n".repeat(bytes / 8)
            ),
        ),
        (
            "a comment",
            format!("# {}\n type T {{ a: Int }}", "é".repeat(bytes / 2)),
        ),
        (
            "a name",
            format!(
                "type {name} {{ {} }}",
                (0..bytes / 16)
                    .map(|n| format!("f{n}: Nope "))
                    .collect::<String>()
            ),
        ),
    ]
}

#[test]
fn what_a_schema_costs_grows_with_its_size() {
    let small = shapes(SMALL).into_iter();
    for ((name, small), (_, large)) in small.zip(shapes(SMALL * LARGER)) {
        assert!(large.len() >= small.len() * LARGER / 2, "{name}");
        let [once, more] = [&small, &large].map(|text| measure(|| judge(text)).bytes_total);
        let growth = more as f64 / once as f64;
        assert!(
            growth < 2.0 * LARGER as f64,
            "{name}: {growth} times the memory for {LARGER} times the text"
        );
    }
}

#[test]
fn defaults_that_stand_for_too_much_are_refused() {
    let mut sdl = String::from(
        "type Query { a(i: I40 = {}): Int @resolve(module: \"m\") } input I0 { a: Int = 1 } ",
    );
    for n in 1..=40 {
        let _ = write!(
            sdl,
            "input I{n} {{ a: I{0} = {{}} b: I{0} = {{}} }} ",
            n - 1
        );
    }
    let problems = Schema::parse(&sdl).unwrap_err();
    assert!(
        problems[0]
            .message
            .contains("the default values of the schema expand to more than 4 MiB"),
        "{problems:?}"
    );
}
