//! What a new schema changes for clients of the old one. The reference is checked against it in the conformance tests; here are the
//! sentences people read, and what the reference does not see.

use mayfly_graphql::{Schema, Severity};

const BASE: &str = r#"
type Query { student(id: ID!, year: Int! = 2026): Student @resolve(module: "m")  find(by: By): [Node!] @resolve(module: "m") }
interface Node { id: ID! }
interface Named { name: String }
type Student implements Node & Named { id: ID!  name: String  grade: Int!  marks: [Float!]! }
type Teacher implements Node { id: ID!  subject: Subject! }
union Person = Student | Teacher
enum Subject { MATHS ART }
input By { id: ID  name: String  page: Page! = { size: 10, from: 0.5 } }
input Page { size: Int! = 10  from: Float  person: Boolean }
input Key { id: ID  number: Int }
type Holder { person: Person }
scalar Day
directive @shout(loud: Int! = 1) repeatable on FIELD | QUERY
directive @team(name: String!) repeatable on OBJECT | FIELD_DEFINITION
"#;

fn schema(sdl: &str) -> Schema {
    Schema::parse(sdl).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What replacing one text by another in the schema changes, as `severity KIND sentence`.
fn changes(replaced: &str, by: &str) -> Vec<String> {
    assert!(BASE.contains(replaced), "{replaced}");
    let changes = schema(BASE).changes_to(&schema(&BASE.replacen(replaced, by, 1)));
    changes
        .iter()
        .map(|change| {
            assert!(
                change
                    .message
                    .starts_with(&format!("`{}` ", change.coordinate)),
                "{change:?}"
            );
            format!(
                "{} {} {}",
                change.severity.as_str(),
                change.kind.as_str(),
                change.message
            )
        })
        .collect()
}

fn only(replaced: &str, by: &str) -> String {
    let mut changes = changes(replaced, by);
    assert_eq!(changes.len(), 1, "{changes:#?}");
    changes.remove(0)
}

#[test]
fn a_schema_that_only_grows_or_promises_more_changes_nothing_for_clients() {
    assert_eq!(schema(BASE).changes_to(&schema(BASE)), []);
    for (replaced, by) in [
        ("grade: Int!", "grade: Int!  nickname: String"),
        ("name: String  grade", "name: String!  grade"),
        ("scalar Day", "scalar Day type Lesson { id: ID! }"),
        ("subject: Subject!", "subject: Subject! @deprecated"),
        ("student(id: ID!, ", "student(id: ID, "),
        (
            "page: Page! = { size: 10, from: 0.5 }",
            "page: Page! = { from: 5.0e-1, size: 10 }",
        ),
        (
            "page: Page! = { size: 10, from: 0.5 }",
            "page: Page = { from: 0.5 }",
        ),
        (
            "by: By",
            "by: By = { name: \"new defaults surprise nobody\" }",
        ),
        ("module: \"m\"", "module: \"other\""),
        ("loud: Int! = 1", "loud: Int! = 2, long: Boolean"),
        ("on FIELD | QUERY", "on FIELD | QUERY | INLINE_FRAGMENT"),
    ] {
        assert_eq!(
            changes(replaced, by),
            Vec::<String>::new(),
            "{replaced} → {by}"
        );
    }
}

#[test]
fn what_is_taken_away_breaks_clients() {
    let cases = [
        (
            "grade: Int!",
            "",
            "FIELD_REMOVED `Student.grade` was removed",
        ),
        (
            "id: ID!, year",
            "year",
            "ARG_REMOVED `Query.student(id:)` was removed",
        ),
        (
            "enum Subject { MATHS ART }",
            "enum Subject { ART }",
            "VALUE_REMOVED_FROM_ENUM `Subject.MATHS` was removed",
        ),
        (
            "= Student | Teacher",
            "= Student",
            "TYPE_REMOVED_FROM_UNION `Person` no longer has the member `Teacher`",
        ),
        (
            "Node & Named",
            "Node",
            "IMPLEMENTED_INTERFACE_REMOVED `Student` no longer implements `Named`",
        ),
        ("By { id: ID ", "By { ", "FIELD_REMOVED `By.id` was removed"),
        ("scalar Day", "", "TYPE_REMOVED `Day` was removed"),
        (
            "directive @shout(loud: Int! = 1) repeatable on FIELD | QUERY",
            "",
            "DIRECTIVE_REMOVED `@shout` was removed",
        ),
        (
            "(loud: Int! = 1)",
            "",
            "DIRECTIVE_ARG_REMOVED `@shout(loud:)` was removed",
        ),
        (
            "repeatable on FIELD",
            "on FIELD",
            "DIRECTIVE_REPEATABLE_REMOVED `@shout` can now be used only once in a place",
        ),
        (
            "on FIELD | QUERY",
            "on FIELD",
            "DIRECTIVE_LOCATION_REMOVED `@shout` can no longer be used at QUERY",
        ),
    ];
    for (replaced, by, expected) in cases {
        assert_eq!(only(replaced, by), format!("breaking {expected}"));
    }
}

#[test]
fn what_changes_type_breaks_clients_in_the_unsafe_direction_only() {
    let cases = [
        (
            "grade: Int!",
            "grade: Int",
            "FIELD_CHANGED_KIND `Student.grade` was of type `Int!` and is now of type `Int`",
        ),
        (
            "grade: Int!",
            "grade: ID!",
            "FIELD_CHANGED_KIND `Student.grade` was of type `Int!` and is now of type `ID!`",
        ),
        (
            "marks: [Float!]!",
            "marks: [Float]!",
            "FIELD_CHANGED_KIND `Student.marks` was of type `[Float!]!` and is now of type `[Float]!`",
        ),
        (
            "(by: By)",
            "(by: By!)",
            "ARG_CHANGED_KIND `Query.find(by:)` took `By` and now takes `By!`",
        ),
        (
            "(by: By)",
            "(by: [By])",
            "ARG_CHANGED_KIND `Query.find(by:)` took `By` and now takes `[By]`",
        ),
        (
            "from: Float ",
            "from: Float! ",
            "FIELD_CHANGED_KIND `Page.from` took `Float` and now takes `Float!`",
        ),
        (
            "scalar Day",
            "enum Day { MONDAY }",
            "TYPE_CHANGED_KIND `Day` was a scalar and is now an enum",
        ),
        (
            "loud: Int! = 1",
            "loud: Float! = 1",
            "DIRECTIVE_ARG_CHANGED `@shout(loud:)` took `Int!` and now takes `Float!`",
        ),
    ];
    for (replaced, by, expected) in cases {
        assert_eq!(only(replaced, by), format!("breaking {expected}"));
    }
}

#[test]
fn what_must_be_given_now_breaks_clients_and_what_may_be_given_is_told() {
    let cases = [
        (
            "(by: By)",
            "(by: By, at: Int!)",
            "breaking REQUIRED_ARG_ADDED `Query.find(at:)` was added and is required",
        ),
        (
            "(by: By)",
            "(by: By, at: Int! = 1)",
            "dangerous OPTIONAL_ARG_ADDED `Query.find(at:)` was added and is optional",
        ),
        (
            "(by: By)",
            "(by: By, at: Int)",
            "dangerous OPTIONAL_ARG_ADDED `Query.find(at:)` was added and is optional",
        ),
        (
            "By { id",
            "By { no: ID! id",
            "breaking REQUIRED_INPUT_FIELD_ADDED `By.no` was added and is required",
        ),
        (
            "By { id",
            "By { no: ID id",
            "dangerous OPTIONAL_INPUT_FIELD_ADDED `By.no` was added and is optional",
        ),
        (
            "year: Int! = 2026",
            "year: Int!",
            "breaking ARG_BECAME_REQUIRED `Query.student(year:)` lost its default and is now required",
        ),
        (
            "size: Int! = 10 ",
            "size: Int! ",
            "breaking INPUT_FIELD_BECAME_REQUIRED `Page.size` lost its default and is now required",
        ),
        (
            "(loud: Int! = 1)",
            "(loud: Int!)",
            "breaking DIRECTIVE_ARG_CHANGED `@shout(loud:)` lost its default and is now required",
        ),
        (
            "(loud: Int! = 1)",
            "(loud: Int! = 1, to: ID!)",
            "breaking REQUIRED_DIRECTIVE_ARG_ADDED `@shout(to:)` was added and is required",
        ),
        (
            "Key {",
            "Key @oneOf {",
            "breaking INPUT_BECAME_ONE_OF `Key` became @oneOf: exactly one of its fields must now be given",
        ),
    ];
    for (replaced, by, expected) in cases {
        assert_eq!(only(replaced, by), expected);
    }
}

#[test]
fn other_defaults_and_more_cases_are_dangerous_and_not_breaking() {
    let cases = [
        (
            "2026",
            "2027",
            "ARG_DEFAULT_VALUE_CHANGE `Query.student(year:)` had the default `2026` and now has `2027`",
        ),
        (
            "year: Int! = 2026",
            "year: Int",
            "ARG_DEFAULT_VALUE_CHANGE `Query.student(year:)` lost its default, which was `2026`",
        ),
        (
            "MATHS ART",
            "MATHS ART MUSIC",
            "VALUE_ADDED_TO_ENUM `Subject.MUSIC` was added; clients may meet a value they do not know",
        ),
        (
            "= Student",
            "= Holder | Student",
            "TYPE_ADDED_TO_UNION `Person` now has the member `Holder`",
        ),
        (
            "implements Node {",
            "implements Node & Other {",
            "IMPLEMENTED_INTERFACE_ADDED `Teacher` now implements `Other`",
        ),
        (
            "Key {",
            "Key { a: Int = 1 ",
            "OPTIONAL_INPUT_FIELD_ADDED `Key.a` was added and is optional",
        ),
        (
            "from: 0.5 }",
            "from: 0.25 }",
            "INPUT_FIELD_DEFAULT_VALUE_CHANGE `By.page` had the default `{ size: 10, from: 0.5 }` and now has `{ size: 10, from: 0.25 }`",
        ),
    ];
    for (replaced, by, expected) in cases {
        let base = format!("{BASE} interface Other {{ id: ID! }}");
        let new = base.replacen(replaced, by, 1);
        let changes = schema(&base).changes_to(&schema(&new));
        let told: Vec<_> = changes
            .iter()
            .map(|change| {
                (
                    change.severity,
                    format!("{} {change}", change.kind.as_str()),
                )
            })
            .collect();
        assert_eq!(told, [(Severity::Dangerous, expected.to_owned())]);
    }
}

#[test]
fn a_default_changes_with_the_defaults_inside_it() {
    assert_eq!(
        changes("person: Boolean", "person: Boolean = true"),
        [
            "dangerous INPUT_FIELD_DEFAULT_VALUE_CHANGE `By.page` had the default `{\"size\":10,\"from\":0.5}` and now has \
          `{\"size\":10,\"from\":0.5,\"person\":true}`"
        ]
    );
}

#[test]
fn a_directive_no_document_can_use_breaks_nobody() {
    let dangerous = [
        (
            "directive @team(name: String!) repeatable on OBJECT | FIELD_DEFINITION",
            "",
            "DIRECTIVE_REMOVED `@team` was removed",
        ),
        (
            "repeatable on OBJECT",
            "on OBJECT",
            "DIRECTIVE_REPEATABLE_REMOVED `@team` can now be used only once in a place",
        ),
        (
            "OBJECT | FIELD_DEFINITION",
            "OBJECT",
            "DIRECTIVE_LOCATION_REMOVED `@team` can no longer be used at FIELD_DEFINITION",
        ),
    ];
    for (replaced, by, expected) in dangerous {
        assert_eq!(only(replaced, by), format!("dangerous {expected}"));
    }
}

#[test]
fn roots_that_move_or_go_break_clients() {
    let old = "schema { query: Q  mutation: M } type Q { a: Int @resolve(module: \"m\") } type M { a: Int @resolve(module: \"m\") }";
    let told = |new: &str| {
        schema(old)
            .changes_to(&schema(new))
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let moved = format!(
        "{} type R {{ a: Int @resolve(module: \"m\") }}",
        old.replace("query: Q", "query: R")
    );
    assert_eq!(told(&moved), ["`Q` is no longer the query root, `R` is"]);
    assert_eq!(
        told(&old.replace("mutation: M", "")),
        ["`M` is no longer the mutation root, nothing is"]
    );
    let gone = old
        .replace("mutation: M", "")
        .replace("type M { a: Int @resolve(module: \"m\") }", "");
    assert_eq!(
        told(&gone),
        [
            "`M` is no longer the mutation root, nothing is",
            "`M` was removed"
        ]
    );
}

#[test]
fn who_may_see_something_is_told_when_that_changes() {
    let sdl = |of_type: &str, of_field: &str| {
        format!(
            "type Query {{ f: T @resolve(module: \"m\") {of_field} }} type T {of_type} {{ a: String }}"
        )
    };
    let told = |old: &str, new: &str| {
        let changes = schema(old).changes_to(&schema(new));
        let changes = changes
            .iter()
            .map(|change| format!("{:?} {}", change.severity, change.message));
        changes.collect::<Vec<_>>()
    };
    let (none, admin) = (sdl("", ""), "@auth(requires: \"'admin' in groups\")");
    let staff = "@auth(requires: \"'staff' in groups\")";
    assert_eq!(
        told(&sdl(admin, admin), &none),
        [
            "Dangerous `Query.f` may be seen by everybody; `'admin' in groups` was removed",
            "Dangerous `T` may be seen by everybody; `'admin' in groups` was removed"
        ]
    );
    assert_eq!(
        told(&none, &sdl("", admin)),
        ["Dangerous `Query.f` may be seen only where `'admin' in groups` holds"]
    );
    assert_eq!(
        told(&sdl("", admin), &sdl("", staff)),
        [
            "Dangerous `Query.f` may be seen where `'staff' in groups` holds, and no longer where `'admin' in groups` does"
        ]
    );
    assert!(told(&sdl(admin, staff), &sdl(admin, staff)).is_empty());
}
