//! One request on one connection: sent, and its answer read into JSON.

use crate::sql::configuration::Access;
use futures_util::TryStreamExt;
use mayfly_error::{CallCode, CallError};
use tiberius::error::Error;
use tiberius::{Column, ColumnData, Query, QueryItem, Row};
use tokio::time::{Instant, timeout_at};

use super::bounds::Bounds;
use super::connection::{Client, Connection};
use super::failure::{Fail, cannot_decode, cut_off, explain, undecodable};
use super::lease::Lease;
use super::procedure::RETURN_VALUE;
use super::rows::{Layout, write_output};
use super::statement::{Statement, Way};
use super::template::Filled;
use super::trancount::{self, Begun};
use crate::time_limit::{limit, outcome_unknown, too_late};

/// Runs a statement and reads its answer to the end. `access` decides what being cut off means.
pub(super) async fn run(
    lease: &mut Lease,
    statement: &Statement,
    access: Access,
    (way, mut filled): (Way, Filled),
    within: Option<Begun>,
    bounds: &Bounds,
    deadline: Instant,
) -> Result<String, CallError> {
    let what = statement.what();
    let deadline = limit(deadline, statement.timeout);
    lease.now_runs(&statement.name);
    let connection = lease.connection().ok_or_else(|| too_late(&what))?;
    prepare(connection, statement, &mut filled, within);
    // The rows of a statement that is executed are thrown away one by one, and there may be any number.
    if way != Way::Execute {
        connection.ceiling().allow(bounds.wire_bytes());
    }
    let answer = async {
        let client = &mut connection.client;
        match way {
            Way::Execute => execute(client, statement, filled).await,
            Way::Call => call(client, statement, filled, bounds).await,
            Way::Query | Way::Stream => query(client, statement, filled, bounds).await,
        }
    };
    let outcome = timeout_at(deadline, answer).await;
    conclude(
        connection,
        statement,
        access,
        within,
        outcome.ok(),
        deadline,
    )
    .await
}

/// Marks a connection for what the statement may do to it, and lets the server compare what is open afterwards.
pub(super) fn prepare(
    connection: &mut Connection,
    statement: &Statement,
    filled: &mut Filled,
    within: Option<Begun>,
) {
    if statement.alters_session() {
        connection.altered();
    }
    let effects = statement.effects();
    if effects.may_change {
        connection.suspect();
        let names = connection.traits.names_transactions;
        if !effects.is_definition {
            filled.text = trancount::guarded(&filled.text, effects, within, names);
        }
    }
    connection.asking();
}

/// What an outcome means to the connection and the caller, once it is known what is open.
pub(super) async fn conclude(
    connection: &mut Connection,
    statement: &Statement,
    access: Access,
    within: Option<Begun>,
    outcome: Option<Result<String, Fail>>,
    deadline: Instant,
) -> Result<String, CallError> {
    let what = statement.what();
    let effects = statement.effects();
    let mismatch =
        matches!(&outcome, Some(Err(Fail::Driver(error))) if trancount::is_mismatch(error));
    let answer = settle(connection, &what, access, outcome);
    let is_compared = !effects.may_return && !effects.is_definition;
    let not_compared = effects.may_change && !is_compared && answer.is_ok();
    if mismatch || not_compared {
        match trancount::ask(connection, deadline).await {
            Some(open) if open.is(within) => {}
            Some(open) => return Err(trancount::disturbed(&what, effects, within, open)),
            None if answer.is_ok() => return Err(cut_off(&what, access, true)),
            None => return answer,
        }
    }
    if answer.is_ok() && within.is_none() {
        connection.nothing_open();
    }
    answer
}

