//! What a schema says of itself.

use crate::stage::{Cast, SCHOOL, digest, engine, respond, run, with_variables};

/// The query of GraphiQL and code generators.
const FULL: &str = r"
query IntrospectionQuery {
  __schema {
    description queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}";

#[tokio::test]
async fn the_full_introspection_query_is_answered_and_says_nothing_of_modules() {
    let response = run(SCHOOL, &Cast::new(), FULL).await;
    let (errors, data) = digest(&response);
    assert!(errors.is_empty());
    let names: Vec<&str> = data["__schema"]["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ty| ty["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Query",
            "ID",
            "Int",
            "String",
            "Mutation",
            "Student",
            "Float",
            "Teacher",
            "Room",
            "Assessment",
            "Named",
            "Found",
            "Mode",
            "Json",
            "Filter",
            "Pick",
            "Boolean",
            "__Schema",
            "__Type",
            "__TypeKind",
            "__Field",
            "__InputValue",
            "__EnumValue",
            "__Directive",
            "__DirectiveLocation"
        ]
    );
    let directives: Vec<&str> = data["__schema"]["directives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ty| ty["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        directives,
        ["include", "skip", "deprecated", "specifiedBy", "oneOf"]
    );
    assert!(!response.contains("resolve(") && !response.contains("\"module\""));
}

#[tokio::test]
async fn the_apps_own_directives_are_shown_before_those_every_schema_has() {
    let sdl = r#"directive @b(at: When) on FIELD directive @a on FIELD
        type Query { n: Int @resolve(module: "m") } enum When { NOW }"#;
    let response = run(
        sdl,
        &Cast::new(),
        "{ __schema { directives { name } types { name } } }",
    )
    .await;
    let (_, data) = digest(&response);
    let names = |list: &str| -> Vec<String> {
        let items = data["__schema"][list].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names("directives"),
        [
            "b",
            "a",
            "include",
            "skip",
            "deprecated",
            "specifiedBy",
            "oneOf"
        ]
    );
    assert_eq!(
        names("types")[..5],
        ["Query", "Int", "When", "Boolean", "String"]
    );
}

