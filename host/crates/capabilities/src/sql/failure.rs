//! What a failed request to SQL Server means to a guest. The server's own text goes to the log only.

use crate::sql::configuration::Access;
use mayfly_error::{CallCode, CallError};
use tiberius::error::Error;

use super::connection::FATAL_CLASS;
use crate::time_limit::{outcome_unknown, too_late};

/// Why reading an answer ended before its end.
#[derive(Debug)]
pub(super) enum Fail {
    /// The driver or the server said so.
    Driver(Error),
    /// We stopped: the rest was not read.
    Stopped(CallError),
    /// A cell could not be decoded or told; the rest of the answer is as good as any.
    Cell(CallError),
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<CallError> for Fail {
    fn from(error: CallError) -> Self {
        Self::Stopped(error)
    }
}

/// What the driver could not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// Text of 16-bit units: half a surrogate pair.
    Utf16,
    /// Text of a code page.
    CodePage,
}

/// Whether an error is about the value of one cell, and not about the connection.
pub(super) fn undecodable(error: &Error) -> Option<Undecodable> {
    match error {
        Error::Utf16 => Some(Undecodable::Utf16),
        Error::Protocol(text) if text.contains("invalid UTF-16") => Some(Undecodable::Utf16),
        Error::Encoding(_) | Error::Utf8 => Some(Undecodable::CodePage),
        _ => None,
    }
}

/// What a caller is told of a cell that cannot be decoded; `columns` are those it may be of.
pub(super) fn cannot_decode(what: &str, found: Undecodable, columns: &[&str]) -> CallError {
    let place = match columns {
        [] => "text of the answer".to_owned(),
        [column] => format!("text of column `{column}`"),
        several => format!("text of one of the columns `{}`", several.join("`, `")),
    };
    let problem = match found {
        Undecodable::Utf16 => {
            "is not valid UTF-16; correct the data, or set `lossy = true` for the statement to read it with U+FFFD in its place"
        }
        Undecodable::CodePage => {
            "is not valid in its code page; correct the data, or CAST the column AS nvarchar in the statement"
        }
    };
    CallError::new(CallCode::Backend, format!("{what}: {place} {problem}"))
}

/// A failed request as a guest is told. `sent` tells whether the server may have seen it.
pub(super) fn explain(what: &str, access: Access, sent: bool, error: &Error) -> CallError {
    let told = match error {
        Error::Server(server) if server.class() < FATAL_CLASS => server_error(what, server.code()),
        // A server that gives up may have done what it was asked before.
        _ if sent && access == Access::Write => outcome_unknown(what),
        Error::Server(server) => server_error(what, server.code()),
        Error::Io { .. } | Error::Tls(_) | Error::Routing { .. } => CallError::new(
            CallCode::Unavailable,
            format!("{what}: the connection to the backend was lost"),
        ),
        _ => CallError::new(
            CallCode::Backend,
            format!("{what}: the backend's answer could not be read"),
        ),
    };
    told.with_detail(error.to_string())
}

/// A request that ran out of time.
pub(super) fn cut_off(what: &str, access: Access, sent: bool) -> CallError {
    if sent && access == Access::Write {
        outcome_unknown(what)
    } else {
        too_late(what)
    }
}

/// The numbers stand in SQL Server's `sys.messages`.
fn server_error(what: &str, number: u32) -> CallError {
    let (code, text) = match number {
        2601 | 2627 => {
            let text = format!("{what}: a row with this key exists");
            return CallError::new(CallCode::Conflict, text).not_retryable();
        }
        1205 => (CallCode::Conflict, "chosen as the victim of a deadlock"),
        1222 => (CallCode::Conflict, "another transaction holds a lock"),
        3960 => (CallCode::Conflict, "another transaction changed the row"),
        207 | 208 | 2812 => (
            CallCode::NotFound,
            "names a table, column or procedure that does not exist",
        ),
        229 | 230 | 262 => (CallCode::Denied, "the host's own login is not allowed to"),
        2628 | 8152 => (CallCode::Invalid, "a value is too long for its column"),
        220 | 241 | 242 | 245 | 8114 | 8115 => (CallCode::Invalid, "a value cannot be converted"),
        10928 | 10929 | 40501 | 49918 | 49919 | 49920 => {
            (CallCode::Throttled, "the backend asks for fewer requests")
        }
        596 | 6005 | 40143 | 40197 | 40613 => {
            (CallCode::Unavailable, "the backend is going down or moving")
        }
        number => {
            return CallError::new(
                CallCode::Backend,
                format!("{what} failed with error {number}"),
            );
        }
    };
    CallError::new(code, format!("{what}: {text}"))
}
