//! Items as JSON, as `wit/dynamodb.wit` describes it: what a guest reads and writes back is the same item.
//!
//! Strings, numbers, booleans, null, lists and maps are JSON's own. Binary values and sets travel as an object with one key, a
//! tag. A map whose only key begins with `$` has that key written with one more `$`, so that it is never taken for a tag.
//! Numbers are copied digit by digit, never through floating point.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mayfly_error::{CallCode, CallError};
use serde_json::value::RawValue;

use crate::decimal::{Decimal, is_json_number};
use crate::json::{self, Shape, write_string};

/// An item, or a key: attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// DynamoDB's own limit on nesting; it also bounds our recursion.
const MAX_DEPTH: usize = 32;
/// DynamoDB's own limit on a number's digits.
const MAX_DIGITS: usize = 38;
/// The powers of ten of the first digit that DynamoDB can hold.
const MAGNITUDES: std::ops::RangeInclusive<i64> = -130..=125;

/// Reads an item, or a key. `what` names it in errors.
pub(super) fn parse_item(text: &str, what: &str) -> Result<Item, CallError> {
    let fail = |problem: String| CallError::new(CallCode::Invalid, format!("{what}: {problem}"));
    let shape = json::parse(text).map_err(fail)?;
    let name = shape.name();
    match value(shape, 0).map_err(fail)? {
        AttributeValue::M(item) => Ok(item),
        _ => Err(fail(format!(
            "{name} where an object of attributes was expected"
        ))),
    }
}

