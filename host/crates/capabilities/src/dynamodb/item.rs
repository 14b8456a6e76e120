//! Items as JSON, as `wit/dynamodb.wit` describes it: what a guest reads and writes back is the same item.
//!
//! Strings, numbers, booleans, null, lists and maps are JSON's own. Binary values and sets travel as an object with one key, a
//! tag. A map whose only key begins with `$` has that key written with one more `$`, so that it is never taken for a tag.
//! Numbers are copied digit by digit, never through floating point.
//!
//! What a guest hands over is measured as DynamoDB measures it before attributes are made of it: an attribute takes some hundred
//! bytes here, and stands in two bytes of text.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mayfly_error::{CallCode, CallError};
use mayfly_json::{Kind, Limits, Tree, Value, write_string};

use crate::decimal::{Decimal, is_json_number};

/// An item, or a key: attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// DynamoDB's own limit on nesting; it also bounds our recursion.
const MAX_DEPTH: usize = 32;
/// Bytes of text that one byte of an item may take at most: `\u0041`.
const TEXT_BYTES: usize = 6;
/// Characters of a name or tag that messages show, at most.
const SHOWN: usize = 100;
/// DynamoDB's own limit on a number's digits.
const MAX_DIGITS: usize = 38;
/// The powers of ten of the first digit that DynamoDB can hold.
const MAGNITUDES: std::ops::RangeInclusive<i64> = -130..=125;

/// How large a guest's JSON may be, as DynamoDB measures it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// What it is, for messages.
    what: &'static str,
    /// Names and values, in bytes.
    bytes: usize,
}

impl Room {
    /// An item: DynamoDB takes 400 KB.
    pub(super) const ITEM: Self = Self::new("item", 400 << 10);
    /// A key: of 2,048 bytes for the partition and 1,024 for the sort key, and their names.
    pub(super) const KEY: Self = Self::new("key", 4 << 10);
    /// Where a query goes on: the keys of a table and of an index.
    pub(super) const START_KEY: Self = Self::new("start key", 8 << 10);
    /// The values of an expression: DynamoDB takes 2 MB.
    pub(super) const VALUES: Self = Self::new("values", 2 << 20);

    const fn new(what: &'static str, bytes: usize) -> Self {
        Self { what, bytes }
    }

    /// What its text may hold. Every value counts two bytes or more.
    const fn limits(self) -> Limits {
        Limits::of_bytes(self.bytes * TEXT_BYTES)
            // One more for the item itself, and one for a set inside its tag.
            .with_depth(MAX_DEPTH + 2)
            .with_values(self.bytes / 2 + 2)
    }

    fn fail(self, problem: &str) -> CallError {
        CallError::new(CallCode::Invalid, format!("{}: {problem}", self.what))
    }
}

/// Reads an item, or a key.
pub(super) fn parse_item(text: &str, room: Room) -> Result<Item, CallError> {
    let tree = Tree::read(text, room.limits()).map_err(|error| room.fail(&error.to_string()))?;
    let item = tree.root();
    if size(item) > room.bytes {
        let bytes = room.bytes;
        return Err(room.fail(&format!(
            "larger than {bytes} bytes, as DynamoDB counts them"
        )));
    }
    match value(item, 0).map_err(|problem| room.fail(&problem))? {
        AttributeValue::M(item) => Ok(item),
        _ => Err(room.fail(&format!(
            "{} where an object of attributes was expected",
            item.kind().name()
        ))),
    }
}

/// The bytes of a value as DynamoDB counts them, or fewer where that depends on digits.
fn size(value: Value<'_>) -> usize {
    /// What a list or map takes besides its elements, of which each takes one more.
    const CONTAINER: usize = 3;
    match value.kind() {
        Kind::Null | Kind::Bool => 1,
        Kind::Number => 2,
        Kind::String => value.as_str().map_or(0, |text| text.len()),
        Kind::Array => value
            .elements()
            .unwrap_or_default()
            .fold(CONTAINER, |sum, element| sum + 1 + size(element)),
        Kind::Object => match tag(value) {
            // Four characters of base64 are three bytes.
            Some((tag, inner)) if tag.starts_with("binary") => {
                let bytes = |text: Value<'_>| text.raw().len() / 4 * 3;
                match inner.kind() {
                    Kind::Array => inner.elements().unwrap_or_default().map(bytes).sum(),
                    _ => bytes(inner),
                }
            }
            Some((_, inner)) => inner.elements().unwrap_or_default().map(size).sum(),
            None => value
                .members()
                .unwrap_or_default()
                .fold(CONTAINER, |sum, (key, value)| {
                    sum + 1 + key.value().len() + size(value)
                }),
        },
    }
}

