//! Legacy code that runs in processes of its own, beside the host: methods the operator granted, by the names of worker and method.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Assessment {
//!     score: f64,
//! }
//!
//! async fn assessments(student: &str) -> Result<Vec<Assessment>> {
//!     worker::named("legacy").call("GetAssessments", object! { studentId: student }).await
//! }
//! ```
//!
//! A process takes one call at a time. When it dies in a call, a method that the operator declared to read is tried once more on another
//! process; one that writes fails with [`codes::OUTCOME_UNKNOWN`](crate::codes::OUTCOME_UNKNOWN). An error that the worker itself answers
//! has the code [`codes::BACKEND`](crate::codes::BACKEND) and the worker's message.

use crate::bindings::mayfly::resolver::worker as host;
use crate::{Call, IntoJson};
use serde::de::DeserializeOwned;

/// Names a worker of the configuration.
pub fn named(name: &str) -> Worker<'_> {
    Worker { name }
}

/// A worker of the configuration.
#[derive(Debug, Clone, Copy)]
#[must_use = "a worker does something when it is called"]
pub struct Worker<'a> {
    name: &'a str,
}

impl Worker<'_> {
    /// Calls a method with one value, and reads its answer as `T`.
    pub fn call<T: DeserializeOwned>(self, method: &str, arguments: impl IntoJson) -> Call<T> {
        Call::send(
            |text| Ok(serde_json::from_str(&text)?),
            || Ok(host::call(self.name, method, &arguments.into_json()?)),
        )
    }

    /// The same with JSON text, and the answer as JSON text, with every digit as it was.
    pub fn call_json(self, method: &str, arguments: &str) -> Call<String> {
        Call::send(Ok, || Ok(host::call(self.name, method, arguments)))
    }
}
