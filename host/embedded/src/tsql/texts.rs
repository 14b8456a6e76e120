//! Functions of text. Characters are counted as the server counts them, and compared by its default collation.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::arguments::{Function, any_null, fail, is_null, text, whole};
use super::collation;
use super::patterns::{Compares, Pattern};
use crate::sql_types::{SqlError, SqlType, from_1252};

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let functions: [(&str, i32, Function); 19] = [
        ("len", 1, len),
        ("datalength", 2, datalength),
        ("upper_case", 1, |context| {
            each(context, |text| text.to_uppercase())
        }),
        ("lower_case", 1, |context| {
            each(context, |text| text.to_lowercase())
        }),
        ("reverse", 1, |context| {
            each(context, |text| text.chars().rev().collect())
        }),
        ("left_of", 2, left_of),
        ("right_of", 2, right_of),
        ("part_of", 3, part_of),
        ("replaced", 3, replaced),
        ("translated", 3, translated),
        ("stuffed", 4, stuffed),
        ("repeated", 2, repeated),
        ("charindex", 3, charindex),
        ("patindex", 2, patindex),
        ("matches", 4, matches),
        ("char_of", 2, char_of),
        ("code_of", 1, code_of),
        ("is_numeric", 1, is_numeric),
        ("split", 2, split),
    ];
    for (name, arguments, function) in functions {
        connection.create_scalar_function(name, arguments, pure, function)?;
    }
    Ok(())
}

fn each(context: &Context<'_>, of: impl Fn(&str) -> String) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    Ok(Value::Text(of(&text(context, 0))))
}

fn count(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn size(context: &Context<'_>, at: usize) -> Result<usize, Error> {
    Ok(usize::try_from(whole(context, at)?).unwrap_or(0))
}

/// Without trailing blanks, in UTF-16 units, as the server counts.
fn len(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    let text = text(context, 0);
    Ok(count(text.trim_end_matches(' ').encode_utf16().count()))
}

/// `datalength(type, value)`: bytes as the type has them.
fn datalength(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 1) {
        return Ok(Value::Null);
    }
    let ty = SqlType::parse(&text(context, 0));
    Ok(count(match (ty, context.get_raw(1)) {
        (_, ValueRef::Blob(bytes)) => bytes.len(),
        (Some(SqlType::VarChar(_) | SqlType::Char(_)), _) => text(context, 1).chars().count(),
        (Some(SqlType::NVarChar(_) | SqlType::NChar(_)) | None, _) => {
            text(context, 1).encode_utf16().count() * 2
        }
        (Some(ty), _) => ty.bytes(),
    }))
}

fn left_of(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let wanted = length(context, 1, "left")?;
    Ok(Value::Text(text(context, 0).chars().take(wanted).collect()))
}

fn right_of(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let (text, wanted) = (text(context, 0), length(context, 1, "right")?);
    let skip = text.chars().count().saturating_sub(wanted);
    Ok(Value::Text(text.chars().skip(skip).collect()))
}

/// A length, which may not be below zero.
fn length(context: &Context<'_>, at: usize, name: &str) -> Result<usize, Error> {
    usize::try_from(whole(context, at)?).map_err(|_| {
        let message = format!("Invalid length parameter passed to the {name} function.");
        fail(SqlError::new(537, message))
    })
}

/// `SUBSTRING(text, start, length)`: what lies before the first character counts too.
fn part_of(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let (start, length) = (whole(context, 1)?, length(context, 2, "substring")?);
    let end = start.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
    let first = usize::try_from(start.max(1) - 1).unwrap_or(0);
    let taken = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    Ok(Value::Text(
        text(context, 0).chars().skip(first).take(taken).collect(),
    ))
}

/// Where one text begins in another, from a character on; in characters.
fn find(text: &[char], wanted: &[char], from: usize) -> Option<usize> {
    if wanted.is_empty() {
        return None;
    }
    let is_here = |at: &usize| {
        text.get(*at..*at + wanted.len()).is_some_and(|part| {
            part.iter()
                .zip(wanted)
                .all(|(one, other)| collation::same(*one, *other))
        })
    };
    (from..text.len()).find(is_here)
}

fn chars(context: &Context<'_>, at: usize) -> Vec<char> {
    text(context, at).chars().collect()
}

