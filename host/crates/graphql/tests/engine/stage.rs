//! A stage for tests: a schema, and functions that play its modules.

use mayfly_error::Error;
use mayfly_graphql::{
    Answers, Disclosure, Engine, Invocation, Limits, PathStep, Request, Resolve, Schema, Viewer,
    ViewerKind,
};
use mayfly_json::{Limits as JsonLimits, Tree};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

type Answering = Pin<Box<dyn Future<Output = Result<Answers, Error>> + Send>>;
type Part = Box<dyn Fn(Invocation) -> Answering + Send + Sync>;

/// Functions that answer fields, and what they were asked.
#[derive(Default)]
pub struct Cast {
    parts: HashMap<String, Part>,
    batch: usize,
    calls: Mutex<Vec<Invocation>>,
    /// How the caller was recognised, and their claims; nobody is known otherwise.
    viewer: Option<(ViewerKind, String)>,
    reports: Mutex<Vec<String>>,
}

impl Cast {
    pub fn new() -> Self {
        Self {
            batch: 100,
            ..Self::default()
        }
    }

    pub fn max_batch(mut self, parents: usize) -> Self {
        self.batch = parents;
        self
    }

    /// Asks as somebody.
    pub fn seen_by(mut self, kind: ViewerKind, claims: &str) -> Self {
        self.viewer = Some((kind, claims.to_owned()));
        self
    }

    /// Plays a field (`Type.field`) with a future.
    pub fn plays<F>(
        mut self,
        field: &str,
        part: impl Fn(Invocation) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Answers, Error>> + Send + 'static,
    {
        self.parts.insert(
            field.to_owned(),
            Box::new(move |invocation| Box::pin(part(invocation))),
        );
        self
    }

    /// Answers a field with one JSON text for each parent.
    pub fn says(self, field: &str, json: impl Into<String>) -> Self {
        let json = json.into();
        self.plays(field, move |invocation| {
            let answers = (0..invocation.parents.len().max(1))
                .map(|_| Ok(json.clone()))
                .collect();
            async move { Ok(answers) }
        })
    }

    /// Answers a field from each parent's JSON.
    pub fn says_of_each(
        self,
        field: &str,
        part: impl Fn(&Value) -> Result<String, Error> + Send + Sync + 'static,
    ) -> Self {
        self.plays(field, move |invocation| {
            let answers = invocation
                .parents
                .iter()
                .map(|parent| part(&serde_json::from_str(parent).unwrap()))
                .collect();
            async move { Ok(answers) }
        })
    }

    pub fn calls(&self) -> Vec<Invocation> {
        self.calls.lock().unwrap().clone()
    }

    /// The fields called, in order, with their numbers of parents.
    pub fn called(&self) -> Vec<String> {
        let name = |call: &Invocation| {
            format!(
                "{}.{}×{}",
                call.type_name,
                call.field_name,
                call.parents.len()
            )
        };
        self.calls().iter().map(name).collect()
    }

    pub fn reports(&self) -> Vec<String> {
        self.reports.lock().unwrap().clone()
    }
}

impl Resolve for Cast {
    fn max_batch(&self, _module: &str) -> usize {
        self.batch
    }

    fn viewer(&self) -> Viewer {
        match &self.viewer {
            Some((kind, claims)) => Viewer::with_claims(*kind, claims),
            None => Viewer::anonymous(),
        }
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        self.calls.lock().unwrap().push(invocation.clone());
        let field = format!("{}.{}", invocation.type_name, invocation.field_name);
        let part = self
            .parts
            .get(&field)
            .unwrap_or_else(|| panic!("nobody plays {field}"));
        part(invocation).await
    }

