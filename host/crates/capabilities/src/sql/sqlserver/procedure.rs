//! Calling a stored procedure.
//!
//! By a batch, with a variable of its declared type for each parameter: an OUTPUT parameter brings back a value of that type, a NULL
//! has it too (the driver has none of text, decimals and dates), and what the procedure left open is compared in the same round
//! trip. The last result set of the batch is the host's own: the return value and the outputs.

use std::borrow::Cow;
use std::fmt::Write;

use tiberius::ColumnData;

use super::declarations::declarations;
use super::filled::{Bound, Filled, Parameter};
use super::sql_type::SqlType;
use super::values::{LONGEST_VARCHAR, cast, null_value, type_text};
use crate::sql::statement::Complaint;

/// The first column of the host's own result set, by which it is told from the procedure's.
pub(super) const RETURN_VALUE: &str = "mayfly_return_value";

/// A procedure to call.
#[derive(Debug)]
pub struct Procedure {
    /// The name, each part in brackets.
    quoted: String,
}

impl Procedure {
    pub(super) fn parse(name: &str, parameters: &[Parameter]) -> Result<Self, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let quoted = quote(name);
        if quoted.is_none() {
            complaints.push((
                format!("`{name}` is not the name of a procedure"),
                "write `schema.name`, in brackets if need be".to_owned(),
            ));
        }
        for parameter in parameters {
            if parameter.list {
                complaints.push((
                    format!(
                        "parameter `{}` is a list, and procedures take no lists",
                        parameter.name
                    ),
                    "declare one value, or use a `text` with `IN`".to_owned(),
                ));
            }
            if parameter.name.is_empty()
                || !parameter
                    .name
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '#' | '$'))
            {
                complaints.push((
                    format!("`{}` is not the name of a parameter", parameter.name),
                    "use letters, digits and `_`".to_owned(),
                ));
            }
        }
        match quoted {
            Some(quoted) if complaints.is_empty() => Ok(Self { quoted }),
            _ => Err(complaints),
        }
    }

    /// The name without database, schema and brackets.
    pub(super) fn own_name(&self) -> &str {
        self.quoted
            .rsplit("].[")
            .next()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
    }

    /// A call for a server to describe, and the declarations of all parameters but one.
    pub(super) fn sketch(
        &self,
        parameters: &[Parameter],
        without: Option<&str>,
    ) -> (String, String) {
        let arguments = parameters.iter().map(|parameter| {
            let suffix = if parameter.output { " OUTPUT" } else { "" };
            format!(" @{name} = @{name}{suffix}", name = parameter.name)
        });
        let text = format!(
            "EXEC {}{}",
            self.quoted,
            arguments.collect::<Vec<_>>().join(",")
        );
        (text, declarations(parameters, without))
    }

    /// The call with its values.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        let mut filled = Filled {
            text: String::from("DECLARE @mayfly_r int"),
            values: Vec::new(),
        };
        let mut arguments = Vec::new();
        let mut outputs = String::new();
        for (index, (parameter, value)) in parameters.iter().zip(values).enumerate() {
            let _ = write!(
                filled.text,
                ", @mayfly_{index} {} = ",
                variable_type(parameter.sql_type)
            );
            match (value, null_value(parameter.sql_type)) {
                (Bound::Value(value), _) => filled.push(parameter.sql_type, value.clone()),
                (_, Some(null)) => filled.push(parameter.sql_type, null),
                _ => filled.text.push_str("NULL"),
            }
            let suffix = if parameter.output { " OUTPUT" } else { "" };
            arguments.push(format!(" @{} = @mayfly_{index}{suffix}", parameter.name));
            if parameter.output {
                let _ = write!(outputs, ", @mayfly_{index} AS [{}]", parameter.name);
            }
        }
        let _ = write!(
            filled.text,
            "; EXEC @mayfly_r = {}{}; SELECT @mayfly_r AS [{RETURN_VALUE}]{outputs}",
            self.quoted,
            arguments.join(",")
        );
        filled
    }
}

/// The type of a variable that holds a value. `varchar` has the length in bytes of a code page that only the server knows, and what does
/// not fit a variable is cut off silently, so it has all there is.
fn variable_type(sql_type: SqlType) -> Cow<'static, str> {
    match sql_type {
        SqlType::VarChar(Some(_)) => type_text(SqlType::VarChar(Some(LONGEST_VARCHAR))),
        other => type_text(other),
    }
}

impl Filled {
    /// One more value, by the next placeholder.
    fn push(&mut self, sql_type: SqlType, value: ColumnData<'static>) {
        self.values.push(value);
        self.text
            .push_str(&cast(sql_type, &format!("@P{}", self.values.len())));
    }
}

/// A name of up to four parts, each put into brackets; none if it is malformed.
fn quote(name: &str) -> Option<String> {
    let mut parts = Vec::new();
    let mut rest = name.trim();
    loop {
        let (part, after) = match rest.strip_prefix('[') {
            Some(inner) => {
                let end = inner.find(']')?;
                (inner.get(..end)?, inner.get(end + 1..)?)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let part = rest.get(..end)?;
                part.chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '#' | '$' | '@'))
                    .then_some(())?;
                (part, rest.get(end..)?)
            }
        };
        if part.is_empty() {
            return None;
        }
        parts.push(format!("[{part}]"));
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    (parts.len() <= 4).then(|| parts.join("."))
}

#[cfg(test)]
mod tests;
