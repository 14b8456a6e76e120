//! Transactions of a session, over SQLite's.
//!
//! At READ COMMITTED a transaction reads what is committed at each statement, as the server does with row versions, and takes
//! SQLite's one write lock with its first write: until then there is no SQLite transaction, so no reader ever fails to become a
//! writer. SNAPSHOT begins a SQLite transaction with the first statement; REPEATABLE READ and SERIALIZABLE take the write lock
//! then. Who waits too long for that lock gets error 1205, or 1222 where `LOCK_TIMEOUT` was set.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::flight::{Flight, Stop};
use crate::sql_types::SqlError;

/// How long a writer waits for the write lock when the session has set no `LOCK_TIMEOUT`.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The levels that differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Isolation {
    /// `READ COMMITTED`, and `READ UNCOMMITTED`, which there is no need for.
    #[default]
    ReadCommitted,
    /// `SNAPSHOT`.
    Snapshot,
    /// `REPEATABLE READ` and `SERIALIZABLE`.
    Serializable,
}

/// The transaction of a session, if it is in one.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// `@@TRANCOUNT`.
    pub count: u32,
    /// What the client is told it is called; 0 outside of one.
    pub descriptor: u64,
    /// The level of the session.
    pub isolation: Isolation,
    /// `SET LOCK_TIMEOUT`; none waits as long as we think right.
    pub lock_timeout: Option<Duration>,
    /// Whether an error has doomed it, so that it can only be rolled back: `XACT_STATE()` is -1.
    pub doomed: bool,
    /// Whether SQLite is in a transaction too.
    begun: bool,
    last_descriptor: u64,
}

impl Transaction {
    /// Begins one, or goes one deeper. Whether it is the outermost.
    pub(super) fn begin(&mut self) -> bool {
        self.count += 1;
        if self.count > 1 {
            return false;
        }
        self.last_descriptor += 1;
        self.descriptor = self.last_descriptor;
        true
    }

    /// Before a statement: takes the lock it needs. Whether the statement is to be committed by itself.
    pub(super) fn prepare(
        &mut self,
        connection: &Connection,
        writes: bool,
        flight: &Flight,
    ) -> Result<bool, Stop> {
        if self.doomed && writes {
            return Err(SqlError::doomed().into());
        }
        if self.begun || (self.count == 0 && !writes) {
            return Ok(false);
        }
        match (writes, self.isolation) {
            (true, _) | (_, Isolation::Serializable) => self.lock(connection, flight)?,
            (false, Isolation::Snapshot) => execute(connection, "BEGIN", flight)?,
            (false, Isolation::ReadCommitted) => return Ok(false),
        }
        self.begun = self.count > 0;
        Ok(!self.begun)
    }

    /// Commits, or comes one up. The descriptor, if the transaction ended.
    pub(super) fn commit(
        &mut self,
        connection: &Connection,
        flight: &Flight,
    ) -> Result<Option<u64>, Stop> {
        match self.count {
            0 => Err(SqlError::new(
                3902,
                "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            )
            .into()),
            _ if self.doomed => Err(SqlError::doomed().into()),
            1 => {
                if self.begun {
                    execute(connection, "COMMIT", flight)?;
                }
                Ok(Some(self.ended()))
            }
            _ => {
                self.count -= 1;
                Ok(None)
            }
        }
    }

    /// Rolls back to the outside. The descriptor of what ended.
    pub(super) fn rollback(&mut self, connection: &Connection) -> Result<u64, SqlError> {
        if self.count == 0 {
            return Err(SqlError::new(
                3903,
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            ));
        }
        if self.begun {
            undo(connection);
        }
        Ok(self.ended())
    }

    /// Sets a save point.
    pub(super) fn save(
        &mut self,
        connection: &Connection,
        name: &str,
        flight: &Flight,
    ) -> Result<(), Stop> {
        if self.count == 0 {
            return Err(SqlError::new(
                628,
                "Cannot issue SAVE TRANSACTION when there is no active transaction.",
            )
            .into());
        }
        self.prepare(connection, true, flight)?;
        execute(
            connection,
            &format!("SAVEPOINT \"{}\"", name.replace('"', "\"\"")),
            flight,
        )?;
        Ok(())
    }

    /// Rolls back to a save point.
    pub(super) fn rollback_to(&self, connection: &Connection, name: &str) -> Result<(), SqlError> {
        let quoted = name.replace('"', "\"\"");
        connection.execute_batch(&format!("ROLLBACK TO \"{quoted}\"")).map_err(|_| {
            SqlError::new(6401, format!("Cannot roll back {name}. No transaction or savepoint of that name was found."))
        })
    }

    /// `XACT_STATE()`.
    pub(super) fn state(&self) -> i32 {
        match self.count {
            0 => 0,
            _ if self.doomed => -1,
            _ => 1,
        }
    }

    /// Whether SQLite has given up a transaction that the session believes to be in.
    pub(super) fn lost(&self, connection: &Connection) -> bool {
        self.begun && connection.is_autocommit()
    }

    fn ended(&mut self) -> u64 {
        self.count = 0;
        self.begun = false;
        self.doomed = false;
        std::mem::take(&mut self.descriptor)
    }

    /// Takes the write lock. SQLite's own waiting could not be cancelled, so we ask again and again.
    fn lock(&self, connection: &Connection, flight: &Flight) -> Result<(), Stop> {
        let until = Instant::now() + self.lock_timeout.unwrap_or(LOCK_WAIT);
        loop {
            match connection.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) =>
                {
                    return Err(SqlError::from_sqlite(&error).into());
                }
                Err(_) if Instant::now() >= until => {
                    return Err(if self.lock_timeout.is_some() {
                        SqlError::lock_timeout()
                    } else {
                        SqlError::deadlock()
                    }
                    .into());
                }
                Err(_) => flight.sleep(Duration::from_millis(2))?,
            }
        }
    }
}

/// Ends the transaction of a single statement: commits it if it `succeeded`.
pub(super) fn end_alone(
    connection: &Connection,
    succeeded: bool,
    flight: &Flight,
) -> Result<(), Stop> {
    let committed = if succeeded {
        execute(connection, "COMMIT", flight)
    } else {
        Ok(())
    };
    undo(connection);
    committed
}

/// Rolls back what is open. An interruption meant for the statement before may hit this one, so it is tried again.
fn undo(connection: &Connection) {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        if connection.is_autocommit() {
            return;
        }
        if let Err(error) = connection.execute_batch("ROLLBACK") {
            tracing::debug!(%error, "a rollback is tried again");
        }
    }
}

/// Runs a statement that gives no rows.
fn execute(connection: &Connection, sql: &str, flight: &Flight) -> Result<(), Stop> {
    connection
        .execute_batch(sql)
        .map_err(|error| super::query::failure(&error, flight))
}
