//! What is known about the operation this invocation belongs to. Each function asks the host: keep what is needed twice.

use crate::bindings::mayfly::resolver::context as host;
use crate::{Error, Result, codes};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The trace id of the operation, the same in every log line and error of it: 32 lower-case hexadecimal digits.
#[must_use]
pub fn trace_id() -> String {
    host::trace_id()
}

/// The caller's id (the `sub` claim), or `None` for an anonymous caller.
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// fn own_grade() -> Result<i32> {
///     let caller = context::caller().ok_or_else(|| Error::new("SIGN_IN", "sign in to see your grade"))?;
/// #   let _ = caller;
/// #   Ok(1)
/// }
/// ```
#[must_use]
pub fn caller() -> Option<String> {
    host::caller()
}

/// The caller's verified claims; an empty object for an anonymous caller.
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// #[derive(Deserialize)]
/// struct Claims {
///     #[serde(default)]
///     roles: Vec<String>,
/// }
///
/// fn is_teacher() -> Result<bool> {
///     Ok(context::claims::<Claims>()?.roles.iter().any(|role| role == "teacher"))
/// }
/// ```
///
/// # Errors
///
/// When the claims do not fit `T`.
pub fn claims<T: DeserializeOwned>() -> Result<T> {
    serde_json::from_str(&host::claims())
        .map_err(|error| Error::new(codes::INVALID_DATA, format!("claims: {error}")))
}

/// A header of the HTTP request, by name in any case; `None` if it was not sent, or the operator did not list it for guests.
#[must_use]
pub fn header(name: &str) -> Option<String> {
    host::header(name)
}

/// The fields the operation selects below this one, as paths: `id`, `teacher`, `teacher.name`. Fields other resolvers answer are
/// left out; the fields they need are in. Answering more is fine.
#[must_use]
pub fn selection() -> Vec<String> {
    host::selection()
}

/// Whether the operation selects the field at `path` below this one: ask before computing what is expensive.
#[must_use]
pub fn selects(path: &str) -> bool {
    selection().iter().any(|selected| selected == path)
}

/// The variables of the operation, as the client sent them.
///
/// # Errors
///
/// When they do not fit `T`.
pub fn variables<T: DeserializeOwned>() -> Result<T> {
    serde_json::from_str(&host::variables())
        .map_err(|error| Error::new(codes::INVALID_DATA, format!("variables: {error}")))
}

/// The time until the invocation's deadline.
#[must_use]
pub fn time_left() -> Duration {
    Duration::from_millis(host::time_left_ms())
}
