//! Completed nodes to one response: what is null because of what is below it, which errors are reported, and the bytes in order.
//!
//! An error where null may not be makes null of the nearest value around it that may be. When several do that to the same value,
//! the first in the order of the response is told and the others are not, for the value has one reason to be null. Nor are errors
//! told of what is inside such a value and comes after that reason, later in the response or in a node further down: the reference
//! implementation is done by then.

use super::resolve::Resolve;
use crate::completion::{CompletedAnswer, Completion, ErrorId, FieldError, Range, Tally};
use crate::plan::path::Step;
use crate::response::{PathStep, Position, write_error};
use mayfly_error::Error;
use std::cmp::Ordering;
use std::collections::HashSet;

/// A completed node and the nodes below it.
#[derive(Default)]
pub(super) struct Tree<'p> {
    pub completion: Completion<'p>,
    /// The nodes below; none for one that was not run.
    pub children: Vec<Option<Tree<'p>>>,
    /// By hole: the child, and which of its answers.
    pub places: Vec<(usize, usize)>,
    /// The ranges that have become null, outer ones first.
    pub nulled: Vec<Nulled>,
}

/// A range of bytes that has become null, and the error that did it.
pub(super) struct Nulled {
    start: usize,
    end: usize,
    cause: ErrorId,
}

/// An error, and the one that made null of a value around it, if one did.
struct Found<'p> {
    error: FieldError<'p>,
    cause: Option<ErrorId>,
}

/// Looks for the outermost nulled range around places that come in order.
struct Outermost<'n> {
    ranges: std::slice::Iter<'n, Nulled>,
    current: Option<&'n Nulled>,
}

impl Outermost<'_> {
    fn around(&mut self, at: usize) -> Option<ErrorId> {
        while self.current.is_none_or(|range| range.end <= at) {
            self.current = Some(self.ranges.next()?);
        }
        self.current
            .filter(|range| range.start <= at)
            .map(|range| range.cause)
    }
}

impl<'p> Tree<'p> {
    /// The response of an operation with one root field whose answer is complete: the answer's own bytes, which begin as the
    /// response does.
    fn only_answer(&mut self) -> Option<Vec<u8>> {
        let ([hole], [Some(child)]) = (
            self.completion.holes.as_slice(),
            self.children.as_mut_slice(),
        ) else {
            return None;
        };
        let Completion {
            bytes,
            answers,
            holes,
            errors,
            ..
        } = &mut child.completion;
        let [answer] = answers.as_slice() else {
            return None;
        };
        let stands_there = answer.start == hole.at && answer.end == bytes.len();
        if !stands_there || !errors.is_empty() || !holes.is_empty() {
            return None;
        }
        let end = self.completion.bytes.get(hole.at..)?;
        let mut whole = std::mem::take(bytes);
        whole.extend_from_slice(end);
        Some(whole)
    }

    /// The bytes of all nodes: the response is not larger, but for nulls in place of answers.
    fn bytes(&self) -> usize {
        self.completion.bytes.len()
            + self
                .children
                .iter()
                .flatten()
                .map(Tree::bytes)
                .sum::<usize>()
    }

    /// Whether the only answer of a root field is null although it may not be.
    pub fn is_null(&mut self) -> bool {
        self.settle(&mut HashSet::new());
        self.completion
            .answers
            .first()
            .is_some_and(|answer| answer.nulled_by.is_some())
    }