/// What an outcome means to the connection and the caller; no outcome means that time ran out.
pub(super) fn settle<T>(
    connection: &mut Connection,
    what: &str,
    access: Access,
    outcome: Option<Result<T, Fail>>,
) -> Result<T, CallError> {
    match outcome {
        Some(Ok(value)) => {
            connection.answered();
            Ok(value)
        }
        Some(Err(Fail::Cell(error))) => {
            connection.undecodable();
            Err(of_access(what, access, error))
        }
        Some(Err(Fail::Driver(error))) if connection.overran() => {
            // The rest is not read, so the connection stays dirty.
            let told = CallError::new(
                CallCode::Budget,
                format!(
                    "{what}: the answer is longer than may be read; select fewer rows, or a part of the value"
                ),
            );
            Err(of_access(what, access, told.with_detail(error.to_string())))
        }
        Some(Err(Fail::Driver(error))) => {
            if let Some(found) = undecodable(&error) {
                connection.undecodable();
                let told = cannot_decode(what, found, &[]).with_detail(error.to_string());
                return Err(of_access(what, access, told));
            }
            let told = explain(what, access, connection.sent(), &error);
            connection.failed(&error);
            Err(told)
        }
        Some(Err(Fail::Stopped(error))) => Err(of_access(what, access, error)),
        None => Err(cut_off(what, access, connection.sent())),
    }
}

/// The answer of a write was refused, not the write: it may be done, or stopped with the rest of its answer.
fn of_access(what: &str, access: Access, error: CallError) -> CallError {
    match access {
        Access::Write => outcome_unknown(what).with_detail(error.message),
        Access::Read => error,
    }
}

/// An error of the driver's while rows were read, with the columns it may be about.
pub(super) fn of_layout(error: Error, statement: &Statement, layout: Option<&Layout<'_>>) -> Fail {
    match (undecodable(&error), layout) {
        (Some(found), Some(layout)) => {
            let columns = layout.columns_of(found);
            let told = cannot_decode(&statement.what(), found, &columns);
            Fail::Cell(told.with_detail(error.to_string()))
        }
        _ => Fail::Driver(error),
    }
}

/// A filled statement as the driver takes it.
pub(super) fn request(filled: Filled) -> Query<'static> {
    let mut query = Query::new(filled.text);
    for value in filled.values {
        query.bind(value);
    }
    query
}

async fn execute(
    client: &mut Client,
    statement: &Statement,
    filled: Filled,
) -> Result<String, Fail> {
    let rows = match request(filled).execute(client).await?.total() {
        // Nothing was counted, or nothing affected: the server does not tell which.
        0 if statement.may_hide_counts() => "null".to_owned(),
        rows => rows.to_string(),
    };
    Ok(format!("{{\"rowsAffected\":{rows}}}"))
}

async fn query(
    client: &mut Client,
    statement: &Statement,
    filled: Filled,
    bounds: &Bounds,
) -> Result<String, Fail> {
    let mut items = request(filled).query(client).await?;
    let mut out = String::from("[");
    let mut layout = None;
    let mut rows = 0u32;
    loop {
        let next = items.try_next().await;
        let Some(item) = next.map_err(|error| of_layout(error, statement, layout.as_ref()))? else {
            break;
        };
        match item {
            QueryItem::Metadata(_) if layout.is_some() => {
                return Err(refused(
                    statement,
                    "returns more than one result set; use a procedure and `call`",
                )
                .into());
            }
            QueryItem::Metadata(meta) => {
                layout = Some(Layout::new(statement, meta.columns(), bounds)?)
            }
            QueryItem::Row(row) => {
                let Some(layout) = &layout else {
                    return Err(no_columns());
                };
                write_row(layout, &row, statement, &mut out, &mut rows, bounds)?;
            }
        }
    }
    out.push(']');
    Ok(out)
}

async fn call(
    client: &mut Client,
    statement: &Statement,
    filled: Filled,
    bounds: &Bounds,
) -> Result<String, Fail> {
    let mut answer = CallAnswer::new(statement, bounds);
    let mut items = request(filled).query(client).await?;
    loop {
        let next = items.try_next().await;
        let Some(item) =
            next.map_err(|error| of_layout(error, statement, answer.layout.as_ref()))?
        else {
            break;
        };
        match item {
            QueryItem::Metadata(meta) => answer.columns(meta.columns())?,
            QueryItem::Row(row) => answer.row(&row)?,
        }
    }
    Ok(answer.finish())
}

