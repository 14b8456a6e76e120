//! Errors as a response shows them.
//!
//! Owns the JSON of `errors`. A request error means nothing ran and the response has no `data`; errors of fields stand beside
//! `data`, sorted by where they are in it. Only the client's message of an error is written, and of what the host says no more than
//! the operator discloses.

pub use crate::syntax::Position;
use crate::syntax::SyntaxError;
use mayfly_error::{Code, Error};
pub(crate) use mayfly_json::{quoted as json_string, write_string as write_json_string};
use std::fmt::Write as _;

/// Places told of one error, at most: a field may be selected a thousand times.
pub(crate) const MAX_LOCATIONS: usize = 20;

/// How much of an error a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure<'t> {
    /// The message, which may name modules, types and limits.
    Full,
    /// What the client did wrong, and what a guest says on purpose; of anything else the code, and the trace to look for in the log.
    Code {
        /// The operation's trace.
        trace_id: &'t str,
    },
}

/// Why a request was refused before anything ran.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestError {
    pub error: Error,
    /// The places in the document it is about; empty when it is about none.
    pub locations: Vec<Position>,
}

impl RequestError {
    /// An error about one place.
    #[must_use]
    pub fn new(error: Error, at: Position) -> Self {
        Self {
            error,
            locations: vec![at],
        }
    }

    /// An error about no place in particular.
    #[must_use]
    pub fn nowhere(error: Error) -> Self {
        Self {
            error,
            locations: Vec::new(),
        }
    }
}

impl From<SyntaxError> for RequestError {
    fn from(error: SyntaxError) -> Self {
        Self::new(error.in_document(), error.at)
    }
}

impl From<SyntaxError> for RequestErrors {
    fn from(error: SyntaxError) -> Self {
        RequestError::from(error).into()
    }
}

impl From<RequestError> for RequestErrors {
    fn from(error: RequestError) -> Self {
        Self(vec![error])
    }
}

/// Every reason a request was refused; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestErrors(pub(crate) Vec<RequestError>);

impl RequestErrors {
    /// The errors.
    #[must_use]
    pub fn errors(&self) -> &[RequestError] {
        &self.0
    }

    /// The first error's code, which decides the HTTP status.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0
            .first()
            .map_or(Code::Internal, |error| error.error.code())
    }

    /// As many of the errors, from the first, as a response of this many bytes has room for; the first in any case.
    pub(crate) fn within(mut self, bytes: usize) -> Self {
        let mut text = String::from("{\"errors\":[]}");
        let mut told = 0;
        for RequestError { error, locations } in &self.0 {
            // Whoever is told less reads less.
            write_error(&mut text, error, locations, None, Disclosure::Full);
            if told > 0 && text.len() + told > bytes {
                break;
            }
            told += 1;
        }
        self.0.truncate(told);
        self
    }

    /// The response: `{"errors":[…]}`, without `data`.
    #[must_use]
    pub fn render(&self, disclosure: Disclosure<'_>) -> Vec<u8> {
        self.write("]}", disclosure)
    }

    /// The response of an operation that was accepted and then had nothing to execute.
    pub(crate) fn render_with_null(&self, disclosure: Disclosure<'_>) -> Vec<u8> {
        self.write("],\"data\":null}", disclosure)
    }

    fn write(&self, end: &str, disclosure: Disclosure<'_>) -> Vec<u8> {
        let mut out = String::from("{\"errors\":[");
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_error(&mut out, &error.error, &error.locations, None, disclosure);
        }
        out.push_str(end);
        out.into_bytes()
    }
}

/// One step of a path in the response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// A response key.
    Key(String),
    /// A list index.
    Index(usize),
}

/// Writes one error as JSON.
pub(crate) fn write_error(
    out: &mut String,
    error: &Error,
    locations: &[Position],
    path: Option<&[PathStep]>,
    disclosure: Disclosure<'_>,
) {
    let (message, hidden_trace) = disclosed(error, disclosure);
    out.push_str("{\"message\":");
    write_json_string(out, &message);
    if !locations.is_empty() {
        out.push_str(",\"locations\":[");
        for (index, at) in locations.iter().take(MAX_LOCATIONS).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(
                out,
                "{comma}{{\"line\":{},\"column\":{}}}",
                at.line, at.column
            );
        }
        out.push(']');
    }
    if let Some(path) = path {
        out.push_str(",\"path\":[");
        for (index, step) in path.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match step {
                PathStep::Key(key) => write_json_string(out, key),
                PathStep::Index(index) => {
                    let _ = write!(out, "{index}");
                }
            }
        }
        out.push(']');
    }
    if let Some(beside) = error.beside() {
        out.push(',');
        out.push_str(beside);
    }
    let _ = write!(out, ",\"extensions\":{{\"code\":\"{}\"", error.code());
    if let Some(reason) = error.reason() {
        out.push_str(",\"reason\":");
        write_json_string(out, reason);
    }
    if let Some(trace_id) = hidden_trace {
        out.push_str(",\"traceId\":");
        write_json_string(out, trace_id);
    }
    if error.retryable() {
        out.push_str(",\"retryable\":true");
    }
    out.push_str("}}");
}

/// The message a client reads, and the trace to name where the message is not what the error says.
fn disclosed<'t>(error: &Error, disclosure: Disclosure<'t>) -> (String, Option<&'t str>) {
    match disclosure {
        Disclosure::Full => (error.to_string(), None),
        Disclosure::Code { trace_id } => match error.public_message() {
            Some(message) => (message, None),
            None => {
                let code = error.code();
                let message = format!("failed with {code}; trace {trace_id}");
                (message, Some(trace_id))
            }
        },
    }
}
