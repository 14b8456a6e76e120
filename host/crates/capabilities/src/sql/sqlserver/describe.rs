//! Asking the server what a statement needs and answers, and comparing that with what is declared.
//!
//! Nothing is run: `sp_describe_first_result_set` and `sp_describe_undeclared_parameters` (SQL Server 2012 and later) look at a text.
//! Where the server cannot tell the type of a parameter, there is nothing to compare; a statement it cannot describe at all is a
//! problem, with the server's own words, which are for the operator.

use futures_util::TryStreamExt;
use tiberius::error::Error;
use tiberius::{ColumnData, Command, CommandItem, Row};

use super::client::{Client, Driver};
use super::text::Statement;
use super::types::{column_fits, parameter_fits};
use super::values::type_text;
use crate::sql::connection::Connection;
use crate::sql::failure::EngineError;
use crate::sql::statement::StatementProblem;

/// Columns or parameters that a server describes, at most: a result has no more than 4,096 columns.
const MAX_DESCRIBED: usize = 4_096;

/// Bytes of a description, at most: each of its rows has some forty columns, mostly empty.
const DESCRIPTION_BYTES: u64 = 8 << 20;

/// A column or a parameter, as the server describes it.
#[derive(Debug)]
struct Described {
    name: String,
    /// As T-SQL writes it; none where the server does not say.
    type_text: Option<String>,
    /// The collation of a column of text.
    collation: Option<String>,
}

impl Described {
    /// Whether its text is encoded on the wire in UTF-8, which the driver takes for the code page of the collation's locale.
    fn is_utf8(&self) -> bool {
        let ends_in_utf8 = |name: &str| name.to_ascii_uppercase().ends_with("_UTF8");
        let is_of_bytes = |text: &str| {
            ["varchar", "char", "text"]
                .iter()
                .any(|name| text.starts_with(name))
        };
        self.collation.as_deref().is_some_and(ends_in_utf8)
            && self.type_text.as_deref().is_some_and(is_of_bytes)
    }
}

/// Adds what of a statement is not as declared. The error is that of a lost connection.
pub(super) async fn compare(
    connection: &mut Connection<Client>,
    statement: &Statement,
    problems: &mut Vec<StatementProblem>,
) -> Result<(), Error> {
    let problem = |problem: String, remedy: &str| {
        StatementProblem::of_statement(&statement.name, (problem, remedy.to_owned()))
    };
    let (text, declarations) = statement.text.sketch(&statement.parameters, None);
    match describe(
        connection,
        "sp_describe_first_result_set",
        &text,
        &declarations,
    )
    .await
    {
        Err(error) if !connection.usable() => return Err(error),
        Err(error) => {
            let said = error.to_string();
            problems.push(problem(
                format!("the server cannot describe it: {said}"),
                "correct it, or what it names",
            ));
            return Ok(());
        }
        Ok(columns) => problems.extend(compare_columns(statement, &columns)),
    }
    for parameter in &statement.parameters {
        let (text, declarations) = statement
            .text
            .sketch(&statement.parameters, Some(&parameter.name));
        let told = describe(
            connection,
            "sp_describe_undeclared_parameters",
            &text,
            &declarations,
        )
        .await;
        let told = match told {
            Err(error) if !connection.usable() => return Err(error),
            // It cannot tell the type of every parameter; what it cannot tell is not wrong.
            told => told.unwrap_or_default(),
        };
        for Described {
            type_text: found, ..
        } in told
        {
            let declared = type_text(parameter.sql_type);
            if let Some(found) = found.filter(|found| !parameter_fits(parameter.sql_type, found)) {
                problems.push(problem(
                    format!(
                        "parameter `{}` is declared {declared}, and the server expects {found}",
                        parameter.name
                    ),
                    "declare it as the server expects it",
                ));
            }
        }
    }
    Ok(())
}

