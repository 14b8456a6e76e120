//! Every byte the engine writes counts, and an answer that is null says why.

use crate::stage::{
    Cast, SCHOOL, digest, engine, refusals, request, respond, schema, to_the_end, with_variables,
};
use allocation_counter::measure;
use futures_util::FutureExt;
use mayfly_error::Error;
use mayfly_graphql::{Answers, Engine, Invocation, Limits, Request, Resolve};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

fn limited(sdl: &str, response_bytes: usize) -> Engine {
    let limits = Limits {
        response_bytes,
        complexity: u64::MAX,
        ..Limits::default()
    };
    Engine::new(schema(sdl), limits, 0)
}

/// A document that lists the schema within itself, under many aliases.
fn much_introspection(root: &str) -> String {
    let copies: String = (0..30)
        .map(|alias| format!("n{alias}: description "))
        .collect();
    let roots: String = (0..30)
        .map(|alias| format!("r{alias}: __schema{{...S}} "))
        .collect();
    format!(
        "{{{} fragment S on __Schema{{types{{fields{{type{{ofType{{fields{{type{{ofType{{...L}} ...L}}}}}} fields{{type{{...L}}}}}}}}}}}} fragment L on __Type{{kind name {copies}}}",
        root.replace("ROOTS", &roots)
    )
}

#[tokio::test]
async fn introspection_ends_where_the_response_does() {
    let sdl = format!("{SCHOOL} extend type Query {{ me: Query @resolve(module: \"m\") }}");
    let most = 1 << 20;
    let engine = limited(&sdl, most);
    let cast = Cast::new()
        .says("Query.me", "{}")
        .says("Query.student", "{}");
    for (query, paths) in [
        (much_introspection("ROOTS}"), "[\"r"),
        (much_introspection("me{ROOTS}}"), "[\"me\",\"r"),
        (
            much_introspection("me{me{me{ROOTS}}}}"),
            "[\"me\",\"me\",\"me\",\"r",
        ),
    ] {
        let response = respond(&engine, &cast, request(&query)).await;
        assert!(response.len() <= most, "{} bytes", response.len());
        let (errors, data) = digest(&response);
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].starts_with(&format!("LIMIT_EXCEEDED {paths}")),
            "{errors:?}"
        );
        assert!(
            data.to_string().ends_with("null}")
                || data.to_string().ends_with("null}}}")
                || data.is_null()
        );
    }
    let small = respond(
        &engine,
        &cast,
        request("{ __schema { types { name } } a: __type(name: \"Room\") { name } }"),
    )
    .await;
    assert!(digest(&small).0.is_empty());
}

#[tokio::test]
async fn the_root_object_counts_like_every_other() {
    let names: String = (0..100)
        .map(|alias| format!("a{alias}: __typename "))
        .collect();
    let limits = Limits {
        response_bytes: 1_024,
        root_fields: 200,
        ..Limits::default()
    };
    let engine = Engine::new(schema(SCHOOL), limits, 0);
    let cast = Cast::new();
    for (query, is_refused) in [
        (format!("{{ {names} }}"), true),
        (format!("{{ {names} student(id: 1) {{ id }} }}"), true),
        (format!("mutation {{ {names} note }}"), true),
        ("{ a: __typename b: __typename }".to_owned(), false),
    ] {
        let response = respond(&engine, &cast, request(&query)).await;
        let (errors, data) = digest(&response);
        assert!(response.len() <= 1_024, "{} bytes", response.len());
        assert_eq!(errors.len(), usize::from(is_refused), "{response}");
        assert_eq!(data.is_null(), is_refused);
        if is_refused {
            assert!(
                response.contains("`limits.response`") && errors[0].starts_with("LIMIT_EXCEEDED"),
                "{response}"
            );
        }
    }
    assert!(cast.calls().is_empty(), "no module was called in vain");
}

