//! Sending a request and reading its answer into JSON.

use futures_util::TryStreamExt;
use mayfly_error::{CallCode, CallError};
use tiberius::error::Error;
use tiberius::{Column, ColumnData, QueryItem, Row};

use super::client::Client;
use super::effects::Counted;
use super::failure::{Fail, Place, Undecodable, cannot_decode, undecodable};
use super::filled::Filled;
use super::procedure::RETURN_VALUE;
use super::rows::{Layout, Reading, outputs_of, write_output};
use super::text::Statement;
use crate::sql::bounds::Bounds;
use crate::sql::statement::Way;

/// An error of the driver's while rows were read, with the columns it may be about.
pub(super) fn of_layout(error: Error, statement: &Statement, layout: Option<&Layout<'_>>) -> Fail {
    at_place(error, statement, |found| match layout {
        Some(layout) => layout.place_of(found),
        None => Place::Answer,
    })
}

/// An error of the driver's, with the place of a text that it may be about.
fn at_place<'a>(
    error: Error,
    statement: &Statement,
    place: impl FnOnce(Undecodable) -> Place<'a>,
) -> Fail {
    match undecodable(&error) {
        Some(found) => {
            let told = cannot_decode(&statement.what(), found, &place(found));
            Fail::Cell(told.with_detail(error.to_string()))
        }
        None => Fail::Driver(error),
    }
}

/// Runs a statement and reads its answer to the end.
pub(super) async fn run(
    client: &mut Client,
    way: Way,
    statement: &Statement,
    filled: Filled,
    bounds: &Bounds,
) -> Result<String, Fail> {
    let reading = Reading {
        statement,
        bounds,
        is_lossy: client.is_lossy,
    };
    match way {
        Way::Execute => execute(client, statement, filled).await,
        Way::Call => call(client, filled, reading).await,
        Way::Query | Way::Stream => query(client, filled, reading).await,
    }
}

async fn execute(
    client: &mut Client,
    statement: &Statement,
    filled: Filled,
) -> Result<String, Fail> {
    let done = filled.into_query().execute(&mut client.driver).await;
    let done = done.map_err(|error| at_place(error, statement, |_| Place::Discarded))?;
    let rows = match (statement.text.counted(), done.total()) {
        // Nothing was counted, or nothing affected: the server does not tell which.
        (Counted::Unknown, _) | (Counted::UnlessNone, 0) => "null".to_owned(),
        (_, rows) => rows.to_string(),
    };
    Ok(format!("{{\"rowsAffected\":{rows}}}"))
}

async fn query(client: &mut Client, filled: Filled, reading: Reading<'_>) -> Result<String, Fail> {
    let statement = reading.statement;
    let mut items = filled.into_query().query(&mut client.driver).await?;
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
            QueryItem::Metadata(meta) => layout = Some(Layout::new(reading, meta.columns())?),
            QueryItem::Row(row) => {
                let Some(layout) = &layout else {
                    return Err(no_columns());
                };
                write_row(layout, &row, reading, &mut out, &mut rows)?;
            }
        }
    }
    out.push(']');
    Ok(out)
}

async fn call(client: &mut Client, filled: Filled, reading: Reading<'_>) -> Result<String, Fail> {
    let mut answer = CallAnswer::new(reading);
    let mut items = filled.into_query().query(&mut client.driver).await?;
    loop {
        let next = items.try_next().await;
        let Some(item) = next.map_err(|error| answer.failed(error))? else {
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
    reading: Reading<'a>,
    /// The result sets so far, without the outer brackets; the last one is open while its rows are read.
    sets: String,
    outputs: String,
    return_value: String,
    part: Part<'a>,
    rows: u32,
}

/// What is being read of the answer of a procedure.
enum Part<'a> {
    /// Nothing yet.
    Start,
    /// The rows of a result set.
    Set(Layout<'a>),
    /// The host's own row.
    Ending,
}

impl<'a> CallAnswer<'a> {
    fn new(reading: Reading<'a>) -> Self {
        Self {
            reading,
            sets: String::new(),
            outputs: String::new(),
            return_value: "null".to_owned(),
            part: Part::Start,
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
            self.part = Part::Ending;
            return Ok(());
        }
        let layout = Layout::new(self.reading, columns)?;
        self.sets
            .push_str(if self.sets.is_empty() { "[" } else { ",[" });
        self.part = Part::Set(layout);
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Fail> {
        let layout = match &self.part {
            Part::Set(layout) => layout,
            Part::Ending => return self.ending(row),
            Part::Start => return Err(no_columns()),
        };
        if !self.sets.ends_with('[') {
            self.sets.push(',');
        }
        self.rows += 1;
        layout.write(&mut self.sets, row)?;
        self.reading.bounds.rows.take()?;
        check(self.reading, self.rows, self.sets.len())?;
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
        write_output(&mut self.outputs, self.reading, name, data)
    }

    /// An error of the driver's, with what it may be about.
    fn failed(&self, error: Error) -> Fail {
        let statement = self.reading.statement;
        at_place(error, statement, |found| match &self.part {
            Part::Set(layout) => layout.place_of(found),
            Part::Ending => outputs_of(statement, found),
            Part::Start => Place::Answer,
        })
    }

    fn close_set(&mut self) {
        if matches!(self.part, Part::Set(_)) {
            self.sets.push(']');
        }
        self.part = Part::Start;
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
    reading: Reading<'_>,
    out: &mut String,
    rows: &mut u32,
) -> Result<(), Fail> {
    reading.bounds.rows.take()?;
    if *rows > 0 {
        out.push(',');
    }
    *rows += 1;
    layout.write(out, row)?;
    check(reading, *rows, out.len())?;
    Ok(())
}

fn check(reading: Reading<'_>, rows: u32, bytes: usize) -> Result<(), CallError> {
    let Reading {
        statement, bounds, ..
    } = reading;
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
