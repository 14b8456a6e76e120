//! Values that stand outside of `mayfly.toml`: `{ env = "NAME" }` in the environment, with a `default` if one is wanted, and
//! `{ file = "/run/secrets/NAME" }` in a file, whose last end of line is not part of it.
//!
//! Every value may stand outside: texts, and what is written as text, such as sizes; numbers and truth values too. They are read
//! whenever the configuration is, so that a secret may change while the host runs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::file::read_bytes;
use crate::reader::Table;
use crate::units::show_bytes;

/// The largest file that is read as a value, in bytes: a long key has a few thousand.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Where such values come from.
pub(crate) struct Outside<'a> {
    /// The app's directory, which files are relative to.
    pub root: &'a Path,
    /// Looks up a variable of the environment.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a value that is not there is a problem. Without it, nothing is said of what depends on it.
    pub required: bool,
    /// The files that were named.
    pub files: RefCell<BTreeSet<PathBuf>>,
}

/// One value, as it was found.
pub(crate) struct Scalar<'a> {
    /// Where the key's value begins in the file.
    pub at: usize,
    /// Whether it stands in `mayfly.toml`, if only as a default, for everybody who reads that to see.
    in_file: bool,
    /// Whether the file says where it stands.
    is_outside: bool,
    value: Value<'a>,
}

enum Value<'a> {
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

impl<'a> Table<'a> {
    /// The value at a key, wherever it stands; none when the key is not there, or its value could not be had.
    pub fn scalar(&mut self, key: &str) -> Option<Scalar<'a>> {
        let value = self.take(key)?;
        self.resolve(self.key(key), value)
    }

    /// A value that stands here, or where it says.
    pub fn resolve(&mut self, path: String, value: &'a Spanned<DeValue<'a>>) -> Option<Scalar<'a>> {
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

    /// A text that must not stand in the file for everybody to read.
    pub fn secret(&mut self, key: &str) -> Given {
        if !self.has(key) {
            self.ignore(key);
            return Given::Nothing;
        }
        let Some(scalar) = self.scalar(key) else {
            return Given::Unknown;
        };
        if scalar.in_file {
            let path = self.key(key);
            let message = format!(
                "`{path}` is a secret and must not be in the file itself; write {key} = {{ env = \"NAME\" }} or {{ file = \"/run/secrets/NAME\" }}"
            );
            self.problem_at(scalar.at, message);
            return Given::Unknown;
        }
        scalar
            .into_text()
            .map_or(Given::Unknown, |text| Given::Text(text.into_owned()))
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

/// A secret, as far as it is known.
pub(crate) enum Given {
    /// The key is not there.
    Nothing,
    /// The key is there; what is wrong with it was told, unless nobody needs it now.
    Unknown,
    /// This.
    Text(String),
}

/// What was found outside.
enum Found {
    Value(String),
    /// There is none, and why.
    Nothing(String),
    /// What is wrong with where to look.
    Mistake(String),
}

impl Outside<'_> {
    fn find(&self, variable: Option<&str>, file: Option<&str>) -> Found {
        match (variable, file) {
            (Some(_), Some(_)) => Found::Mistake("has both `env` and `file`; keep one".to_owned()),
            (Some(name), None) => (self.environment)(name).map_or_else(
                || {
                    Found::Nothing(format!(
                        "reads the environment variable {name}, which is not set; set it"
                    ))
                },
                Found::Value,
            ),
            (None, Some(file)) => self.read(&self.root.join(file)),
            (None, None) => Found::Mistake("names neither a variable nor a file".to_owned()),
        }
    }

    fn read(&self, path: &Path) -> Found {
        self.files.borrow_mut().insert(path.to_path_buf());
        let shown = path.display();
        match read_bytes(path, MAX_FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Found::Nothing(format!("reads {shown}, which does not exist; create it"))
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Found::Mistake(format!(
                "reads {shown}, which is larger than {}; name a file that holds the value alone",
                show_bytes(MAX_FILE_BYTES)
            )),
            Err(error) => Found::Nothing(format!("reads {shown}, which cannot be read: {error}")),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Found::Value(without_last_line_end(text)),
                Err(_) => Found::Mistake(format!("reads {shown}, which is not UTF-8 text")),
            },
        }
    }
}

/// Editors and `echo` end a file with a line end, which is no part of a password.
fn without_last_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// The NAME of the first `${NAME}` in a text: what shells and other programs replace, and this one does not.
fn placeholder(text: &str) -> Option<&str> {
    let is_name = |name: &&str| {
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let after = text.split("${").skip(1);
    after
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
        .find(is_name)
}