fn compare_columns(statement: &Statement, found: &[Described]) -> Vec<StatementProblem> {
    let problem = |problem: String, remedy: String| {
        StatementProblem::of_statement(&statement.name, (problem, remedy))
    };
    let mut problems = Vec::new();
    for (index, column) in found.iter().enumerate() {
        if let (true, Some(collation)) = (column.is_utf8(), &column.collation) {
            problems.push(problem(
                format!(
                    "result column `{}` is text in UTF-8 (collation {collation}), which would be read as another code page",
                    column.name
                ),
                "CAST it AS nvarchar(n) in the statement".to_owned(),
            ));
        }
        if column.name.is_empty() {
            problems.push(problem(
                format!("result column {} has no name", index + 1),
                "name it with AS".to_owned(),
            ));
        } else if found
            .iter()
            .take(index)
            .any(|before| before.name == column.name)
        {
            problems.push(problem(
                format!("two result columns are named `{}`", column.name),
                "name one with AS".to_owned(),
            ));
        }
    }
    for (name, declared) in &statement.columns {
        let Some(column) = found.iter().find(|column| column.name == *name) else {
            let remedy = match found
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
            {
                Some(near) => format!("write it `{}`, as the server does", near.name),
                None => "remove it from `columns`, or select it".to_owned(),
            };
            problems.push(problem(
                format!("the result has no column `{name}`, which is declared"),
                remedy,
            ));
            continue;
        };
        if let Some(found) = column
            .type_text
            .as_deref()
            .filter(|found| !column_fits(*declared, found))
        {
            problems.push(problem(
                format!(
                    "result column `{name}` is declared {}, and the server answers {found}",
                    type_text(*declared)
                ),
                "declare it as the server answers it, or cast it in the statement".to_owned(),
            ));
        }
    }
    problems
}

/// Asks one of the describing procedures.
async fn describe(
    connection: &mut Connection<Client>,
    procedure: &'static str,
    text: &str,
    declarations: &str,
) -> Result<Vec<Described>, Error> {
    connection.asking();
    connection.ceiling().allow(DESCRIPTION_BYTES);
    let asked = ask(&mut connection.client.driver, procedure, text, declarations).await;
    match &asked {
        Ok(_) => connection.answered(),
        Err(error) => connection.failed(error.is_answer()),
    }
    asked
}

async fn ask(
    client: &mut Driver,
    procedure: &'static str,
    text: &str,
    declarations: &str,
) -> Result<Vec<Described>, Error> {
    let text_value = |text: &str| ColumnData::String(Some(text.to_owned().into()));
    let mut command = Command::new(procedure);
    command.bind_param("@tsql", text_value(text));
    command.bind_param("@params", text_value(declarations));
    let mut items = command.exec(client).await?;
    let mut found = Vec::new();
    while let Some(item) = items.try_next().await? {
        let CommandItem::Row(row) = item else {
            continue;
        };
        if found.len() == MAX_DESCRIBED {
            return Err(Error::Protocol(
                format!("the server describes more than {MAX_DESCRIBED} columns").into(),
            ));
        }
        found.extend(described(&row)?);
    }
    Ok(found)
}

/// One row of either procedure; none for a column that is there for browsing only.
fn described(row: &Row) -> Result<Option<Described>, Error> {
    if row
        .columns()
        .iter()
        .any(|column| column.name() == "is_hidden")
        && row.try_get::<bool, _>("is_hidden")? == Some(true)
    {
        return Ok(None);
    }
    let is_parameter = row
        .columns()
        .iter()
        .any(|column| column.name() == "suggested_system_type_name");
    let key = if is_parameter {
        "suggested_system_type_name"
    } else {
        "system_type_name"
    };
    let text = |key: &str| Ok::<_, Error>(row.try_get::<&str, _>(key)?.map(str::to_owned));
    let has_collation = row
        .columns()
        .iter()
        .any(|column| column.name() == "collation_name");
    Ok(Some(Described {
        name: text("name")?.unwrap_or_default(),
        type_text: text(key)?,
        collation: if has_collation {
            text("collation_name")?
        } else {
            None
        },
    }))
}