    /// The error with this id of which there was no room to tell; when it is not the one that a node remembers, the first that any
    /// node does: it was found when there was no room for more, too.
    fn untold(&mut self, cause: ErrorId) -> Option<FieldError<'p>> {
        let mut found = None;
        self.find_untold(cause, &mut found);
        found
    }

    fn find_untold(&mut self, cause: ErrorId, found: &mut Option<FieldError<'p>>) {
        if found.as_ref().is_some_and(|error| error.id == cause) {
            return;
        }
        if let Some(untold) = &self.completion.untold
            && (found.is_none() || untold.id == cause)
        {
            *found = self.completion.untold.take().map(|error| *error);
        }
        for child in self.children.iter_mut().flatten() {
            child.find_untold(cause, found);
        }
    }

    /// Carries nulls from below to the values they make null; `silent` collects errors that would do so to a value another one
    /// has done it to.
    fn settle(&mut self, silent: &mut HashSet<ErrorId>) {
        for child in self.children.iter_mut().flatten() {
            child.settle(silent);
        }
        let Completion {
            answers,
            holes,
            ranges,
            ..
        } = &mut self.completion;
        for answer in answers {
            let span = answer.first_hole..answer.end_hole;
            let places = self.places.get(span.clone()).unwrap_or_default();
            for ((child, index), hole) in places.iter().zip(holes.get(span).unwrap_or_default()) {
                let below = self.children.get(*child).and_then(Option::as_ref);
                let cause = below
                    .and_then(|below| below.completion.answers.get(*index))
                    .and_then(|below| below.nulled_by);
                let Some(cause) = cause.filter(|_| !hole.nullable) else {
                    continue;
                };
                let nulled_by = match hole.anchor.and_then(|anchor| ranges.get_mut(anchor)) {
                    Some(range) => &mut range.nulled_by,
                    None => &mut answer.nulled_by,
                };
                if *nulled_by.get_or_insert(cause) != cause {
                    silent.insert(cause);
                }
            }
        }
        let nulled = |range: &Range| {
            Some(Nulled {
                start: range.start,
                end: range.end,
                cause: range.nulled_by?,
            })
        };
        self.nulled = ranges.iter().filter_map(nulled).collect();
        self.nulled
            .sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    }

    /// Takes out the errors, but for those of nodes that are deeper than the one whose error made null of a value around them.
    /// `causes` says which error that is, by answer.
    fn gather(&mut self, causes: &[Option<ErrorId>], errors: &mut Vec<Found<'p>>) {
        let cause_of = |answer: usize| causes.get(answer).copied().flatten();
        let found = std::mem::take(&mut self.completion.errors).into_iter();
        let found = found.map(|error| Found {
            cause: cause_of(error.answer),
            error,
        });
        errors.extend(found.filter(|found| {
            found
                .cause
                .is_none_or(|cause| found.error.id.level <= cause.level)
        }));
        if self.children.is_empty() {
            return;
        }
        let sizes = self.children.iter().map(|child| {
            child
                .as_ref()
                .map_or(0, |child| child.completion.answers.len())
        });
        let mut below: Vec<Vec<Option<ErrorId>>> =
            sizes.map(|answers| vec![None; answers]).collect();
        let mut nulled = Outermost {
            ranges: self.nulled.iter(),
            current: None,
        };
        for (index, answer) in self.completion.answers.iter().enumerate() {
            let around = cause_of(index).or(answer.nulled_by);
            let span = answer.first_hole..answer.end_hole;
            let holes = self.completion.holes.get(span.clone()).unwrap_or_default();
            for (hole, (child, index)) in
                holes.iter().zip(self.places.get(span).unwrap_or_default())
            {
                let inside = nulled.around(hole.at);
                if let Some(cause) = below
                    .get_mut(*child)
                    .and_then(|causes| causes.get_mut(*index))
                {
                    *cause = around.or(inside);
                }
            }
        }
        for (child, causes) in self.children.iter_mut().zip(&below) {
            if let Some(child) = child {
                child.gather(causes, errors);
            }
        }
    }
}

/// Writes the response, and reports its errors.
pub(super) fn respond<R: Resolve>(mut tree: Tree<'_>, resolver: &R, tally: &Tally<'_>) -> Vec<u8> {
    if tally.is_faultless()
        && let Some(whole) = tree.only_answer()
    {
        return whole;
    }
    let errors = errors_to_tell(&mut tree);
    let mut head = String::from("{");
    write_errors(&errors, tally.untold(), resolver, &mut head);
    head.push_str("\"data\":");
    let mut out = head.into_bytes();
    out.reserve(tree.bytes() + 1);
    match tree.completion.answers.first() {
        Some(answer) if answer.nulled_by.is_none() => write_answer(&tree, answer, &mut out),
        _ => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
    out
}

/// The errors of the response, in its order. When the whole answer is null, the one that did it is among them.
fn errors_to_tell<'p>(tree: &mut Tree<'p>) -> Vec<FieldError<'p>> {
    let mut silent = HashSet::new();
    tree.settle(&mut silent);
    let cause = tree
        .completion
        .answers
        .first()
        .and_then(|answer| answer.nulled_by);
    let mut errors = Vec::new();
    tree.gather(&[], &mut errors);
    if let Some(id) = cause.filter(|id| errors.iter().all(|found| found.error.id != *id)) {
        errors.extend(tree.untold(id).map(|error| Found { error, cause }));
    }
    errors.retain(|found| !silent.contains(&found.error.id));
    errors.sort_by(|left, right| in_response_order(&left.error.path, &right.error.path));
    // What is selected and needed is read twice, and its error told once.
    let mut told = HashSet::new();
    errors.retain(|found| told.insert(place(&found.error.path)));
    let mut passed = HashSet::new();
    errors.retain(|Found { error, cause }| {
        passed.insert(error.id);
        cause.is_none_or(|cause| {
            cause == error.id || error.id.level < cause.level || !passed.contains(&cause)
        })
    });
    errors.into_iter().map(|found| found.error).collect()
}

