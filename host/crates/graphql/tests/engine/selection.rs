//! Which fields come out, in which order, and what modules are asked.

use crate::stage::{Cast, SCHOOL, engine, request, respond, run, with_variables};

const ADA: &str = r#"{"name":"Ada","extra":[1,{"x":null}],"id":7,"grade":5,"teacher":{"room":{"number":12},"name":"Grace"}}"#;

#[tokio::test]
async fn fields_come_in_the_order_of_the_selection_whatever_the_guests_order() {
    let cast = Cast::new().says("Query.student", ADA);
    let response = run(
        SCHOOL,
        &cast,
        "{ student(id: 7) { grade id __typename n: name name teacher { name room { number } } } }",
    )
    .await;
    insta::assert_snapshot!(response, @r#"{"data":{"student":{"grade":5,"id":"7","__typename":"Student","n":"Ada","name":"Ada","teacher":{"name":"Grace","room":{"number":12}}}}}"#);
    let call = &cast.calls()[0];
    assert_eq!(call.arguments, r#"{"id":"7"}"#);
    assert_eq!(
        *call.selection,
        [
            "grade",
            "id",
            "name",
            "teacher",
            "teacher.name",
            "teacher.room",
            "teacher.room.number"
        ]
    );
    assert!(call.parents.is_empty() && !call.mutation);
}

#[tokio::test]
async fn fields_with_one_key_are_merged_across_fragments() {
    let cast = Cast::new().says("Query.student", ADA);
    let query =
        "query A { student(id: \"7\") { ...F teacher { name } ... on Student { teacher { room { number } } } ... { id } } }
                 fragment F on Named { name ... on Student { teacher { room { n: number } } } }";
    let response = run(SCHOOL, &cast, query).await;
    insta::assert_snapshot!(response, @r#"{"data":{"student":{"name":"Ada","teacher":{"room":{"n":12,"number":12},"name":"Grace"},"id":"7"}}}"#);
}

#[tokio::test]
async fn a_nested_module_gets_only_what_it_needs_and_the_client_only_what_it_asked() {
    let cast = Cast::new()
        .says("Query.student", ADA)
        .says_of_each("Student.assessments", |parent| {
            Ok(format!(r#"[{{"id":1,"score":{}}}]"#, parent["grade"]))
        });
    let response = run(
        SCHOOL,
        &cast,
        "{ student(id: 7) { name assessments(type: ALL) { score } } }",
    )
    .await;
    insta::assert_snapshot!(response, @r#"{"data":{"student":{"name":"Ada","assessments":[{"score":5}]}}}"#);
    let calls = cast.calls();
    assert_eq!(*calls[0].selection, ["name", "id", "grade"]);
    assert_eq!(calls[1].parents, [r#"{"id":"7","grade":5}"#]);
    assert_eq!(calls[1].arguments, r#"{"type":"ALL"}"#);
    assert_eq!(
        (
            &*calls[1].module,
            &*calls[1].type_name,
            &*calls[1].field_name
        ),
        ("assessments", "Student", "assessments")
    );
}

#[tokio::test]
async fn a_needed_field_that_is_missing_is_null_for_the_nested_module() {
    let cast = Cast::new()
        .says("Query.student", r#"{"id":"1"}"#)
        .says("Student.assessments", "[]");
    let response = run(SCHOOL, &cast, "{ student(id: 1) { assessments { id } } }").await;
    assert_eq!(response, r#"{"data":{"student":{"assessments":[]}}}"#);
    assert_eq!(cast.calls()[1].parents, [r#"{"id":"1","grade":null}"#]);
}

#[tokio::test]
async fn defaults_are_applied_and_arguments_left_out_stay_out() {
    let cast = Cast::new()
        .says("Query.students", "[]")
        .says("Query.search", "[]");
    let engine = engine(SCHOOL);
    respond(&engine, &cast, request("{ students { id } }")).await;
    respond(
        &engine,
        &cast,
        request("{ students(first: null, ids: 4) { id } }"),
    )
    .await;
    let query = "query($i: Filter, $m: [Mode!]) { search(filter: {name: \"x\", inner: $i, modes: $m}, raw: {a: [1.50, $m, E], b: null}) { __typename } }";
    respond(
        &engine,
        &cast,
        with_variables(query, r#"{"i": {"grade": 1}}"#),
    )
    .await;
    respond(&engine, &cast, with_variables(query, r#"{"m": ["ALL"]}"#)).await;
    let arguments: Vec<String> = cast
        .calls()
        .into_iter()
        .map(|call| call.arguments)
        .collect();
    assert_eq!(arguments[0], r#"{"first":2}"#);
    assert_eq!(arguments[1], r#"{"first":null,"ids":["4"]}"#);
    assert_eq!(
        arguments[2],
        r#"{"filter":{"name":"x","grade":3,"inner":{"grade":1}},"mode":"ANY","raw":{"a":[1.50,null,"E"],"b":null}}"#
    );
    assert_eq!(
        arguments[3],
        r#"{"filter":{"name":"x","grade":3,"modes":["ALL"]},"mode":"ANY","raw":{"a":[1.50,["ALL"],"E"],"b":null}}"#
    );
}

#[tokio::test]
async fn scalars_are_coerced_as_the_reference_does_and_numbers_keep_their_digits() {
    let sdl = r#"
        type Query { all: All @resolve(module: "m") }
        scalar Any
        type All { i: Int j: Int f: Float g: Float s: String t: String b: Boolean c: Boolean d: ID e: ID a: Any l: [[Int]!] }
    "#;
    let answer = r#"{"i":5.0,"j":"12","f":1.2300,"g":"0.10","s":7,"t":"a\u00e9\n","b":0,"c":true,"d":12345678901234567890,"e":"x",
        "a":{"n":1.10, "deep":[[]]},"l":[[1,null],[]]}"#;
    let cast = Cast::new().says("Query.all", answer);
    let response = run(sdl, &cast, "{ all { i j f g s t b c d e a l } }").await;
    insta::assert_snapshot!(response, @r#"{"data":{"all":{"i":5,"j":12,"f":1.2300,"g":0.10,"s":"7","t":"a\u00e9\n","b":false,"c":true,"d":"12345678901234567890","e":"x","a":{"n":1.10, "deep":[[]]},"l":[[1,null],[]]}}}"#);
}

#[tokio::test]
async fn mutations_run_their_root_fields_in_order_with_all_below() {
    let cast = Cast::new()
        .plays("Mutation.enrol", |_| async {
            tokio::task::yield_now().await;
            Ok(vec![Ok(r#"{"id":1,"name":"A"}"#.to_owned())])
        })
        .says("Student.assessments", "[]")
        .says("Mutation.note", "\"n\"");
    let response =
        run(SCHOOL, &cast, "mutation { a: enrol(name: \"A\") { id assessments { id } } n: note b: enrol(name: \"B\") { name } }")
            .await;
    assert_eq!(
        response,
        r#"{"data":{"a":{"id":"1","assessments":[]},"n":"n","b":{"name":"A"}}}"#
    );
    assert_eq!(
        cast.called(),
        [
            "Mutation.enrol×0",
            "Student.assessments×1",
            "Mutation.note×0",
            "Mutation.enrol×0"
        ]
    );
    assert!(cast.calls().iter().all(|call| call.mutation));
}
