//! A session between requests, and the `SET` statements that change it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::errors::SqlError;
use super::transaction::{Isolation, Transaction};
use crate::status::Status;

/// What a session has between requests.
pub(super) struct Session {
    /// Its number, `@@SPID`.
    pub number: u16,
    /// Its database's name.
    pub database: String,
    /// Its connection; shared so that a statement can borrow it while the session changes.
    pub connection: Rc<Connection>,
    /// Its transaction.
    pub transaction: Transaction,
    /// `SET TEXTSIZE`, in bytes.
    pub text_size: usize,
    /// `SET NOCOUNT ON`.
    pub no_count: bool,
    /// `SET XACT_ABORT ON`.
    pub abort_on_error: bool,
    /// `@@ROWCOUNT`.
    pub row_count: u64,
    /// The counters.
    pub status: Arc<Status>,
}

/// Settings that are taken and change nothing here: drivers send them, and SQLite has no such choice.
const ACCEPTED: [&str; 22] = [
    "ANSI_DEFAULTS",
    "ANSI_NULLS",
    "ANSI_NULL_DFLT_ON",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "DATEFIRST",
    "DATEFORMAT",
    "DEADLOCK_PRIORITY",
    "FMTONLY",
    "IDENTITY_INSERT",
    "IMPLICIT_TRANSACTIONS",
    "LANGUAGE",
    "NUMERIC_ROUNDABORT",
    "QUERY_GOVERNOR_COST_LIMIT",
    "QUOTED_IDENTIFIER",
    "STATISTICS",
    "FORCEPLAN",
    "NOEXEC",
];

impl Session {
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
                // These change what SQLite cannot be told; the value that is its nature is accepted.
                ("IMPLICIT_TRANSACTIONS" | "FMTONLY" | "NOEXEC", "ON") => {
                    return Err(SqlError::unsupported(&format!("SET {name} ON")));
                }
                (name, _) if ACCEPTED.contains(&name) => {}
                _ => {
                    return Err(SqlError::new(
                        195,
                        format!("'{name}' is not a recognized SET option."),
                    ));
                }
            }
        }
        Ok(())
    }
}
