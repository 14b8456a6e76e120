//! Finds the value of a key where it is: in the file, or where the file says (`outside`).

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::outside::Found;
use crate::reader::Table;
use crate::scalar::{Scalar, Value};

impl<'a> Table<'a> {
    /// The value at a key, wherever it stands; none when the key is not there, or its value could not be read.
    pub(crate) fn scalar(&mut self, key: &str) -> Option<Scalar<'a>> {
        let value = self.take(key)?;
        self.resolve(self.key(key), value)
    }

    /// A value that stands here, or where it says.
    pub(crate) fn resolve(
        &mut self,
        path: String,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<Scalar<'a>> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => {
                if let Some(name) = placeholder(text) {
                    self.problem_at(
                        at,
                        format!(
                            "`{path}`: \"${{{name}}}\" is not replaced; write {{ env = \"{name}\" }}"
                        ),
                    );
                }
                Some(Scalar {
                    at,
                    in_file: true,
                    is_outside: false,
                    value: Value::Text(Cow::Borrowed(text)),
                })
            }
            DeValue::Table(table) if table.contains_key("env") || table.contains_key("file") => {
                self.find_outside(path, at, table)
            }
            other => Some(Scalar {
                at,
                in_file: true,
                is_outside: false,
                value: Value::Other(other),
            }),
        }
    }

    fn find_outside(
        &mut self,
        path: String,
        at: usize,
        table: &'a DeTable<'a>,
    ) -> Option<Scalar<'a>> {
        let mut named = self.inner(path, at, table);
        let variable = named.literal("env");
        let file = named.literal("file");
        let default = named.literal("default");
        let in_file = default.is_some();
        let found = self.outside().find(variable.as_deref(), file.as_deref());
        let text = match (found, default) {
            (Found::Value(text), _) | (Found::Nothing(_), Some(text)) => Some(text),
            (Found::Nothing(why), None) => {
                if self.outside().required {
                    named.problem(format!("`{}` {why}", named.path));
                } else {
                    self.leave_incomplete();
                }
                None
            }
            (Found::Mistake(why), _) => {
                named.problem(format!("`{}` {why}", named.path));
                None
            }
        };
        named.finish();
        text.map(|text| Scalar {
            at,
            in_file,
            is_outside: true,
            value: Value::Text(Cow::Owned(text)),
        })
    }

    /// A text, number or truth value of the file, as text.
    fn literal(&mut self, key: &str) -> Option<String> {
        let value = self.take(key)?;
        let literal = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            _ => None,
        };
        if literal.is_none() {
            self.wrong(
                key,
                value.span().start,
                value.get_ref().type_str(),
                "a string",
            );
        }
        literal
    }
}

/// The NAME of the first `${NAME}` in a text: what shells and other programs replace, and this one does not.
pub(crate) fn placeholder(text: &str) -> Option<&str> {
    let is_name = |name: &&str| {
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let after = text.split("${").skip(1);
    after
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
        .find(is_name)
}
