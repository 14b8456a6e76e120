//! The statements of one backend: read once when the pool is made, filled with a guest's values.

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_error::{CallCode, CallError};

use super::declared::{self, Body, Parameter};
use super::engine::{Engine, StatementOf};
use super::parameters::bind;
use super::statement::{Complaint, Statement, StatementProblem, Way};

/// The statements of one backend, by name.
pub(super) type Statements<E> = HashMap<String, Arc<StatementOf<E>>>;

/// Reads those statements that run on a backend. `session_procedures` are those that the operator says alter the session.
pub(super) fn prepare_all<E: Engine>(
    backend: &str,
    statements: &[declared::Statement<E::Type>],
    session_procedures: &[String],
) -> Result<Statements<E>, Vec<StatementProblem>> {
    let mut problems = Vec::new();
    let mut by_name = HashMap::new();
    for statement in statements
        .iter()
        .filter(|statement| statement.backend == backend)
    {
        match prepare::<E>(statement, session_procedures) {
            Ok(prepared) => drop(by_name.insert(statement.name.clone(), Arc::new(prepared))),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(by_name)
    } else {
        Err(problems)
    }
}

/// Reads a statement.
pub(super) fn prepare<E: Engine>(
    declared: &declared::Statement<E::Type>,
    session_procedures: &[String],
) -> Result<StatementOf<E>, Vec<StatementProblem>> {
    let is_procedure = matches!(declared.body, Body::Procedure(_));
    let prepared = match outputs(&declared.parameters).filter(|_| !is_procedure) {
        Some(complaint) => Err(vec![complaint]),
        None => E::prepare(declared, session_procedures),
    };
    let (text, effects) = prepared.map_err(|complaints| {
        let complaints = complaints.into_iter();
        complaints
            .map(|complaint| StatementProblem::of_statement(&declared.name, complaint))
            .collect::<Vec<_>>()
    })?;
    Ok(Statement {
        name: declared.name.as_str().into(),
        access: declared.access,
        is_procedure,
        parameters: declared.parameters.clone(),
        columns: declared.columns.clone(),
        max_rows: declared.max_rows,
        timeout: declared.timeout,
        bigint_as_string: declared.bigint_as_string,
        lossy: declared.lossy,
        effects,
        text,
    })
}

/// Fills in a guest's values. `way` is how it called the statement.
pub(super) fn fill<E: Engine>(
    statement: &StatementOf<E>,
    way: Way,
    parameters: &str,
) -> Result<E::Filled, CallError> {
    let name = &statement.name;
    if statement.is_procedure != (way == Way::Call) {
        let (what, remedy) = match way {
            Way::Call => ("a text", "use `query` or `execute`"),
            _ => ("a procedure", "use `call`"),
        };
        return Err(CallError::new(
            CallCode::Invalid,
            format!("statement `{name}` is {what}; {remedy}"),
        ));
    }
    let values = bind(name, &statement.parameters, parameters, E::MOST_VALUES)?;
    E::fill(statement, &values).ok_or_else(|| {
        let too_many = E::MOST_VALUES.told;
        CallError::new(CallCode::Invalid, format!("statement `{name}`: {too_many}"))
    })
}

/// A complaint about output parameters of a text: only procedures have them.
fn outputs<T>(parameters: &[Parameter<T>]) -> Option<Complaint> {
    let parameter = parameters.iter().find(|parameter| parameter.output)?;
    Some((
        format!(
            "parameter `{}` is an output parameter, which only procedures have",
            parameter.name
        ),
        "remove `output`, or use `procedure` in place of `text`".to_owned(),
    ))
}
