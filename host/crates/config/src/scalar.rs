//! One value of a table that is not a table or list itself, and what it can be read as.

use std::borrow::Cow;

use toml::de::DeValue;

/// One value, as it was found.
pub(crate) struct Scalar<'a> {
    /// Where the key's value begins in the file.
    pub at: usize,
    /// Whether it stands in `mayfly.toml`, if only as a default, for everybody who reads that to see.
    pub in_file: bool,
    /// Whether the file says where it is.
    pub is_outside: bool,
    pub value: Value<'a>,
}

pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Other(&'a DeValue<'a>),
}

impl<'a> Scalar<'a> {
    /// The text, unless it is something else.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self.value {
            Value::Text(text) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// The text, unless it is something else.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// The digits of a whole number. What comes from outside is text, and a number if it looks like one.
    pub fn as_number(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => self.is_outside.then_some(text.trim()),
            Value::Other(value) => value.as_integer().map(|number| number.as_str()),
        }
    }

    /// A truth value, from outside in words.
    pub fn as_flag(&self) -> Option<bool> {
        match &self.value {
            Value::Text(text) if self.is_outside => text.trim().parse().ok(),
            Value::Text(_) => None,
            Value::Other(value) => value.as_bool(),
        }
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "string",
            Value::Other(value) => value.type_str(),
        }
    }
}