    fn report(
        &self,
        error: &Error,
        module: &str,
        type_name: &str,
        field_name: &str,
        path: &[PathStep],
    ) {
        self.reports.lock().unwrap().push(format!(
            "{module} {type_name}.{field_name} {} {path:?}",
            error.code()
        ));
    }
}

pub fn schema(sdl: &str) -> Arc<Schema> {
    Arc::new(Schema::parse(sdl).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

pub fn engine(sdl: &str) -> Engine {
    Engine::new(schema(sdl), Limits::default(), 1 << 20)
}

pub fn request(query: &str) -> Request {
    Request {
        query: query.to_owned(),
        ..Request::default()
    }
}

/// Variables from their text.
pub fn read(variables: &str) -> Tree<'static> {
    Tree::read(variables.to_owned(), JsonLimits::of_bytes(usize::MAX)).unwrap()
}

pub fn with_variables(query: &str, variables: &str) -> Request {
    Request {
        variables: Some(read(variables)),
        ..request(query)
    }
}

/// The response of a request, whether it was refused or run.
pub async fn respond(engine: &Engine, cast: &Cast, request: Request) -> String {
    let bytes = match engine.prepare(&request) {
        Ok(prepared) => engine.execute(prepared, cast).await,
        Err(errors) => errors.render(Disclosure::Full),
    };
    let text = String::from_utf8(bytes).unwrap();
    // The digits of numbers are nobody's business here, so that what reads them as doubles has no say.
    Tree::read(text.as_str(), JsonLimits::of_bytes(text.len()))
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    text
}

/// The outcome of something that waits for nothing but its turn.
pub fn to_the_end<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
    }
}

/// The response of a document without variables.
pub async fn run(sdl: &str, cast: &Cast, query: &str) -> String {
    respond(&engine(sdl), cast, request(query)).await
}

/// The messages of a refused request.
pub fn refusals(engine: &Engine, request: &Request) -> Vec<String> {
    match engine.prepare(request) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .errors()
            .iter()
            .map(|error| format!("{}: {}", error.error.code(), error.error))
            .collect(),
    }
}

/// The errors of a response as `code path`, then its data.
pub fn digest(response: &str) -> (Vec<String>, Value) {
    let value: Value = serde_json::from_str(response).unwrap();
    let errors = value
        .get("errors")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let line = |error: &Value| {
        let code = error["extensions"]["code"].as_str().unwrap().to_owned();
        error
            .get("path")
            .map_or(code.clone(), |path| format!("{code} {path}"))
    };
    (
        errors.iter().map(line).collect(),
        value.get("data").cloned().unwrap_or(Value::Null),
    )
}

/// Students, their assessments by another module, and what else tests need.
pub const SCHOOL: &str = r#"
directive @resolve(module: String!, needs: String) on FIELD_DEFINITION

"What can be asked."
type Query {
  student(id: ID!): Student @resolve(module: "students")
  students(first: Int = 2, ids: [ID!]): [Student!]! @resolve(module: "students")
  search(filter: Filter, mode: Mode = ANY, raw: Json): [Found!] @resolve(module: "search")
  pick(by: Pick!): String @resolve(module: "students")
  maybe: [Student] @resolve(module: "students")
}
type Mutation {
  enrol(name: String!): Student! @resolve(module: "students")
  note(text: String): String @resolve(module: "notes")
}
type Student implements Named {
  id: ID!
  name: String!
  grade: Int
  teacher: Teacher
  scores: [[Float]]
  best: Student @deprecated(reason: "ask assessments")
  assessments(type: Mode): [Assessment!]! @resolve(module: "assessments", needs: "id grade")
  mentor: Teacher @resolve(module: "staff", needs: "id")
}
type Teacher implements Named { name: String! room: Room pupils: [Student!] @resolve(module: "students", needs: "name") }
type Room { number: Int! }
type Assessment { id: ID! score: Float! student: Student note: String @resolve(module: "notes", needs: "id") }
interface Named { name: String! }
union Found = Student | Teacher | Room
enum Mode { ANY ALL }
scalar Json @specifiedBy(url: "https://example.com/json")
input Filter { name: String grade: Int! = 3 modes: [Mode!] inner: Filter }
input Pick @oneOf { id: ID name: String }
"#;
