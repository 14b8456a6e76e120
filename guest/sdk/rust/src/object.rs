//! JSON objects, written as they are built.

use crate::{Error, Result};
use serde::Serialize;

/// A JSON object under construction: keys, parameters, log fields. [`object!`](crate::object) writes one down.
///
/// It is text from the start, so a value is serialised once, straight to where the host reads it. A value that cannot be serialised
/// is remembered and fails the call the object is given to.
///
/// ```
/// # use mayfly_guest::{IntoJson, Object};
/// let object = Object::new().with("id", &7).with("tags", &["a", "b"]);
/// assert_eq!(object.into_json().unwrap(), r#"{"id":7,"tags":["a","b"]}"#);
/// ```
#[derive(Debug, Clone)]
pub struct Object {
    /// The object without its closing brace.
    text: Vec<u8>,
    error: Option<Error>,
}

impl Object {
    /// An object without entries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: Vec::new(),
            error: None,
        }
    }

    /// The object with one more entry. A name given twice stays twice; the host refuses that.
    #[must_use]
    pub fn with(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.set(name, value);
        self
    }

    /// Adds an entry.
    pub fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.text
            .push(if self.text.is_empty() { b'{' } else { b',' });
        let mut write = || {
            serde_json::to_writer(&mut self.text, name)?;
            self.text.push(b':');
            serde_json::to_writer(&mut self.text, value)
        };
        if let Err(error) = write() {
            self.error.get_or_insert_with(|| {
                Error::new(
                    crate::codes::INVALID_DATA,
                    format!("value of `{name}`: {error}"),
                )
            });
        }
    }

    /// Whether it has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text, or empty text for an object without entries, as the host's optional objects are given.
    pub(crate) fn into_optional_json(self) -> Result<String> {
        if self.is_empty() {
            Ok(String::new())
        } else {
            self.into_json()
        }
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

/// What can be given to the host as JSON: an [`Object`], or a reference to any serde type.
pub trait IntoJson {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// When a value cannot be serialised, for example a map whose keys are not text.
    fn into_json(self) -> Result<String>;
}

impl IntoJson for Object {
    fn into_json(self) -> Result<String> {
        let Self { mut text, error } = self;
        if let Some(error) = error {
            return Err(error);
        }
        if text.is_empty() {
            text.push(b'{');
        }
        text.push(b'}');
        String::from_utf8(text)
            .map_err(|error| Error::new(crate::codes::INVALID_DATA, error.to_string()))
    }
}

impl<T: Serialize + ?Sized> IntoJson for &T {
    fn into_json(self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Writes down an [`Object`]: names are words or text, values any serde type.
///
/// ```
/// # use mayfly_guest::{IntoJson, object};
/// let id = 7;
/// let key = object! { PK: format!("STUDENT#{id}"), "SK": "PROFILE" };
/// assert_eq!(key.into_json().unwrap(), r#"{"PK":"STUDENT#7","SK":"PROFILE"}"#);
/// ```
#[macro_export]
macro_rules! object {
    (@name $name:ident) => { ::core::stringify!($name) };
    (@name $name:literal) => { $name };
    ($($name:tt : $value:expr),* $(,)?) => {
        $crate::Object::new()$(.with($crate::object!(@name $name), &$value))*
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn names_and_values_are_escaped() {
        assert_eq!(
            Object::new().with("a\"b", "c\nd").into_json().unwrap(),
            r#"{"a\"b":"c\nd"}"#
        );
        assert_eq!(Object::new().into_json().unwrap(), "{}");
        assert_eq!(Object::new().into_optional_json().unwrap(), "");
    }

    #[test]
    fn a_value_that_is_no_json_fails_the_whole_object_and_is_named() {
        let odd = BTreeMap::from([((1, 2), 3)]);
        let error = object! { fine: 1, odd: odd, more: 2 }
            .into_json()
            .unwrap_err();
        assert_eq!(error.message, "value of `odd`: key must be a string");
    }
}
