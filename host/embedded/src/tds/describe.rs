//! What a batch would answer and which types its parameters should have, found by preparing its statements and never running one.
//!
//! Types come from the columns that SQLite knows the declarations of. The type of a parameter is that of the column it stands beside
//! (`column = @p`, `IN (@p)`, `SET column = @p`, `INSERT … VALUES`), or of the procedure's parameter it is given to.

use super::execute::{Run, assignments};
use super::flight::Stop;
use super::procedure::declared;
use super::query::{self, Variables};
use crate::sql_types::{SqlError, SqlType};
use crate::tsql::{self, Call, Kind, Statement, Token};

/// A column, or a parameter. Its type, where it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) ty: Option<SqlType>,
}

/// The columns of the first result set; none for a batch that has none. Every statement is prepared, so an error in any is told.
pub(super) fn first_result_set(
    run: &mut Run<'_>,
    batch: &str,
    parameters: &str,
) -> Result<Vec<Described>, Stop> {
    let mut variables = Variables::new();
    for declaration in declarations(parameters)? {
        variables.insert(
            declaration.0,
            (Some(declaration.1), rusqlite::types::Value::Null),
        );
    }
    let statements = tsql::parse(tsql::tokenize(batch)?)?;
    let caller = std::mem::replace(&mut run.variables, variables);
    let mut first = None;
    let walked = walk(run, &statements, &mut first);
    run.variables = caller;
    walked.map(|()| first.unwrap_or_default())
}

fn walk(
    run: &mut Run<'_>,
    statements: &[Statement],
    first: &mut Option<Vec<Described>>,
) -> Result<(), Stop> {
    for statement in statements {
        match statement {
            Statement::Sql(tokens) if assignments(tokens).is_none() => {
                let columns = columns(run, tokens)?;
                if first.is_none() && !columns.is_empty() {
                    *first = Some(columns);
                }
            }
            Statement::Declare(declared) => {
                for (name, ty, _) in declared {
                    run.variables
                        .insert(name.clone(), (Some(*ty), rusqlite::types::Value::Null));
                }
            }
            Statement::If(_, then, otherwise) => {
                walk(run, std::slice::from_ref(then), first)?;
                otherwise.as_deref().map_or(Ok(()), |otherwise| {
                    walk(run, std::slice::from_ref(otherwise), first)
                })?;
            }
            Statement::Block(statements) => walk(run, statements, first)?,
            Statement::Try(body, handler) => {
                walk(run, body, first)?;
                walk(run, handler, first)?;
            }
            Statement::While(_, body) => walk(run, std::slice::from_ref(body), first)?,
            Statement::Execute(call) => walk_procedure(run, call, first)?,
            _ => {}
        }
    }
    Ok(())
}

fn walk_procedure(
    run: &mut Run<'_>,
    call: &Call,
    first: &mut Option<Vec<Described>>,
) -> Result<(), Stop> {
    let databases = std::sync::Arc::clone(&run.databases);
    let Some(procedure) = databases.procedure(&call.procedure) else {
        return Err(SqlError {
            state: 62,
            ..SqlError::new(
                2812,
                format!("Could not find stored procedure '{}'.", call.procedure),
            )
        }
        .into());
    };
    for argument in call
        .arguments
        .iter()
        .filter(|argument| !argument.name.is_empty())
    {
        let Some(declared) = procedure
            .parameters
            .iter()
            .find(|declared| declared.name == argument.name)
        else {
            let message = format!(
                "{} is not a parameter for procedure {}.",
                argument.name, procedure.name
            );
            return Err(SqlError::new(8145, message).into());
        };
        if argument.output && !declared.output {
            let message = format!(
                "The formal parameter \"{}\" was not declared as an OUTPUT parameter.",
                argument.name
            );
            return Err(SqlError::new(8162, message).into());
        }
    }
    let own = procedure.parameters.iter();
    let own = own
        .map(|declared| {
            (
                declared.name.clone(),
                (Some(declared.ty), rusqlite::types::Value::Null),
            )
        })
        .collect();
    let caller = std::mem::replace(&mut run.variables, own);
    let walked = walk(run, &procedure.body, first);
    run.variables = caller;
    walked
}

fn columns(run: &Run<'_>, tokens: &[Token]) -> Result<Vec<Described>, SqlError> {
    let connection = &run.session.connection;
    let translated = tsql::translate(tokens, &run.globals(), &query::Schema(connection))?;
    let mut statement = connection
        .prepare(&translated.sql)
        .map_err(|error| SqlError::from_sqlite(&error))?;
    query::bind(&mut statement, &run.variables)?;
    let outputs = translated.outputs.into_iter();
    Ok(outputs
        .map(|output| Described {
            name: output.name,
            ty: output.ty,
        })
        .collect())
}

fn declarations(parameters: &str) -> Result<Vec<(String, SqlType)>, SqlError> {
    let parts = tsql::split_commas(&tsql::tokenize(parameters)?);
    let parts = parts.iter().filter(|tokens| !tokens.is_empty());
    parts
        .map(|tokens| declared(&tsql::render(tokens)).map(|declared| (declared.name, declared.ty)))
        .collect()
}

