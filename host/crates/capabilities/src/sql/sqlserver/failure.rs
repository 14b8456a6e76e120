//! What an error of the driver's or the server's means.

use mayfly_error::{CallCode, CallError};
use tiberius::error::Error;

use crate::sql::failure::{self, EngineError};

/// A severity from which the server ends the connection itself.
const FATAL_CLASS: u8 = 20;

/// Why reading an answer ended before its end.
pub(super) type Fail = failure::Fail<Error>;

/// The numbers of `RAISERROR` with a text, and of the server's own comparison at the end of a procedure.
const RAISED: u32 = 50_000;
const MISMATCH_OF_A_PROCEDURE: u32 = 266;
/// What a comparison of what is open says when it fails; no text of an operator's does.
pub(super) const MISMATCH: &str = "mayfly: @@TRANCOUNT is not as expected";

impl EngineError for Error {
    fn is_answer(&self) -> bool {
        matches!(self, Self::Server(error) if error.class() < FATAL_CLASS)
    }

    fn is_mismatch(&self) -> bool {
        match self {
            Self::Server(error) => {
                error.code() == MISMATCH_OF_A_PROCEDURE
                    || (error.code() == RAISED && error.message() == MISMATCH)
            }
            _ => false,
        }
    }

    fn undecodable(&self, what: &str) -> Option<CallError> {
        undecodable(self).map(|found| cannot_decode(what, found, &Place::Answer))
    }

    fn told(&self, what: &str) -> CallError {
        match self {
            Self::Server(server) => server_error(what, server.code()),
            Self::Io { .. } | Self::Tls(_) | Self::Routing { .. } => CallError::new(
                CallCode::Unavailable,
                format!("{what}: the connection to the backend was lost"),
            ),
            _ => CallError::new(
                CallCode::Backend,
                format!("{what}: the backend's answer could not be read"),
            ),
        }
    }
}

/// How a text is encoded on the wire, and so what the driver could not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// Text of 16-bit units: half a surrogate pair.
    Utf16,
    /// The same in XML, which the driver never reads lossily.
    Xml,
    /// Text of a code page.
    CodePage,
}

/// Where a text stands that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// In one of these columns, whose text lies so on the wire.
    Columns(Vec<(&'a str, Undecodable)>),
    /// In one of these outputs of a procedure.
    Outputs(Vec<&'a str>),
    /// In a row that `execute` throws away.
    Discarded,
    /// Somewhere in the answer.
    Answer,
}

impl Place<'_> {
    fn told(&self) -> String {
        let (one, several, names) = match self {
            Self::Columns(columns) => {
                let names = columns.iter().map(|(name, _)| *name).collect();
                ("column", "columns", names)
            }
            Self::Outputs(names) => ("output", "outputs", names.clone()),
            Self::Discarded => return "a row that `execute` does not read".to_owned(),
            Self::Answer => ("", "", Vec::new()),
        };
        match names.as_slice() {
            [] => "the answer".to_owned(),
            [name] => format!("{one} `{name}`"),
            names => format!("one of the {several} `{}`", names.join("`, `")),
        }
    }

    /// What to do about it, besides correcting the data.
    fn remedy(&self, found: Undecodable) -> &'static str {
        const LOSSY: &str =
            "set `lossy = true` for the statement to read it with U+FFFD in its place";
        match (self, found) {
            (Self::Discarded, _) => "leave its column out of the statement",
            (Self::Outputs(_), Undecodable::CodePage) => "declare the parameter as nvarchar",
            (_, Undecodable::CodePage) => "CAST the column AS nvarchar in the statement",
            (Self::Columns(columns), _) => {
                let xml = |(_, text): &(&str, Undecodable)| *text == Undecodable::Xml;
                match (columns.iter().all(xml), columns.iter().any(xml)) {
                    (_, false) => LOSSY,
                    (true, _) => {
                        "CAST the column AS nvarchar(max) in the statement and set `lossy = true` for it"
                    }
                    (false, _) => {
                        "set `lossy = true` for the statement, where a column of XML has to be CAST AS nvarchar(max)"
                    }
                }
            }
            _ => LOSSY,
        }
    }
}

/// Whether an error is about the value of one cell, and not about the connection. The driver does not tell XML from other text.
pub(super) fn undecodable(error: &Error) -> Option<Undecodable> {
    match error {
        Error::Utf16 => Some(Undecodable::Utf16),
        Error::Protocol(text) if text.contains("invalid UTF-16") => Some(Undecodable::Utf16),
        Error::Encoding(_) | Error::Utf8 => Some(Undecodable::CodePage),
        _ => None,
    }
}

/// What a caller is told of a cell that cannot be decoded.
pub(super) fn cannot_decode(what: &str, found: Undecodable, place: &Place<'_>) -> CallError {
    let problem = match found {
        Undecodable::Utf16 | Undecodable::Xml => "is not valid UTF-16",
        Undecodable::CodePage => "is not valid in its code page",
    };
    let (told, remedy) = (place.told(), place.remedy(found));
    CallError::new(
        CallCode::Backend,
        format!("{what}: text of {told} {problem}; correct the data, or {remedy}"),
    )
}

/// The numbers stand in SQL Server's `sys.messages`. Each message ends with its own, which drivers in JavaScript give handlers.
fn server_error(what: &str, number: u32) -> CallError {
    let (code, text) = match number {
        2601 | 2627 => {
            let text = format!("{what}: a row with this key exists (error {number})");
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
    CallError::new(code, format!("{what}: {text} (error {number})"))
}

#[cfg(test)]
mod tests;
