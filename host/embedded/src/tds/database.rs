//! The databases: one SQLite file each, and the stored procedures they share.
//!
//! Every session has a connection of its own to a file in write-ahead mode: readers never wait, one writer at a time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::procedure::Procedure;

/// The databases of the server.
#[derive(Debug, Default)]
pub(crate) struct Databases {
    /// By name in lower case: the name as it was written, and the file.
    files: BTreeMap<String, (String, PathBuf)>,
    /// By name in lower case.
    procedures: HashMap<String, Procedure>,
    /// Application locks by resource, and the session that has each.
    locks: Mutex<HashMap<String, u16>>,
    /// One connection to each file. While one is open, no other is the last to close, which would lock readers out for a moment.
    kept: Vec<Mutex<Connection>>,
}

impl Databases {
    /// Adds a database: its file, and an open connection to it.
    pub(crate) fn add(&mut self, name: &str, file: PathBuf, connection: Connection) {
        self.files
            .insert(name.to_lowercase(), (name.to_owned(), file));
        self.kept.push(Mutex::new(connection));
    }

    /// Adds a procedure.
    pub(crate) fn add_procedure(&mut self, procedure: Procedure) {
        self.procedures
            .insert(procedure.name.to_lowercase(), procedure);
    }

    /// A database by its name in any case; the first one for an empty name. Its name, as it was written, and its file.
    pub(super) fn find(&self, name: &str) -> Option<(&str, &Path)> {
        let found = if name.is_empty() {
            self.files.values().next()
        } else {
            self.files.get(&name.to_lowercase())
        };
        found.map(|(name, file)| (name.as_str(), file.as_path()))
    }

    /// Takes an application lock for a session, if no other has it.
    pub(super) fn lock(&self, resource: &str, session: u16) -> bool {
        *self.locks().entry(resource.to_owned()).or_insert(session) == session
    }

    /// Gives an application lock back; false if the session does not have it.
    pub(super) fn unlock(&self, resource: &str, session: u16) -> bool {
        let mut locks = self.locks();
        let has = locks.get(resource) == Some(&session);
        if has {
            locks.remove(resource);
        }
        has
    }

    /// Gives back all that a session has.
    pub(super) fn unlock_all(&self, session: u16) {
        self.locks().retain(|_, owner| *owner != session);
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<String, u16>> {
        self.locks.lock()
    }

    /// A procedure by its name in any case.
    pub(super) fn procedure(&self, name: &str) -> Option<&Procedure> {
        self.procedures.get(&name.to_lowercase())
    }
}

/// Opens a database, with T-SQL's functions added.
pub(crate) fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    // Waiting for a lock is the session's own business: SQLite's own wait cannot be cancelled.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;",
    )?;
    // A quoted name that is not a column is an error, not a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_prepared_statement_cache_capacity(128);
    crate::tsql::scalars::register(&connection)?;
    Ok(connection)
}
