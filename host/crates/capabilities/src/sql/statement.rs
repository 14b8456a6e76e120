//! An operator's statement, read once when the pool is made.

use std::sync::Arc;
use std::time::Duration;

use super::declared::{Access, Parameter};

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

/// A problem and what to do about it.
pub type Complaint = (String, String);

impl StatementProblem {
    /// A problem of `[section.name]`.
    pub fn of_backend(section: &str, name: &str, problem: &str, remedy: &str) -> Self {
        Self {
            subject: format!("{section}.{name}"),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// A problem of `[statements.name]`.
    pub fn of_statement(name: &str, (problem, remedy): Complaint) -> Self {
        Self {
            subject: format!("statements.{name}"),
            problem,
            remedy,
        }
    }
}

/// A statement, ready to be filled with values: `T` are the types of its database, `X` is what the database made of its text.
#[derive(Debug)]
pub struct Statement<T, X> {
    /// The name guests use.
    pub name: Arc<str>,
    /// Whether it changes anything.
    pub access: Access,
    /// Whether it calls a procedure.
    pub is_procedure: bool,
    /// In the order of the declaration.
    pub parameters: Vec<Parameter<T>>,
    /// The columns that were declared.
    pub columns: Vec<(String, T)>,
    /// More rows fail the call.
    pub max_rows: u32,
    /// For one run.
    pub timeout: Duration,
    /// Whether integers of 64 bits are told as strings.
    pub bigint_as_string: bool,
    /// Whether text that is not valid is read with U+FFFD in its place.
    pub lossy: bool,
    /// What running it may do to a connection.
    pub effects: Effects,
    /// What is sent.
    pub text: X,
}

/// What running a statement may do to the connection it runs on, in doubt too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    /// The session is another one afterwards: the connection must not be used again.
    pub alters_session: bool,
    /// It may begin or end a transaction. What fails may end one too, whatever the statement.
    pub may_change: bool,
    /// It may commit one.
    pub may_commit: bool,
    /// It may change rows, so a trigger may run that begins or ends one.
    pub may_trigger: bool,
    /// Whether what it sends finds out by itself that another transaction is open than should be.
    pub is_compared: bool,
}

/// How a statement is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// For its rows.
    Query,
    /// For what it changes.
    Execute,
    /// As a procedure.
    Call,
    /// For its rows, a few at a time.
    Stream,
}

impl<T, X> Statement<T, X> {
    /// The statement in messages.
    pub fn what(&self) -> String {
        format!("statement `{}`", self.name)
    }
}
