//! Mistakes in schemas, told all at once.

use mayfly_graphql::Schema;

fn problems(sdl: &str) -> Vec<String> {
    Schema::parse(sdl)
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_remedy() {
    let sdl = r#"type Query {
  free: Int
  lost: Nope @resolve(module: "m")
  input: In @resolve(module: "m")
  rooted: Int @resolve(module: "m", needs: "free")
  nameless: Int @resolve(module: "")
  odd(arg: Thing): Int @resolve(module: "m") @nobody
}
type Thing implements Face & Ghost {
  id: Int
  id: Int
  by: Int @resolve(module: "m", needs: "id by nope")
}
interface Face { id: ID! face(x: Int): Int side: Int @resolve(module: "m") }
input In { loop: In! one: Int = "x" }
input Pick @oneOf { a: Int! }
enum None @deprecated { A A }
union U = In | Thing
type Thing { a: Int }
extend type Lost { a: Int }
type Subscription { s: Int }
type __Mine { a: Int }
"#;
    insta::assert_snapshot!(problems(sdl).join("\n"), @r#"
    2:3: "Query.free" has no @resolve; every field of the query type needs one: add @resolve(module: "...")
    3:9: unknown type "Nope"; did you mean "None"?
    4:3: field "Query.input" must have an output type, and "In" is an input; use another type
    5:44: "Query.rooted" is a field of the query type, which has no parent to need fields of; remove "needs"
    6:34: the name of the module is empty; write @resolve(module: "name")
    7:7: argument "Query.odd(arg:)" must have an input type, and "Thing" is an object type; use another type
    7:46: unknown directive "@nobody"; declare it or remove it
    9:6: type "Thing" lacks the field "face" of the interface "Face"; add "face: Int"
    9:6: type "Thing" lacks the field "side" of the interface "Face"; add "side: Int"
    9:30: unknown type "Ghost"; define it or correct the name
    10:3: "Thing.id" is of type "Int", but in the interface "Face" it is "ID!"; use that or a subtype
    11:3: field "Thing.id" can be defined only once, and line 10 defines it; remove one
    12:40: "Thing.by" needs "by", which a module answers; only properties of the parent can be needed
    12:40: "Thing.by" needs "nope", which "Thing" does not have; correct the name
    14:44: "Face.side" has @resolve, but fields of interfaces are never called; put it on the types that implement "Face"
    15:12: input "In" contains itself endlessly through the required fields "loop"; make one of them nullable
    15:33: default value of "one": Int cannot represent non-integer value: "x"
    16:21: "Pick.a" of a @oneOf input must be nullable; remove "!"
    17:11: directive "@deprecated" may not be used on ENUM; it may be used on FIELD_DEFINITION, ARGUMENT_DEFINITION, INPUT_FIELD_DEFINITION, ENUM_VALUE
    17:27: enum value "None.A" can be defined only once, and line 17 defines it; remove one
    18:7: union "U" can include only object types, and "In" is an input; remove it
    19:6: there can be only one type named "Thing", and line 9 defines one; remove one or use "extend"
    20:13: cannot extend "Lost", which is not defined; define it
    21:6: subscriptions are not supported; remove the subscription type
    22:6: name "__Mine" must not begin with "__", which is reserved for introspection; rename it
    "#);
}

#[test]
fn text_that_is_no_schema_is_told_where() {
    for (sdl, told) in [
        ("", "1:1: expected a definition, found the end of the text"),
        (
            "type Query {\n  a: \n}",
            "3:1: expected a type after \"a:\", found \"}\"",
        ),
        (
            "type Query\n  a: Int\n}",
            "2:3: expected \"{\" after \"type Query\", found \"a\"",
        ),
        (
            "type Query a: Int }",
            "1:12: expected \"{\" after \"type Query\", found \"a\"",
        ),
        (
            "type Query { a Int }",
            "1:16: expected \":\" after \"a\", found \"Int\"",
        ),
        (
            "type Query { a(x: Int }",
            "1:23: expected \")\" or the name of an argument after \"x: Int\", found \"}\"",
        ),
        (
            "type Query { a: [Int }",
            "1:22: expected \"]\" after \"a: [Int\", found \"}\"",
        ),
        (
            "type Query { a: Int",
            "1:20: expected \"}\" or the name of a field after \"a: Int\", found the end of the text",
        ),
        (
            "type Query {}",
            "1:13: expected the name of a field after \"type Query {\", found \"}\"",
        ),
        (
            "type Query { a: Int } }",
            "1:23: expected a definition after \"type Query { a: Int }\", found \"}\"",
        ),
        (
            "tpye Query { a: Int }",
            "1:1: expected a definition, found \"tpye\"; did you mean \"type\"?",
        ),
        (
            "schema { qurey: Q }",
            "1:10: expected \"query\", \"mutation\" or \"subscription\" after \"schema {\", found \"qurey\"; did you mean \"query\"?",
        ),
        (
            "directive @d on OBJEKT",
            "1:17: expected a location of directives, such as FIELD_DEFINITION after \"directive @d on\", found \"OBJEKT\"; did you mean \"OBJECT\"?",
        ),
        (
            "directive @d OBJECT",
            "1:14: expected \"on\" after \"directive @d\", found \"OBJECT\"",
        ),
        (
            "enum E { A true }",
            "1:12: name \"true\" is reserved and cannot be used for an enum value",
        ),
        (
            "extend type A",
            "1:14: expected \"implements\", \"@\" or \"{\" after \"extend type A\", found the end of the text",
        ),
        (
            "\"d\" extend type A { a: Int }",
            "1:1: unexpected description, only definitions have one, not extensions",
        ),
        (
            "query { a }",
            "1:1: a schema has no \"query\"; move it to the documents of clients",
        ),
        (
            "type Query { a: Int % }",
            "1:21: unexpected character: \"%\"",
        ),
        (
            "type Query { a: String @resolve(module: \"m) }",
            "1:46: unterminated string",
        ),
        (
            "type Query { a(b: Int = $x): Int }",
            "1:25: unexpected variable \"$x\" in constant value",
        ),
        (
            "type A { b: Int }",
            "1:1: the schema has no query type; define \"type Query\" with at least one field",
        ),
    ] {
        assert_eq!(problems(sdl), [told], "{sdl}");
    }
}

#[test]
fn a_mistyped_name_is_told_with_the_one_that_was_probably_meant() {
    let with = |text: &str| format!("type Query {{ a: T @resolve(module: \"m\") }} {text}");
    for (sdl, told) in [
        (
            "type T { id: Int b: Int @resolve(module: \"m\", need: \"id\") }",
            "unknown argument \"need\" of \"@resolve\"; did you mean \"needs\"?",
        ),
        (
            "type T { id: Int b: Int @resolve(module: \"m\", needs: \"ids\") }",
            "\"T.b\" needs \"ids\", which \"T\" does not have; did you mean \"id\"?",
        ),
        (
            "type T { id: Int b: Int @resolves(module: \"m\") }",
            "unknown directive \"@resolves\"; did you mean \"@resolve\"?",
        ),
        (
            "type T { id: Strin }",
            "unknown type \"Strin\"; did you mean \"String\"?",
        ),
        (
            "type T { id: string }",
            "unknown type \"string\"; did you mean \"String\"?",
        ),
        (
            "type T { id: Int } extend type t { b: Int }",
            "cannot extend \"t\", which is not defined; did you mean \"T\"?",
        ),
        (
            "type T { id: Completely }",
            "unknown type \"Completely\"; define it or correct the name",
        ),
        (
            "type T { id: Int @completely }",
            "unknown directive \"@completely\"; declare it or remove it",
        ),
    ] {
        let found = problems(&with(sdl));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with(told), "{found:?}");
    }
}

