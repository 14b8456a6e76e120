//! Calling a stored procedure.
//!
//! By name, as the protocol has it; by a batch, with a variable of its declared type for each parameter, where the driver can send
//! what is needed in no other way: for an OUTPUT parameter of a type that it has no NULL of (text, decimals, dates), because such a
//! parameter brings back a value of the type that was sent; and for a NULL date or time, which it would send without a type. The
//! last result set of the batch is the host's own: the return value and the outputs.

use std::fmt::Write;

use mayfly_config::{Parameter, SqlType};
use tiberius::ColumnData;
use tiberius::numeric::Numeric;

use super::describe::declarations;
use super::template::{Bound, Complaint, Filled};
use super::values::{cast, null_value, type_text};

/// The first column of the host's own result set, by which it is told from the procedure's.
pub(super) const RETURN_VALUE: &str = "mayfly_return_value";

/// A procedure to call.
#[derive(Debug)]
pub(super) struct Procedure {
    /// The name, each part in brackets.
    quoted: String,
}

/// An argument of a call by name.
#[derive(Debug)]
pub(super) struct Argument {
    /// With `@`.
    pub(super) name: String,
    pub(super) output: bool,
    pub(super) value: ColumnData<'static>,
}

impl Procedure {
    pub(super) fn parse(name: &str, parameters: &[Parameter]) -> Result<Self, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let quoted = quote(name);
        if quoted.is_none() {
            complaints.push((
                format!("`{name}` is no procedure's name"),
                "write `schema.name`, in brackets if need be".to_owned(),
            ));
        }
        for parameter in parameters {
            if parameter.list {
                complaints.push((
                    format!(
                        "parameter `{}` is a list, which procedures do not take",
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
                    format!("`{}` is no parameter's name", parameter.name),
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

    /// The call with its values.
    pub(super) fn fill(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        let arguments: Option<Vec<Argument>> = parameters
            .iter()
            .zip(values)
            .map(|(parameter, value)| argument(parameter, value))
            .collect();
        match arguments {
            Some(arguments) => Filled {
                text: self.quoted.clone(),
                values: Vec::new(),
                arguments: Some(arguments),
            },
            None => self.batch(parameters, values),
        }
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

    fn batch(&self, parameters: &[Parameter], values: &[Bound]) -> Filled {
        let mut filled = Filled {
            text: String::from("DECLARE @mayfly_r int"),
            values: Vec::new(),
            arguments: None,
        };
        let mut arguments = Vec::new();
        let mut outputs = String::new();
        for (index, (parameter, value)) in parameters.iter().zip(values).enumerate() {
            let _ = write!(
                filled.text,
                ", @mayfly_{index} {} = ",
                type_text(parameter.sql_type)
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

/// An argument of a call by name; none if only a batch can send it, or bring its value back.
fn argument(parameter: &Parameter, value: &Bound) -> Option<Argument> {
    let typed_null = null_value(parameter.sql_type);
    if parameter.output && typed_null.is_none() {
        return None;
    }
    let value = match value {
        Bound::Value(ColumnData::String(Some(text)))
            if matches!(parameter.sql_type, SqlType::Decimal { .. } | SqlType::Money) =>
        {
            ColumnData::Numeric(Some(numeric(text)?))
        }
        Bound::Value(value) => value.clone(),
        Bound::Null => match typed_null {
            Some(null) => null,
            // Every integer becomes text, a decimal, money or bytes by itself; a NULL does too. No date does.
            None if is_moment(parameter.sql_type) => return None,
            None => ColumnData::I32(None),
        },
        Bound::List(_) => return None,
    };
    Some(Argument {
        name: format!("@{}", parameter.name),
        output: parameter.output,
        value,
    })
}

fn is_moment(sql_type: SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Date | SqlType::Time | SqlType::DateTime2 | SqlType::DateTimeOffset
    )
}

/// Plain decimal text as the driver's number; none where the driver would name an impossible precision.
fn numeric(text: &str) -> Option<Numeric> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u8::try_from(fraction.len())
        .ok()
        .filter(|scale| *scale < Numeric::MAX_NUMERIC_SCALE)?;
    Some(Numeric::new_with_scale(
        format!("{whole}{fraction}").parse().ok()?,
        scale,
    ))
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
