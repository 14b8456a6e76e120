//! A session between requests, and the `SET` statements that change it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::transaction::{Isolation, Transaction};
use crate::sql_types::SqlError;
use crate::status::Status;

/// What a session has between requests.
pub(super) struct Session {
    /// Its number, `@@SPID`.
    pub number: u16,
    /// Its database's name.
    pub database: String,
    /// Its connection; shared so that a statement can borrow it while the session changes.
    pub connection: Rc<Connection>,
    pub transaction: Transaction,
    /// `SET TEXTSIZE`, in bytes.
    pub text_size: usize,
    /// `SET NOCOUNT ON`.
    pub no_count: bool,
    /// `SET XACT_ABORT ON`.
    pub abort_on_error: bool,
    /// `@@ROWCOUNT`.
    pub row_count: u64,
    /// `@@ERROR`.
    pub last_error: u32,
    /// `SCOPE_IDENTITY()`: none before the first `INSERT` into a table with an identity column.
    pub scope_identity: Option<i64>,
    /// `@@IDENTITY`: the same, of the whole session.
    pub identity: Option<i64>,
    /// The counters.
    pub status: Arc<Status>,
}

/// Settings that change nothing an answer depends on, whatever their value.
const WITHOUT_EFFECT: [&str; 7] = [
    "ARITHABORT",
    "CURSOR_CLOSE_ON_COMMIT",
    "DEADLOCK_PRIORITY",
    "FORCEPLAN",
    "IDENTITY_INSERT",
    "QUERY_GOVERNOR_COST_LIMIT",
    "STATISTICS",
];

/// Settings with the only values that this endpoint behaves like: drivers send them. Another value is refused, because answers would
/// differ from the server's without a word.
const FIXED: [(&str, &[&str]); 16] = [
    ("ANSI_DEFAULTS", &["ON"]),
    ("ANSI_NULLS", &["ON"]),
    ("ANSI_NULL_DFLT_ON", &["ON"]),
    ("ANSI_PADDING", &["ON"]),
    ("ANSI_WARNINGS", &["ON"]),
    ("ARITHIGNORE", &["OFF"]),
    ("CONCAT_NULL_YIELDS_NULL", &["ON"]),
    ("DATEFIRST", &["7"]),
    ("DATEFORMAT", &["MDY"]),
    ("FMTONLY", &["OFF"]),
    ("IMPLICIT_TRANSACTIONS", &["OFF"]),
    (
        "LANGUAGE",
        &["US_ENGLISH", "ENGLISH", "'US_ENGLISH'", "'ENGLISH'"],
    ),
    ("NOEXEC", &["OFF"]),
    ("NUMERIC_ROUNDABORT", &["OFF"]),
    ("QUOTED_IDENTIFIER", &["ON"]),
    ("ROWCOUNT", &["0"]),
];

/// What `SET` changes, so that a procedure's changes can be taken back when it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    text_size: usize,
    no_count: bool,
    abort_on_error: bool,
    isolation: Isolation,
    lock_timeout: Option<Duration>,
}

impl Session {
    /// What `SET` has changed so far.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            text_size: self.text_size,
            no_count: self.no_count,
            abort_on_error: self.abort_on_error,
            isolation: self.transaction.isolation,
            lock_timeout: self.transaction.lock_timeout,
        }
    }

    /// Takes later changes back.
    pub(super) fn restore(&mut self, settings: Settings) {
        self.text_size = settings.text_size;
        self.no_count = settings.no_count;
        self.abort_on_error = settings.abort_on_error;
        self.transaction.isolation = settings.isolation;
        self.transaction.lock_timeout = settings.lock_timeout;
    }

    /// `SET name[, name] value`.
    pub(super) fn set(&mut self, names: &[String], value: &str) -> Result<(), SqlError> {
        let bad = || SqlError::syntax(value);
        for name in names {
            match (name.as_str(), value) {
                ("NOCOUNT", "ON" | "OFF") => self.no_count = value == "ON",
                ("XACT_ABORT", "ON" | "OFF") => self.abort_on_error = value == "ON",
                ("TEXTSIZE", _) => {
                    self.text_size = match value.parse::<i64>().map_err(|_| bad())? {
                        0 => 4096,
                        size => usize::try_from(size).unwrap_or(usize::MAX),
                    }
                }
                ("LOCK_TIMEOUT", _) => {
                    let ms = value.parse::<i64>().map_err(|_| bad())?;
                    self.transaction.lock_timeout =
                        u64::try_from(ms).ok().map(Duration::from_millis);
                }
                ("ISOLATION", "READ COMMITTED" | "READ UNCOMMITTED") => {
                    self.transaction.isolation = Isolation::ReadCommitted
                }
                ("ISOLATION", "SNAPSHOT") => self.transaction.isolation = Isolation::Snapshot,
                ("ISOLATION", "REPEATABLE READ" | "SERIALIZABLE") => {
                    self.transaction.isolation = Isolation::Serializable
                }
                (name, _) if WITHOUT_EFFECT.contains(&name) => {}
                (name, value) => {
                    let Some((_, values)) = FIXED.iter().find(|(fixed, _)| *fixed == name) else {
                        let message = format!("'{name}' is not a recognized SET option.");
                        return Err(SqlError::new(195, message));
                    };
                    if !values.contains(&value) {
                        return Err(SqlError::unsupported(&format!("SET {name} {value}")));
                    }
                }
            }
        }
        Ok(())
    }
}
