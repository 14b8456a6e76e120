//! Documents seen before.

use crate::stage::{Cast, SCHOOL, engine, request, respond, schema, with_variables};
use mayfly_graphql::{Engine, Limits};

#[tokio::test]
async fn a_document_is_prepared_once_for_all_values_of_its_variables() {
    let engine = engine(SCHOOL);
    let cast = Cast::new().says("Query.student", r#"{"name":"Ada"}"#);
    for id in 0..5 {
        respond(
            &engine,
            &cast,
            with_variables(
                "query($id: ID!) { student(id: $id) { name } }",
                &format!("{{\"id\":{id}}}"),
            ),
        )
        .await;
    }
    let stats = engine.stats();
    assert_eq!((stats.hits, stats.misses), (4, 1));
    let arguments: Vec<String> = cast
        .calls()
        .into_iter()
        .map(|call| call.arguments)
        .collect();
    assert_eq!(arguments[4], r#"{"id":"4"}"#);
}

#[test]
fn operations_of_one_document_are_told_apart() {
    let engine = engine(SCHOOL);
    let mut named = request("query A { maybe { id } } query B { students { id } }");
    let field_of = |name: &str, request: &mut mayfly_graphql::Request| {
        request.operation_name = Some(name.to_owned());
        let prepared = engine.prepare(request).unwrap();
        prepared
            .plan()
            .steps()
            .next()
            .unwrap()
            .field_name
            .to_owned()
    };
    for _ in 0..2 {
        assert_eq!(
            (field_of("A", &mut named), field_of("B", &mut named)),
            ("maybe".to_owned(), "students".to_owned())
        );
    }
    assert_eq!(engine.stats().hits, 2);
}

#[test]
fn the_cache_stays_within_its_bytes_whatever_is_sent() {
    let bytes = 64 << 10;
    let engine = Engine::new(schema(SCHOOL), Limits::default(), bytes);
    for number in 0..2_000 {
        engine
            .prepare(&request(&format!(
                "{{ a{number}: student(id: {number}) {{ id name }} }}"
            )))
            .unwrap();
    }
    let stats = engine.stats();
    assert!(stats.bytes <= bytes && stats.entries > 10, "{stats:?}");
}

#[test]
fn a_document_in_use_survives_many_seen_once() {
    let engine = Engine::new(schema(SCHOOL), Limits::default(), 64 << 10);
    let hot = request("{ maybe { id name } }");
    for number in 0..2_000 {
        engine.prepare(&hot).unwrap();
        engine
            .prepare(&request(&format!(
                "{{ a{number}: student(id: {number}) {{ id name }} }}"
            )))
            .unwrap();
    }
    assert_eq!(engine.stats().hits, 1_999);
}

#[test]
fn without_room_everything_still_works() {
    let engine = Engine::new(schema(SCHOOL), Limits::default(), 0);
    for _ in 0..3 {
        engine.prepare(&request("{ maybe { id name } }")).unwrap();
    }
    assert_eq!((engine.stats().hits, engine.stats().entries), (0, 0));
}

#[test]
fn a_plan_explains_itself() {
    let prepared = engine(SCHOOL)
        .prepare(&request(
            "query Q { students { name assessments { score note } mentor { name } } }",
        ))
        .unwrap();
    assert_eq!(prepared.operation_name(), Some("Q"));
    assert_eq!(
        prepared
            .modules()
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<&str>>(),
        ["students", "assessments", "notes", "staff"]
    );
    insta::assert_snapshot!(prepared.plan(), @"
    query
    0: Query.students by `students`, selects name id grade
    1: Student.assessments by `assessments`, after 0, needs id grade, selects score id
    2: Assessment.note by `notes`, after 1, needs id
    3: Student.mentor by `staff`, after 0, needs id, selects name
    ");
}
