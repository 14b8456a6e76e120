//! Who is called when, with how many parents, and what happens when a call fails as a whole.

use crate::stage::{Cast, SCHOOL, digest, engine, request, respond, run};
use mayfly_error::Error;
use mayfly_graphql::Invocation;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

fn students(count: usize) -> String {
    let students: Vec<String> = (0..count)
        .map(|id| format!(r#"{{"id":"{id}","grade":{id},"name":"n"}}"#))
        .collect();
    format!("[{}]", students.join(","))
}

fn out_of_memory() -> Error {
    Error::OutOfMemory {
        module: "m".to_owned(),
        cap_bytes: 1,
        asked_bytes: 2,
    }
}

/// Answers each parent with a list holding its id.
fn own_id(invocation: &Invocation) -> Vec<Result<String, Error>> {
    let id =
        |parent: &String| serde_json::from_str::<serde_json::Value>(parent).unwrap()["id"].clone();
    invocation
        .parents
        .iter()
        .map(|parent| Ok(format!(r#"[{{"id":{}}}]"#, id(parent))))
        .collect()
}

#[tokio::test]
async fn all_parents_across_all_lists_are_one_call() {
    let cast = Cast::new()
        .says("Query.students", students(20))
        .says("Student.assessments", r#"[{"id":1},{"id":2}]"#)
        .says("Assessment.note", "\"x\"");
    let response = run(SCHOOL, &cast, "{ students { assessments { note } } }").await;
    assert_eq!(response.matches("\"x\"").count(), 40);
    assert_eq!(
        cast.called(),
        [
            "Query.students×0",
            "Student.assessments×20",
            "Assessment.note×40"
        ]
    );
}

#[tokio::test]
async fn chunks_hold_max_batch_parents_and_answers_keep_their_order() {
    let cast = Cast::new()
        .max_batch(8)
        .says("Query.students", students(20))
        .plays("Student.assessments", |invocation| {
            let answers = own_id(&invocation);
            async move {
                if answers.len() == 8 {
                    tokio::task::yield_now().await;
                }
                Ok(answers)
            }
        });
    let response = run(SCHOOL, &cast, "{ students { assessments { id } } }").await;
    let (errors, data) = digest(&response);
    assert!(errors.is_empty());
    for (index, student) in data["students"].as_array().unwrap().iter().enumerate() {
        assert_eq!(student["assessments"][0]["id"], index.to_string());
    }
    assert_eq!(
        cast.called(),
        [
            "Query.students×0",
            "Student.assessments×8",
            "Student.assessments×8",
            "Student.assessments×4"
        ]
    );
}

#[tokio::test]
async fn an_operation_may_move_between_threads_and_be_dropped_half_way() {
    fn may_move<T: Send>(future: T) -> T {
        future
    }
    let started = Arc::new(Notify::new());
    let tells = started.clone();
    let cast = Cast::new().plays("Query.maybe", move |_| {
        tells.notify_one();
        std::future::pending()
    });
    let engine = engine(SCHOOL);
    let prepared = engine.prepare(&request("{ maybe { id } }")).unwrap();
    let mut running = Box::pin(may_move(engine.execute(prepared, &cast)));
    tokio::select! {
        _ = &mut running => panic!("the module never answers"),
        () = started.notified() => {}
    }
    drop(running);
    assert_eq!(cast.called(), ["Query.maybe×0"]);
}

#[tokio::test]
async fn nobody_is_called_for_no_parents() {
    let cast = Cast::new().says("Query.students", "[]");
    assert_eq!(
        run(SCHOOL, &cast, "{ students { assessments { id } } }").await,
        r#"{"data":{"students":[]}}"#
    );
    assert_eq!(cast.called(), ["Query.students×0"]);
}

#[tokio::test]
async fn a_child_of_a_fast_field_starts_before_its_slow_sibling_ends() {
    let child_started = Arc::new(Notify::new());
    let (waits, tells) = (child_started.clone(), child_started);
    // The slow field ends only once the child of the fast one has started: with a barrier this would never end.
    let cast = Cast::new()
        .plays("Query.maybe", move |_| {
            let waits = waits.clone();
            async move {
                waits.notified().await;
                Ok(vec![Ok("[]".to_owned())])
            }
        })
        .says("Query.student", r#"{"id":1,"grade":1}"#)
        .plays("Student.assessments", move |_| {
            tells.notify_one();
            async { Ok(vec![Ok("[]".to_owned())]) }
        });
    let response = run(
        SCHOOL,
        &cast,
        "{ maybe { id } student(id: 1) { assessments { id } } }",
    )
    .await;
    assert_eq!(
        response,
        r#"{"data":{"maybe":[],"student":{"assessments":[]}}}"#
    );
}

#[tokio::test]
async fn a_querys_call_that_fails_for_its_size_is_made_again_as_two_halves_once() {
    let cast = Cast::new().says("Query.students", students(5)).plays(
        "Student.assessments",
        |invocation| {
            let result = if invocation.parents.len() > 2 {
                Err(out_of_memory())
            } else {
                Ok(own_id(&invocation))
            };
            async move { result }
        },
    );
    let response = run(
        SCHOOL,
        &cast,
        "{ maybe: students { id mentor: assessments { id } } }"
            .replace("mentor: ", "")
            .as_str(),
    )
    .await;
    let (errors, data) = digest(&response);
    assert_eq!(
        cast.called(),
        [
            "Query.students×0",
            "Student.assessments×5",
            "Student.assessments×3",
            "Student.assessments×2"
        ]
    );
    // The list's elements may not be null, so the first failure is the whole answer's.
    assert_eq!(
        (errors, data),
        (
            vec![r#"OUT_OF_MEMORY ["maybe",0,"assessments"]"#.to_owned()],
            serde_json::Value::Null
        )
    );
}

#[tokio::test]
async fn the_half_that_succeeds_is_kept() {
    let cast =
        Cast::new()
            .says("Query.maybe", students(4))
            .plays("Student.assessments", |invocation| {
                let bad = invocation
                    .parents
                    .iter()
                    .any(|parent| parent.contains("\"0\""));
                let result = if bad {
                    Err(out_of_memory())
                } else {
                    Ok(own_id(&invocation))
                };
                async move { result }
            });
    let (errors, data) = digest(&run(SCHOOL, &cast, "{ maybe { assessments { id } } }").await);
    assert_eq!(
        errors,
        [
            r#"OUT_OF_MEMORY ["maybe",0,"assessments"]"#,
            r#"OUT_OF_MEMORY ["maybe",1,"assessments"]"#
        ]
    );
    assert_eq!(data["maybe"][3]["assessments"][0]["id"], "3");
}

#[tokio::test]
async fn errors_that_size_has_nothing_to_do_with_are_not_tried_again() {
    let denied = || Error::Denied {
        module: "m".to_owned(),
        detail: "x".to_owned(),
    };
    let cast =
        Cast::new()
            .says("Query.maybe", students(2))
            .plays("Student.assessments", move |_| {
                let error = denied();
                async move { Err(error) }
            });
    let (errors, _) = digest(&run(SCHOOL, &cast, "{ maybe { assessments { id } } }").await);
    assert_eq!(
        errors,
        [
            r#"DENIED ["maybe",0,"assessments"]"#,
            r#"DENIED ["maybe",1,"assessments"]"#
        ]
    );
    assert_eq!(cast.called().len(), 2);
}

#[tokio::test]
async fn a_mutations_call_is_made_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let cast = Cast::new()
        .says(
            "Mutation.enrol",
            r#"{"id":1,"name":"n","best":{"id":1},"teacher":{"name":"t"}}"#,
        )
        .says("Teacher.pupils", r#"[{"id":1},{"id":2}]"#)
        .plays("Student.assessments", move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Err(out_of_memory()) }
        });
    let query = "mutation { enrol(name: \"n\") { teacher { pupils { assessments { id } } } } }";
    let (errors, _) = digest(&respond(&engine(SCHOOL), &cast, request(query)).await);
    assert_eq!(errors.len(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn another_number_of_answers_fails_every_parent() {
    for answers in [0, 1, 3] {
        let cast =
            Cast::new()
                .says("Query.maybe", students(2))
                .plays("Student.mentor", move |_| {
                    let answers = (0..answers).map(|_| Ok("null".to_owned())).collect();
                    async move { Ok(answers) }
                });
        let (errors, _) = digest(&run(SCHOOL, &cast, "{ maybe { mentor { name } } }").await);
        if answers == 1 {
            // As halves each parent has its own call, and one answer is right.
            assert!(errors.is_empty());
        } else {
            assert_eq!(
                errors,
                [
                    r#"INVALID_OUTPUT ["maybe",0,"mentor"]"#,
                    r#"INVALID_OUTPUT ["maybe",1,"mentor"]"#
                ]
            );
        }
    }
}

#[tokio::test]
async fn fields_of_a_root_type_below_other_fields_have_no_parents_and_one_answer_for_every_place() {
    let sdl = r#"
        type Query { all: [Place] @resolve(module: "m") numbers(of: Int!): [Int!]! @resolve(module: "m") maybe: Int @resolve(module: "m") }
        type Mutation { write: Written @resolve(module: "m") }
        type Written { query: Query! }
        type Place { id: ID query: Query }"#;
    let cast = || {
        Cast::new()
            .max_batch(1)
            .says(
                "Query.all",
                r#"[{"id":1,"query":{}},{"id":2},{"id":3,"query":{}}]"#,
            )
            .says("Mutation.write", r#"{"query":{}}"#)
            .says("Query.maybe", "7")
    };
    let query = "mutation { write { query { numbers(of: 1) maybe } } }";
    let written = cast().says("Query.numbers", "[1,2]");
    assert_eq!(
        run(sdl, &written, query).await,
        r#"{"data":{"write":{"query":{"numbers":[1,2],"maybe":7}}}}"#
    );
    assert_eq!(
        written.called(),
        ["Mutation.write×0", "Query.numbers×0", "Query.maybe×0"]
    );
    assert_eq!(written.calls()[1].arguments, r#"{"of":1}"#);

    let query = "{ all { id query { numbers(of: 1) maybe } } }";
    let many = cast().says("Query.numbers", "[1]");
    assert_eq!(
        run(sdl, &many, query).await,
        r#"{"data":{"all":[{"id":"1","query":{"numbers":[1],"maybe":7}},{"id":"2","query":null},{"id":"3","query":{"numbers":[1],"maybe":7}}]}}"#
    );
    assert_eq!(
        many.called(),
        ["Query.all×0", "Query.numbers×0", "Query.maybe×0"]
    );

    // What is wrong with the one answer is wrong at every place.
    let bad = cast().says("Query.numbers", "[1,null]");
    let (errors, data) = digest(&run(sdl, &bad, query).await);
    assert_eq!(
        errors,
        [
            r#"INVALID_OUTPUT ["all",0,"query","numbers",1]"#,
            r#"INVALID_OUTPUT ["all",2,"query","numbers",1]"#
        ]
    );
    assert_eq!(
        data.to_string(),
        r#"{"all":[{"id":"1","query":null},{"id":"2","query":null},{"id":"3","query":null}]}"#
    );
}