/// The parameters that the batch uses and nobody declares, with the types they should have.
pub(super) fn undeclared_parameters(
    run: &Run<'_>,
    batch: &str,
    parameters: &str,
) -> Result<Vec<Described>, SqlError> {
    let known: Vec<String> = declarations(parameters)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let tokens = tsql::tokenize(batch)?;
    let locals: Vec<String> = tsql::parse(tokens.clone())?
        .iter()
        .filter_map(|statement| match statement {
            Statement::Declare(declared) => Some(declared.iter().map(|(name, ..)| name.clone())),
            _ => None,
        })
        .flatten()
        .collect();
    let mut found: Vec<Described> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let name = token.text.to_lowercase();
        let names_argument = tokens
            .get(place + 1)
            .is_some_and(|next| next.is_symbol("="))
            && called(&tokens, place).is_some();
        if token.kind != Kind::Variable
            || name.starts_with("@@")
            || known.contains(&name)
            || locals.contains(&name)
            || names_argument
        {
            continue;
        }
        if found.iter().any(|before| before.name == name) {
            let message = format!(
                "The undeclared parameter '{name}' is used more than once in the batch being analyzed."
            );
            return Err(SqlError::new(11_508, message));
        }
        let ty = deduce(run, &tokens, place);
        if ty.is_none() {
            let message = format!(
                "The parameter type cannot be deduced because no expression with parameter '{name}' has a type."
            );
            return Err(SqlError::new(11_506, message));
        }
        found.push(Described { name, ty });
    }
    Ok(found)
}

/// The type a parameter should have where it is.
fn deduce(run: &Run<'_>, tokens: &[Token], place: usize) -> Option<SqlType> {
    if let Some(procedure) = called(tokens, place) {
        let name = tokens.get(place.checked_sub(2)?)?.text.to_lowercase();
        let procedure = run.databases.procedure(&procedure)?;
        return procedure
            .parameters
            .iter()
            .find(|declared| declared.name == name)
            .map(|declared| declared.ty);
    }
    let before = |back: usize| tokens.get(place.checked_sub(back)?);
    let compares = |token: &Token| {
        token.kind == Kind::Symbol
            && ["=", "<", ">", "<=", ">=", "<>", "!="].contains(&token.text.as_str())
            || token.is("LIKE")
    };
    let column =
        if before(1).is_some_and(compares) || before(1).is_some_and(|token| token.is("BETWEEN")) {
            before(2)
        } else if before(1).is_some_and(|token| token.is_symbol("("))
            && before(2).is_some_and(|token| token.is("IN"))
        {
            before(3)
                .filter(|token| !token.is("NOT"))
                .or_else(|| before(4))
        } else if tokens.get(place + 1).is_some_and(compares) {
            tokens.get(place + 2)
        } else {
            return inserted(run, tokens, place);
        };
    column_type(run, tokens, &column.filter(|token| token.is_name())?.text)
}

/// The procedure whose argument a variable is.
fn called(tokens: &[Token], place: usize) -> Option<String> {
    let start = tokens
        .get(..place)?
        .iter()
        .rposition(|token| token.is_symbol(";") || token.is_any(&["EXEC", "EXECUTE"]))?;
    tokens.get(start).filter(|token| token.kind == Kind::Word)?;
    let name = tokens
        .get(start + 1..place)?
        .iter()
        .take_while(|token| token.is_name() || token.is_symbol("."));
    name.filter(|token| token.is_name())
        .last()
        .map(|token| token.text.clone())
}

/// The column that a value of `INSERT t (a, b) VALUES (@x, @y)` goes into.
fn inserted(run: &Run<'_>, tokens: &[Token], place: usize) -> Option<SqlType> {
    let values = tokens
        .get(..place)?
        .iter()
        .rposition(|token| token.is("VALUES"))?;
    let position = tsql::split_commas(tokens.get(values + 2..place)?)
        .len()
        .checked_sub(1)?;
    let into = tokens
        .get(..values)?
        .iter()
        .rposition(|token| token.is_symbol("("))?;
    let columns = tsql::split_commas(tokens.get(into + 1..values.checked_sub(1)?)?);
    column_type(run, tokens, &columns.get(position)?.last()?.text)
}

/// The declared type of a column of one of the tables that are named.
fn column_type(run: &Run<'_>, tokens: &[Token], column: &str) -> Option<SqlType> {
    let tables = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.is_any(&["FROM", "JOIN", "INTO", "UPDATE", "INSERT", "DELETE"]));
    let mut tables = tables.filter_map(|(at, _)| {
        let name = tokens
            .get(at + 1..)?
            .iter()
            .take_while(|token| token.is_name() || token.is_symbol("."));
        // `dbo.t AS a`: the name is what comes before anything but a point.
        let mut parts = name.peekable();
        let mut last = parts.next()?;
        while parts.next_if(|token| token.is_symbol(".")).is_some() {
            last = parts.next()?;
        }
        Some(last.text.clone())
    });
    tables.find_map(|table| {
        let quoted = |name: &str| Token::new(Kind::Quoted, name.to_owned());
        let select = [
            Token::word("SELECT"),
            quoted(column),
            Token::word("FROM"),
            quoted(&table),
        ];
        let probe = run
            .session
            .connection
            .prepare(&tsql::render(&select))
            .ok()?;
        probe
            .columns()
            .first()
            .and_then(|column| column.decl_type().and_then(SqlType::parse))
    })
}
