//! Errors with the numbers and words of SQL Server, and what each SQLite error is in them.

use rusqlite::ffi;

/// An error as the client is given it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error {number}: {message}")]
pub(crate) struct SqlError {
    /// SQL Server's number.
    pub number: u32,
    /// The severity, 11 to 25; from 20 on the server closes the connection.
    pub class: u8,
    pub state: u8,
    /// The text.
    pub message: String,
}

/// How an error of ours looks inside a SQLite error message.
const MARK: &str = "tds-error:";

impl SqlError {
    /// An error of class 16, state 1.
    pub(crate) fn new(number: u32, message: impl Into<String>) -> Self {
        Self {
            number,
            class: 16,
            state: 1,
            message: message.into(),
        }
    }

    pub(crate) fn syntax(near: &str) -> Self {
        Self {
            class: 15,
            ..Self::new(102, format!("Incorrect syntax near '{near}'."))
        }
    }

    pub(crate) fn unclosed(text: &str) -> Self {
        let start: String = text.chars().take(30).collect();
        Self {
            class: 15,
            ..Self::new(
                105,
                format!("Unclosed quotation mark after the character string '{start}'."),
            )
        }
    }

    pub(crate) fn undeclared(name: &str) -> Self {
        Self {
            class: 15,
            ..Self::new(137, format!("Must declare the scalar variable \"{name}\"."))
        }
    }

    pub(crate) fn unknown_type(name: &str) -> Self {
        Self::new(243, format!("Type {name} is not a defined system type."))
    }

    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new(
            40_517,
            format!("{what} is not supported by the embedded endpoint."),
        )
    }

    pub(crate) fn divide_by_zero() -> Self {
        Self::new(8134, "Divide by zero error encountered.")
    }

    pub(crate) fn overflow(ty: &str) -> Self {
        Self::new(
            8115,
            format!("Arithmetic overflow error converting expression to data type {ty}."),
        )
    }

    pub(crate) fn conversion(value: &str, ty: &str) -> Self {
        let value: String = value.chars().take(80).collect();
        Self::new(
            245,
            format!("Conversion failed when converting the value '{value}' to data type {ty}."),
        )
    }

    pub(crate) fn truncation() -> Self {
        Self::new(8152, "String or binary data would be truncated.")
    }

    pub(crate) fn deadlock() -> Self {
        Self {
            class: 13,
            ..Self::new(
                1205,
                "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
            )
        }
    }

    pub(crate) fn lock_timeout() -> Self {
        Self::new(1222, "Lock request time out period exceeded.")
    }

    /// The same error as text that survives a way through SQLite.
    pub(crate) fn for_sqlite(&self) -> String {
        format!("{MARK}{}:{}:{}", self.number, self.class, self.message)
    }

    /// Whether the server goes on with the next statement of the batch.
    pub(crate) fn lets_batch_go_on(&self) -> bool {
        matches!(
            self.number,
            220 | 232 | 266 | 515 | 547 | 2601 | 2627 | 2628 | 8115 | 8134 | 8152
        )
    }

    /// Whether the error takes the transaction with it, whatever `XACT_ABORT` says: conversions do, and deadlocks.
    pub(crate) fn dooms(&self) -> bool {
        matches!(
            self.number,
            241 | 242 | 244 | 245 | 248 | 1205 | 8114 | 8169 | 8170
        )
    }

    /// Whether a `TRY` block of the same batch catches it. What does not even compile is not caught, nor what closes the connection.
    pub(crate) fn is_caught(&self) -> bool {
        (11..20).contains(&self.class)
            && !matches!(
                self.number,
                102 | 105 | 137 | 156 | 195 | 207 | 208 | 243 | 40_517
            )
    }

    /// A procedure or `sp_executesql` ends in another depth of transactions than it began in.
    pub(crate) fn transaction_count(before: u32, now: u32) -> Self {
        let message = format!(
            "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = {before}, current count = {now}."
        );
        Self {
            state: 2,
            ..Self::new(266, message)
        }
    }

    /// What a transaction that an error has doomed answers to anything but `ROLLBACK`.
    pub(crate) fn doomed() -> Self {
        Self::new(
            3930,
            "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.",
        )
    }

    /// What a SQLite error is.
    pub(crate) fn from_sqlite(error: &rusqlite::Error) -> Self {
        let text = error.to_string();
        if let Some(ours) = text
            .split_once(MARK)
            .and_then(|(_, rest)| parse_marked(rest))
        {
            return ours;
        }
        match error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                from_code(failure.extended_code, message.as_deref().unwrap_or(&text))
            }
            rusqlite::Error::SqlInputError { msg, .. } => from_message(msg),
            _ => Self::new(50_000, text),
        }
    }
}