/// The answer of a procedure, as it is put together.
struct CallAnswer<'a> {
    statement: &'a Statement,
    bounds: &'a Bounds,
    /// The result sets so far, without the outer brackets; the last one is open while `layout` is there.
    sets: String,
    outputs: String,
    return_value: String,
    layout: Option<Layout<'a>>,
    rows: u32,
}

impl<'a> CallAnswer<'a> {
    fn new(statement: &'a Statement, bounds: &'a Bounds) -> Self {
        Self {
            statement,
            bounds,
            sets: String::new(),
            outputs: String::new(),
            return_value: "null".to_owned(),
            layout: None,
            rows: 0,
        }
    }

    /// A result set begins; the host's own, at the end of a batch, is none of the procedure's.
    fn columns(&mut self, columns: &[Column]) -> Result<(), CallError> {
        self.close_set();
        if columns
            .first()
            .is_some_and(|column| column.name() == RETURN_VALUE)
        {
            return Ok(());
        }
        let layout = Layout::new(self.statement, columns, self.bounds)?;
        self.sets
            .push_str(if self.sets.is_empty() { "[" } else { ",[" });
        self.layout = Some(layout);
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Fail> {
        let Some(layout) = &self.layout else {
            return self.ending(row);
        };
        if !self.sets.ends_with('[') {
            self.sets.push(',');
        }
        self.rows += 1;
        layout.write(&mut self.sets, row)?;
        self.bounds.rows.take()?;
        check(self.statement, self.rows, self.sets.len(), self.bounds)?;
        Ok(())
    }

    /// The host's own row: the return value, then the outputs by name.
    fn ending(&mut self, row: &Row) -> Result<(), Fail> {
        for (column, data) in row.cells() {
            match (column.name(), data) {
                (RETURN_VALUE, ColumnData::I32(Some(value))) => {
                    self.return_value = value.to_string()
                }
                (RETURN_VALUE, _) => {}
                (name, data) => self.output(name, data)?,
            }
        }
        Ok(())
    }

    fn output(&mut self, name: &str, data: &ColumnData<'_>) -> Result<(), Fail> {
        if !self.outputs.is_empty() {
            self.outputs.push(',');
        }
        write_output(&mut self.outputs, self.statement, name, data, self.bounds)
    }

    fn close_set(&mut self) {
        if self.layout.take().is_some() {
            self.sets.push(']');
        }
    }

    fn finish(mut self) -> String {
        self.close_set();
        format!(
            "{{\"resultSets\":[{}],\"output\":{{{}}},\"returnValue\":{}}}",
            self.sets, self.outputs, self.return_value
        )
    }
}

/// Writes one row of an array, within the bounds.
pub(super) fn write_row(
    layout: &Layout<'_>,
    row: &Row,
    statement: &Statement,
    out: &mut String,
    rows: &mut u32,
    bounds: &Bounds,
) -> Result<(), Fail> {
    bounds.rows.take()?;
    if *rows > 0 {
        out.push(',');
    }
    *rows += 1;
    layout.write(out, row)?;
    check(statement, *rows, out.len(), bounds)?;
    Ok(())
}

fn check(statement: &Statement, rows: u32, bytes: usize, bounds: &Bounds) -> Result<(), CallError> {
    let what = statement.what();
    if rows > statement.max_rows {
        return Err(CallError::new(
            CallCode::Budget,
            format!(
                "{what}: more than {} rows; select fewer, or stream them",
                statement.max_rows
            ),
        ));
    }
    if bytes > bounds.max_answer_bytes {
        return Err(CallError::new(
            CallCode::Budget,
            format!(
                "{what}: the rows are larger than {} bytes; select fewer, or stream them",
                bounds.max_answer_bytes
            ),
        ));
    }
    Ok(())
}

fn refused(statement: &Statement, problem: &str) -> CallError {
    CallError::new(CallCode::Backend, format!("{} {problem}", statement.what()))
}

/// The driver has promised columns before rows.
pub(super) fn no_columns() -> Fail {
    Fail::Driver(Error::Protocol("a row without columns".into()))
}