/// A path to be compared: a field that is needed is not the one that is selected, but has its key.
fn place<'p>(path: &[Step<'p>]) -> Vec<(&'p str, usize)> {
    let step = |step: &Step<'p>| match *step {
        Step::Key(field) => (&*field.key, 0),
        Step::Index(index) => ("", index),
    };
    path.iter().map(step).collect()
}

/// Writes the errors, and that this many others are not reported.
fn write_errors<R: Resolve>(
    errors: &[FieldError<'_>],
    untold: usize,
    resolver: &R,
    head: &mut String,
) {
    if errors.is_empty() && untold == 0 {
        return;
    }
    head.push_str("\"errors\":[");
    for (index, error) in errors.iter().enumerate() {
        if index > 0 {
            head.push(',');
        }
        let path: Vec<PathStep> = error.path.iter().map(path_step).collect();
        resolver.report(
            &error.error,
            &error.module,
            error.type_name,
            error.field_name,
            &path,
        );
        let locations = error
            .at
            .as_ref()
            .map_or_else(|| locations(&error.path), std::slice::from_ref);
        write_error(
            head,
            &error.error,
            locations,
            Some(&path),
            resolver.disclosure(),
        );
    }
    if untold > 0 {
        if !errors.is_empty() {
            head.push(',');
        }
        let error = Error::ErrorsNotTold { count: untold };
        write_error(head, &error, &[], None, resolver.disclosure());
    }
    head.push_str("],");
}

fn path_step(step: &Step<'_>) -> PathStep {
    match step {
        Step::Key(field) => PathStep::Key(field.key.to_string()),
        Step::Index(index) => PathStep::Index(*index),
    }
}

/// Where the document selects the innermost field of the path that it does select.
fn locations<'p>(path: &[Step<'p>]) -> &'p [Position] {
    let found = path.iter().rev().find_map(|step| match step {
        Step::Key(field) if !field.locations.is_empty() => Some(&*field.locations),
        _ => None,
    });
    found.unwrap_or_default()
}

fn in_response_order(left: &[Step<'_>], right: &[Step<'_>]) -> Ordering {
    let rank = |step: &Step<'_>| match step {
        Step::Key(field) => field.order,
        Step::Index(index) => *index,
    };
    left.iter().map(rank).cmp(right.iter().map(rank))
}

/// Writes an answer with its holes filled and its nulled values null.
fn write_answer(tree: &Tree<'_>, answer: &CompletedAnswer, out: &mut Vec<u8>) {
    let completion = &tree.completion;
    let first = tree
        .nulled
        .partition_point(|range| range.start < answer.start);
    let mut nulled = tree
        .nulled
        .get(first..)
        .unwrap_or_default()
        .iter()
        .peekable();
    let mut at = answer.start;
    let mut copy_to = |at: &mut usize, end: usize, out: &mut Vec<u8>| {
        while let Some(Nulled {
            start, end: stop, ..
        }) = nulled.next_if(|range| range.start < end)
        {
            // A range inside one that is null already is behind us.
            if start >= at {
                out.extend_from_slice(completion.bytes.get(*at..*start).unwrap_or_default());
                out.extend_from_slice(b"null");
                *at = *stop;
            }
        }
        if end > *at {
            out.extend_from_slice(completion.bytes.get(*at..end).unwrap_or_default());
            *at = end;
        }
    };
    let span = answer.first_hole..answer.end_hole;
    let holes = completion.holes.get(span.clone()).unwrap_or_default();
    for (hole, (child, index)) in holes.iter().zip(tree.places.get(span).unwrap_or_default()) {
        copy_to(&mut at, hole.at, out);
        if at > hole.at {
            continue;
        }
        let child = tree.children.get(*child).and_then(Option::as_ref);
        let below = child.and_then(|child| {
            child
                .completion
                .answers
                .get(*index)
                .map(|answer| (child, answer))
        });
        match below {
            Some((child, answer)) if answer.nulled_by.is_none() => write_answer(child, answer, out),
            _ => out.extend_from_slice(b"null"),
        }
    }
    copy_to(&mut at, answer.end, out);
}