fn replaced(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let (whole, wanted, by) = (chars(context, 0), chars(context, 1), text(context, 2));
    let mut result = String::new();
    let mut at = 0;
    while let Some(found) = find(&whole, &wanted, at) {
        result.extend(whole.get(at..found).unwrap_or_default());
        result.push_str(&by);
        at = found + wanted.len();
    }
    result.extend(whole.get(at..).unwrap_or_default());
    Ok(Value::Text(result))
}

fn translated(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let (from, to) = (chars(context, 1), chars(context, 2));
    if from.len() != to.len() {
        let message = "The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.";
        return Err(fail(SqlError::new(9828, message)));
    }
    let of = |c: char| {
        let place = from.iter().position(|from| collation::same(*from, c));
        place.and_then(|at| to.get(at)).copied().unwrap_or(c)
    };
    Ok(Value::Text(text(context, 0).chars().map(of).collect()))
}

/// `STUFF(text, start, length, by)`.
fn stuffed(context: &Context<'_>) -> Result<Value, Error> {
    if (0..3).any(|at| is_null(context, at)) {
        return Ok(Value::Null);
    }
    let (whole_text, start) = (chars(context, 0), whole(context, 1)?);
    let start = match usize::try_from(start - 1) {
        Ok(start) if start < whole_text.len() => start,
        _ => return Ok(Value::Null),
    };
    let Ok(length) = usize::try_from(whole(context, 2)?) else {
        return Ok(Value::Null);
    };
    let end = start.saturating_add(length).min(whole_text.len());
    let mut result: String = whole_text.iter().take(start).collect();
    result.push_str(&text(context, 3));
    result.extend(whole_text.get(end..).unwrap_or_default());
    Ok(Value::Text(result))
}

fn repeated(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    match usize::try_from(whole(context, 1)?) {
        Ok(times) => {
            let text = text(context, 0);
            // As much as a text that is not `max` may hold.
            let most = 8_000_usize.checked_div(text.chars().count()).unwrap_or(0);
            Ok(Value::Text(text.repeat(times.min(most))))
        }
        Err(_) => Ok(Value::Null),
    }
}

fn charindex(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) || is_null(context, 1) {
        return Ok(Value::Null);
    }
    let from = size(context, 2)?.max(1) - 1;
    let found = find(&chars(context, 1), &chars(context, 0), from);
    Ok(count(found.map_or(0, |at| at + 1)))
}

fn patindex(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let pattern = Pattern::parse(&text(context, 0), None, Compares::Default);
    Ok(count(pattern.position(&text(context, 1))))
}

/// `matches(text, pattern, escape, exactly)`.
fn matches(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) || is_null(context, 1) {
        return Ok(Value::Null);
    }
    let escape = text(context, 2).chars().next();
    let compares = match whole(context, 3)? {
        0 => Compares::Default,
        _ => Compares::Exactly,
    };
    let pattern = Pattern::parse(&text(context, 1), escape, compares);
    Ok(Value::Integer(pattern.matches(&text(context, 0)).into()))
}

/// `char_of(code, greatest)`.
fn char_of(context: &Context<'_>) -> Result<Value, Error> {
    let (code, most) = (whole(context, 0)?, whole(context, 1)?);
    if is_null(context, 0) || !(0..=most).contains(&code) {
        return Ok(Value::Null);
    }
    let of = u32::try_from(code).ok().and_then(char::from_u32);
    Ok(match (of, u8::try_from(code)) {
        (_, Ok(byte)) if most == 255 => Value::Text(from_1252(&[byte])),
        (Some(c), _) => Value::Text(c.to_string()),
        _ => Value::Null,
    })
}

fn code_of(context: &Context<'_>) -> Result<Value, Error> {
    let first = text(context, 0).chars().next();
    Ok(first.map_or(Value::Null, |c| Value::Integer(u32::from(c).into())))
}

fn is_numeric(context: &Context<'_>) -> Result<Value, Error> {
    let text = text(context, 0);
    let trimmed = text.trim();
    let is_number = trimmed.parse::<f64>().is_ok_and(f64::is_finite)
        && !trimmed.to_ascii_lowercase().contains("inf");
    Ok(Value::Integer(is_number.into()))
}

/// `split(text, separator)` as a JSON list.
fn split(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Text("[]".into()));
    }
    let separator = text(context, 1);
    if separator.chars().count() != 1 {
        let message = "Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.";
        return Err(fail(SqlError::new(214, message)));
    }
    let parts: Vec<String> = text(context, 0)
        .split(&separator)
        .map(str::to_owned)
        .collect();
    Ok(Value::Text(serde_json::Value::from(parts).to_string()))
}
