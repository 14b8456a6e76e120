//! `EXEC` in a batch: a stored procedure with arguments, whose outputs and status come back into variables.

use rusqlite::types::Value;

use super::call;
use super::execute::{Flow, Run};
use super::flight::Stop;
use super::parameters::Parameter;
use crate::sql_types::{SqlError, SqlType};
use crate::tsql::{Call, Kind};

/// As deep as the server goes.
const DEEPEST: u8 = 32;

impl Run<'_> {
    /// Runs a procedure from inside a batch or procedure.
    pub(super) fn execute(&mut self, call: &Call) -> Result<Flow, Stop> {
        if self.depth >= DEEPEST {
            let message = "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).";
            return Err(SqlError::new(217, message).into());
        }
        let mut parameters = Vec::new();
        for argument in &call.arguments {
            let (value, ty) = self.evaluate_typed(&argument.value)?;
            parameters.push(Parameter {
                name: argument.name.clone(),
                output: argument.output,
                ty,
                value,
            });
        }
        let caller = (
            std::mem::take(&mut self.variables),
            std::mem::take(&mut self.procedure),
            self.return_status,
        );
        (self.return_status, self.depth) = (0, self.depth + 1);
        let databases = std::sync::Arc::clone(&self.databases);
        let mut outputs = Vec::new();
        let ran = self.in_scope(|run| {
            call::procedure(run, &databases, &call.procedure, &parameters, &mut outputs)
        });
        let status = self.return_status;
        (self.variables, self.procedure, self.return_status) = caller;
        self.depth -= 1;
        if ran? == Flow::Abort {
            return Ok(Flow::Abort);
        }
        if let Some(result) = &call.result {
            let status = Value::Integer(status.into());
            self.assign(result, &status, Some(SqlType::Int))?;
        }
        for (position, _, ty, value) in outputs {
            if let Some(argument) = call.arguments.get(usize::from(position))
                && let [variable] = argument.value.as_slice()
                && variable.kind == Kind::Variable
            {
                self.assign(&variable.text.to_lowercase(), &value, Some(ty))?;
            }
        }
        Ok(Flow::Next)
    }
}
