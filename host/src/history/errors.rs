//! The last errors that answers held, with what the log says of them.

use mayfly_error::{Blame, Code, Error, shortened};

use super::now_ms;
use super::ring::Ring;

/// Errors that are kept of those that clients are to blame for, and of all others. An error takes some 700 bytes at most.
const KEPT: usize = 200;

/// Bytes of a message, and of a path, at most.
const MESSAGE_BYTES: usize = 500;
const PATH_BYTES: usize = 200;

/// An error that an answer held.
#[derive(Debug, Clone)]
pub struct RecentError {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The trace of the operation.
    pub trace_id: String,
    /// The code that the client was given.
    pub code: Code,
    /// The module that answers the field.
    pub module: Option<String>,
    /// The digest of the version that did.
    pub version: Option<String>,
    /// The field, as `Type.field`.
    pub field: Option<String>,
    /// Where in the answer.
    pub path: Option<String>,
    /// What the log says of it; none where the client is to blame, whose words may hold its values.
    pub message: Option<String>,
}

/// The last errors.
pub struct RecentErrors {
    of_clients: Ring<RecentError>,
    of_others: Ring<RecentError>,
}

impl Default for RecentErrors {
    fn default() -> Self {
        Self {
            of_clients: Ring::new(KEPT),
            of_others: Ring::new(KEPT),
        }
    }
}

impl RecentError {
    /// An error of an operation that happens now.
    #[must_use]
    pub fn now(trace_id: &str, error: &Error) -> Self {
        let code = error.code();
        let is_told = code.blame() != Blame::Client;
        Self {
            at_ms: now_ms(),
            trace_id: trace_id.to_owned(),
            code,
            module: None,
            version: None,
            field: None,
            path: None,
            message: is_told.then(|| shortened(&error.log_message(), MESSAGE_BYTES).to_string()),
        }
    }

    /// The same of a field that a module answers.
    #[must_use]
    pub fn of_field(self, module: &str, version: Option<&str>, field: String, path: &str) -> Self {
        Self {
            module: Some(module.to_owned()),
            version: version.map(str::to_owned),
            field: Some(field),
            path: Some(shortened(path, PATH_BYTES).to_string()),
            ..self
        }
    }
}

impl RecentErrors {
    /// Keeps an error.
    pub fn push(&self, error: RecentError) {
        let ring = match error.code.blame() {
            Blame::Client => &self.of_clients,
            Blame::Guest | Blame::Backend | Blame::Host => &self.of_others,
        };
        ring.push(error);
    }

    /// The last few for which `picked` holds, the latest first.
    #[must_use]
    pub fn latest(&self, count: usize, picked: impl Fn(Blame) -> bool) -> Vec<RecentError> {
        let mut found = self.of_others.all();
        found.extend(self.of_clients.all());
        found.retain(|error| picked(error.code.blame()));
        found.sort_by_key(|error| std::cmp::Reverse(error.at_ms));
        found.truncate(count);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_do_wrong_pushes_nothing_else_out() {
        let errors = RecentErrors::default();
        let crash = Error::GuestTrapped {
            module: "m".to_owned(),
            trap: "unreachable".to_owned(),
        };
        errors.push(RecentError::now("first", &crash));
        for _ in 0..10 * KEPT {
            errors.push(RecentError::now(
                "junk",
                &Error::BadRequest("no".to_owned()),
            ));
        }
        let others = errors.latest(10, |blame| blame != Blame::Client);
        assert_eq!(others.len(), 1);
        assert_eq!(errors.latest(usize::MAX, |_| true).len(), KEPT + 1);
    }

    #[test]
    fn what_a_client_said_is_not_kept() {
        let error = Error::ValidationFailed("\"secret\" is no Int".to_owned());
        assert_eq!(RecentError::now("t", &error).message, None);
    }

    #[test]
    fn a_long_message_is_shortened() {
        let error = Error::GuestError {
            reason: "r".to_owned(),
            message: "x".repeat(100_000),
            retryable: false,
            passed_on: None,
            beside: None,
        };
        let kept = RecentError::now("t", &error).of_field(
            "m",
            None,
            "T.f".to_owned(),
            &"p.".repeat(9_999),
        );
        assert!(
            kept.message
                .is_some_and(|message| message.len() < 2 * MESSAGE_BYTES)
        );
        assert!(kept.path.is_some_and(|path| path.len() < 2 * PATH_BYTES));
    }
}
