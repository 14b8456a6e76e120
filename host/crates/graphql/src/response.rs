//! Errors as a response shows them.
//!
//! Owns the JSON of `errors`. A request error means nothing ran and the response has no `data`; errors of fields stand beside
//! `data`, sorted by where they are in it. Only the client's message of an error is written.

pub use crate::syntax::Position;
use crate::syntax::SyntaxError;
use mayfly_error::{Code, Error};
use std::fmt::Write as _;

/// Places told of one error, at most: a field may be selected a thousand times.
pub(crate) const MAX_LOCATIONS: usize = 20;

/// Why a request was refused before anything ran.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestError {
    /// The error.
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

    /// As many of the errors, from the first, as a response of so many bytes has room for; the first in any case.
    pub(crate) fn within(mut self, bytes: usize) -> Self {
        let mut text = String::from("{\"errors\":[]}");
        let mut told = 0;
        for RequestError { error, locations } in &self.0 {
            write_error(&mut text, error, locations, None);
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
    pub fn render(&self) -> Vec<u8> {
        self.write("]}")
    }

    /// The response of an operation that was accepted and then had nothing to execute.
    pub(crate) fn render_with_null(&self) -> Vec<u8> {
        self.write("],\"data\":null}")
    }

    fn write(&self, end: &str) -> Vec<u8> {
        let mut out = String::from("{\"errors\":[");
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_error(&mut out, &error.error, &error.locations, None);
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
) {
    out.push_str("{\"message\":");
    write_json_string(out, &error.to_string());
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
    let _ = write!(out, ",\"extensions\":{{\"code\":\"{}\"", error.code());
    if let Some(reason) = error.reason() {
        out.push_str(",\"reason\":");
        write_json_string(out, reason);
    }
    if error.retryable() {
        out.push_str(",\"retryable\":true");
    }
    out.push_str("}}");
}

/// Writes a text as a JSON string.
pub(crate) fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(plain..index).unwrap_or_default());
        plain = index + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// A text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_json_string(&mut out, text);
    out
}
