//! Asking the server what each statement needs and answers, and comparing that with what is declared: for `mayfly check --connect`.
//!
//! Nothing is run: `sp_describe_first_result_set` and `sp_describe_undeclared_parameters` (SQL Server 2012 and later) look at a text.
//! Where the server cannot tell the type of a parameter, there is nothing to compare; a statement it cannot describe at all is a
//! problem, with the server's own words, which are for the operator.

use mayfly_error::CallError;
use tiberius::error::Error;
use tiberius::{ColumnData, Command, Row};
use tokio::time::{Instant, timeout_at};

use super::connection::{Client, Connection};
use super::holders::Borrower;
use super::lease::Lease;
use super::pool::SqlServer;
use super::statement::{Statement, StatementProblem, Text};
use super::types::{column_fits, parameter_fits};
use super::values::type_text;
use crate::share::Share;

/// A column or a parameter, as the server describes it.
#[derive(Debug)]
struct Described {
    name: String,
    /// As T-SQL writes it; none where the server does not say.
    type_text: Option<String>,
}

impl SqlServer {
    /// Connects, and compares every statement with what the server says of it. In the order of names. A connection that is lost while
    /// a statement is described is a problem of that statement's, and the others are described on another one.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked at all.
    pub async fn describe(&self, deadline: Instant) -> Result<Vec<StatementProblem>, CallError> {
        let mut statements: Vec<_> = self.statements.values().collect();
        statements.sort_by(|a, b| a.name.cmp(&b.name));
        let mut lease = Some(self.lend_for_describing(deadline).await?);
        let mut problems = Vec::new();
        for (position, statement) in statements.iter().enumerate() {
            let lent = match lease.take() {
                Some(lent) => Ok(lent),
                None => self.lend_for_describing(deadline).await,
            };
            let mut lent = match lent {
                Ok(lent) => lent,
                Err(error) => {
                    let left = statements.len() - position;
                    problems.push(self.not_described(left, &error));
                    break;
                }
            };
            lent.now_runs(&statement.name);
            let Some(connection) = lent.connection() else {
                break;
            };
            match timeout_at(deadline, compare(connection, statement, &mut problems)).await {
                Ok(Ok(())) => lease = Some(lent),
                Ok(Err(error)) => problems.push(lost(statement, &error.to_string())),
                Err(_) => problems.push(lost(statement, "no answer in time")),
            }
        }
        Ok(problems)
    }

    async fn lend_for_describing(&self, deadline: Instant) -> Result<Lease, CallError> {
        let what = format!("backend `{}`", self.shared.name);
        let share = Share::default();
        self.shared
            .lend(
                &share,
                &what,
                &Borrower::host(),
                &"describe".into(),
                deadline,
            )
            .await
    }

    fn not_described(&self, statements: usize, error: &CallError) -> StatementProblem {
        let said = if error.detail.is_empty() {
            &error.message
        } else {
            &error.detail
        };
        StatementProblem::of_backend(
            &self.shared.name,
            &format!("{statements} statements could not be described any more: {said}"),
            "try again when the server answers",
        )
    }
}

/// The connection was lost while a statement was described.
fn lost(statement: &Statement, said: &str) -> StatementProblem {
    let problem = format!("the connection was lost while the server described it: {said}");
    let remedy = "try again; if it happens again, the server's log says why".to_owned();
    StatementProblem::of_statement(&statement.name, (problem, remedy))
}

/// Adds what of a statement is not as declared. The error is that of a lost connection.
async fn compare(
    connection: &mut Connection,
    statement: &Statement,
    problems: &mut Vec<StatementProblem>,
) -> Result<(), Error> {
    let problem = |problem: String, remedy: &str| {
        StatementProblem::of_statement(&statement.name, (problem, remedy.to_owned()))
    };
    let (text, declarations) = statement.sketch();
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
        let (text, declarations) = statement.sketch_without(&parameter.name);
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
    connection: &mut Connection,
    procedure: &'static str,
    text: &str,
    declarations: &str,
) -> Result<Vec<Described>, Error> {
    connection.asking();
    let asked = ask(&mut connection.client, procedure, text, declarations).await;
    match &asked {
        Ok(_) => connection.answered(),
        Err(error) => connection.failed(error),
    }
    asked
}

async fn ask(
    client: &mut Client,
    procedure: &'static str,
    text: &str,
    declarations: &str,
) -> Result<Vec<Described>, Error> {
    let text_value = |text: &str| ColumnData::String(Some(text.to_owned().into()));
    let mut command = Command::new(procedure);
    command.bind_param("@tsql", text_value(text));
    command.bind_param("@params", text_value(declarations));
    let result = command.exec(client).await?.into_command_result().await?;
    let rows = result.to_query_result(0).map_or(&[][..], Vec::as_slice);
    rows.iter()
        .map(described)
        .filter_map(Result::transpose)
        .collect()
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
    let name = row
        .try_get::<&str, _>("name")?
        .unwrap_or_default()
        .to_owned();
    Ok(Some(Described {
        name,
        type_text: row.try_get::<&str, _>(key)?.map(str::to_owned),
    }))
}

impl Statement {
    /// The text as it would be sent, one value for each list, and the declarations of its placeholders.
    fn sketch(&self) -> (String, String) {
        match &self.text {
            Text::Template(template) => template.sketch(&self.parameters, None),
            Text::Procedure(procedure) => procedure.sketch(&self.parameters, None),
        }
    }

    /// The same with one parameter that nobody declares.
    fn sketch_without(&self, parameter: &str) -> (String, String) {
        match &self.text {
            Text::Template(template) => template.sketch(&self.parameters, Some(parameter)),
            Text::Procedure(procedure) => procedure.sketch(&self.parameters, Some(parameter)),
        }
    }
}
