//! Rows as JSON, as `wit/sql.wit` describes it: written straight from the driver's values into the answer's text.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mayfly_error::{CallCode, CallError};
use mayfly_json::write_string;
use tiberius::{Column, ColumnData, ColumnType, Row};

use super::failure::{Fail, Place, Undecodable, cannot_decode};
use super::sql_type::SqlType;
use super::text::Statement;
use super::times;
use super::values::type_text;
use crate::decimal::write_scaled;
use crate::sql::bounds::Bounds;

/// The driver reads `money` as floating point. Below this, the four digits after the point are exact anyway.
const EXACT_MONEY: f64 = 549_755_813_888.0;

/// Columns of a result: SQL Server has no more. Their names are compared with each other.
const MAX_COLUMNS: usize = 4_096;

/// What an answer is read for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) statement: &'a Statement,
    pub(super) bounds: &'a Bounds,
    /// Whether U+FFFD may stand for text that is not valid UTF-16.
    pub(super) is_lossy: bool,
}

/// How the rows of one result set are written.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    reading: Reading<'a>,
    columns: Vec<Plan>,
}

/// How one column is written.
#[derive(Debug)]
struct Plan {
    name: String,
    /// What comes before its value: `{` or `,`, the name, `:`.
    lead: String,
    money: bool,
    /// Whether it is an output of a procedure.
    is_output: bool,
    /// How its text is encoded on the wire, if it is text.
    text: Option<Undecodable>,
    /// Digits after the point its values must have, where declared.
    scale: Option<u8>,
}

impl Reading<'_> {
    /// Whether U+FFFD in a text may not be what is stored, and the statement does not want that.
    fn suspects_replacements(&self) -> bool {
        self.is_lossy && !self.statement.lossy
    }
}

impl<'a> Layout<'a> {
    /// Compares the columns of an answer with the declared ones.
    pub(super) fn new(reading: Reading<'a>, columns: &[Column]) -> Result<Self, CallError> {
        let statement = reading.statement;
        if columns.len() > MAX_COLUMNS {
            return Err(mismatch(
                statement,
                &format!("the result has more than {MAX_COLUMNS} columns"),
            ));
        }
        let mut plans: Vec<Plan> = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let name = column.name();
            if name.is_empty() {
                return Err(mismatch(
                    statement,
                    &format!("result column {} has no name; name it with AS", index + 1),
                ));
            }
            if plans.iter().any(|plan| plan.name == name) {
                return Err(mismatch(
                    statement,
                    &format!("two result columns are named `{name}`; name one with AS"),
                ));
            }
            let declared = statement
                .columns
                .iter()
                .find(|(declared, _)| declared == name)
                .map(|(_, sql_type)| *sql_type);
            if let Some(declared) = declared
                && !fits(declared, column.column_type())
            {
                let declared = type_text(declared);
                let answered = answered(column.column_type());
                let problem = format!(
                    "column `{name}` is declared {declared}, and the server answers {answered}"
                );
                return Err(mismatch(statement, &problem));
            }
            let mut lead = String::from(if index == 0 { "{" } else { "," });
            write_string(&mut lead, name);
            lead.push(':');
            plans.push(Plan {
                name: name.to_owned(),
                lead,
                money: matches!(column.column_type(), ColumnType::Money | ColumnType::Money4),
                is_output: false,
                text: text_of(column.column_type()),
                scale: match declared {
                    Some(SqlType::Decimal { scale, .. }) => Some(scale),
                    _ => None,
                },
            });
        }
        if let Some((name, _)) = statement
            .columns
            .iter()
            .find(|(name, _)| !plans.iter().any(|plan| plan.name == *name))
        {
            return Err(mismatch(
                statement,
                &format!("the result has no column `{name}`, which is declared"),
            ));
        }
        Ok(Self {
            reading,
            columns: plans,
        })
    }

    /// Where a text may stand that could not be decoded.
    pub(super) fn place_of(&self, found: Undecodable) -> Place<'_> {
        let may_be = |text: Undecodable| match (found, text) {
            // Read lossily, it would have been decoded.
            (Undecodable::Utf16, Undecodable::Utf16) => !self.reading.is_lossy,
            (Undecodable::Utf16, Undecodable::Xml) => true,
            (found, text) => found == text,
        };
        let columns = self.columns.iter().filter_map(|plan| {
            let text = plan.text.filter(|text| may_be(*text))?;
            Some((plan.name.as_str(), text))
        });
        Place::Columns(columns.collect())
    }

    /// Writes one row as an object.
    pub(super) fn write(&self, out: &mut String, row: &Row) -> Result<(), Fail> {
        for (plan, (_, data)) in self.columns.iter().zip(row.cells()) {
            out.push_str(&plan.lead);
            self.write_value(out, plan, data)?;
        }
        out.push('}');
        Ok(())
    }

    fn write_value(
        &self,
        out: &mut String,
        plan: &Plan,
        data: &ColumnData<'_>,
    ) -> Result<(), Fail> {
        let written = match data {
            ColumnData::F64(Some(value)) if plan.money => write_money(out, *value),
            ColumnData::Numeric(Some(value)) => match plan.scale {
                Some(scale) if scale != value.scale() => None,
                _ => {
                    out.push('"');
                    write_scaled(out, value.value(), value.scale());
                    out.push('"');
                    Some(())
                }
            },
            ColumnData::I64(Some(value)) if self.reading.statement.bigint_as_string => {
                write!(out, "\"{value}\"").ok()
            }
            ColumnData::String(Some(text)) => {
                self.check_length(plan, text.len())?;
                if self.reading.suspects_replacements()
                    && text.contains(char::REPLACEMENT_CHARACTER)
                {
                    let what = self.reading.statement.what();
                    let place = match plan.is_output {
                        true => Place::Outputs(vec![&plan.name]),
                        false => Place::Columns(vec![(&plan.name, Undecodable::Utf16)]),
                    };
                    let told = cannot_decode(&what, Undecodable::Utf16, &place);
                    return Err(Fail::Cell(told));
                }
                write_string(out, text);
                Some(())
            }
            ColumnData::Xml(Some(xml)) => {
                let text = xml.to_string();
                self.check_length(plan, text.len())?;
                write_string(out, &text);
                Some(())
            }
            ColumnData::Binary(Some(bytes)) => {
                self.check_length(plan, bytes.len())?;
                out.push('"');
                STANDARD.encode_string(bytes, out);
                out.push('"');
                Some(())
            }
            other => write_plain(out, other),
        };
        written.ok_or_else(|| {
            let problem = format!(
                "a value of column `{}` is not of its type or out of range; cast it in the statement",
                plan.name
            );
            Fail::Cell(mismatch(self.reading.statement, &problem))
        })
    }

    fn check_length(&self, plan: &Plan, bytes: usize) -> Result<(), CallError> {
        let max_value_bytes = self.reading.bounds.max_value_bytes;
        if bytes <= max_value_bytes {
            return Ok(());
        }
        Err(CallError::new(
            CallCode::Budget,
            format!(
                "{}: a value of column `{}` is larger than {max_value_bytes} bytes",
                self.reading.statement.what(),
                plan.name
            ),
        ))
    }
}