#[test]
fn introspection_is_priced_by_what_the_schema_holds() {
    let engine = engine(SCHOOL);
    let told = refusals(&engine, &request(&much_introspection("ROOTS}"))).join("");
    assert!(
        told.starts_with("LIMIT_EXCEEDED: query may answer with")
            && told.ends_with("`limits.complexity`"),
        "{told}"
    );
    let once = "{ __schema { types { name fields { name args { name } type { ...T } } } } } fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
    assert_eq!(refusals(&engine, &request(once)), Vec::<String>::new());
}

/// Answers to `me` with an object, and says after this many turns that the time is over.
struct Clock(AtomicUsize);

impl Resolve for Clock {
    fn max_batch(&self, _module: &str) -> usize {
        100
    }

    fn time_is_over(&self) -> Option<Error> {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        (left == 1).then_some(Error::OperationDeadline {
            deadline: std::time::Duration::from_millis(7),
        })
    }

    async fn resolve(&self, _invocation: Invocation) -> Result<Answers, Error> {
        Ok(vec![Ok("{}".to_owned())])
    }
}

#[tokio::test]
async fn introspection_gives_way_and_ends_when_the_time_is_over() {
    let engine = limited(SCHOOL, 64 << 20);
    let request = request(&much_introspection("ROOTS}"));
    let clock = Clock(AtomicUsize::new(3));
    let mut execution = Box::pin(engine.execute(engine.prepare(&request).unwrap(), &clock));
    let mut turns = 0;
    let response = std::future::poll_fn(|context| {
        turns += 1;
        execution.as_mut().poll_unpin(context)
    })
    .await;
    assert_eq!(turns, 4, "it gave way three times");
    let (errors, data) = digest(std::str::from_utf8(&response).unwrap());
    assert_eq!(
        (errors, data.is_null()),
        (vec![r#"DEADLINE_EXCEEDED ["r0"]"#.to_owned()], true)
    );
}

#[tokio::test]
async fn what_modules_need_of_their_parents_counts_before_it_is_written() {
    let sdl = r#"type Thing { id: ID! name: String note: Int @resolve(module: "m", needs: "name") raw: Json rest: Int @resolve(module: "m", needs: "raw") }
        type Query { thing: Thing @resolve(module: "m") } scalar Json"#;
    let engine = limited(sdl, 4 << 20);
    for (property, field) in [("name", "note"), ("raw", "rest")] {
        let aliases: String = (0..90).map(|alias| format!("a{alias}: {field} ")).collect();
        let answer = format!(r#"{{"id":1,"{property}":"{}"}}"#, "x".repeat(1 << 20));
        let cast = Cast::new()
            .says("Query.thing", answer.clone())
            .says("Thing.note", "1")
            .says("Thing.rest", "1");
        let prepared = engine
            .prepare(&request(&format!("{{ thing {{ {aliases} }} }}")))
            .unwrap();
        let mut response = Vec::new();
        let taken = measure(|| response = to_the_end(engine.execute(prepared, &cast)));
        let (errors, data) = digest(std::str::from_utf8(&response).unwrap());
        assert!(
            errors[0].starts_with("LIMIT_EXCEEDED [\"thing\""),
            "{errors:?}"
        );
        assert!(data["thing"].is_null());
        assert!(
            taken.bytes_max < 16 << 20,
            "{property}: {} bytes at once",
            taken.bytes_max
        );
    }
}

#[tokio::test]
async fn arguments_are_not_written_for_calls_that_wait() {
    let list = format!("[{}1]", "1,".repeat(300_000));
    let engine = limited(
        "type Query { f(v: [Int]): Int @resolve(module: \"m\") }",
        4 << 20,
    );
    let aliases: String = (0..32)
        .map(|alias| format!("a{alias}: f(v: $v) "))
        .collect();
    let request = with_variables(
        &format!("query($v: [Int]) {{ {aliases} }}"),
        &format!("{{\"v\":{list}}}"),
    );
    /// May be handed two lists.
    struct Sparing(AtomicUsize);
    impl Resolve for Sparing {
        fn max_batch(&self, _module: &str) -> usize {
            1
        }
        fn admit(&self, module: &str, bytes: usize) -> Result<(), Error> {
            let left = self.0.load(Ordering::Relaxed);
            left.checked_sub(bytes)
                .map(|left| self.0.store(left, Ordering::Relaxed))
                .ok_or(Error::BudgetExceeded {
                    module: module.to_owned(),
                    reached: "limit reached".to_owned(),
                    remedy: String::new(),
                })
        }
        async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
            assert_eq!(
                invocation.arguments.len(),
                invocation.arguments.capacity(),
                "measured before it was written"
            );
            Ok(vec![Ok("1".to_owned())])
        }
    }
    let prepared = engine.prepare(&request).unwrap();
    let mut response = Vec::new();
    let taken = measure(|| {
        response = to_the_end(engine.execute(prepared, &Sparing(AtomicUsize::new(1_300_000))));
    });
    let (errors, data) = digest(std::str::from_utf8(&response).unwrap());
    assert_eq!(
        (errors.len(), &data["a0"], &data["a1"], &data["a2"]),
        (30, &1.into(), &1.into(), &serde_json::Value::Null)
    );
    assert!(
        taken.bytes_total < 4 << 20,
        "{} bytes in all",
        taken.bytes_total
    );
}

/// Documents that are refused, with a text of this many characters at every place a message may show it from.
fn refused_documents(long: usize) -> Vec<String> {
    let name = "N".repeat(long);
    let text = format!("\"{}\"", "s".repeat(long));
    let digits = "9".repeat(long);
    let cycle: String = (0..60)
        .map(|at| {
            format!(
                " fragment {name}{at} on Query {{ ...{name}{} }}",
                (at + 1) % 60
            )
        })
        .collect();
    let mut documents = vec![
        format!("{{ {name} }}"),
        format!("{{ maybe {{ {name} {name}x }} }}"),
        format!("{{ maybe {{ id {{ {name} }} }} }}"),
        format!("{{ ...{name} }}"),
        format!("{{ ... on {name} {{ id }} }}"),
        format!("{{ __typename }} fragment {name} on {name}x {{ id }}"),
        format!(
            "{{ __typename }} fragment {name} on Query {{ maybe {{ id }} }} fragment {name} on Mode {{ id }}"
        ),
        format!("query {name} {{ maybe {{ id }} }} query {name} {{ maybe {{ id }} }}"),
        format!("query {name}($a: Int, $b: {name}, $c: Student) {{ maybe {{ id }} }}"),
        format!("query {name}(${name}: Int, ${name}: Int) {{ maybe {{ id }} }}"),
        format!("{{ student(id: ${name}) {{ id }} }}"),
        format!("query(${name}: [[[Int]]]) {{ student(id: ${name}) {{ id }} }}"),
        format!("{{ student(id: 1, {name}: 2) {{ id }} }}"),
        format!("{{ student(id: 1, {name}: 2, {name}: 2) {{ id }} }}"),
        format!("{{ maybe @{name} {{ id @skip({name}: true, if: {text}) }} }}"),
        format!("{{ search(mode: {name}) {{ __typename }} }}"),
        format!("{{ search(mode: {text}) {{ __typename }} }}"),
        format!(
            "{{ search(filter: {{{name}: 1, {name}: 2, grade: {text}, modes: [{name}]}}) {{ __typename }} }}"
        ),
        format!("{{ students(first: {digits}) {{ id }} }}"),
        format!("{{ students(first: {text}) {{ id }} }}"),
        format!("{{ pick(by: {{id: {text}, name: {text}}}) }}"),
        format!("{{ a{name}: maybe {{ x: id x: name {name}: id {name}: name }} }}"),
        format!("{{ maybe {{ x: {name} x: {name}x }} }}"),
        format!("{{ maybe {{ id }} ...{name}0 }}{cycle}"),
        format!("{{ student(id: [{text}, {text}]) {{ id }} }}"),
        format!("{name}"),
        format!("{{ {text} }}"),
        format!("{{ a(b: {digits}x) }}"),
        format!("{{ a(b: {digits}e) }}"),
        format!("query($a: Int = ${name}) {{ a }}"),
        format!("fragment {name} {name} {{ a }}"),
        format!("{{ a(\"\"\"{name}\"\"\": 1) }}"),
        format!("{{ a(b: \"\\u{{{digits}}}\") }}"),
    ];
    documents.push(format!(
        "query {name}({}) {{ maybe {{ id }} }}",
        (0..110).fold(String::new(), |all, at| format!("{all} $v{at}: Int"))
    ));
    documents
}

#[test]
fn messages_show_a_hundred_characters_of_what_a_client_wrote() {
    let engine = engine(SCHOOL);
    for document in refused_documents(20_000) {
        let errors = engine.prepare(&request(&document)).unwrap_err();
        for error in errors.errors() {
            let message = error.error.to_string();
            assert!(
                message.chars().count() < 1_200,
                "{} characters: {}…",
                message.len(),
                &message[..200]
            );
        }
        let body = errors.render(mayfly_graphql::Disclosure::Full);
        assert!(
            body.len() < 100_000,
            "{} bytes for {}…",
            body.len(),
            &document[..60]
        );
    }
    let named = Request {
        operation_name: Some("N".repeat(20_000)),
        ..request("{ maybe { id } }")
    };
    assert!(
        engine
            .prepare(&named)
            .unwrap_err()
            .render(mayfly_graphql::Disclosure::Full)
            .len()
            < 400
    );
}

#[test]
fn refusals_stay_within_the_response_too() {
    let mut document = String::from("{ maybe {");
    for field in 0..90 {
        write!(document, " unknown{field}").unwrap();
    }
    document.push_str("}}");
    let engine = limited(SCHOOL, 2_048);
    let body = engine
        .prepare(&request(&document))
        .unwrap_err()
        .render(mayfly_graphql::Disclosure::Full);
    assert!(
        body.len() <= 2_048 && body.len() > 1_500,
        "{} bytes",
        body.len()
    );
}

#[tokio::test]
async fn fields_are_counted_in_answers_whatever_the_arguments_said() {
    let limits = Limits {
        complexity: 30,
        ..Limits::default()
    };
    let engine = Engine::new(schema(SCHOOL), limits, 0);
    let students = |count: usize| format!("[{}]", vec![r#"{"id":1,"name":"n"}"#; count].join(","));
    for (count, fits) in [(14, true), (15, false), (100, false)] {
        let cast = Cast::new().says("Query.maybe", students(count));
        let query = "{ maybe { id name } }";
        let (errors, data) = digest(&respond(&engine, &cast, request(query)).await);
        assert_eq!(errors.is_empty(), fits, "{count}: {errors:?}");
        assert_eq!(data["maybe"].as_array().map(Vec::len), Some(count));
        let cast = Cast::new().says("Query.students", students(count));
        let (errors, data) = digest(
            &respond(
                &engine,
                &cast,
                request("{ students(first: 0) { id name } }"),
            )
            .await,
        );
        assert_eq!(errors.is_empty(), fits, "{count}: {errors:?}");
        assert_eq!(data.is_null(), !fits, "{count}");
        if !fits {
            assert_eq!(errors[0], r#"LIMIT_EXCEEDED ["students",14]"#);
        }
    }
}

#[tokio::test]
async fn a_guests_message_is_told_to_some_thousand_characters() {
    let cast = Cast::new().plays("Query.maybe", |_| async {
        Err(Error::GuestError {
            reason: "r".repeat(100_000),
            message: "m".repeat(100_000),
            retryable: false,
            passed_on: None,
            beside: None,
        })
    });
    let response = respond(&engine(SCHOOL), &cast, request("{ maybe { id } }")).await;
    assert!(
        response.contains(&"m".repeat(4_096)) && response.len() < 5_000,
        "{} bytes",
        response.len()
    );
}

const NULLS: &str = r#"
type Query { things: [Thing!]! @resolve(module: "m") maybe: [Thing] @resolve(module: "m") one: Thing! @resolve(module: "m") }
type Thing { id: ID! name: String kids: [Thing!]! @resolve(module: "m", needs: "id") soft: [Thing] @resolve(module: "m", needs: "name") last: Thing! @resolve(module: "m", needs: "id name") }
"#;

/// A guest's answers, drawn afresh for each parent: lists, objects, and what is wrong in some way.
struct Dice {
    seed: AtomicUsize,
    most: usize,
}

impl Dice {
    fn throw(&self, sides: usize) -> usize {
        let seed = self
            .seed
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed) as u64;
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % sides
    }

    fn thing(&self) -> String {
        match self.throw(40) {
            0 => "null".to_owned(),
            1 => r#"{"id":null}"#.to_owned(),
            2 => r#"{"id":1,"name":{}}"#.to_owned(),
            3 => "7".to_owned(),
            4 => format!(r#"{{"id":1,"name":"{}"}}"#, "n".repeat(self.throw(3_000))),
            _ => r#"{"id":1,"name":"n"}"#.to_owned(),
        }
    }

    fn answer(&self, field: &str) -> Result<String, Error> {
        let count = self.throw(self.most);
        match (self.throw(60), field) {
            (0, _) => Err(Error::Internal("x".to_owned())),
            (1, _) => Ok("[".to_owned()),
            (_, "one" | "last") => Ok(self.thing()),
            (2, _) => Ok(format!("[{}]", vec!["{}"; count * 20].join(","))),
            _ => Ok(format!(
                "[{}]",
                (0..count)
                    .map(|_| self.thing())
                    .collect::<Vec<_>>()
                    .join(",")
            )),
        }
    }
}

impl Resolve for Dice {
    fn max_batch(&self, _module: &str) -> usize {
        50
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        Ok((0..invocation.parents.len().max(1))
            .map(|_| self.answer(&invocation.field_name))
            .collect())
    }
}

fn selection() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id".to_owned()),
        Just("name".to_owned()),
        Just("id name".to_owned())
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        let field = prop_oneof![Just("kids"), Just("soft"), Just("last")];
        proptest::collection::vec((field, inner), 1..3).prop_map(|fields| {
            fields
                .iter()
                .enumerate()
                .fold("id".to_owned(), |all, (at, (field, inner))| {
                    format!("{all} {field}{at}: {field} {{ {inner} }}")
                })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_that_is_null_has_an_error_and_every_answer_fits(
        selection in selection(),
        root in prop_oneof![Just("things"), Just("maybe"), Just("one")],
        seed in any::<usize>(),
        most in prop_oneof![Just(4_usize), Just(40), Just(400)],
        response_bytes in prop_oneof![Just(1_024_usize), Just(20_000), Just(400_000)],
        complexity in prop_oneof![Just(20_u64), Just(2_000), Just(u64::MAX)],
    ) {
        let limits = Limits { response_bytes, complexity, list_size: 1, ..Limits::default() };
        let engine = Engine::new(schema(NULLS), limits, 0);
        let Ok(prepared) = engine.prepare(&request(&format!("{{ {root} {{ {selection} }} }}"))) else {
            return Ok(());
        };
        let body = to_the_end(engine.execute(prepared, &Dice { seed: AtomicUsize::new(seed), most }));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let errors = value.get("errors").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        prop_assert!(!value["data"].is_null() || errors > 0, "null without an error");
        // The first error is reported even where there is room for none.
        prop_assert!(body.len() <= response_bytes + 1_024, "{} bytes of {response_bytes}", body.len());
    }
}