#[tokio::test]
async fn single_types_are_described() {
    let query = r#"{
        student: __type(name: "Student") { kind fields { name } all: fields(includeDeprecated: true) { name isDeprecated deprecationReason } interfaces { name } }
        filter: __type(name: "Filter") { inputFields { name defaultValue type { kind ofType { name } } } }
        found: __type(name: "Found") { kind possibleTypes { name } fields { name } }
        pick: __type(name: "Pick") { isOneOf } json: __type(name: "Json") { specifiedByURL } nobody: __type(name: "Nobody") { name }
        __typename
    }"#;
    let cast = Cast::new();
    let (_, data) = digest(&run(SCHOOL, &cast, query).await);
    insta::assert_snapshot!(data["filter"], @r#"{"inputFields":[{"name":"name","defaultValue":null,"type":{"kind":"SCALAR","ofType":null}},{"name":"grade","defaultValue":"3","type":{"kind":"NON_NULL","ofType":{"name":"Int"}}},{"name":"modes","defaultValue":null,"type":{"kind":"LIST","ofType":{"name":null}}},{"name":"inner","defaultValue":null,"type":{"kind":"INPUT_OBJECT","ofType":null}}]}"#);
    insta::assert_snapshot!(data["found"], @r#"{"kind":"UNION","possibleTypes":[{"name":"Student"},{"name":"Teacher"},{"name":"Room"}],"fields":null}"#);
    assert_eq!(
        data["student"]["fields"].as_array().unwrap().len() + 1,
        data["student"]["all"].as_array().unwrap().len()
    );
    assert_eq!(
        data["student"]["all"][5]["deprecationReason"],
        "ask assessments"
    );
    assert_eq!(
        (
            &data["pick"]["isOneOf"],
            data["json"]["specifiedByURL"].as_str()
        ),
        (&true.into(), Some("https://example.com/json"))
    );
    assert_eq!(
        (data["nobody"].is_null(), data["__typename"].as_str()),
        (true, Some("Query"))
    );
    assert!(cast.calls().is_empty());
}

#[tokio::test]
async fn introspection_stands_among_data_in_the_order_of_the_selection() {
    let cast = Cast::new().says("Query.student", r#"{"id":1}"#);
    let response = run(
        SCHOOL,
        &cast,
        "{ a: __typename student(id: 1) { id } __type(name: \"Room\") { __typename name } b: maybe @skip(if: true) { id } }",
    )
    .await;
    assert_eq!(
        response,
        r#"{"data":{"a":"Query","student":{"id":"1"},"__type":{"__typename":"__Type","name":"Room"}}}"#
    );
}

#[tokio::test]
async fn the_query_root_inside_the_data_introspects_too() {
    let sdl = r#"type Query { me: Query @resolve(module: "m") n: Int @resolve(module: "m") }"#;
    let cast = Cast::new().says("Query.me", "{}").says("Query.n", "5");
    let response = run(
        sdl,
        &cast,
        "{ me { __type(name: \"Query\") { name } n __schema { queryType { name } } } }",
    )
    .await;
    assert_eq!(
        response,
        r#"{"data":{"me":{"__type":{"name":"Query"},"n":5,"__schema":{"queryType":{"name":"Query"}}}}}"#
    );
}

#[tokio::test]
async fn null_for_an_argument_that_may_not_be_null_is_an_error_at_its_field() {
    let name = r#"($v: String = "Mode")"#;
    let flag = "($v: Boolean = true)";
    let table = [
        (
            format!("query{name} {{ __type(name: $v) {{ name }} __typename }}"),
            vec![r#"["__type"]"#],
            r#"{"__type":null,"__typename":"Query"}"#,
        ),
        (
            format!(
                r#"query{flag} {{ __type(name: "Mode") {{ name enumValues(includeDeprecated: $v) {{ name }} }} }}"#
            ),
            vec![r#"["__type","enumValues"]"#],
            r#"{"__type":{"name":"Mode","enumValues":null}}"#,
        ),
        // Each place has its error, and each of these fields may be null.
        (
            format!(
                r#"query{flag} {{ a: __type(name: "Mode") {{ enumValues {{ name }} b: fields(includeDeprecated: $v) {{ name }} c: inputFields(includeDeprecated: $v) {{ name }} }} }}"#
            ),
            vec![r#"["a","b"]"#, r#"["a","c"]"#],
            r#"{"a":{"enumValues":[{"name":"ANY"},{"name":"ALL"}],"b":null,"c":null}}"#,
        ),
        // `args` may not be null: the list of fields is.
        (
            format!(
                r#"query{flag} {{ __type(name: "Room") {{ fields {{ name args(includeDeprecated: $v) {{ name }} }} kind }} }}"#
            ),
            vec![r#"["__type","fields",0,"args"]"#],
            r#"{"__type":{"fields":null,"kind":"OBJECT"}}"#,
        ),
        (
            format!(
                "query{flag} {{ __schema {{ directives {{ args(includeDeprecated: $v) {{ name }} }} }} }}"
            ),
            vec![r#"["__schema","directives",0,"args"]"#],
            "null",
        ),
        (
            format!("query{name} {{ me {{ __type(name: $v) {{ name }} __typename }} }}"),
            vec![r#"["me","__type"]"#],
            r#"{"me":{"__type":null,"__typename":"Query"}}"#,
        ),
        (
            format!(
                r#"query{flag} {{ me {{ __type(name: "Mode") {{ enumValues(includeDeprecated: $v) {{ name }} name }} }} }}"#
            ),
            vec![r#"["me","__type","enumValues"]"#],
            r#"{"me":{"__type":{"enumValues":null,"name":"Mode"}}}"#,
        ),
        (
            format!(
                "query{flag} {{ me {{ __schema {{ directives {{ args(includeDeprecated: $v) {{ name }} }} }} }} }}"
            ),
            vec![r#"["me","__schema","directives",0,"args"]"#],
            r#"{"me":null}"#,
        ),
    ];
    let sdl = format!("{SCHOOL} extend type Query {{ me: Query @resolve(module: \"m\") }}");
    let engine = engine(&sdl);
    let cast = Cast::new().says("Query.me", "{}");
    for (query, paths, data) in table {
        let request = with_variables(&query, r#"{"v":null}"#);
        let response = respond(&engine, &cast, request).await;
        let (errors, found) = digest(&response);
        let paths: Vec<String> = paths
            .iter()
            .map(|path| format!("BAD_USER_INPUT {path}"))
            .collect();
        assert_eq!(errors, paths, "{query}");
        assert!(
            response.ends_with(&format!("\"data\":{data}}}")),
            "{query}: {response}"
        );
        assert_eq!(found.is_null(), data == "null", "{query}");
    }
}

#[tokio::test]
async fn the_error_of_a_null_argument_names_it_and_its_place() {
    let request = with_variables(
        r#"query($n: String = "Mode") { __type(name: $n) { name } }"#,
        r#"{"n":null}"#,
    );
    assert_eq!(
        respond(&engine(SCHOOL), &Cast::new(), request).await,
        r#"{"errors":[{"message":"Argument \"name\" of non-null type \"String!\" must not be null.","locations":[{"line":1,"column":43}],"path":["__type"],"extensions":{"code":"BAD_USER_INPUT"}}],"data":{"__type":null}}"#
    );
    let request = with_variables(
        r#"query($b: Boolean = true) { __schema { types { fields(includeDeprecated: $b) { name } } } }"#,
        r#"{"b":null}"#,
    );
    let response = respond(&engine(SCHOOL), &Cast::new(), request).await;
    let (errors, data) = digest(&response);
    let types = data["__schema"]["types"].as_array().unwrap();
    assert_eq!(errors.len(), types.len(), "each type has its error");
    assert!(response.contains(
        r#"Argument \"includeDeprecated\" of non-null type \"Boolean!\" must not be null."#
    ));
}
