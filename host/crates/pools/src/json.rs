//! JSON text in and out without a tree of values.
//!
//! `serde_json::Value` is not used: with numbers of any length it takes an object whose only key is serde's own marker for a
//! number, which a guest could write. Borrowed raw values keep every digit and cost no copy.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value, looked at but not descended into.
#[derive(Debug, Clone)]
pub(crate) enum Shape<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's text.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// The elements.
    Array(Vec<&'a RawValue>),
    /// The entries.
    Object(Vec<(String, &'a RawValue)>),
}

impl Shape<'_> {
    /// What it is, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads the outermost layer of a text. The error names the place, never the content.
pub(crate) fn parse(text: &str) -> Result<Shape<'_>, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| place(&error))?;
    shape(raw)
}

/// Reads the outermost layer of a value.
pub(crate) fn shape(raw: &RawValue) -> Result<Shape<'_>, String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => read::<Entries<'_>>(text).map(|entries| Shape::Object(entries.0)),
        Some(b'[') => read(text).map(Shape::Array),
        Some(b'"') => read::<Words<'_>>(text).map(|words| Shape::Text(words.0)),
        Some(b't') => Ok(Shape::Bool(true)),
        Some(b'f') => Ok(Shape::Bool(false)),
        Some(b'n') => Ok(Shape::Null),
        _ => Ok(Shape::Number(text)),
    }
}

/// Writes a string with its quotes.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| place(&error))
}

fn place(error: &serde_json::Error) -> String {
    format!(
        "not valid JSON at line {}, column {}",
        error.line(),
        error.column()
    )
}

/// A string that is borrowed when it holds no escape.
#[derive(Deserialize)]
struct Words<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object's entries in the order written, duplicates included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(EntriesVisitor).map(Self)
    }
}

#[cfg(test)]
mod tests;
