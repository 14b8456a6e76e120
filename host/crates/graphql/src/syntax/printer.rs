//! Types and values as GraphQL text, printed as the reference implementation prints them: error messages and the introspection of
//! default values show them.

use super::{TypeNode, Value, ValueKind};
use std::fmt::{Display, Formatter, Result, Write};

impl Display for TypeNode<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Named(name) => f.write_str(name.text),
            Self::List(_, inner) => write!(f, "[{inner}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ValueKind::Variable(name) => write!(f, "${name}"),
            ValueKind::Int(text) | ValueKind::Float(text) | ValueKind::Enum(text) => {
                f.write_str(text)
            }
            ValueKind::String(text) => write_string(f, text),
            ValueKind::Boolean(value) => write!(f, "{value}"),
            ValueKind::Null => f.write_str("null"),
            ValueKind::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_char(']')
            }
            ValueKind::Object(entries) => {
                f.write_char('{')?;
                for (index, entry) in entries.iter().enumerate() {
                    write!(
                        f,
                        "{}{}: {}",
                        if index == 0 { " " } else { ", " },
                        entry.name,
                        entry.value
                    )?;
                }
                f.write_str(if entries.is_empty() { "}" } else { " }" })
            }
        }
    }
}

fn write_string(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            control if (control as u32) < 0x20 || (0x7f..=0x9f).contains(&(control as u32)) => {
                write!(f, "\\u{:04X}", control as u32)?;
            }
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}
