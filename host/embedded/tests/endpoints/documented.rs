//! `docs/embedded-sql-server.md` says what the SQL Server endpoint has and what it lacks; each line of its tables is run.

use std::path::Path;

use tiberius::{ColumnData, Row};

use super::harness::{Sql, connect, run, with_script};

const DOCUMENT: &str = "../../docs/embedded-sql-server.md";

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    std::fs::read_to_string(path).unwrap()
}

/// The lines of the tables with a statement: the statement, and what is beside it.
fn lines(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix('|'))
        .map(|line| {
            let (statement, beside) = line.split_once("` |").unwrap();
            (statement.replace("\\|", "|"), beside.trim().to_owned())
        })
        .collect()
}

/// A value as the document shows it.
fn shown(value: &ColumnData<'static>) -> String {
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".into());
    let time = |row: Option<String>| or_null(row);
    match value {
        ColumnData::U8(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::I16(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::I32(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::I64(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::F32(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::F64(value) => or_null(value.map(|value| value.to_string())),
        ColumnData::Bit(value) => or_null(value.map(|value| u8::from(value).to_string())),
        ColumnData::String(value) => or_null(value.as_ref().map(ToString::to_string)),
        ColumnData::Numeric(value) => or_null(value.map(exact)),
        ColumnData::Binary(value) => or_null(value.as_ref().map(|bytes| {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("0x{digits}")
        })),
        ColumnData::Date(_) => time(
            tiberius::FromSql::from_sql(value)
                .unwrap()
                .map(|date: tiberius::time::chrono::NaiveDate| date.to_string()),
        ),
        ColumnData::DateTime(_) | ColumnData::DateTime2(_) => time(
            tiberius::FromSql::from_sql(value)
                .unwrap()
                .map(|at: tiberius::time::chrono::NaiveDateTime| at.to_string()),
        ),
        other => format!("{other:?}"),
    }
}

/// All digits of a number, as its scale says.
fn exact(number: tiberius::numeric::Numeric) -> String {
    let scale = usize::from(number.scale());
    let digits = format!(
        "{:0width$}",
        number.value().unsigned_abs(),
        width = scale + 1
    );
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if number.value() < 0 { "-" } else { "" };
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

fn row_shown(row: Row) -> String {
    row.into_iter()
        .map(|value| shown(&value))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a statement gives, as the document writes it.
async fn answer(client: &mut Sql, statement: &str) -> String {
    match run(client, statement).await {
        Ok(results) => {
            let rows: Vec<String> = results.into_iter().flatten().map(row_shown).collect();
            if rows.is_empty() {
                String::new()
            } else {
                format!("`{}`", rows.join(" / "))
            }
        }
        Err(tiberius::error::Error::Server(error)) => format!("error {}", error.code()),
        Err(error) => format!("{error}"),
    }
}

#[tokio::test]
async fn what_the_document_says_it_has_it_has() {
    let document = document();
    let tables = document
        .split("```sql\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let embedded = with_script("").await;
    let mut client = connect(&embedded).await;
    run(&mut client, tables).await.unwrap();
    let (has, _) = document.split_once("\n## What it lacks").unwrap();
    let lines = lines(has);
    assert!(lines.len() > 80, "{} lines are read", lines.len());
    let mut wrong = Vec::new();
    for (statement, wanted) in lines {
        let found = answer(&mut client, &statement).await;
        if found != wanted {
            wrong.push(format!(
                "{statement}\n  documented: {wanted}\n  answered:   {found}"
            ));
        }
        run(&mut client, "IF @@TRANCOUNT > 0 ROLLBACK")
            .await
            .unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn what_the_document_says_it_lacks_is_refused_by_name() {
    let document = document();
    let tables = document
        .split("```sql\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let embedded = with_script("").await;
    let mut client = connect(&embedded).await;
    run(&mut client, tables).await.unwrap();
    let (_, lacks) = document.split_once("\n## What it lacks").unwrap();
    let (lacks, _) = lacks.split_once("\n## ").unwrap();
    let lines = lines(lacks);
    assert!(lines.len() > 20, "{} lines are read", lines.len());
    let mut wrong = Vec::new();
    for (statement, named) in lines {
        match run(&mut client, &statement).await {
            Err(tiberius::error::Error::Server(error))
                if error.code() == 40_517 && error.message().contains(named.as_str()) => {}
            other => wrong.push(format!("{statement}: {other:?} does not name {named}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    embedded.shutdown().await;
}
