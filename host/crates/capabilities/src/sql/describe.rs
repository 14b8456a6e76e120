//! Comparing all statements of a pool with what the server says of them: for `mayfly check --connect`. Nothing is run.

use mayfly_error::CallError;
use tokio::time::{Instant, timeout_at};

use super::engine::Engine;
use super::pool::Pool;
use super::statement::StatementProblem;
use crate::because;

impl<E: Engine> Pool<E> {
    /// Connects, and compares every statement with what the server says of it. In the order of names. A connection that is lost while
    /// a statement is described is a problem of that statement's, and the others are described on another one.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked at all.
    pub async fn describe(&self, deadline: Instant) -> Result<Vec<StatementProblem>, CallError> {
        let mut statements: Vec<_> = self.statements.values().collect();
        statements.sort_by(|a, b| a.name.cmp(&b.name));
        let mut lease = Some(self.lend_to_host("describe", deadline).await?);
        let mut problems = Vec::new();
        for (position, statement) in statements.iter().enumerate() {
            let lent = match lease.take() {
                Some(lent) => Ok(lent),
                None => self.lend_to_host("describe", deadline).await,
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
            let described = E::describe(connection, statement, &mut problems);
            match timeout_at(deadline, described).await {
                Ok(Ok(())) => lease = Some(lent),
                Ok(Err(error)) => problems.push(lost(&statement.name, &error.to_string())),
                Err(_) => problems.push(lost(&statement.name, "no answer in time")),
            }
        }
        Ok(problems)
    }

    fn not_described(&self, statements: usize, error: &CallError) -> StatementProblem {
        let said = because(error);
        StatementProblem::of_backend(
            E::SECTION,
            &self.shared.name,
            &format!("{statements} more statements could not be described: {said}"),
            "try again when the server answers",
        )
    }
}

/// The connection was lost while a statement was described.
fn lost(statement: &str, said: &str) -> StatementProblem {
    let problem = format!("the connection was lost while the server described it: {said}");
    let remedy = "try again; if it happens again, the server's log says why".to_owned();
    StatementProblem::of_statement(statement, (problem, remedy))
}
