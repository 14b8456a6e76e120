//! Calls with parameters: `sp_executesql`, and stored procedures by name.

use rusqlite::types::Value;

use super::database::Databases;
use super::execute::{Flow, Run};
use super::flight::Stop;
use super::parameters::Parameter;
use super::procedure::{Declared, Procedure, declared};
use super::query::Variables;
use crate::sql_types::{SqlError, SqlType, coerce, convert};
use crate::tsql;

/// Output parameters: position, name, type, value.
pub(super) type Outputs = Vec<(u16, String, SqlType, Value)>;

/// The variables of `sp_executesql`: as declared, with the values sent.
pub(super) fn declared_variables(
    text: &str,
    declaration: &str,
    parameters: &[Parameter],
) -> Result<Variables, SqlError> {
    let mut variables = Variables::new();
    let declarations = tsql::split_commas(&tsql::tokenize(declaration)?);
    for (position, tokens) in declarations
        .iter()
        .enumerate()
        .filter(|(_, tokens)| !tokens.is_empty())
    {
        let Declared { name, ty, .. } = declared(&tsql::render(tokens))?;
        let by_name = |parameter: &&Parameter| {
            parameter.name == name || format!("@{}", parameter.name) == name
        };
        let sent = parameters
            .iter()
            .find(by_name)
            .or_else(|| parameters.get(position).filter(|parameter| parameter.name.is_empty()))
            .ok_or_else(|| {
                let text: String = text.chars().take(100).collect();
                let message = format!("The parameterized query '{text}' expects the parameter '{name}', which was not supplied.");
                SqlError::new(8178, message)
            })?;
        // A type written without its digits (`numeric`) must not cut off the digits that were sent.
        let ty = match (ty, sent.ty) {
            (SqlType::Decimal { .. }, Some(sent @ SqlType::Decimal { .. })) => sent,
            (ty, _) => ty,
        };
        let value = convert((&sent.value).into(), sent.ty, ty, 0)?;
        variables.insert(name, (Some(ty), value));
    }
    Ok(variables)
}

/// Runs a stored procedure; what its output parameters hold is added to `outputs`.
pub(super) fn procedure(
    run: &mut Run<'_>,
    databases: &Databases,
    name: &str,
    parameters: &[Parameter],
    outputs: &mut Outputs,
) -> Result<Flow, Stop> {
    if super::system::procedure(run, name, parameters)? {
        return Ok(Flow::Next);
    }
    let Some(procedure) = databases.procedure(name) else {
        return Err(SqlError {
            state: 62,
            ..SqlError::new(2812, format!("Could not find stored procedure '{name}'."))
        }
        .into());
    };
    run.procedure.clone_from(&procedure.name);
    run.variables = arguments(procedure, parameters)?;
    if run.statements(&procedure.body)? == Flow::Abort {
        return Ok(Flow::Abort);
    }
    for (position, sent) in parameters
        .iter()
        .enumerate()
        .filter(|(_, sent)| sent.output)
    {
        if let Some(declared) =
            matching(procedure, position, sent).filter(|declared| declared.output)
            && let Some((_, value)) = run.variables.get(&declared.name)
        {
            let position = u16::try_from(position).unwrap_or(0);
            outputs.push((position, declared.name.clone(), declared.ty, value.clone()));
        }
    }
    Ok(Flow::Next)
}

/// The parameters of a procedure with the values sent, or their defaults.
fn arguments(procedure: &Procedure, parameters: &[Parameter]) -> Result<Variables, SqlError> {
    let name = &procedure.name;
    let mut variables = Variables::new();
    for (position, sent) in parameters.iter().enumerate() {
        let declared = matching(procedure, position, sent).ok_or_else(|| {
            SqlError::new(
                8145,
                format!("{} is not a parameter for procedure {name}.", sent.name),
            )
        })?;
        variables.insert(
            declared.name.clone(),
            (
                Some(declared.ty),
                convert((&sent.value).into(), sent.ty, declared.ty, 0)?,
            ),
        );
    }
    for declared in &procedure.parameters {
        if variables.contains_key(&declared.name) {
            continue;
        }
        let default = declared.default.clone().ok_or_else(|| {
            let message = format!(
                "Procedure or function '{name}' expects parameter '{}', which was not supplied.",
                declared.name
            );
            SqlError {
                state: 4,
                ..SqlError::new(201, message)
            }
        })?;
        variables.insert(
            declared.name.clone(),
            (Some(declared.ty), coerce(default, declared.ty)?),
        );
    }
    Ok(variables)
}

/// The declaration of a parameter: by its name, or by its position if it has none.
fn matching<'a>(
    procedure: &'a Procedure,
    position: usize,
    sent: &Parameter,
) -> Option<&'a Declared> {
    let by_name = |declared: &&Declared| declared.name == sent.name;
    let by_position = || {
        procedure
            .parameters
            .get(position)
            .filter(|_| sent.name.is_empty())
    };
    procedure
        .parameters
        .iter()
        .find(by_name)
        .or_else(by_position)
}
