//! An operator's statement, read once when the pool is made.

use crate::sql::configuration::{Access, Body, Parameter, SqlType};
use mayfly_error::{CallCode, CallError};

use super::effects::{TransactionEffects, is_altering_procedure};
use super::parameters::{self, TOO_MANY};
use super::procedure::Procedure;
use super::template::{Complaint, Filled, MAX_VALUES, Template};

/// What is wrong with a backend or a statement, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {problem}; {remedy}")]
pub struct StatementProblem {
    /// The table in `mayfly.toml`, for example `statements.assessments_by_student`.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl StatementProblem {
    pub(super) fn of_backend(name: &str, problem: &str, remedy: &str) -> Self {
        Self {
            subject: format!("sqlserver.{name}"),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    pub(super) fn of_statement(name: &str, (problem, remedy): Complaint) -> Self {
        Self {
            subject: format!("statements.{name}"),
            problem,
            remedy,
        }
    }
}

/// A statement, ready to be filled with values.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: std::sync::Arc<str>,
    pub(super) access: Access,
    pub(super) parameters: Vec<Parameter>,
    pub(super) columns: Vec<(String, SqlType)>,
    pub(super) max_rows: u32,
    pub(super) timeout: std::time::Duration,
    pub(super) bigint_as_string: bool,
    /// Text that is not valid UTF-16 is read with U+FFFD in its place.
    pub(super) lossy: bool,
    pub(super) text: Text,
    alters_session: bool,
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Text {
    Template(Template),
    Procedure(Procedure),
}

impl Text {
    fn alters_session(&self, marked: &[String]) -> bool {
        match self {
            Self::Template(template) => template.alters_session,
            Self::Procedure(procedure) => is_altering_procedure(procedure.own_name(), marked),
        }
    }
}

/// How a statement is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Query,
    Execute,
    Call,
    Stream,
}

impl Statement {
    /// Reads a statement's text. `marked` are the procedures that the operator says alter the session.
    pub(super) fn prepare(
        config: &crate::sql::configuration::Statement,
        marked: &[String],
    ) -> Result<Self, Vec<StatementProblem>> {
        let text = match &config.body {
            Body::Text(text) => outputs(&config.parameters)
                .map_or_else(
                    || Template::parse(text, &config.parameters, marked),
                    |complaint| Err(vec![complaint]),
                )
                .map(Text::Template),
            Body::Procedure(name) => {
                Procedure::parse(name, &config.parameters).map(Text::Procedure)
            }
        };
        let text = text.map_err(|complaints| {
            complaints
                .into_iter()
                .map(|complaint| StatementProblem::of_statement(&config.name, complaint))
                .collect::<Vec<_>>()
        })?;
        Ok(Self {
            name: config.name.as_str().into(),
            access: config.access,
            parameters: config.parameters.clone(),
            columns: config.columns.clone(),
            max_rows: config.max_rows,
            timeout: config.timeout,
            bigint_as_string: config.bigint_as_string,
            lossy: config.lossy,
            alters_session: config.alters_session || text.alters_session(marked),
            text,
        })
    }

    /// Fills in a guest's values. `way` is how it called the statement.
    pub(super) fn fill(&self, way: Way, parameters: &str) -> Result<Filled, CallError> {
        let fits = matches!(self.text, Text::Procedure(_)) == (way == Way::Call);
        if !fits {
            let (what, remedy) = match way {
                Way::Call => ("a text", "use `query` or `execute`"),
                _ => ("a procedure", "use `call`"),
            };
            return Err(CallError::new(
                CallCode::Invalid,
                format!("statement `{}` is {what}; {remedy}", self.name),
            ));
        }
        let values = parameters::bind(&self.name, &self.parameters, parameters)?;
        let filled = match &self.text {
            Text::Template(template) => template.fill(&self.parameters, &values),
            Text::Procedure(procedure) => procedure.fill(&self.parameters, &values),
        };
        if filled.values.len() > MAX_VALUES {
            return Err(CallError::new(
                CallCode::Invalid,
                format!("statement `{}`: {TOO_MANY}", self.name),
            ));
        }
        Ok(filled)
    }

    /// Whether the connection must not be used again.
    pub(super) fn alters_session(&self) -> bool {
        self.alters_session
    }

    /// Whether rows may be affected that the server does not count.
    pub(super) fn may_hide_counts(&self) -> bool {
        match &self.text {
            Text::Template(template) => template.hides_counts,
            Text::Procedure(_) => true,
        }
    }

    /// What may become of a transaction.
    pub(super) fn effects(&self) -> TransactionEffects {
        match &self.text {
            Text::Template(template) => template.effects,
            Text::Procedure(_) => TransactionEffects::PROCEDURE,
        }
    }

    /// The statement in messages.
    pub(super) fn what(&self) -> String {
        format!("statement `{}`", self.name)
    }
}

/// A complaint about output parameters of a text: only procedures have them.
fn outputs(parameters: &[Parameter]) -> Option<Complaint> {
    let parameter = parameters.iter().find(|parameter| parameter.output)?;
    Some((
        format!(
            "parameter `{}` is an output parameter, which only procedures have",
            parameter.name
        ),
        "remove `output`, or use `procedure` in place of `text`".to_owned(),
    ))
}
