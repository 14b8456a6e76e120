//! The message about fields that cannot be merged. A message must not grow with the square of the document, so there are bounds.

use crate::excerpt::Excerpt;
use crate::response::Position;

/// Bytes of a reason that are told.
const MAX_TEXT: usize = 1_000;

/// Places told of each side.
const MAX_PLACES: usize = 20;

/// Why two fields with one key conflict, and where they are, each with the subfields that do.
pub(super) struct Conflict {
    key: String,
    reason: String,
    left: Vec<Position>,
    right: Vec<Position>,
}

impl Conflict {
    /// One between two fields themselves.
    pub fn new(key: &str, reason: String, left: Position, right: Position) -> Self {
        Self {
            key: Excerpt(key).to_string(),
            reason,
            left: vec![left],
            right: vec![right],
        }
    }

    /// One between two fields for what is below them, if anything is.
    pub fn around(
        key: &str,
        left: Position,
        right: Position,
        below: Vec<Conflict>,
    ) -> Option<Self> {
        if below.is_empty() {
            return None;
        }
        let mut reason = String::new();
        for conflict in &below {
            let and = if reason.is_empty() { "" } else { " and " };
            reason.push_str(&format!(
                "{and}subfields \"{}\" conflict because {}",
                conflict.key, conflict.reason
            ));
            if reason.len() > MAX_TEXT {
                break;
            }
        }
        let left = places(left, below.iter().map(|conflict| conflict.left.as_slice()));
        let right = places(
            right,
            below.iter().map(|conflict| conflict.right.as_slice()),
        );
        Some(Self {
            key: Excerpt(key).to_string(),
            reason: shortened(&reason),
            left,
            right,
        })
    }

    /// Its message and places.
    pub fn told(self) -> (String, Vec<Position>) {
        let message = format!(
            "Fields \"{}\" conflict because {}. Use different aliases on the fields to fetch both if this was intentional.",
            self.key, self.reason
        );
        (message, [self.left, self.right].concat())
    }
}

/// A field and what conflicts below it; of too many, the innermost.
fn places<'c>(field: Position, below: impl Iterator<Item = &'c [Position]>) -> Vec<Position> {
    let mut places = vec![field];
    for more in below {
        let kept = more.len().saturating_sub(MAX_PLACES - places.len());
        places.extend_from_slice(more.get(kept..).unwrap_or_default());
        if places.len() >= MAX_PLACES {
            break;
        }
    }
    places
}

fn shortened(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let start = text.get(..text.floor_char_boundary(MAX_TEXT));
    format!("{}…", start.unwrap_or_default())
}
