//! SQL Server, through the host's pools: statements the operator wrote and granted, by name, with values.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Row {
//!     id: String,
//!     /// Decimals arrive as text, with all their digits.
//!     score: String,
//! }
//!
//! async fn rows(ids: &[String]) -> Result<Vec<Row>> {
//!     sql::statement("assessments_by_student").bind("ids", ids).bind("type", &None::<&str>).query().await
//! }
//! ```
//!
//! A parameter that is not bound is NULL where the operator's statement allows it. Rows are objects by column name: `decimal` and
//! `money` are strings, `bit` is a boolean, binary is base64, dates and times are ISO 8601 text (see [`time`](crate::time)).
//!
//! An invocation holds at most one connection of a backend: its calls on one backend wait for each other.

use crate::bindings::mayfly::resolver::sql as host;
use crate::{Call, Json, Object, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Names a statement of the configuration, to bind values and run it.
pub fn statement(name: &str) -> Statement<'_> {
    Statement {
        name,
        parameters: Object::new(),
        transaction: None,
    }
}

/// Begins a transaction on a backend, by its name in the configuration.
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// async fn transfer(from: &str, to: &str) -> Result<()> {
///     let transaction = sql::begin("school");
///     transaction.statement("debit").bind("account", from).execute().await?;
///     transaction.statement("credit").bind("account", to).execute().await?;
///     transaction.commit().await
/// }
/// ```
///
/// The connection is taken at the first call, which also reports when that fails. Dropped without [`commit`](Transaction::commit), by
/// `?`, a panic or the deadline, it is rolled back.
pub fn begin(backend: &str) -> Transaction {
    Transaction(host::begin(backend))
}

/// A statement with the values bound so far.
#[derive(Debug)]
#[must_use = "a statement does nothing until it is run: `query`, `execute`, `call` or `stream`"]
pub struct Statement<'a> {
    name: &'a str,
    parameters: Object,
    transaction: Option<&'a host::Transaction>,
}

