//! How many allocations a request costs whose document is known: the engine's part of "nothing per field for GraphQL's sake".

use crate::stage::{read, schema};
use allocation_counter::{AllocationInfo, measure};
use futures_util::FutureExt;
use mayfly_error::Error;
use mayfly_graphql::{Answers, Engine, Invocation, Limits, Request, Resolve};

const SDL: &str = r#"
type Query { students(first: Int = 20, name: String): [Student!]! @resolve(module: "students") }
type Student { id: ID! name: String! grade: Int score: Float active: Boolean mode: Mode data: Json }
enum Mode { ANY ALL }
scalar Json
"#;

const QUERY: &str = "query Q($first: Int, $name: String, $all: Boolean = true) {
    students(first: $first, name: $name) { id name grade score @include(if: $all) active mode data } }";

/// Answers with the same students to everything.
struct Static(String);

impl Static {
    fn of(students: usize) -> Self {
        let student = |id: usize| {
            format!(
                r#"{{"id":"{id}","name":"Ada","grade":{id},"score":1.5,"active":true,"mode":"ALL","data":{{"a":[1,"x"]}}}}"#
            )
        };
        let students: Vec<String> = (0..students).map(student).collect();
        Self(format!("[{}]", students.join(",")))
    }
}

impl Resolve for Static {
    fn max_batch(&self, _module: &str) -> usize {
        100
    }

    async fn resolve(&self, _invocation: Invocation) -> Result<Answers, Error> {
        Ok(vec![Ok(self.0.clone())])
    }
}

/// What preparing a request the second time and executing it allocate, and the response.
fn cost(resolver: &Static) -> (AllocationInfo, AllocationInfo, String) {
    let engine = Engine::new(schema(SDL), Limits::default(), 1 << 20);
    let variables = r#"{"first": 20, "name": "a \"quoted\" name"}"#;
    let request = Request {
        query: QUERY.to_owned(),
        operation_name: None,
        variables: Some(read(variables)),
    };
    engine.prepare(&request).unwrap();
    let mut prepared = None;
    let preparing = measure(|| prepared = Some(engine.prepare(&request).unwrap()));
    let mut response = Vec::new();
    let executing = measure(|| {
        response = engine
            .execute(prepared.take().unwrap(), resolver)
            .now_or_never()
            .unwrap()
    });
    (preparing, executing, String::from_utf8(response).unwrap())
}

#[test]
fn a_request_seen_before_costs_the_same_few_allocations_whatever_it_answers() {
    for students in [1, 20, 2_000] {
        let resolver = Static::of(students);
        let (preparing, executing, response) = cost(&resolver);
        assert_eq!(
            response,
            format!(r#"{{"data":{{"students":{}}}}}"#, resolver.0)
        );
        // The variables' values, and where each of them is; and the value of the one string that holds escapes.
        assert_eq!(preparing.count_total, 2 + 1);
        // The module's answer and the list it is in; its arguments; the response, which is where the answer is completed; the
        // properties of the object under way; and eight for what is known of the one root field and its one answer.
        assert_eq!(executing.count_total, 2 + 1 + 1 + 1 + 8);
        // The answer as the module gave it and the response: nothing lies a third time in memory.
        assert!(
            executing.bytes_total < 2 * resolver.0.len() as u64 + 4_096,
            "{} bytes",
            executing.bytes_total
        );
    }
}

#[test]
fn without_variables_a_request_seen_before_is_prepared_without_an_allocation() {
    let engine = Engine::new(schema(SDL), Limits::default(), 1 << 20);
    let request = crate::stage::request("{ students { id name } }");
    engine.prepare(&request).unwrap();
    let again = measure(|| drop(engine.prepare(&request).unwrap()));
    assert_eq!(again.count_total, 0);
}
