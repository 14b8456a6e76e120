//! Where the data lies, and how it gets there.
//!
//! A data directory holds `dynamodb.sqlite`, `http.jsonl`, `sqlserver/DATABASE.sqlite`, `procedures/NAME.sql` and, once all of them are complete,
//! the file `seeded`. Without that file whatever else is there is an unfinished seeding and is made again. One process at a time
//! uses a directory (`lock`). Without a data directory, DynamoDB is in memory and the databases in a temporary directory, which the
//! next start removes if its process was killed.
//!
//! A seed directory holds `dynamodb/TABLE.json` (a `CreateTable` request), `dynamodb/TABLE.sql` (one SQLite `SELECT`, one item as
//! DynamoDB JSON a row), `sqlserver/DATABASE.sql` (a SQLite script with SQL Server's type names; it runs in one transaction) and
//! `sqlserver/procedures/NAME.sql` (see `tds::procedure`), and `http/SERVICE.json` (documents by path, see `http::documents`), which is read
//! at each start.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::StartError;
use crate::http::{self, Documents};
use crate::options::Options;
use crate::tds::{Databases, Procedure};

/// The data, open.
pub(crate) struct Store {
    /// DynamoDB's tables.
    pub dynamodb: dynoxide::Database,
    /// SQL Server's databases.
    pub databases: Databases,
    /// What the services over HTTP say.
    pub http: Documents,
    /// What has to live as long as the data is used.
    pub keeper: Keeper,
}

/// Keeps the directory: to itself, or in existence.
#[derive(Debug)]
pub(crate) struct Keeper {
    _lock: Option<File>,
    temporary: Option<tempfile::TempDir>,
}

impl Keeper {
    /// Removes a temporary directory; nothing may use it any more.
    pub(crate) fn close(self) {
        if let Some(temporary) = self.temporary {
            let path = temporary.path().to_owned();
            if let Err(error) = temporary.close() {
                tracing::warn!(%error, path = %path.display(), "a temporary directory could not be removed");
            }
        }
    }
}

/// Opens the data, and seeds it if it is new.
pub(crate) fn open(options: &Options) -> Result<Store, StartError> {
    match &options.data {
        Some(directory) => open_kept(directory, options.seed.as_deref()),
        None => {
            remove_abandoned();
            let (temporary, lock) =
                temporary().map_err(|error| data(&std::env::temp_dir(), error))?;
            let dynamodb = dynoxide::Database::memory()
                .map_err(|error| dynamodb_error(temporary.path(), &error))?;
            if let Some(seed) = &options.seed {
                seed_dynamodb(seed, &dynamodb)?;
            }
            seed_sqlserver(options.seed.as_deref(), temporary.path())?;
            let databases = open_databases(temporary.path())?;
            Ok(Store {
                dynamodb,
                databases,
                http: Documents::new(documents(options.seed.as_deref())?),
                keeper: Keeper {
                    _lock: Some(lock),
                    temporary: Some(temporary),
                },
            })
        }
    }
}

fn open_kept(directory: &Path, seed: Option<&Path>) -> Result<Store, StartError> {
    fs::create_dir_all(directory).map_err(|error| data(directory, error))?;
    let lock = lock(&directory.join("lock"))?;
    let marker = directory.join("seeded");
    let is_new = !marker.exists();
    if is_new {
        clear(directory)?;
    }
    let file = directory.join("dynamodb.sqlite");
    let dynamodb = dynoxide::Database::new(&file.to_string_lossy())
        .map_err(|error| dynamodb_error(&file, &error))?;
    if is_new {
        if let Some(seed) = seed {
            seed_dynamodb(seed, &dynamodb)?;
        }
        seed_sqlserver(seed, directory)?;
        fs::write(&marker, "").map_err(|error| data(&marker, error))?;
    }
    let databases = open_databases(directory)?;
    let kept = directory.join("http.jsonl");
    Ok(Store {
        dynamodb,
        databases,
        http: Documents::keeping(documents(seed)?, &kept).map_err(|error| data(&kept, error))?,
        keeper: Keeper {
            _lock: Some(lock),
            temporary: None,
        },
    })
}

/// How our temporary directories are called.
const TEMPORARY: &str = "mayfly-embedded-";

/// A temporary directory, and the lock in it that says it is in use.
fn temporary() -> std::io::Result<(tempfile::TempDir, File)> {
    let directory = tempfile::Builder::new().prefix(TEMPORARY).tempdir()?;
    // It gets its name when it is locked: nobody may find the directory abandoned before.
    let unnamed = directory.path().join("lock.new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(unnamed, directory.path().join("lock"))?;
    Ok((directory, lock))
}

/// Removes the temporary directories of processes that were killed: those whose lock nobody holds.
fn remove_abandoned() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            continue;
        }
        if let Ok(lock) = File::open(entry.path().join("lock"))
            && lock.try_lock().is_ok()
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::debug!(%error, path = %entry.path().display(), "an abandoned directory stays");
        }
    }
}

