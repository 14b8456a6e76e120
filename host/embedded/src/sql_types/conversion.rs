//! Conversions between types, with the styles of `CONVERT`, and what fits where.

use rusqlite::types::{Value, ValueRef};

use super::code_page::{from_1252, to_1252};
use super::error::SqlError;
use super::sql_type::{Length, SqlType};
use super::styled_moment::styled_moment;
use super::styled_text::styled_text;
use super::value::{coerce, plain_text};

/// Makes a value of the type `from` one of the type `to`, as `CONVERT` does; `from` is none where nobody knows it.
pub(crate) fn convert(
    value: ValueRef<'_>,
    from: Option<SqlType>,
    to: SqlType,
    style: i64,
) -> Result<Value, SqlError> {
    if value == ValueRef::Null {
        return Ok(Value::Null);
    }
    let text = || coerce(value.into(), SqlType::NVarChar(Length::Max)).map(plain_text);
    match to {
        SqlType::NVarChar(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::Char(_) => {
            fitted(styled_text(value, from, style)?, from, to)
        }
        SqlType::VarBinary(_) | SqlType::Binary(_) => bytes(value, from, to, style),
        SqlType::Date
        | SqlType::Time { .. }
        | SqlType::SmallDateTime
        | SqlType::DateTime
        | SqlType::DateTime2 { .. }
        | SqlType::DateTimeOffset { .. } => coerce(styled_moment(value, to, style)?, to),
        _ if from.is_some_and(SqlType::is_text) || from.is_none() => number_of_text(value, to),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            let whole = match (from, value) {
                (Some(SqlType::Money | SqlType::SmallMoney), _) => {
                    let rounded = SqlType::Decimal {
                        precision: 38,
                        scale: 0,
                    };
                    coerce(value.into(), rounded)?
                }
                (Some(from), _) if from.is_time() && from != SqlType::DateTime => {
                    return Err(clash(from, to));
                }
                (Some(SqlType::VarBinary(_) | SqlType::Binary(_)), ValueRef::Blob(bytes)) => {
                    let last = bytes.iter().rev().take(8).rev();
                    Value::Integer(last.fold(0, |sum, byte| (sum << 8) | i64::from(*byte)))
                }
                (_, ValueRef::Text(_)) => {
                    let text = text()?;
                    let whole = text
                        .split_once('.')
                        .map_or(text.as_str(), |(whole, _)| whole);
                    Value::Text(if matches!(whole, "" | "-") {
                        "0".into()
                    } else {
                        whole.into()
                    })
                }
                _ => value.into(),
            };
            coerce(whole, to)
        }
        _ => match from {
            Some(from) if from.is_time() && to != SqlType::Float => Err(clash(from, to)),
            _ => coerce(value.into(), to),
        },
    }
}

/// Text as a number: blanks around it are nothing, and nothing is 0 of the integers.
fn number_of_text(value: ValueRef<'_>, to: SqlType) -> Result<Value, SqlError> {
    let ValueRef::Text(bytes) = value else {
        return coerce(value.into(), to);
    };
    let text = String::from_utf8_lossy(bytes);
    let trimmed = text.trim_matches(' ');
    let failed = || {
        SqlError::new(
            8114,
            format!("Error converting data type varchar to {}.", to.name()),
        )
    };
    match to {
        SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Float
        | SqlType::Real
            if trimmed.is_empty() =>
        {
            coerce(Value::Integer(0), to)
        }
        SqlType::BigInt | SqlType::Float | SqlType::Real => {
            coerce(Value::Text(trimmed.to_owned()), to)
                .map_err(|error| if error.number == 245 { failed() } else { error })
        }
        SqlType::Decimal { .. } => coerce(Value::Text(trimmed.to_owned()), to)
            .map_err(|error| if error.number == 245 { failed() } else { error }),
        SqlType::Money | SqlType::SmallMoney => {
            let bare: String = trimmed
                .chars()
                .filter(|c| !matches!(c, '$' | ','))
                .collect();
            coerce(
                Value::Text(if bare.is_empty() { "0".into() } else { bare }),
                to,
            )
        }
        _ => coerce(Value::Text(trimmed.to_owned()), to),
    }
}

/// Puts a value into a column: converts it as an assignment does, and refuses what is too long for it.
pub(crate) fn store(
    value: ValueRef<'_>,
    from: Option<SqlType>,
    to: SqlType,
    column: &str,
) -> Result<Value, SqlError> {
    let (most, units) = match (to, value) {
        (SqlType::NVarChar(Length::Limited(most)) | SqlType::NChar(most), ValueRef::Text(text)) => {
            (
                usize::from(most),
                String::from_utf8_lossy(text)
                    .trim_end_matches(' ')
                    .encode_utf16()
                    .count(),
            )
        }
        (SqlType::VarChar(Length::Limited(most)) | SqlType::Char(most), ValueRef::Text(text)) => (
            usize::from(most),
            String::from_utf8_lossy(text)
                .trim_end_matches(' ')
                .chars()
                .count(),
        ),
        (
            SqlType::VarBinary(Length::Limited(most)) | SqlType::Binary(most),
            ValueRef::Blob(bytes),
        ) => (usize::from(most), bytes.len()),
        _ => (0, 0),
    };
    if units > most && from.is_none_or(|from| from.is_text() || is_bytes(from)) {
        let shown: String = match value {
            ValueRef::Text(text) => String::from_utf8_lossy(text).chars().take(most).collect(),
            _ => String::new(),
        };
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        return Err(SqlError::new(
            2628,
            format!(
                "String or binary data would be truncated in table 'dbo.{table}', column '{column}'. Truncated value: '{shown}'."
            ),
        ));
    }
    convert(value, from, to, 0)
}

