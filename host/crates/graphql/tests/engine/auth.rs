//! `@auth`: who sees what, and which module is called for it.

use crate::stage::{Cast, digest, engine, request, respond, run, with_variables};
use mayfly_graphql::ViewerKind::{self, ApiKey, Token, UserPool};
use serde_json::json;

const SDL: &str = r#"
type Query {
  me(id: ID!, input: In): Pupil @resolve(module: "m") @auth(requires: "claims.sub == args.id || claims.sub == args.input.id")
  pupils: [Pupil!] @resolve(module: "m")
  strict: Pupil! @resolve(module: "m") @auth(requires: "'read' in scopes")
  report: Report @resolve(module: "m")
  reports: [Report!]! @resolve(module: "m")
  found: [Found] @resolve(module: "m")
  named: [Named] @resolve(module: "m")
}
type Mutation { erase: Boolean @resolve(module: "m") @auth(requires: "'admin' in groups") }
input In { id: ID }
type Pupil implements Named & Secretive {
  id: ID!
  name: String! @auth(requires: "'read' in scopes")
  school: ID
  notes: String @auth(requires: "claims.school == parent.school")
  grades: [Int!] @resolve(module: "g", needs: "id") @auth(requires: "claims.school == parent.school")
  must: Int! @resolve(module: "g", needs: "id") @auth(requires: "claims.school == parent.school")
  secret: String
}
interface Named { id: ID! }
interface Secretive { secret: String @auth(requires: "'secrets' in groups") }
interface Guarded @auth(requires: "caller == 'token'") { text: String }
type Report implements Guarded & Named { id: ID! text: String }
type Open implements Named { id: ID! }
union Found = Pupil | Report | Open
"#;

const PUPILS: &str = r#"[{"id":"1","name":"Ada","school":"north","notes":"n1","secret":"s1"},
  {"id":"2","name":"Bob","school":7,"notes":"n2","secret":"s2"},{"id":"3","name":"Eve","notes":"n3","secret":"s3"}]"#;