fn parse_marked(text: &str) -> Option<SqlError> {
    let mut parts = text.splitn(3, ':');
    let number = parts.next()?.parse().ok()?;
    let class = parts.next()?.parse().ok()?;
    Some(SqlError {
        number,
        class,
        state: 1,
        message: parts.next()?.to_owned(),
    })
}

fn from_code(code: i32, message: &str) -> SqlError {
    let subject = message
        .split_once(": ")
        .map_or(message, |(_, subject)| subject);
    let table = subject.split('.').next().unwrap_or(subject);
    match code {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => SqlError {
            class: 14,
            ..SqlError::new(
                2627,
                format!(
                    "Violation of PRIMARY KEY constraint on '{subject}'. Cannot insert duplicate key in object 'dbo.{table}'."
                ),
            )
        },
        ffi::SQLITE_CONSTRAINT_UNIQUE => SqlError {
            class: 14,
            ..SqlError::new(
                2627,
                format!(
                    "Violation of UNIQUE KEY constraint on '{subject}'. Cannot insert duplicate key in object 'dbo.{table}'."
                ),
            )
        },
        ffi::SQLITE_CONSTRAINT_NOTNULL => SqlError::new(
            515,
            format!(
                "Cannot insert the value NULL into column '{subject}'; column does not allow nulls."
            ),
        ),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => SqlError::new(
            547,
            "The statement conflicted with a FOREIGN KEY constraint.",
        ),
        ffi::SQLITE_CONSTRAINT_CHECK => SqlError::new(
            547,
            format!("The statement conflicted with the CHECK constraint \"{subject}\"."),
        ),
        _ if code & 0xff == ffi::SQLITE_BUSY || code & 0xff == ffi::SQLITE_LOCKED => {
            SqlError::deadlock()
        }
        _ => from_message(message),
    }
}

fn from_message(message: &str) -> SqlError {
    let after = |prefix: &str| {
        message
            .strip_prefix(prefix)
            .map(|rest| rest.split(" in \"").next().unwrap_or(rest))
    };
    if let Some(name) = after("no such table: ") {
        return SqlError::new(208, format!("Invalid object name '{name}'."));
    }
    if let Some(name) = after("no such column: ") {
        return SqlError::new(207, format!("Invalid column name '{name}'."));
    }
    if let Some(name) = after("no such function: ") {
        return SqlError {
            class: 15,
            ..SqlError::new(
                195,
                format!("'{name}' is not a recognized built-in function name."),
            )
        };
    }
    if let Some((table, column)) = message
        .strip_prefix("table ")
        .and_then(|rest| rest.split_once(" has no column named "))
    {
        return SqlError::new(207, format!("Invalid column name '{column}' in '{table}'."));
    }
    if let Some(rest) = message.strip_prefix("near \"") {
        return SqlError::syntax(rest.split('"').next().unwrap_or(rest));
    }
    if message.contains("syntax error") || message.contains("incomplete input") {
        return SqlError::syntax("");
    }
    if message.starts_with("table ") && message.contains("already exists") {
        return SqlError::new(2714, format!("There is already an object: {message}."));
    }
    SqlError::new(50_000, message)
}
