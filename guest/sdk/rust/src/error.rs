//! Why something failed: one type, from the host and for clients.

use crate::bindings::mayfly::resolver::types::Error as WireError;
use std::borrow::Cow;
use std::fmt;

/// What resolvers and host calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a resolver, or a host call, failed.
///
/// Returned from a resolver it fails the field at that parent: the client sees the message, and the code as `extensions.reason`.
/// Host calls give the codes of [`codes`]; their messages are safe to pass on, so `?` is enough for most resolvers.
///
/// ```
/// use mayfly_guest::{Error, codes};
///
/// let error = Error::new("STUDENT_NOT_FOUND", format!("student `{}` does not exist", "7"));
/// assert_eq!(error.to_string(), "STUDENT_NOT_FOUND: student `7` does not exist");
/// assert!(!error.is(codes::CONFLICT));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// A code to branch on, at most 64 characters; by convention upper case in modules, lower case from the host.
    pub code: Cow<'static, str>,
    /// For people; clients see at most 4,096 bytes of it.
    pub message: String,
    /// Whether the same call, made again later, may succeed.
    pub retryable: bool,
}

/// The codes of host calls. More may come: treat an unknown one as a failure.
pub mod codes {
    /// The module has no grant for it.
    pub const DENIED: &str = "denied";
    /// The request is malformed.
    pub const INVALID: &str = "invalid";
    /// No such table, statement or column.
    pub const NOT_FOUND: &str = "not-found";
    /// A condition did not hold.
    pub const CONDITION_FAILED: &str = "condition-failed";
    /// A transaction conflict, or a duplicate key.
    pub const CONFLICT: &str = "conflict";
    /// The backend asks for fewer requests.
    pub const THROTTLED: &str = "throttled";
    /// The backend cannot be reached.
    pub const UNAVAILABLE: &str = "unavailable";
    /// Not enough time was left; nothing was changed.
    pub const DEADLINE: &str = "deadline";
    /// A write was cut off: it may or may not have happened.
    pub const OUTCOME_UNKNOWN: &str = "outcome-unknown";
    /// A limit of this invocation would be passed.
    pub const BUDGET: &str = "budget";
    /// This invocation already holds the connection.
    pub const BUSY: &str = "busy";
    /// The backend refused for another reason.
    pub const BACKEND: &str = "backend";
    /// From this crate: arguments, parents or rows do not fit the module's types.
    pub const INVALID_DATA: &str = "INVALID_DATA";
    /// For modules: an argument has a value the schema allows and the resolver does not.
    pub const INVALID_ARGUMENT: &str = "INVALID_ARGUMENT";
}

impl Error {
    /// An error of the module's own, not worth retrying.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            retryable: false,
        }
    }

    /// An invalid argument; names the argument as clients wrote it.
    ///
    /// ```
    /// # use mayfly_guest::Error;
    /// let error = Error::argument("input.score", "101 is not between 0 and 100");
    /// assert_eq!(error.to_string(), "INVALID_ARGUMENT: argument `input.score`: 101 is not between 0 and 100");
    /// ```
    pub fn argument(name: &str, problem: impl fmt::Display) -> Self {
        Self::new(
            codes::INVALID_ARGUMENT,
            format!("argument `{name}`: {problem}"),
        )
    }

    /// The same error, marked as worth retrying.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Whether this is the error of that code.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}

impl From<WireError> for Error {
    fn from(error: WireError) -> Self {
        Self {
            code: error.code.into(),
            message: error.message,
            retryable: error.retryable,
        }
    }
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self {
            code: error.code.into_owned(),
            message: error.message,
            retryable: error.retryable,
        }
    }
}

impl From<serde_json::Error> for Error {
    /// What does not fit, without the value: that may be anybody's data, and clients read the message.
    fn from(error: serde_json::Error) -> Self {
        Self::new(codes::INVALID_DATA, without_value(&error.to_string()))
    }
}

/// What serde says of a value, without the value.
fn without_value(said: &str) -> String {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    match said.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a value is not what the module expects: {expected}"),
        None if said.starts_with("missing field") || said.starts_with("EOF") => said.to_owned(),
        None => "a value is not what the module expects".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_error_keeps_all_it_says_through_a_guest() {
        let wire = WireError {
            code: "throttled".into(),
            message: "table `Students` is throttled".into(),
            retryable: true,
        };
        let error = Error::from(wire);
        assert!(error.is(codes::THROTTLED));
        let back = WireError::from(error);
        assert_eq!(
            (back.code.as_str(), back.message.as_str(), back.retryable),
            ("throttled", "table `Students` is throttled", true)
        );
    }

    #[test]
    fn json_that_does_not_fit_becomes_an_error_by_the_question_mark() {
        fn parse(text: &str) -> Result<i32> {
            Ok(serde_json::from_str(text)?)
        }
        assert_eq!(parse("7"), Ok(7));
        let error = parse("\"O4\"").err();
        let expected = "a value is not what the module expects: i32";
        assert_eq!(error, Some(Error::new(codes::INVALID_DATA, expected)));
    }
}