/// Writes an item.
pub(super) fn write_item(out: &mut String, item: &Item) -> Result<(), CallError> {
    let mut entries: Vec<_> = item.iter().collect();
    // The client keeps attributes in a hash map; sorted, the same item is the same text.
    entries.sort_unstable_by_key(|(name, _)| name.as_str());
    let escape = matches!(entries.as_slice(), [(name, _)] if name.starts_with('$'));
    out.push('{');
    for (index, (name, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if escape {
            write_string(out, &format!("${name}"));
        } else {
            write_string(out, name);
        }
        out.push(':');
        write_value(out, value)?;
    }
    out.push('}');
    Ok(())
}

/// An item's text, or `null`.
pub(super) fn item_text(item: Option<&Item>) -> Result<String, CallError> {
    let mut out = String::new();
    match item {
        Some(item) => write_item(&mut out, item)?,
        None => out.push_str("null"),
    }
    Ok(out)
}

fn value(shape: Shape<'_>, depth: usize) -> Result<AttributeValue, String> {
    if depth > MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(match shape {
        Shape::Null => AttributeValue::Null(true),
        Shape::Bool(value) => AttributeValue::Bool(value),
        Shape::Number(text) => AttributeValue::N(number(text)?),
        Shape::Text(text) => AttributeValue::S(text.into_owned()),
        Shape::Array(elements) => {
            let mut list = Vec::with_capacity(elements.len());
            for (index, raw) in elements.into_iter().enumerate() {
                list.push(nested(raw, depth).map_err(|problem| format!("[{index}]: {problem}"))?);
            }
            AttributeValue::L(list)
        }
        Shape::Object(entries) => object(entries, depth)?,
    })
}

fn nested(raw: &RawValue, depth: usize) -> Result<AttributeValue, String> {
    value(json::shape(raw)?, depth + 1)
}

/// A map, or a tagged value: an object whose only key begins with one `$`.
fn object(entries: Vec<(String, &RawValue)>, depth: usize) -> Result<AttributeValue, String> {
    if let [(key, raw)] = entries.as_slice()
        && let Some(tag) = key.strip_prefix('$')
    {
        if tag.starts_with('$') {
            let value = nested(raw, depth).map_err(|problem| format!("`{key}`: {problem}"))?;
            return Ok(AttributeValue::M(HashMap::from([(tag.to_owned(), value)])));
        }
        return tagged(tag, raw).map_err(|problem| format!("`{key}`: {problem}"));
    }
    let mut map = HashMap::with_capacity(entries.len());
    for (key, raw) in entries {
        let value = nested(raw, depth).map_err(|problem| format!("`{key}`: {problem}"))?;
        if map.contains_key(&key) {
            return Err(format!("`{key}` stands there twice"));
        }
        map.insert(key, value);
    }
    Ok(AttributeValue::M(map))
}

fn tagged(tag: &str, raw: &RawValue) -> Result<AttributeValue, String> {
    match tag {
        "binary" => Ok(AttributeValue::B(binary(raw)?)),
        "stringSet" => Ok(AttributeValue::Ss(set(raw, text)?)),
        "numberSet" => Ok(AttributeValue::Ns(set(raw, |raw| {
            match json::shape(raw)? {
                Shape::Number(text) => number(text),
                other => Err(format!("{} where a number was expected", other.name())),
            }
        })?)),
        "binarySet" => Ok(AttributeValue::Bs(set(raw, binary)?)),
        _ => Err("not a tag; a map with this one key is written with one more `$`".to_owned()),
    }
}

fn set<T>(
    raw: &RawValue,
    element: impl Fn(&RawValue) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match json::shape(raw)? {
        Shape::Array(elements) if !elements.is_empty() => {
            elements.into_iter().map(element).collect()
        }
        Shape::Array(_) => Err("a set cannot be empty".to_owned()),
        other => Err(format!("{} where an array was expected", other.name())),
    }
}

fn text(raw: &RawValue) -> Result<String, String> {
    match json::shape(raw)? {
        Shape::Text(text) => Ok(text.into_owned()),
        other => Err(format!("{} where text was expected", other.name())),
    }
}

fn binary(raw: &RawValue) -> Result<Blob, String> {
    STANDARD
        .decode(text(raw)?)
        .map(Blob::new)
        .map_err(|_| "not base64 with padding".to_owned())
}

fn number(text: &str) -> Result<String, String> {
    let number = Decimal::parse(text).ok_or("not a number")?;
    if number.digits.len() > MAX_DIGITS {
        return Err(format!("a number of more than {MAX_DIGITS} digits"));
    }
    if !MAGNITUDES.contains(&number.magnitude()) {
        return Err("a number outside 1E-130 to 1E+126".to_owned());
    }
    Ok(text.to_owned())
}

fn write_value(out: &mut String, value: &AttributeValue) -> Result<(), CallError> {
    match value {
        AttributeValue::Null(_) => out.push_str("null"),
        AttributeValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        AttributeValue::N(text) => write_number(out, text)?,
        AttributeValue::S(text) => write_string(out, text),
        AttributeValue::L(list) => write_list(out, list, write_value)?,
        AttributeValue::M(map) => write_item(out, map)?,
        AttributeValue::B(blob) => {
            out.push_str("{\"$binary\":");
            write_blob(out, blob)?;
            out.push('}');
        }
        AttributeValue::Ss(set) => write_set(out, "stringSet", set, |out, text| {
            write_string(out, text);
            Ok(())
        })?,
        AttributeValue::Ns(set) => {
            write_set(out, "numberSet", set, |out, text| write_number(out, text))?
        }
        AttributeValue::Bs(set) => write_set(out, "binarySet", set, write_blob)?,
        _ => {
            return Err(CallError::new(
                CallCode::Backend,
                "DynamoDB answered with a type this host does not know",
            ));
        }
    }
    Ok(())
}

fn write_list<T>(
    out: &mut String,
    list: &[T],
    write: impl Fn(&mut String, &T) -> Result<(), CallError>,
) -> Result<(), CallError> {
    out.push('[');
    for (index, element) in list.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, element)?;
    }
    out.push(']');
    Ok(())
}

fn write_set<T>(
    out: &mut String,
    tag: &str,
    set: &[T],
    write: impl Fn(&mut String, &T) -> Result<(), CallError>,
) -> Result<(), CallError> {
    out.push_str("{\"$");
    out.push_str(tag);
    out.push_str("\":");
    write_list(out, set, write)?;
    out.push('}');
    Ok(())
}

fn write_blob(out: &mut String, blob: &Blob) -> Result<(), CallError> {
    out.push('"');
    STANDARD.encode_string(blob.as_ref(), out);
    out.push('"');
    Ok(())
}

/// Numbers come from the server as text. What is no JSON number is brought into its grammar, digits unchanged.
fn write_number(out: &mut String, text: &str) -> Result<(), CallError> {
    if is_json_number(text) {
        out.push_str(text);
        return Ok(());
    }
    let number = Decimal::parse(text).ok_or_else(|| {
        CallError::new(
            CallCode::Backend,
            "DynamoDB answered with a number that is none",
        )
    })?;
    out.push_str(&number.to_json());
    Ok(())
}

#[cfg(test)]
mod tests;