#[test]
fn problems_are_told_once_and_no_more_than_anybody_reads() {
    let fields: String = (0..1_000).map(|n| format!("f{n}: Nope{n} ")).collect();
    let found = problems(&format!("type T {{ {fields} }}"));
    assert_eq!(found.len(), 101);
    assert!(found[100].contains("more problems"), "{}", found[100]);
    let name = "n".repeat(100_000);
    let found = problems(&format!(
        "type Query {{ a: {name} @resolve(module: \"m\") }}"
    ));
    assert_eq!(found.len(), 1);
    assert!(found[0].len() < 400, "{}", found[0].len());
}

#[test]
fn bindings_list_what_modules_answer() {
    let schema = Schema::parse(crate::stage::SCHOOL).unwrap();
    let bindings: Vec<String> = schema
        .bindings()
        .map(|binding| {
            format!(
                "{}:{}.{} {} [{}]",
                binding.line,
                binding.type_name,
                binding.field_name,
                binding.module,
                binding.needs.join(" ")
            )
        })
        .collect();
    assert_eq!(bindings.len(), 11);
    assert!(
        bindings.contains(&"23:Student.assessments assessments [id grade]".to_owned()),
        "{bindings:?}"
    );
}

#[test]
fn extensions_roots_of_other_names_and_all_of_sdl_are_read() {
    let sdl = r#"
        schema { query: Root }
        extend schema { mutation: Change }
        directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
        directive @tag(name: String!, sizes: [Int!] = [1, 2]) repeatable on OBJECT | FIELD
        "A root." type Root @tag(name: "a") @tag(name: "b") { a(x: [[Int!]!] = [[1], []], y: In = {a: {b: 2}}): A @resolve(module: "m") }
        type Change { c: Root @resolve(module: "m") }
        interface N { id: ID! }
        interface A implements N { id: ID! self(a: Int): A }
        type B implements N & A { id: ID! self(a: Int, b: Int): B }
        extend type B implements Z @tag(name: "x") { z: [[E!]]! }
        interface Z { z: [[E]] }
        enum E { ONE "two" TWO @deprecated(reason: "x") }
        extend enum E { THREE }
        union U = | B
        scalar Date @specifiedBy(url: "https://example.com")
        input In { a: In b: Int = 3 c: E = ONE d: Date = "x" }
        extend input In { f: Float = 1 }
        type Query { unused: Int }
    "#;
    assert_eq!(problems(sdl), Vec::<String>::new());
}

#[test]
fn defaults_that_refer_to_each_other_without_end_are_a_problem() {
    let sdl = "type Query { a(i: In): Int @resolve(module: \"m\") } input In { self: In = {} }";
    insta::assert_snapshot!(problems(sdl).join("\n"), @r#"1:74: default value of "self": it contains itself endlessly, through the defaults of fields it leaves out; give these fields"#);
}
