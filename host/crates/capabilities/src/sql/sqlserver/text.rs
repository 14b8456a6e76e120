//! What is made of a statement's text once, and what running it may do.

use super::effects::{Counted, TransactionEffects, is_altering_procedure};
use super::filled::{Bound, Filled, Parameter};
use super::procedure::Procedure;
use super::sql_type::SqlType;
use super::template::Template;
use crate::sql::declared::{self, Body};
use crate::sql::statement::{self, Complaint, Effects};

/// A statement of SQL Server's.
pub(super) type Statement = statement::Statement<SqlType, Text>;

/// What is sent.
#[derive(Debug)]
pub enum Text {
    /// A text.
    Template(Template),
    Procedure(Procedure),
}

impl Text {
    /// Reads a statement's text. `marked` are the procedures that the operator says alter the session.
    pub(super) fn read(
        declared: &declared::Statement<SqlType>,
        marked: &[String],
    ) -> Result<(Self, Effects), Vec<Complaint>> {
        let text = match &declared.body {
            Body::Text(text) => {
                Self::Template(Template::parse(text, &declared.parameters, marked)?)
            }
            Body::Procedure(name) => Self::Procedure(Procedure::parse(name, &declared.parameters)?),
        };
        let own = text.effects();
        let effects = Effects {
            alters_session: declared.alters_session || text.alters_session(marked),
            may_change: own.may_change,
            may_commit: own.may_commit,
            may_trigger: own.may_trigger,
            is_compared: !own.may_return && !own.is_definition,
        };
        Ok((text, effects))
    }

    /// With values, in the order of the declaration.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        match self {
            Self::Template(template) => template.fill(parameters, values),
            Self::Procedure(procedure) => procedure.fill(parameters, values),
        }
    }

    /// What is counted of the rows affected.
    pub(super) fn counted(&self) -> Counted {
        match self {
            Self::Template(template) => template.counted,
            Self::Procedure(_) => Counted::UnlessNone,
        }
    }

    /// What may become of a transaction.
    pub(super) fn effects(&self) -> TransactionEffects {
        match self {
            Self::Template(template) => template.effects,
            Self::Procedure(_) => TransactionEffects::PROCEDURE,
        }
    }

    /// The text as it would be sent, one value for each list, and the declarations of its placeholders but for one.
    pub(super) fn sketch(
        &self,
        parameters: &[Parameter],
        without: Option<&str>,
    ) -> (String, String) {
        match self {
            Self::Template(template) => template.sketch(parameters, without),
            Self::Procedure(procedure) => procedure.sketch(parameters, without),
        }
    }

    fn alters_session(&self, marked: &[String]) -> bool {
        match self {
            Self::Template(template) => template.alters_session,
            Self::Procedure(procedure) => is_altering_procedure(procedure.own_name(), marked),
        }
    }
}