fn is_bytes(ty: SqlType) -> bool {
    matches!(ty, SqlType::VarBinary(_) | SqlType::Binary(_))
}

fn clash(from: SqlType, to: SqlType) -> SqlError {
    SqlError::new(
        529,
        format!(
            "Explicit conversion from data type {} to {} is not allowed.",
            from.name(),
            to.name()
        ),
    )
}

/// Text cut or filled up to a length. Numbers are not cut: they become `*`, or an error.
fn fitted(text: String, from: Option<SqlType>, to: SqlType) -> Result<Value, SqlError> {
    let (most, fills, is_national) = match to {
        SqlType::NVarChar(Length::Limited(most)) => (most.into(), false, true),
        SqlType::VarChar(Length::Limited(most)) => (most.into(), false, false),
        SqlType::NChar(most) => (most.into(), true, true),
        SqlType::Char(most) => (most.into(), true, false),
        _ => return Ok(Value::Text(text)),
    };
    let text = if is_national { text } else { in_1252(text) };
    let units = if is_national {
        text.encode_utf16().count()
    } else {
        text.chars().count()
    };
    if units > most {
        let is_number = |ty: SqlType| {
            matches!(
                ty,
                SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt
            )
        };
        return match from {
            Some(SqlType::UniqueIdentifier) => Err(SqlError::new(
                8170,
                "Insufficient result space to convert uniqueidentifier value to char.",
            )),
            Some(ty) if is_number(ty) && !is_national && ty != SqlType::BigInt => {
                Ok(Value::Text("*".into()))
            }
            Some(ty)
                if is_number(ty)
                    || matches!(
                        ty,
                        SqlType::Decimal { .. }
                            | SqlType::Money
                            | SqlType::SmallMoney
                            | SqlType::Float
                            | SqlType::Real
                    ) =>
            {
                Err(SqlError::overflow(to.name()))
            }
            _ => Ok(Value::Text(cut(&text, most, is_national))),
        };
    }
    let mut text = text;
    if fills {
        text.extend(std::iter::repeat_n(' ', most - units));
    }
    Ok(Value::Text(text))
}

/// What of a text its code page has; the rest becomes `?`.
fn in_1252(text: String) -> String {
    if text.is_ascii() {
        text
    } else {
        from_1252(&to_1252(&text))
    }
}

/// This many characters from the start, or UTF-16 units of which none is half.
fn cut(text: &str, most: usize, is_national: bool) -> String {
    let mut units = 0;
    text.chars()
        .take_while(|c| {
            units += if is_national { c.len_utf16() } else { 1 };
            units <= most
        })
        .collect()
}

fn bytes(
    value: ValueRef<'_>,
    from: Option<SqlType>,
    to: SqlType,
    style: i64,
) -> Result<Value, SqlError> {
    let whole_bytes = |number: i64, size: usize| {
        number
            .to_be_bytes()
            .get(8 - size..)
            .unwrap_or_default()
            .to_vec()
    };
    let mut found = match (value, from) {
        (ValueRef::Blob(bytes), _) => bytes.to_vec(),
        (ValueRef::Text(text), _) if style == 1 || style == 2 => {
            let text = String::from_utf8_lossy(text);
            let digits = text
                .trim()
                .trim_start_matches("0x")
                .trim_start_matches("0X")
                .to_owned();
            unhex(&digits).ok_or_else(|| {
                SqlError::new(8114, "Error converting data type varchar to varbinary.")
            })?
        }
        (ValueRef::Text(text), Some(SqlType::VarChar(_) | SqlType::Char(_))) => {
            to_1252(&String::from_utf8_lossy(text))
        }
        (ValueRef::Text(text), Some(from)) if from.is_text() => String::from_utf8_lossy(text)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        (ValueRef::Text(text), Some(SqlType::UniqueIdentifier)) => {
            let text = String::from_utf8_lossy(text);
            let guid = uuid::Uuid::parse_str(text.trim())
                .map_err(|_| SqlError::conversion(&text, "varbinary"))?;
            guid.to_bytes_le().to_vec()
        }
        (ValueRef::Integer(number), Some(SqlType::BigInt)) => whole_bytes(number, 8),
        (ValueRef::Integer(number), Some(SqlType::SmallInt)) => whole_bytes(number, 2),
        (ValueRef::Integer(number), Some(SqlType::TinyInt | SqlType::Bit)) => {
            whole_bytes(number, 1)
        }
        (ValueRef::Integer(number), _) => whole_bytes(number, 4),
        (ValueRef::Text(text), _) => text.to_vec(),
        _ => return Err(SqlError::unsupported("this conversion to varbinary")),
    };
    match to {
        SqlType::Binary(most) => found.resize(most.into(), 0),
        SqlType::VarBinary(Length::Limited(most)) => found.truncate(most.into()),
        _ => {}
    }
    Ok(Value::Blob(found))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that meets something unexpected fails"
    )]

    use super::*;

    #[test]
    fn what_is_too_long_for_a_column_is_refused_and_trailing_blanks_are_not() {
        let to = SqlType::NVarChar(Length::Limited(3));
        let from = Some(SqlType::NVarChar(Length::Max));
        let stored = |text: &str| store(ValueRef::Text(text.as_bytes()), from, to, "t.c");
        assert_eq!(stored("abcd").unwrap_err().number, 2628);
        assert_eq!(stored("abc  ").unwrap(), Value::Text("abc".into()));
    }
}
