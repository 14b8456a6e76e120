//! The size of a document with every fragment written out, computed without writing one out.
//!
//! Thirty fragments that each spread the next one twice stand for a billion fields in a kilobyte of text, and a thousand that each
//! spread the next one once are a thousand levels of recursion. Each fragment is measured once, whatever spreads it, with sums that
//! saturate and at a bounded depth. Documents whose fragments spread themselves are refused here, so that nothing after the guard
//! can meet a cycle or a deeper recursion than was measured.

use crate::excerpt::Excerpt;
use crate::response::{Position, RequestError};
use crate::syntax::{Directive, Document, Operation, Selection, SelectionSet, Spread};
use mayfly_config::Limits;
use mayfly_error::Error;
use std::collections::HashMap;

/// Selection sets inside one another with fragments written out, as a multiple of the brackets inside one another in the text:
/// a document within the limit of depth stays below it unless it wraps its fields in fragments again and again.
const LEVELS_PER_NESTING: usize = 2;

/// Fragments on the way of one back to itself that a message names, at most.
const VIA_SHOWN: usize = 8;

/// Refuses a document that is too large in any way that can be told without a schema.
pub(crate) fn check(document: &Document<'_>, limits: &Limits) -> Result<(), RequestError> {
    let max_levels = limits.nesting.saturating_mul(LEVELS_PER_NESTING);
    let mut measurer = Measurer {
        document,
        fragments: HashMap::new(),
        spreading: Vec::new(),
        level: 0,
        max_levels,
        aliases: 0,
        directives: 0,
        refusal: None,
    };
    for operation in &document.operations {
        measurer.operation(operation, limits);
    }
    for (index, fragment) in document.fragments.iter().enumerate() {
        let is_meant = document.by_name.get(fragment.name.text) == Some(&index);
        // One of several with the same name is spread by nothing.
        let size = if is_meant {
            measurer.fragment(fragment.name.text, fragment.at)
        } else {
            measurer.set(&fragment.selection)
        };
        measurer.directives += fragment.directives.len();
        // Validation looks into fragments nothing spreads, too.
        measurer.bound_size(size, limits, "fragment", fragment.at);
    }
    let at = document
        .operations
        .first()
        .map(|operation| operation.at)
        .unwrap_or_default();
    if measurer.aliases > limits.aliases {
        let what = format!("document has {} aliases,", measurer.aliases);
        measurer.refuse(limit(what, limits.aliases, "aliases", at));
    }
    if measurer.directives > limits.directives {
        let what = format!("document has {} directives,", measurer.directives);
        measurer.refuse(limit(what, limits.directives, "directives", at));
    }
    measurer.refusal.map_or(Ok(()), Err)
}

/// What a selection set stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Fields at every level.
    fields: usize,
    /// Fields at the first level.
    here: usize,
    /// Fields inside one another.
    depth: usize,
    /// Selection sets inside one another.
    levels: usize,
}

struct Measurer<'d, 'a> {
    document: &'d Document<'a>,
    /// The fragments measured so far; none for those under way.
    fragments: HashMap<&'a str, Option<Size>>,
    /// The fragments under way and where each is spread, outermost first.
    spreading: Vec<(&'a str, Position)>,
    level: usize,
    max_levels: usize,
    aliases: usize,
    directives: usize,
    /// The first reason to refuse the document.
    refusal: Option<RequestError>,
}

impl<'a> Measurer<'_, 'a> {
    fn operation(&mut self, operation: &Operation<'a>, limits: &Limits) {
        self.directives += operation.directives.len();
        self.directives += operation
            .variables
            .iter()
            .map(|variable| variable.directives.len())
            .sum::<usize>();
        let size = self.set(&operation.selection);
        let kind = operation.kind.as_str();
        self.bound_size(size, limits, kind, operation.at);
        self.bound(
            size.here,
            limits.root_fields,
            "root_fields",
            operation.at,
            || format!("{kind} has {} root fields,", count(size.here)),
        );
    }

    fn bound_size(&mut self, size: Size, limits: &Limits, owner: &str, at: Position) {
        let levels = || format!("{owner} nests selections {} deep,", count(size.levels));
        self.bound(size.levels, self.max_levels, "nesting", at, levels);
        self.bound(size.fields, limits.expansion, "expansion", at, || {
            format!("{owner} selects {} fields,", count(size.fields))
        });
        self.bound(size.depth, limits.depth, "depth", at, || {
            format!("{owner} is {} fields deep,", size.depth)
        });
    }