/// Where a text may stand that could not be decoded among the outputs of a procedure.
pub(super) fn outputs_of(statement: &Statement, found: Undecodable) -> Place<'_> {
    let may_be = |sql_type: SqlType| match found {
        Undecodable::CodePage => matches!(sql_type, SqlType::VarChar(_)),
        Undecodable::Utf16 | Undecodable::Xml => matches!(sql_type, SqlType::NVarChar(_)),
    };
    let outputs = statement
        .parameters
        .iter()
        .filter(|parameter| parameter.output && may_be(parameter.sql_type));
    Place::Outputs(outputs.map(|output| output.name.as_str()).collect())
}

/// Writes one output of a procedure as an entry of an object, under the name it was declared by.
pub(super) fn write_output(
    out: &mut String,
    reading: Reading<'_>,
    name: &str,
    data: &ColumnData<'_>,
) -> Result<(), Fail> {
    let declared = reading
        .statement
        .parameters
        .iter()
        .find(|parameter| parameter.name.eq_ignore_ascii_case(name));
    let plan = Plan {
        name: declared
            .map_or(name, |parameter| parameter.name.as_str())
            .to_owned(),
        lead: String::new(),
        money: declared.is_some_and(|parameter| parameter.sql_type == SqlType::Money),
        is_output: true,
        text: None,
        scale: None,
    };
    write_string(out, &plan.name);
    out.push(':');
    Layout {
        reading,
        columns: Vec::new(),
    }
    .write_value(out, &plan, data)
}

/// Writes values whose text needs no check.
fn write_plain(out: &mut String, data: &ColumnData<'_>) -> Option<()> {
    match data {
        ColumnData::Bit(Some(value)) => write!(out, "{value}").ok(),
        ColumnData::U8(Some(value)) => write!(out, "{value}").ok(),
        ColumnData::I16(Some(value)) => write!(out, "{value}").ok(),
        ColumnData::I32(Some(value)) => write!(out, "{value}").ok(),
        ColumnData::I64(Some(value)) => write!(out, "{value}").ok(),
        // `Debug` is the shortest text that reads back to the same number, with an exponent where that is shorter.
        ColumnData::F32(Some(value)) => value.is_finite().then(|| write!(out, "{value:?}").ok())?,
        ColumnData::F64(Some(value)) => value.is_finite().then(|| write!(out, "{value:?}").ok())?,
        ColumnData::Guid(Some(value)) => write!(out, "\"{value}\"").ok(),
        ColumnData::Date(Some(value)) => quoted(out, |out| times::write_date(out, *value)),
        ColumnData::Time(Some(value)) => quoted(out, |out| times::write_time(out, *value)),
        ColumnData::DateTime(Some(value)) => quoted(out, |out| times::write_datetime(out, *value)),
        ColumnData::SmallDateTime(Some(value)) => {
            quoted(out, |out| times::write_small_datetime(out, *value))
        }
        ColumnData::DateTime2(Some(value)) => {
            quoted(out, |out| times::write_datetime2(out, *value))
        }
        ColumnData::DateTimeOffset(Some(value)) => {
            quoted(out, |out| times::write_datetime_offset(out, *value))
        }
        _ => {
            out.push_str("null");
            Some(())
        }
    }
}