/// The tag and the value of an object whose only key begins with one `$`.
fn tag(object: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let mut members = object.members()?;
    let (key, inner) = members.next()?;
    if members.next().is_some() {
        return None;
    }
    let tag = match key.value() {
        Cow::Borrowed(key) => Cow::Borrowed(key.strip_prefix('$')?),
        Cow::Owned(key) => Cow::Owned(key.strip_prefix('$')?.to_owned()),
    };
    (!tag.starts_with('$')).then_some((tag, inner))
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

fn value(given: Value<'_>, depth: usize) -> Result<AttributeValue, String> {
    if depth > MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(match given.kind() {
        Kind::Null => AttributeValue::Null(true),
        Kind::Bool => AttributeValue::Bool(given.as_bool().unwrap_or_default()),
        Kind::Number => AttributeValue::N(number(given.raw())?),
        Kind::String => AttributeValue::S(given.as_str().unwrap_or_default().into_owned()),
        Kind::Array => {
            let elements = || given.elements().unwrap_or_default();
            let mut list = Vec::with_capacity(elements().count());
            for (index, element) in elements().enumerate() {
                let element =
                    value(element, depth + 1).map_err(|problem| format!("[{index}]: {problem}"))?;
                list.push(element);
            }
            AttributeValue::L(list)
        }
        Kind::Object => object(given, depth)?,
    })
}

/// A map, or a tagged value.
fn object(given: Value<'_>, depth: usize) -> Result<AttributeValue, String> {
    if let Some((tag, inner)) = tag(given) {
        return tagged(&tag, inner).map_err(|problem| format!("`${tag:.SHOWN$}`: {problem}"));
    }
    let members = || given.members().unwrap_or_default();
    let count = members().count();
    let mut map = HashMap::with_capacity(count);
    for (key, inner) in members() {
        let key = key.value();
        let inner =
            value(inner, depth + 1).map_err(|problem| format!("`{key:.SHOWN$}`: {problem}"))?;
        // The only key of a map is written with one more `$` where it begins with one.
        let name = match key.strip_prefix('$') {
            Some(name) if count == 1 => name.to_owned(),
            _ => key.into_owned(),
        };
        map.insert(name, inner);
    }
    Ok(AttributeValue::M(map))
}

fn tagged(tag: &str, given: Value<'_>) -> Result<AttributeValue, String> {
    match tag {
        "binary" => Ok(AttributeValue::B(binary(given)?)),
        "stringSet" => Ok(AttributeValue::Ss(set(given, text)?)),
        "numberSet" => Ok(AttributeValue::Ns(set(given, |given| {
            number(
                given
                    .as_number()
                    .ok_or_else(|| unexpected(given, "a number"))?,
            )
        })?)),
        "binarySet" => Ok(AttributeValue::Bs(set(given, binary)?)),
        _ => Err("not a tag; a map with this one key is written with one more `$`".to_owned()),
    }
}

fn unexpected(given: Value<'_>, expected: &str) -> String {
    format!("{} where {expected} was expected", given.kind().name())
}

fn set<T>(
    given: Value<'_>,
    element: impl Fn(Value<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let elements = given
        .elements()
        .ok_or_else(|| unexpected(given, "an array"))?;
    let mut set = Vec::with_capacity(elements.clone().count());
    for value in elements {
        set.push(element(value)?);
    }
    if set.is_empty() {
        return Err("a set cannot be empty".to_owned());
    }
    Ok(set)
}

fn text(given: Value<'_>) -> Result<String, String> {
    let text = given.as_str().ok_or_else(|| unexpected(given, "text"))?;
    Ok(text.into_owned())
}

fn binary(given: Value<'_>) -> Result<Blob, String> {
    STANDARD
        .decode(text(given)?)
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
            "DynamoDB answered with an invalid number",
        )
    })?;
    out.push_str(&number.to_json());
    Ok(())
}

#[cfg(test)]
mod tests;
