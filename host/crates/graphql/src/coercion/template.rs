//! Values that contain variables: made once with the plan by `compile`, filled in for each request.
//!
//! Everything that does not depend on a variable is JSON already. A variable that was not given leaves out its argument or input
//! field (whose default then holds) and is null inside a list; one that is null where null may not be fails the field.

use super::values::Values;
use crate::response::{Position, write_json_string};

/// A value with holes for variables.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    /// Whole JSON.
    Text(String),
    /// A variable, by index.
    Variable {
        index: usize,
        /// Whether null is not allowed here.
        non_null: bool,
    },
    List(Vec<Template>),
    Object(Vec<Entry>),
}

/// One argument or one input field.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The name, then its JSON with a colon.
    pub name: String,
    pub key: String,
    pub value: Template,
    /// JSON used when the variable was not given.
    pub default: Option<String>,
    /// Whether null, or nothing, is not allowed here.
    pub non_null: bool,
    /// The type, for messages.
    pub ty: String,
    /// The value as written, shortened, and where, for messages; none for one that was not written.
    pub written: Option<(String, Position)>,
}

/// Why arguments do not fit, and where, if not at the field itself.
#[derive(Debug)]
pub(crate) struct BadArgument {
    pub message: String,
    pub at: Option<Position>,
}

impl Template {
    /// The JSON of a value that is all constant or all variable, if it has one.
    pub fn value<'v>(&'v self, values: &'v Values) -> Option<&'v str> {
        match self {
            Self::Text(json) => Some(json),
            Self::Variable { index, .. } => values.get(*index),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The bytes of an object of arguments with its variables filled in, or which argument does not fit.
    pub fn measure_arguments(&self, values: &Values) -> Result<usize, BadArgument> {
        match self {
            Self::Text(json) => Ok(json.len()),
            Self::Object(entries) => {
                let mut measured = Measured::default();
                measured.push('{');
                for entry in entries {
                    entry
                        .render(values, &mut measured)
                        .map_err(|problem| entry.bad(&problem))?;
                }
                measured.push('}');
                Ok(measured.bytes)
            }
            _ => Err(BadArgument {
                message: "arguments are not an object".to_owned(),
                at: None,
            }),
        }
    }

    /// Fills in the variables of an object of arguments, which was measured.
    pub fn render_arguments(&self, values: &Values, bytes: usize) -> String {
        if let Self::Text(json) = self {
            return json.clone();
        }
        let mut out = String::with_capacity(bytes);
        // What was measured fits.
        let _ = self.render(values, &mut out);
        out
    }

    /// The bytes it takes besides its own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(json) => json.len(),
            Self::Variable { .. } => 0,
            Self::List(items) => items
                .iter()
                .map(|item| item.bytes() + size_of::<Self>())
                .sum(),
            Self::Object(entries) => entries.iter().map(Entry::bytes).sum(),
        }
    }

    /// Writes the value; false when it is a variable that was not given.
    fn render(&self, values: &Values, out: &mut impl Json) -> Result<bool, Unfit> {
        match self {
            Self::Text(json) => out.push_str(json),
            Self::Variable { index, non_null } => match values.get(*index) {
                Some("null") if *non_null => return Err(Unfit::Null),
                Some(json) => out.push_str(json),
                None => return Ok(false),
            },
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    if !item.render(values, out).map_err(|_| Unfit::Inside)? {
                        if matches!(item, Self::Variable { non_null: true, .. }) {
                            return Err(Unfit::Inside);
                        }
                        out.push_str("null");
                    }
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for entry in entries {
                    entry.render(values, out).map_err(|_| Unfit::Inside)?;
                }
                out.push('}');
            }
        }
        Ok(true)
    }
}

/// What a value is written to.
trait Json {
    /// Takes back what was written since [`Self::mark`].
    type Mark;
    fn push(&mut self, character: char);
    fn push_str(&mut self, text: &str);
    /// Whether an object has just begun.
    fn is_at_brace(&self) -> bool;
    fn mark(&self) -> Self::Mark;
    fn undo(&mut self, mark: Self::Mark);
}

impl Json for String {
    type Mark = usize;

    fn push(&mut self, character: char) {
        Self::push(self, character);
    }

    fn push_str(&mut self, text: &str) {
        Self::push_str(self, text);
    }

    fn is_at_brace(&self) -> bool {
        self.ends_with('{')
    }

    fn mark(&self) -> usize {
        self.len()
    }

    fn undo(&mut self, mark: usize) {
        self.truncate(mark);
    }
}

/// Counts what would be written.
#[derive(Debug, Default, Clone, Copy)]
struct Measured {
    bytes: usize,
    is_at_brace: bool,
}

impl Json for Measured {
    type Mark = Self;

    fn push(&mut self, character: char) {
        self.bytes += character.len_utf8();
        self.is_at_brace = character == '{';
    }

    fn push_str(&mut self, text: &str) {
        self.bytes += text.len();
        if !text.is_empty() {
            self.is_at_brace = text.ends_with('{');
        }
    }

    fn is_at_brace(&self) -> bool {
        self.is_at_brace
    }

    fn mark(&self) -> Self {
        *self
    }

    fn undo(&mut self, mark: Self) {
        *self = mark;
    }
}

/// Why a value does not fit.
enum Unfit {
    Null,
    Missing,
    Inside,
}

impl Entry {
    /// The JSON of an argument that is all constant or all variable, if it has one, or why it does not fit.
    pub fn value<'v>(&'v self, values: &'v Values) -> Result<Option<&'v str>, BadArgument> {
        match self.value.value(values).or(self.default.as_deref()) {
            Some("null") if self.non_null => Err(self.bad(&Unfit::Null)),
            None if self.non_null => Err(self.bad(&Unfit::Missing)),
            found => Ok(found),
        }
    }

    /// The bytes it takes, its own included.
    pub fn bytes(&self) -> usize {
        let default = self.default.as_ref().map_or(0, String::len);
        let written = self.written.as_ref().map_or(0, |(text, _)| text.len());
        let texts = self.name.len() + self.key.len() + self.ty.len() + default + written;
        // Each text has a block of memory of its own.
        size_of::<Self>() + 5 * 16 + texts + self.value.bytes()
    }

    fn bad(&self, problem: &Unfit) -> BadArgument {
        let Self { name, ty, .. } = self;
        let (shown, at) = self
            .written
            .as_ref()
            .map_or(("", None), |(shown, at)| (shown.as_str(), Some(*at)));
        let message = match problem {
            Unfit::Null => {
                format!("Argument \"{name}\" of non-null type \"{ty}\" must not be null.")
            }
            Unfit::Missing => {
                format!(
                    "Argument \"{name}\" of required type \"{ty}\" was provided the variable \"{shown}\" which was not provided a runtime value."
                )
            }
            Unfit::Inside => format!("Argument \"{name}\" has invalid value {shown}."),
        };
        BadArgument { message, at }
    }

    fn render(&self, values: &Values, out: &mut impl Json) -> Result<(), Unfit> {
        let before = out.mark();
        if !out.is_at_brace() {
            out.push(',');
        }
        out.push_str(&self.key);
        if self.value.render(values, out)? {
            return Ok(());
        }
        match &self.default {
            Some(json) => out.push_str(json),
            None if self.non_null => return Err(Unfit::Missing),
            None => out.undo(before),
        }
        Ok(())
    }
}

/// A name as a JSON key with its colon.
pub(crate) fn json_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 3);
    write_json_string(&mut key, name);
    key.push(':');
    key
}