fn quoted(out: &mut String, write: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
    out.push('"');
    write(out)?;
    out.push('"');
    Some(())
}

fn write_money(out: &mut String, value: f64) -> Option<()> {
    (value.abs() < EXACT_MONEY).then(|| write!(out, "\"{value:.4}\"").ok())?
}

/// How the text of a column of this type is encoded on the wire.
fn text_of(found: ColumnType) -> Option<Undecodable> {
    match found {
        ColumnType::NVarchar | ColumnType::NChar | ColumnType::NText => Some(Undecodable::Utf16),
        ColumnType::Xml => Some(Undecodable::Xml),
        ColumnType::BigVarChar | ColumnType::BigChar | ColumnType::Text => {
            Some(Undecodable::CodePage)
        }
        _ => None,
    }
}

/// The name of a type that a column was answered with.
fn answered(found: ColumnType) -> &'static str {
    use ColumnType as C;
    match found {
        C::Null => "null",
        C::Bit | C::Bitn => "bit",
        C::Int1 => "tinyint",
        C::Int2 => "smallint",
        C::Int4 => "int",
        C::Int8 => "bigint",
        // Of a width that the driver does not tell.
        C::Intn => "an integer",
        C::Float4 => "real",
        C::Float8 | C::Floatn => "float",
        C::Decimaln | C::Numericn => "decimal",
        C::Money => "money",
        C::Money4 => "smallmoney",
        C::NVarchar => "nvarchar",
        C::NChar => "nchar",
        C::NText => "ntext",
        C::BigVarChar => "varchar",
        C::BigChar => "char",
        C::Text => "text",
        C::Xml => "xml",
        C::BigVarBin => "varbinary",
        C::BigBinary => "binary",
        C::Image => "image",
        C::Udt => "a type of its own",
        C::Daten => "date",
        C::Timen => "time",
        C::Datetime2 => "datetime2",
        C::Datetime | C::Datetimen => "datetime",
        C::Datetime4 => "smalldatetime",
        C::DatetimeOffsetn => "datetimeoffset",
        C::Guid => "uniqueidentifier",
        C::SSVariant => "sql_variant",
    }
}

/// Whether a column of this type can be told as the declared type: every value of it is one of that.
fn fits(declared: SqlType, found: ColumnType) -> bool {
    use ColumnType as C;
    if found == C::Null {
        return true;
    }
    match declared {
        SqlType::Bit => matches!(found, C::Bit | C::Bitn),
        SqlType::TinyInt => matches!(found, C::Int1),
        SqlType::SmallInt => matches!(found, C::Int1 | C::Int2),
        SqlType::Int => matches!(found, C::Int1 | C::Int2 | C::Int4),
        SqlType::BigInt => matches!(found, C::Int1 | C::Int2 | C::Int4 | C::Int8 | C::Intn),
        SqlType::Real => matches!(found, C::Float4),
        SqlType::Float => matches!(found, C::Float4 | C::Float8 | C::Floatn),
        SqlType::Decimal { .. } => matches!(found, C::Decimaln | C::Numericn),
        SqlType::Money => matches!(found, C::Money | C::Money4),
        SqlType::NVarChar(_) | SqlType::VarChar(_) => {
            matches!(
                found,
                C::NVarchar | C::NChar | C::NText | C::BigVarChar | C::BigChar | C::Text | C::Xml
            )
        }
        SqlType::VarBinary(_) => matches!(found, C::BigVarBin | C::BigBinary | C::Image | C::Udt),
        SqlType::Date => matches!(found, C::Daten),
        SqlType::Time => matches!(found, C::Timen),
        SqlType::DateTime2 => matches!(
            found,
            C::Datetime2 | C::Datetime | C::Datetimen | C::Datetime4
        ),
        SqlType::DateTimeOffset => matches!(found, C::DatetimeOffsetn),
        SqlType::UniqueIdentifier => matches!(found, C::Guid),
    }
}

/// The answer is not what the operator declared, or cannot be told as JSON.
fn mismatch(statement: &Statement, problem: &str) -> CallError {
    CallError::new(
        CallCode::Backend,
        format!("{}: {problem}", statement.what()),
    )
}

#[cfg(test)]
mod tests;