fn cast() -> Cast {
    Cast::new()
        .says("Query.me", r#"{"id":"1","name":"Ada","school":"north"}"#)
        .says("Query.strict", r#"{"id":"1"}"#)
        .says("Query.pupils", PUPILS)
        .says("Query.report", r#"{"id":"r","text":"T"}"#)
        .says("Query.reports", r#"[{"id":"r","text":"T"}]"#)
        .says("Mutation.erase", "true")
        .says(
            "Query.found",
            r#"[{"__typename":"Pupil","id":"1"},{"__typename":"Report","id":"r","text":"T"},{"__typename":"Open","id":"o"}]"#,
        )
        .says(
            "Query.named",
            r#"[{"__typename":"Report","id":"r","text":"T"},{"__typename":"Open","id":"o"}]"#,
        )
        .says_of_each("Pupil.grades", |parent| Ok(format!("[{}]", parent["id"].as_str().unwrap())))
        .says_of_each("Pupil.must", |parent| Ok(parent["id"].as_str().unwrap().to_owned()))
}

async fn ask(
    kind: ViewerKind,
    claims: &str,
    query: &str,
) -> (Vec<String>, serde_json::Value, Vec<String>) {
    let cast = cast().seen_by(kind, claims);
    let (errors, data) = digest(&run(SDL, &cast, query).await);
    (errors, data, cast.called())
}

#[tokio::test]
async fn arguments_are_compared_before_the_module_is_called() {
    let ann = r#"{"sub":"1"}"#;
    let (errors, data, called) = ask(Token, ann, "{ me(id: 1) { id } }").await;
    assert_eq!((errors, data), (vec![], json!({ "me": { "id": "1" } })));
    assert_eq!(called, ["Query.me×0"]);
    for query in [
        r#"{ me(id: "2") { id } }"#,
        r#"{ me(id: "2", input: { id: "3" }) { __typename } }"#,
        r#"{ me(id: "2", input: null) { id } }"#,
    ] {
        let (errors, data, called) = ask(Token, ann, query).await;
        assert_eq!(errors, [r#"FORBIDDEN ["me"]"#], "{query}");
        assert_eq!((data, called), (json!({ "me": null }), vec![]), "{query}");
    }
    let (errors, ..) = ask(Token, ann, r#"{ me(id: "2", input: { id: "1" }) { id } }"#).await;
    assert_eq!(errors, Vec::<String>::new());
    // Variables and defaults are arguments, too; each alias decides for itself.
    let cast = cast().seen_by(Token, ann);
    let query = "query($a: ID!, $b: ID!) { a: me(id: $a) { id } b: me(id: $b) { id } }";
    let answer = respond(
        &engine(SDL),
        &cast,
        with_variables(query, r#"{"a":1,"b":"2"}"#),
    )
    .await;
    let (errors, data) = digest(&answer);
    assert_eq!(errors, [r#"FORBIDDEN ["b"]"#]);
    assert_eq!(data, json!({ "a": { "id": "1" }, "b": null }));
    assert!(
        answer.contains("you are not allowed to see this"),
        "{answer}"
    );
}

#[tokio::test]
async fn each_parent_is_decided_alone_and_the_module_is_given_those_that_are_allowed() {
    let north = r#"{"school":"north"}"#;
    let (errors, data, called) = ask(Token, north, "{ pupils { id grades notes } }").await;
    assert_eq!(
        data,
        json!({ "pupils": [
            { "id": "1", "grades": [1], "notes": "n1" },
            { "id": "2", "grades": null, "notes": null },
            { "id": "3", "grades": null, "notes": null },
        ] })
    );
    assert_eq!(
        errors,
        [
            r#"FORBIDDEN ["pupils",1,"grades"]"#,
            r#"FORBIDDEN ["pupils",1,"notes"]"#,
            r#"FORBIDDEN ["pupils",2,"grades"]"#,
            r#"FORBIDDEN ["pupils",2,"notes"]"#,
        ]
    );
    assert_eq!(called, ["Query.pupils×0", "Pupil.grades×1"]);
    // An ID may be written as a number.
    let (_, data, _) = ask(Token, r#"{"school":"7"}"#, "{ pupils { grades } }").await;
    assert_eq!(
        data,
        json!({ "pupils": [{ "grades": null }, { "grades": [2] }, { "grades": null }] })
    );
    let (errors, _, called) = ask(ApiKey, "{}", "{ pupils { grades } }").await;
    assert_eq!(
        (errors.len(), called),
        (3, vec!["Query.pupils×0".to_owned()])
    );
    // The parent's module is asked for what decides, and the field's own is not given it.
    let cast = cast().seen_by(Token, north);
    run(SDL, &cast, "{ pupils { grades } }").await;
    let calls = cast.calls();
    assert_eq!(&*calls[0].selection, ["school", "id"]);
    assert_eq!(calls[1].parents, [r#"{"id":"1"}"#]);
}

#[tokio::test]
async fn where_null_may_not_be_what_is_around_it_is_null() {
    let (errors, data, _) = ask(Token, "{}", "{ pupils { id name } }").await;
    assert_eq!(data, json!({ "pupils": null }));
    assert_eq!(errors, [r#"FORBIDDEN ["pupils",0,"name"]"#]);
    let (errors, data, _) = ask(Token, "{}", "{ strict { id } }").await;
    assert_eq!(
        (errors, data),
        (vec![r#"FORBIDDEN ["strict"]"#.to_owned()], json!(null))
    );
    let (errors, data, _) = ask(Token, r#"{"school":"north"}"#, "{ pupils { must } }").await;
    assert_eq!(data, json!({ "pupils": null }));
    assert_eq!(errors, [r#"FORBIDDEN ["pupils",1,"must"]"#]);
    let (errors, data, _) = ask(Token, r#"{"scope":"read"}"#, "{ strict { id } }").await;
    assert_eq!((errors, data), (vec![], json!({ "strict": { "id": "1" } })));
}

#[tokio::test]
async fn what_stands_on_a_type_holds_wherever_its_objects_are_found() {
    let query = "{ report { __typename } reports { id } }";
    let (errors, data, called) = ask(ApiKey, "{}", query).await;
    assert_eq!(
        errors,
        [r#"FORBIDDEN ["report"]"#, r#"FORBIDDEN ["reports"]"#]
    );
    assert_eq!((data, called), (json!(null), vec![]), "no module is called");
    let (_, data, _) = ask(Token, "{}", query).await;
    assert_eq!(
        data,
        json!({ "report": { "__typename": "Report" }, "reports": [{ "id": "r" }] })
    );
    for query in [
        "{ found { __typename } }",
        "{ found { t: __typename ... on Named { id } } }",
        "{ found { ... on Guarded { text } ...F } } fragment F on Report { id }",
    ] {
        let (errors, data, _) = ask(ApiKey, "{}", query).await;
        assert_eq!(errors, [r#"FORBIDDEN ["found",1]"#], "{query}");
        assert_eq!(data["found"][1], json!(null), "{query}");
    }
    let (errors, data, _) = ask(ApiKey, "{}", "{ named { id } }").await;
    assert_eq!(errors, [r#"FORBIDDEN ["named",0]"#]);
    assert_eq!(data, json!({ "named": [null, { "id": "o" }] }));
}

#[tokio::test]
async fn what_stands_on_a_field_of_an_interface_holds_for_those_of_its_types() {
    for query in [
        "{ pupils { secret } }",
        "{ pupils { a: secret ...S } } fragment S on Secretive { b: secret }",
    ] {
        let (errors, data, _) = ask(Token, "{}", query).await;
        assert!(!data.to_string().contains("s1"), "{data}");
        assert!(
            errors.iter().all(|error| error.starts_with("FORBIDDEN")),
            "{errors:?}"
        );
        let (errors, data, _) = ask(Token, r#"{"groups":["secrets"]}"#, query).await;
        assert!(
            errors.is_empty() && data.to_string().contains("s3"),
            "{errors:?} {data}"
        );
    }
}

#[tokio::test]
async fn a_mutation_that_may_not_be_seen_is_not_made() {
    let (errors, data, called) = ask(Token, r#"{"groups":["staff"]}"#, "mutation { erase }").await;
    assert_eq!(errors, [r#"FORBIDDEN ["erase"]"#]);
    assert_eq!((data, called), (json!({ "erase": null }), vec![]));
    let admin = r#"{"cognito:groups":["admin"]}"#;
    let (_, data, _) = ask(Token, admin, "mutation { erase }").await;
    assert_eq!(data, json!({ "erase": true }));
}

/// What is decided before anything runs: each type can be seen by one kind of caller alone.
const MADE: &str = r#"
type Query {
  report: Report @resolve(module: "m")
  either: [Either!] @resolve(module: "m")
  guarded: Guarded @resolve(module: "m")
  lonely: Lonely @resolve(module: "m")
  partly: Partly @resolve(module: "m")
}
type Mutation {
  report: Report @resolve(module: "m")
  either: [Either!] @resolve(module: "m")
  guarded: Guarded @resolve(module: "m")
  partly: Partly @resolve(module: "m")
}
type Report implements Guarded @auth(requires: "'reports' in scopes") { id: ID }
type Note @auth(requires: "'notes' in scopes") { id: ID }
type Open { id: ID }
interface Guarded @auth(requires: "caller == 'token'") { id: ID }
interface Lonely @auth(requires: "caller == 'token'") { id: ID }
union Either = Report | Note
union Partly = Report | Open
"#;

#[tokio::test]
async fn a_condition_that_is_null_opens_no_way_around_a_rule_on_a_type() {
    let engine = engine(MADE);
    for (field, selection) in [
        ("report", "id @include(if: $c)"),
        ("report", "id @skip(if: $c)"),
        ("report", "... on Report @include(if: $c) { id }"),
        ("either", "__typename @include(if: $c)"),
        ("either", "... on Report { id @include(if: $c) }"),
        ("guarded", "id @skip(if: $c)"),
    ] {
        for kind in ["query", "mutation"] {
            let query = format!("{kind}($c: Boolean = true) {{ {field} {{ {selection} }} }}");
            let cast = Cast::new().seen_by(ApiKey, "{}");
            let asked = with_variables(&query, r#"{"c":null}"#);
            let (errors, data) = digest(&respond(&engine, &cast, asked).await);
            assert_eq!(errors, [format!(r#"FORBIDDEN ["{field}"]"#)], "{query}");
            assert_eq!(
                (data, cast.called()),
                (json!({ field: null }), vec![]),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn where_no_possible_type_may_be_seen_no_module_is_called() {
    let engine = engine(MADE);
    let report = r#"{"__typename":"Report","id":"r"}"#;
    let ask = async |claims: &str, query: &str| {
        let mut cast = Cast::new().seen_by(ApiKey, claims);
        for root in ["Query", "Mutation"] {
            cast = cast
                .says(&format!("{root}.either"), format!("[{report}]"))
                .says(
                    &format!("{root}.partly"),
                    r#"{"__typename":"Open","id":"o"}"#,
                );
        }
        let (errors, data) = digest(&respond(&engine, &cast, request(query)).await);
        (errors, data, cast.called().len())
    };
    for kind in ["query", "mutation"] {
        for field in ["either", "guarded"] {
            let query = format!("{kind} {{ {field} {{ __typename }} }}");
            let (errors, data, calls) = ask("{}", &query).await;
            assert_eq!(errors, [format!(r#"FORBIDDEN ["{field}"]"#)], "{query}");
            assert_eq!((data, calls), (json!({ field: null }), 0), "{query}");
        }
        // Only the answer can tell as soon as one of the types may be seen.
        let partly = format!("{kind} {{ partly {{ __typename }} }}");
        let (errors, data, calls) = ask("{}", &partly).await;
        assert_eq!((errors, calls), (vec![], 1), "{partly}");
        assert_eq!(data, json!({ "partly": { "__typename": "Open" } }));
        let either = format!("{kind} {{ either {{ __typename }} }}");
        let (errors, data, calls) = ask(r#"{"scope":"notes"}"#, &either).await;
        assert_eq!(errors, [r#"FORBIDDEN ["either",0]"#]);
        assert_eq!((data, calls), (json!({ "either": null }), 1));
    }
    // An interface without any type has its own rule.
    let (errors, _, calls) = ask("{}", "{ lonely { __typename } }").await;
    assert_eq!(
        (errors, calls),
        (vec![r#"FORBIDDEN ["lonely"]"#.to_owned()], 0)
    );
}

#[tokio::test]
async fn callers_share_a_plan_and_no_decision() {
    let engine = engine(SDL);
    let query = "{ pupils { grades } strict { id } }";
    let answer = async |claims: &str| {
        let cast = cast().seen_by(Token, claims);
        digest(&respond(&engine, &cast, request(query)).await)
    };
    let allowed = r#"{"school":"north","scope":"read"}"#;
    let first = answer(allowed).await;
    assert_eq!(first.0.len(), 2);
    let nobody = answer("{}").await;
    assert_eq!(nobody.1, json!(null));
    assert_eq!(answer(allowed).await, first);
    assert_eq!(answer("{}").await, nobody);
    assert_eq!(engine.stats().misses, 1);
}

#[tokio::test]
async fn a_rule_on_a_root_type_holds_for_its_fields_and_appsync_s_directives_mean_what_they_mean() {
    let sdl = r#"
type Query @auth(requires: "caller != 'anonymous'") {
  open: Int @resolve(module: "m")
  users: Int @resolve(module: "m") @aws_cognito_user_pools
  staff: Int @resolve(module: "m") @aws_auth(cognito_groups: ["staff", "heads"])
  oidc: Int @resolve(module: "m") @aws_oidc
  either: Int @resolve(module: "m") @aws_api_key @aws_cognito_user_pools(cognito_groups: ["staff"])
}"#;
    let fields = ["open", "users", "staff", "oidc", "either"];
    let query = format!("{{ __typename {} }}", fields.join(" "));
    let staff = r#"{"cognito:groups":["staff"]}"#;
    for (kind, claims, seen) in [
        (ViewerKind::Anonymous, "{}", vec![]),
        (UserPool, "{}", vec!["open", "users"]),
        (UserPool, staff, vec!["open", "users", "staff", "either"]),
        (Token, staff, vec!["open", "oidc"]),
        (ApiKey, staff, vec!["open", "either"]),
    ] {
        let mut cast = Cast::new().seen_by(kind, claims);
        for field in fields {
            cast = cast.says(&format!("Query.{field}"), "1");
        }
        let (_, data) = digest(&run(sdl, &cast, &query).await);
        let found: Vec<_> = fields
            .into_iter()
            .filter(|field| data[*field] == json!(1))
            .collect();
        assert_eq!(found, seen, "{kind:?} {claims}");
        assert_eq!(cast.called().len(), seen.len(), "no other module is called");
        assert_eq!(data["__typename"], json!("Query"));
    }
}

#[tokio::test]
async fn introspection_shows_no_rules_and_leaves_out_what_is_guarded_if_it_is_told_to() {
    let query = "{ __schema { types { name fields { name } possibleTypes { name } } directives { name } } __type(name: \"Report\") { name } }";
    let shown = run(SDL, &cast(), query).await;
    assert!(
        shown.contains("\"Report\"") && shown.contains("\"notes\""),
        "{shown}"
    );
    assert!(!shown.contains("auth") && !shown.contains("aws"), "{shown}");
    let schema = mayfly_graphql::Schema::parse(SDL)
        .unwrap()
        .hiding_guarded(true);
    let limits = mayfly_graphql::Limits::default();
    let engine = mayfly_graphql::Engine::new(std::sync::Arc::new(schema), limits, 1 << 20);
    let hidden = respond(&engine, &cast(), request(query)).await;
    for name in [
        "Report", "report", "reports", "notes", "grades", "erase", "secret", "Guarded",
    ] {
        assert!(!hidden.contains(&format!("\"{name}\"")), "{name}: {hidden}");
    }
    assert!(
        hidden.contains("\"pupils\"") && hidden.contains("\"__type\":null"),
        "{hidden}"
    );
}

/// What is left of a schema when what is guarded is hidden, by type: its fields with their types, its interfaces, its possible types.
async fn shown(sdl: &str) -> serde_json::Value {
    let query = "{ __schema { queryType { name } mutationType { name } types { kind name interfaces { name } possibleTypes { name }
        fields(includeDeprecated: true) { name type { name ofType { name ofType { name ofType { name } } } } } } } }";
    let schema = mayfly_graphql::Schema::parse(sdl)
        .unwrap()
        .hiding_guarded(true);
    let limits = mayfly_graphql::Limits::default();
    let engine = mayfly_graphql::Engine::new(std::sync::Arc::new(schema), limits, 1 << 20);
    let answer = respond(&engine, &Cast::new(), request(query)).await;
    digest(&answer).1["__schema"].clone()
}

#[tokio::test]
async fn what_introspection_shows_of_a_guarded_schema_is_a_schema() {
    let sdl = r#"
type Query {
  open: Open @resolve(module: "m")
  emptied: Emptied @resolve(module: "m")
  around: [Around!]! @resolve(module: "m")
  either: Either @resolve(module: "m")
  both: Both @resolve(module: "m")
  named: Named @resolve(module: "m")
  labelled: Labelled @resolve(module: "m")
}
type Mutation { erase: Boolean @resolve(module: "m") @auth(requires: "'admin' in groups") emptied: Emptied @resolve(module: "m") }
type Open implements Named & Labelled { id: ID name: String @auth(requires: "'names' in scopes") label: String }
type Emptied { secret: String @auth(requires: "'secrets' in scopes") }
type Around { emptied: Emptied! }
type Closed implements Labelled @auth(requires: "'closed' in scopes") { label: String }
type Unnamed implements Labelled { label: String @auth(requires: "'closed' in scopes") }
union Either = Emptied | Closed
union Both = Open | Emptied
interface Named { id: ID name: String }
interface Labelled { label: String }
"#;
    let shown = shown(sdl).await;
    assert_eq!(shown["mutationType"], json!(null), "it has no field left");
    let types = shown["types"].as_array().unwrap();
    let names = |value: &serde_json::Value| -> Vec<String> {
        let values = value.as_array().into_iter().flatten();
        values
            .map(|value| value["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let own = |ty: &&serde_json::Value| !ty["name"].as_str().unwrap().starts_with("__");
    let own: Vec<_> = types
        .iter()
        .filter(own)
        .filter(|ty| ty["kind"] != "SCALAR")
        .collect();
    let told: Vec<_> = own
        .iter()
        .map(|ty| {
            format!(
                "{} {:?}",
                ty["name"].as_str().unwrap(),
                names(&ty["fields"])
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"Query ["open", "both", "named", "labelled"]"#,
            r#"Open ["id", "label"]"#,
            "Both []",
            r#"Named ["id"]"#,
            r#"Labelled ["label"]"#,
        ]
    );
    let both = own.iter().find(|ty| ty["name"] == "Both").unwrap();
    assert_eq!(names(&both["possibleTypes"]), ["Open"]);
    let labelled = own.iter().find(|ty| ty["name"] == "Labelled").unwrap();
    assert_eq!(names(&labelled["possibleTypes"]), ["Open"]);
    // Nothing leads to what is not there.
    let listed: Vec<String> = types.iter().flat_map(|ty| names(&json!([ty]))).collect();
    let mut mentioned = Vec::new();
    for ty in &own {
        mentioned.extend(names(&ty["interfaces"]));
        for field in ty["fields"].as_array().into_iter().flatten() {
            let mut ty = &field["type"];
            while ty["ofType"].is_object() {
                ty = &ty["ofType"];
            }
            mentioned.push(ty["name"].as_str().unwrap().to_owned());
        }
    }
    assert!(
        mentioned.iter().all(|name| listed.contains(name)),
        "{mentioned:?} {listed:?}"
    );
}

#[test]
fn a_field_is_explained_with_its_rules_and_where_they_stand() {
    let schema = mayfly_graphql::Schema::parse(SDL).unwrap();
    let explained = schema.explain("Pupil", "secret").unwrap();
    assert_eq!(explained.module, None);
    assert_eq!(
        explained.rules,
        [("'secrets' in groups".into(), "Secretive.secret".into())]
    );
    assert_eq!(explained.decided, "once for each operation");
    let grades = schema.explain("Pupil", "grades").unwrap();
    assert_eq!(
        grades.decided,
        "for each parent alone, before the module is called for it"
    );
    let found = schema.explain("Query", "found").unwrap();
    assert_eq!(found.decided, "everybody may see it");
    let report = ("caller == 'token'".into(), "Guarded".into());
    assert_eq!(found.objects, [("Report".into(), vec![report])]);
    assert!(schema.explain("Query", "nothing").is_none());
}