    fn bound(
        &mut self,
        found: usize,
        allowed: usize,
        setting: &'static str,
        at: Position,
        what: impl FnOnce() -> String,
    ) {
        if found > allowed {
            self.refuse(limit(what(), allowed, setting, at));
        }
    }

    fn refuse(&mut self, error: RequestError) {
        self.refusal.get_or_insert(error);
    }

    fn set(&mut self, set: &SelectionSet<'a>) -> Size {
        let mut size = Size::default();
        if self.level >= self.max_levels {
            return Size {
                levels: usize::MAX,
                ..size
            };
        }
        self.level += 1;
        for item in &set.items {
            let part = self.item(item);
            size.fields = size.fields.saturating_add(part.fields);
            size.here = size.here.saturating_add(part.here);
            size.depth = size.depth.max(part.depth);
            size.levels = size.levels.max(part.levels);
        }
        self.level -= 1;
        size.levels = size.levels.saturating_add(1);
        size
    }

    fn item(&mut self, item: &Selection<'a>) -> Size {
        match item {
            Selection::Field(field) => {
                self.count_directives(&field.directives);
                self.aliases += usize::from(field.alias.is_some());
                let inner = field
                    .selection
                    .as_ref()
                    .map(|set| self.set(set))
                    .unwrap_or_default();
                Size {
                    fields: inner.fields.saturating_add(1),
                    here: 1,
                    depth: inner.depth.saturating_add(1),
                    levels: inner.levels,
                }
            }
            Selection::Inline(inline) => {
                self.count_directives(&inline.directives);
                self.set(&inline.selection)
            }
            Selection::Spread(spread) => {
                self.count_directives(&spread.directives);
                if self
                    .spreading
                    .iter()
                    .any(|(name, _)| *name == spread.name.text)
                {
                    self.refuse_cycle(spread);
                }
                self.fragment(spread.name.text, spread.at)
            }
        }
    }

    fn fragment(&mut self, name: &'a str, at: Position) -> Size {
        if let Some(known) = self.fragments.get(name) {
            return known.unwrap_or_default();
        }
        let document = self.document;
        // A spread of nothing still has to be looked at, and counts.
        let Some(fragment) = document.fragment(name) else {
            return Size {
                fields: 1,
                ..Size::default()
            };
        };
        self.fragments.insert(name, None);
        self.spreading.push((name, at));
        let size = self.set(&fragment.selection);
        self.spreading.pop();
        self.fragments.insert(name, Some(size));
        size
    }

    fn refuse_cycle(&mut self, spread: &Spread<'a>) {
        if self.refusal.is_some() {
            return;
        }
        let name = spread.name.text;
        let inner = self
            .spreading
            .iter()
            .skip_while(|(outer, _)| *outer != name)
            .skip(1);
        let locations: Vec<Position> = inner
            .clone()
            .map(|(_, at)| *at)
            .chain([spread.at])
            .collect();
        let via: Vec<String> = inner
            .map(|(inner, _)| format!("\"{}\"", Excerpt(inner)))
            .collect();
        let via = match via.split_at_checked(VIA_SHOWN) {
            _ if via.is_empty() => String::new(),
            Some((shown, rest)) if !rest.is_empty() => {
                format!(" via {} and {} more", shown.join(", "), rest.len())
            }
            _ => format!(" via {}", via.join(", ")),
        };
        let name = Excerpt(name);
        let message = format!("Cannot spread fragment \"{name}\" within itself{via}.");
        self.refuse(RequestError {
            error: Error::ValidationFailed(message),
            locations,
        });
    }

    fn count_directives(&mut self, directives: &[Directive<'a>]) {
        self.directives += directives.len();
    }
}

fn count(found: usize) -> String {
    if found == usize::MAX {
        "countless".to_owned()
    } else {
        found.to_string()
    }
}

/// A document over a limit.
fn limit(what: String, limit: usize, setting: &'static str, at: Position) -> RequestError {
    let error = Error::LimitExceeded {
        what,
        limit: limit as u64,
        setting,
    };
    RequestError::new(error, at)
}
