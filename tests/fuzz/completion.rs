//! Target: JSON of all kinds as a guest's answer, through completion against its schema type.
//!
//! What fits comes back as it was, without an error. Whatever else a guest says, the response is JSON, its data has exactly the
//! selected keys in the selected order, every leaf is of its type, nothing that may not be null is, and every null that the guest did
//! not say has an error at its path or below.

mod answers;
mod shape;

use std::sync::Arc;

use mayfly_error::Error;
use mayfly_graphql::{Answers, Engine, Invocation, Limits, Request, Resolve, Schema};
use serde_json::Value;

use self::answers::Answer;
use self::shape::{QUERY, SDL, same, sound, thing};
use crate::run::{Run, Verdict};

/// A module that always says the same.
struct Says(String);

impl Resolve for Says {
    fn max_batch(&self, _: &str) -> usize {
        1
    }

    async fn resolve(&self, _: Invocation) -> Result<Answers, Error> {
        Ok(vec![Ok(self.0.clone())])
    }
}

/// Tries answers.
///
/// # Errors
///
/// The smallest answer that is completed to what it must not be.
pub fn fuzz(run: Run) -> Verdict {
    let schema = Schema::parse(SDL).expect("a schema");
    let engine = Engine::new(Arc::new(schema), Limits::default(), 1 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    run.check(&answers::answer(), |answer| {
        let request = Request {
            query: QUERY.to_owned(),
            ..Request::default()
        };
        let prepared = engine
            .prepare(&request)
            .map_err(|errors| format!("the query was refused: {:?}", errors.errors().len()))?;
        let says = Says(answer.text());
        let response = runtime.block_on(engine.execute(prepared, &says));
        check(&answer, &response)
            .map_err(|why| format!("{why}\nresponse: {}", String::from_utf8_lossy(&response)))
    })
}

fn check(answer: &Answer, response: &[u8]) -> Verdict {
    let response: Value = serde_json::from_slice(response)
        .map_err(|error| format!("the response is not JSON: {error}"))?;
    let errors = response["errors"].as_array().cloned().unwrap_or_default();
    let data = response.get("data").ok_or("the response has no data")?;
    let completed = data.get("thing").ok_or("the data has no `thing`")?;
    sound(completed, &thing())?;
    if matches!(answer, Answer::Fits(_)) {
        if !errors.is_empty() {
            return Err("an answer that fits has errors".to_owned());
        }
        // Read back by what reads the response, which rounds the same digits to the same number.
        let said = serde_json::from_str(&answer.text())
            .map_err(|error| format!("what was said is not JSON: {error}"))?;
        return same(&said, completed, &thing());
    }
    for error in &errors {
        let path = error["path"].as_array().ok_or("an error without a path")?;
        reaches_null(data, path)?;
    }
    // A guest that says nothing readable has said nothing at all.
    let readable = serde_json::from_str::<Value>(&answer.text());
    if completed.is_null() && errors.is_empty() && !readable.is_ok_and(|said| said.is_null()) {
        return Err("everything is null, and nothing says why".to_owned());
    }
    Ok(())
}

/// An error's path leads to a null, or ends in one on the way.
fn reaches_null(data: &Value, path: &[Value]) -> Verdict {
    let mut at = data;
    for step in path {
        let next = match step {
            Value::String(key) => at.get(key),
            Value::Number(index) => index
                .as_u64()
                .and_then(|index| at.get(usize::try_from(index).ok()?)),
            _ => None,
        };
        match next {
            Some(Value::Null) => return Ok(()),
            Some(next) => at = next,
            None => return Err(format!("the path {path:?} of an error leads nowhere")),
        }
    }
    Err(format!(
        "the path {path:?} of an error leads to something that is not null"
    ))
}