fn data(path: &Path, why: impl ToString) -> StartError {
    StartError::Data {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

fn seed(path: &Path, why: impl ToString) -> StartError {
    StartError::Seed {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

fn dynamodb_error(path: &Path, error: &dynoxide::DynoxideError) -> StartError {
    data(path, error)
}

fn lock(path: &Path) -> Result<File, StartError> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| data(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(data(
            path,
            "another process uses this directory; end it or name another one",
        )),
        Err(TryLockError::Error(error)) => Err(data(path, error)),
    }
}

/// Takes away what an unfinished seeding left: our own files and nothing else.
fn clear(directory: &Path) -> Result<(), StartError> {
    for name in [
        "dynamodb.sqlite",
        "dynamodb.sqlite-wal",
        "dynamodb.sqlite-shm",
        "http.jsonl",
    ] {
        let path = directory.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| data(&path, error))?;
        }
    }
    for name in ["sqlserver", "procedures"] {
        let path = directory.join(name);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| data(&path, error))?;
        }
    }
    Ok(())
}

/// The files of a directory with an extension, by name; none if there is no such directory.
fn files(directory: &Path, extension: &str) -> Result<Vec<(String, PathBuf)>, StartError> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| seed(directory, error))? {
        let path = entry.map_err(|error| seed(directory, error))?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            files.push((name.to_owned(), path.clone()));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, StartError> {
    fs::read_to_string(path).map_err(|error| seed(path, error))
}

fn seed_dynamodb(directory: &Path, database: &dynoxide::Database) -> Result<(), StartError> {
    if !directory.is_dir() {
        return Err(seed(directory, "there is no such directory"));
    }
    let directory = directory.join("dynamodb");
    for (table, path) in files(&directory, "json")? {
        let request: dynoxide::actions::create_table::CreateTableRequest =
            serde_json::from_str(&read(&path)?).map_err(|error| seed(&path, error))?;
        if request.table_name != table {
            return Err(seed(
                &path,
                format!(
                    "`TableName` is `{}`; a file is named after its table",
                    request.table_name
                ),
            ));
        }
        database
            .create_table(request)
            .map_err(|error| seed(&path, error))?;
    }
    for (table, path) in files(&directory, "sql")? {
        let items = items(&path)?;
        let options = dynoxide::ImportOptions {
            record_streams: false,
            set_cached_at: false,
        };
        database
            .import_items(&table, items, options)
            .map_err(|error| seed(&path, error))?;
    }
    Ok(())
}

type Item = HashMap<String, dynoxide::AttributeValue>;

fn items(path: &Path) -> Result<Vec<Item>, StartError> {
    let failed = |error: rusqlite::Error| seed(path, error);
    let connection = Connection::open_in_memory().map_err(failed)?;
    let mut select = connection.prepare(&read(path)?).map_err(failed)?;
    let mut rows = select.query([]).map_err(failed)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let text: String = row.get(0).map_err(failed)?;
        items.push(
            serde_json::from_str(&text)
                .map_err(|error| seed(path, format!("item {}: {error}", items.len() + 1)))?,
        );
    }
    Ok(items)
}

fn seed_sqlserver(from: Option<&Path>, to: &Path) -> Result<(), StartError> {
    let (databases, procedures) = (to.join("sqlserver"), to.join("procedures"));
    for directory in [&databases, &procedures] {
        fs::create_dir_all(directory).map_err(|error| data(directory, error))?;
    }
    let from = from.map(|seed| seed.join("sqlserver"));
    let scripts = from
        .as_deref()
        .map_or(Ok(Vec::new()), |from| files(from, "sql"))?;
    for (name, path) in &scripts {
        create(&databases.join(format!("{name}.sqlite")), &read(path)?)
            .map_err(|error| seed(path, error))?;
    }
    if scripts.is_empty() {
        let file = databases.join("master.sqlite");
        create(&file, "").map_err(|error| data(&file, error))?;
    }
    if let Some(from) = from {
        for (name, path) in files(&from.join("procedures"), "sql")? {
            Procedure::parse(&name, &read(&path)?).map_err(|error| seed(&path, error))?;
            fs::copy(&path, procedures.join(format!("{name}.sql")))
                .map_err(|error| data(&procedures, error))?;
        }
    }
    Ok(())
}

fn documents(directory: Option<&Path>) -> Result<http::Seed, StartError> {
    let directory = directory.map(|seed| seed.join("http"));
    let found = directory.map_or(Ok(Vec::new()), |directory| files(&directory, "json"))?;
    let read = |(service, path): (String, PathBuf)| {
        let documents = serde_json::from_str(&read(&path)?).map_err(|error| seed(&path, error))?;
        Ok((service, documents))
    };
    let found = found.into_iter().map(read);
    found.collect()
}

fn create(file: &Path, script: &str) -> rusqlite::Result<()> {
    let connection = crate::tds::open(file)?;
    // What cannot be read SQLite refuses in its own words.
    let script = crate::tsql::seed_script(script).unwrap_or_else(|_| script.to_owned());
    // What a crash leaves behind is made again, so nothing has to reach the disk before the end.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN;")?;
    connection.execute_batch(&script)?;
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
}

fn open_databases(directory: &Path) -> Result<Databases, StartError> {
    let mut databases = Databases::default();
    for (name, file) in files(&directory.join("sqlserver"), "sqlite")? {
        let connection = crate::tds::open(&file).map_err(|error| data(&file, error))?;
        databases.add(&name, file, connection);
    }
    for (name, path) in files(&directory.join("procedures"), "sql")? {
        databases.add_procedure(
            Procedure::parse(&name, &read(&path)?).map_err(|error| seed(&path, error))?,
        );
    }
    Ok(databases)
}
