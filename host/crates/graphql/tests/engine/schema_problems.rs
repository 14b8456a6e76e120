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
    2:3: `Query.free` has no @resolve; every root field needs one: add @resolve(module: "...")
    3:9: `Query.lost` has type `Nope`, which does not exist; define it or correct the name
    4:3: `Query.input` has input type `In`; fields need an output type
    5:3: `Query.rooted` is a root field, which has no parent to need fields of; remove `needs`
    6:3: `Query.nameless` has no @resolve; every root field needs one: add @resolve(module: "...")
    6:17: @resolve of `Query.nameless` names no module; write @resolve(module: "name")
    7:7: `arg` of `Query.odd` has output type `Thing`; arguments and input fields need an input type
    7:46: directive `@nobody` does not exist; declare it or remove it
    9:1: `Thing` lacks the field `face` of interface `Face`; add it
    9:1: `Thing` lacks the field `side` of interface `Face`; add it
    9:30: `Thing` implements `Ghost`, which does not exist; define it
    11:3: `Thing.id` is `Int`, but interface `Face` says `ID!`; use that or a subtype
    11:3: field `Thing.id` is defined twice; remove one
    12:3: `Thing.by` needs `by`, which a module answers; only properties of the parent can be needed
    12:3: `Thing.by` needs `nope`, which is no field of `Thing`; correct the name
    14:44: `Face.side` has @resolve, but interfaces are never called; put it on the types that implement it
    15:12: input `In` must contain itself without end; make one of the fields nullable
    15:22: default value of `one`: Int cannot represent non-integer value: "x"; correct it
    16:21: `Pick.a` of a @oneOf input must be nullable and have no default; change it
    17:11: directive `@deprecated` may not stand on ENUM; remove it
    17:27: enum value `None.A` is defined twice; remove one
    18:1: union `U` has member `In`, which is no object type; remove it
    19:6: type `Thing` is defined twice, first on line 9; remove one
    20:13: `extend` of type `Lost`, which does not exist; define it
    21:6: subscriptions are not served; remove the subscription root
    22:6: the name `__Mine` begins with two underscores, which introspection reserves; rename it
    "#);
}

#[test]
fn text_that_is_no_schema_is_told_where() {
    insta::assert_snapshot!(problems("type Query {\n  a: \n}").join("\n"), @"3:1: not a GraphQL schema: expected type_");
    insta::assert_snapshot!(problems("").join("\n"), @"1:1: not a GraphQL schema: expected type_system_definition");
    insta::assert_snapshot!(problems("type Query { a: String @resolve(module: \"m) }").join("\n"), @"1:46: Syntax Error: Unterminated string.");
    insta::assert_snapshot!(problems(&"type Query { a(b: Int = ".to_owned().chars().chain("[".repeat(9000).chars()).collect::<String>()).join("\n"), @"1:87: document nests brackets 65 deep, over the limit of 64; make the operation smaller or raise `limits.nesting`");
    insta::assert_snapshot!(problems("type A { b: Int }").join("\n"), @"1:1: there is no query root; define `type Query` with at least one field");
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
        schema { query: Root mutation: Change }
        extend schema { mutation: Change }
        directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
        directive @tag(name: String!, sizes: [Int!] = [1, 2]) repeatable on OBJECT | FIELD
        "A root." type Root @tag(name: "a") @tag(name: "b") { a(x: [[Int!]!] = [[1], []], y: In = {a: {b: 2}}): A @resolve(module: "m") }
        type Change { c: Root @resolve(module: "m") }
        interface N { id: ID! }
        interface A implements N { id: ID! self(a: Int): A }
        type B implements N & A { id: ID! self(a: Int, b: Int): B }
        extend type B implements Z @tag(name: "x") { z: [[E!]]! @deprecated }
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
    insta::assert_snapshot!(problems(sdl).join("\n"), @"1:63: default value of `self`: defaults of input objects refer to each other without end; correct it");
}
