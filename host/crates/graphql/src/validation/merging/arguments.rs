//! Arguments, to be compared often: each is written out once for a document, and told from then on by a number.
//!
//! A field may be compared with hundreds of others, and its arguments may be as long as the document.

use crate::syntax::{Field, Value, ValueKind};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

/// The arguments of a field.
#[derive(Debug, Default)]
pub(super) struct Given<'a> {
    /// By name, and for one name as they stand, the number of the value.
    sorted: Vec<(&'a str, usize)>,
}

impl Given<'_> {
    /// Whether two fields are given the same values, in any order. Of an argument that is given twice the last one is compared.
    pub fn is_same(&self, other: &Self) -> bool {
        if self.sorted == other.sorted {
            return true;
        }
        self.sorted.len() == other.sorted.len()
            && self.sorted.iter().all(|(name, value)| {
                let end = other.sorted.partition_point(|(known, _)| known <= name);
                end.checked_sub(1).and_then(|last| other.sorted.get(last)) == Some(&(*name, *value))
            })
    }
}

/// Gives equal values equal numbers.
#[derive(Default)]
pub(super) struct Normaliser<'a> {
    /// By the value as text, with the fields of objects in order of their names.
    values: HashMap<String, usize>,
    /// By the field's address.
    fields: HashMap<*const Field<'a>, Rc<Given<'a>>>,
    nothing: Rc<Given<'a>>,
}

impl<'a> Normaliser<'a> {
    /// The arguments of a field, normalised once.
    pub fn given(&mut self, field: &Field<'a>) -> Rc<Given<'a>> {
        if field.arguments.is_empty() {
            return self.nothing.clone();
        }
        let address = std::ptr::from_ref(field);
        if let Some(known) = self.fields.get(&address) {
            return known.clone();
        }
        let mut sorted: Vec<_> = field
            .arguments
            .iter()
            .map(|argument| (argument.name.text, self.number(&argument.value)))
            .collect();
        sorted.sort_by_key(|(name, _)| *name);
        let given = Rc::new(Given { sorted });
        self.fields.insert(address, given.clone());
        given
    }

    fn number(&mut self, value: &Value<'a>) -> usize {
        let mut text = String::new();
        write_sorted(value, &mut text);
        let next = self.values.len();
        *self.values.entry(text).or_insert(next)
    }
}

/// Writes a value with the fields of objects in order of their names.
fn write_sorted(value: &Value<'_>, text: &mut String) {
    match &value.kind {
        ValueKind::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|entry| &entry.name);
            text.push('{');
            for entry in entries {
                text.push_str(&entry.name);
                text.push(':');
                write_sorted(&entry.value, text);
                text.push(',');
            }
            text.push('}');
        }
        ValueKind::List(items) => {
            text.push('[');
            for item in items {
                write_sorted(item, text);
                text.push(',');
            }
            text.push(']');
        }
        // Writing to a text cannot fail.
        _ => drop(write!(text, "{value}")),
    }
}

#[cfg(test)]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
mod tests {
    use super::*;
    use crate::syntax::lexer::Bounds;
    use crate::syntax::{Selection, parser};
    use mayfly_config::Limits;

    fn is_same(left: &str, right: &str) -> bool {
        let source = format!("{{ a({left}) a({right}) }}");
        let document =
            parser::parse(&source, Bounds::from(&Limits::default())).expect("a document");
        let mut normaliser = Normaliser::default();
        let given: Vec<_> = document.operations[0]
            .selection
            .items
            .iter()
            .map(|item| match item {
                Selection::Field(field) => normaliser.given(field),
                _ => panic!("a field"),
            })
            .collect();
        given[0].is_same(&given[1])
    }

    #[test]
    fn arguments_are_the_same_in_any_order_and_nothing_else_is() {
        for (left, right) in [
            (
                "x: 1, y: {a: [1, 2], b: null}",
                "y: {b: null, a: [1, 2]}, x: 1",
            ),
            ("x: \"\\u0041\"", "x: \"A\""),
            ("x: $v", "x: $v"),
            ("x: 1, x: 2", "x: 1, x: 2"),
        ] {
            assert!(is_same(left, right), "{left} and {right}");
        }
        for (left, right) in [
            ("x: 1", "x: 1, y: 1"),
            ("x: 1", "y: 1"),
            ("x: 1", "x: 1.0"),
            ("x: A", "x: \"A\""),
            ("x: [1, 2]", "x: [2, 1]"),
            ("x: [[1], 2]", "x: [[1, 2]]"),
            ("x: $v", "x: $w"),
        ] {
            assert!(!is_same(left, right), "{left} and {right}");
        }
    }
}
