//! Writes a text with its values.

use tiberius::ColumnData;

use super::{Element, In, Piece};
use crate::sql::sqlserver::filled::{Bound, Filled, MAX_VALUES, Parameter};
use crate::sql::sqlserver::values::{cast, null_text, null_value};

/// The text and the values to send. `values` are in the order of the declaration.
pub(super) fn fill(pieces: &[Piece], parameters: &[Parameter], values: &[Bound]) -> Filled {
    let mut writer = Writer {
        sizes: sizes(parameters, values),
        places: vec![None; parameters.len()],
        filled: Filled {
            text: String::new(),
            values: Vec::new(),
        },
        parameters,
        values,
    };
    writer.pieces(pieces);
    writer.filled
}

/// How many values are sent for each list: the next power of two, as far as there is room for what repeats.
fn sizes(parameters: &[Parameter], values: &[Bound]) -> Vec<usize> {
    let count = |(parameter, value): (&Parameter, &Bound)| match value {
        Bound::List(list) => list.len(),
        Bound::Value(_) => 1,
        Bound::Null => usize::from(null_value(parameter.sql_type).is_some()),
    };
    let counts: Vec<usize> = parameters.iter().zip(values).map(count).collect();
    let mut room = MAX_VALUES.saturating_sub(counts.iter().sum());
    let pad = |(count, value): (usize, &Bound)| match value {
        Bound::List(list) if !list.is_empty() => {
            let padding = (count.next_power_of_two() - count).min(room);
            room -= padding;
            count + padding
        }
        _ => count,
    };
    counts.into_iter().zip(values).map(pad).collect()
}

/// Writes a text with its values.
struct Writer<'a> {
    parameters: &'a [Parameter],
    values: &'a [Bound],
    sizes: Vec<usize>,
    /// The first placeholder of each parameter that was used, and how many there are.
    places: Vec<Option<(usize, usize)>>,
    filled: Filled,
}

impl Writer<'_> {
    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text(text),
                Piece::Scalar(index) => self.parameter(*index),
                Piece::In(condition) => self.condition(condition),
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.filled.text.push_str(text);
    }

    fn condition(&mut self, condition: &In) {
        let is_empty = |element: &&Element| {
            matches!(element, Element::List(index)
                if matches!(self.values.get(*index), Some(Bound::List(list)) if list.is_empty()))
        };
        let left: Vec<&Element> = condition
            .elements
            .iter()
            .filter(|element| !is_empty(element))
            .collect();
        if left.is_empty() {
            // Always false, or always true, and still a condition over the operand.
            self.text("(");
            self.pieces(&condition.operand);
            self.text(if condition.negated {
                " IS NULL OR "
            } else {
                " IS NULL AND "
            });
            self.pieces(&condition.operand);
            return self.text(" IS NOT NULL)");
        }
        self.pieces(&condition.operand);
        self.text(&condition.opening);
        for (position, element) in left.into_iter().enumerate() {
            self.text(if position > 0 { ", " } else { "" });
            match element {
                Element::List(index) => self.parameter(*index),
                Element::Other(pieces) => self.pieces(pieces),
            }
        }
        self.text(")");
    }

    fn parameter(&mut self, index: usize) {
        let (Some(parameter), Some(value), Some(size)) = (
            self.parameters.get(index),
            self.values.get(index),
            self.sizes.get(index),
        ) else {
            return;
        };
        let Some(sent) = to_send(parameter, value, *size) else {
            // NULL goes into the text for types the driver cannot send a typed NULL of.
            return self.text(&null_text(parameter.sql_type));
        };
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        let (first, count) = *place.get_or_insert_with(|| {
            let first = self.filled.values.len() + 1;
            let count = sent.len();
            self.filled.values.extend(sent);
            (first, count)
        });
        for offset in 0..count {
            if offset > 0 {
                self.text(", ");
            }
            let placeholder = format!("@P{}", first + offset);
            self.text(&cast(parameter.sql_type, &placeholder));
        }
    }
}

/// What goes over the wire for a parameter, `size` values for a list; none where NULL is written into the text.
fn to_send(parameter: &Parameter, value: &Bound, size: usize) -> Option<Vec<ColumnData<'static>>> {
    match value {
        Bound::Value(value) => Some(vec![value.clone()]),
        Bound::Null => null_value(parameter.sql_type).map(|null| vec![null]),
        Bound::List(values) => {
            let last = values.last()?;
            let padding = std::iter::repeat_n(last, size.saturating_sub(values.len()));
            Some(values.iter().chain(padding).cloned().collect())
        }
    }
}