impl Statement<'_> {
    /// Gives a parameter its value; a slice for a list parameter.
    pub fn bind(mut self, parameter: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.parameters.set(parameter, value);
        self
    }

    /// Reads: all rows.
    pub fn query<T: DeserializeOwned>(self) -> Call<Vec<T>> {
        self.read(json)
    }

    /// Reads: the first row, if there is one.
    pub fn query_first<T: DeserializeOwned>(self) -> Call<Option<T>> {
        self.read(|text| Ok(json::<Vec<T>>(text)?.into_iter().next()))
    }

    /// Reads: all rows, as the text they came as, for rows that borrow from it instead of copying each value.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// #[derive(Deserialize)]
    /// struct Row<'a> {
    ///     id: &'a str,
    ///     score: f64,
    /// }
    ///
    /// async fn best() -> Result<Option<String>> {
    ///     let rows = sql::statement("all_scores").query_json().await?;
    ///     let rows: Vec<Row<'_>> = rows.read()?;
    ///     let best = rows.iter().max_by(|left, right| left.score.total_cmp(&right.score));
    ///     Ok(best.map(|row| row.id.to_owned()))
    /// }
    /// ```
    ///
    /// Text with an escape in it (`"`, `\`, a control character) cannot be borrowed as `&str`; a column that may have such is a
    /// `Cow<'a, str>` with `#[serde(borrow)]`.
    pub fn query_json(self) -> Call<Json> {
        self.read(|text| Ok(Json::new(text)))
    }

    /// Writes: how many rows were affected; none where the server does not count them (`SET NOCOUNT ON`).
    ///
    /// When it was cut off after it was sent, the error is [`codes::OUTCOME_UNKNOWN`](crate::codes::OUTCOME_UNKNOWN).
    pub fn execute(self) -> Call<Option<u64>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "rowsAffected")]
            rows_affected: Option<u64>,
        }
        let Self {
            name,
            parameters,
            transaction,
        } = self;
        Call::send(
            |text| Ok(json::<Answer>(text)?.rows_affected),
            || {
                let parameters = parameters.into_optional_json()?;
                Ok(match transaction {
                    Some(transaction) => transaction.execute(name, &parameters),
                    None => host::execute(name, &parameters),
                })
            },
        )
    }

    /// Calls a stored procedure.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// # #[derive(Deserialize)] struct Row {}
    /// # #[derive(Deserialize)] struct Output { total: i32 }
    /// # async fn f() -> Result<()> {
    /// let outcome = sql::statement("grade_report").bind("year", &2026).call::<Row, Output>().await?;
    /// info!("{} of {} rows", outcome.result_sets.iter().map(Vec::len).sum::<usize>(), outcome.output.total);
    /// # Ok(()) }
    /// ```
    pub fn call<Row: DeserializeOwned, Output: DeserializeOwned>(
        self,
    ) -> Call<ProcedureOutcome<Row, Output>> {
        let Self {
            name,
            parameters,
            transaction,
        } = self;
        Call::send(json, || {
            let parameters = parameters.into_optional_json()?;
            Ok(match transaction {
                Some(transaction) => transaction.call(name, &parameters),
                None => host::call(name, &parameters),
            })
        })
    }

    /// Reads rows a few at a time, for more than a guest should hold at once. Not part of a transaction.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// # #[derive(Deserialize)] struct Row { score: f64 }
    /// async fn total() -> Result<f64> {
    ///     let rows = sql::statement("all_scores").stream::<Row>()?;
    ///     let mut total = 0.0;
    ///     loop {
    ///         let chunk = rows.next(500).await?;
    ///         if chunk.is_empty() {
    ///             return Ok(total);
    ///         }
    ///         total += chunk.iter().map(|row| row.score).sum::<f64>();
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised; the host's errors come with the first rows.
    pub fn stream<T: DeserializeOwned>(self) -> Result<Rows<T>> {
        let parameters = self.parameters.into_optional_json()?;
        Ok(Rows {
            stream: host::stream_rows(self.name, &parameters),
            row: PhantomData,
        })
    }

    fn read<T>(self, decode: fn(String) -> Result<T>) -> Call<T> {
        let Self {
            name,
            parameters,
            transaction,
        } = self;
        Call::send(decode, || {
            let parameters = parameters.into_optional_json()?;
            Ok(match transaction {
                Some(transaction) => transaction.query(name, &parameters),
                None => host::query(name, &parameters),
            })
        })
    }
}

/// What a stored procedure gave.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcedureOutcome<Row, Output> {
    /// The rows of each result set.
    pub result_sets: Vec<Vec<Row>>,
    /// The output parameters: an object by parameter name.
    pub output: Output,
    /// What the procedure returned.
    pub return_value: i32,
}

/// Rows that are read a few at a time. Dropping it stops the server.
#[derive(Debug)]
pub struct Rows<T> {
    stream: host::RowStream,
    row: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// The next rows, at most `max_rows` of them; none at the end.
    pub fn next(&self, max_rows: u32) -> Call<Vec<T>> {
        Call::send(json, || Ok(self.stream.next(max_rows)))
    }
}

/// A transaction: one call at a time. Dropped without `commit` it is rolled back.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction(host::Transaction);

impl Transaction {
    /// Names a statement to run inside the transaction.
    pub fn statement<'a>(&'a self, name: &'a str) -> Statement<'a> {
        Statement {
            name,
            parameters: Object::new(),
            transaction: Some(&self.0),
        }
    }

    /// Commits. When that was cut off, the error is [`codes::OUTCOME_UNKNOWN`](crate::codes::OUTCOME_UNKNOWN).
    pub fn commit(&self) -> Call<()> {
        Call::send(json, || Ok(self.0.commit()))
    }

    /// Rolls back.
    pub fn rollback(&self) -> Call<()> {
        Call::send(json, || Ok(self.0.rollback()))
    }
}

fn json<T: DeserializeOwned>(text: String) -> Result<T> {
    Ok(serde_json::from_str(&text)?)
}
