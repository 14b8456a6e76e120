//! One call of a module for some of a node's parents.
//!
//! A call that fails as a whole for a reason its size may have to do with is made again as two halves, once, in queries only: what
//! a mutation did before it failed is not known. The number of answers is checked here, and which of them came from which call is
//! kept: what a call is worth is known once its answers are completed.

use super::resolve::{Answers, Invocation, Resolve};
use crate::coercion::values::Values;
use crate::plan::node::Node;
use mayfly_error::{Code, Error};
use std::ops::Range;
use tokio::sync::Semaphore;

/// Bytes of a guest's message that are told, and of its reason: an error stands at every parent of a call, and each may be told.
const MESSAGE_BYTES: usize = 4 << 10;
const REASON_BYTES: usize = 256;

/// What became of the calls for a node's parents.
pub(super) struct Called {
    /// One answer for each parent, or one for a field of a root type.
    pub answers: Answers,
    /// The calls that gave some of them.
    pub answered: Answered,
}

/// The calls that were answered, as ranges of the answers. One that failed as a whole is not among them.
pub(super) enum Answered {
    /// One call gave all of them: what most nodes come to, for which nothing is allocated.
    One,
    /// Each of these.
    Several(Vec<Range<usize>>),
}

impl Called {
    fn one(answers: Answers) -> Self {
        Self {
            answers,
            answered: Answered::One,
        }
    }

    pub(super) fn none(error: &Error, count: usize) -> Self {
        Self {
            answers: (0..count).map(|_| Err(error.clone())).collect(),
            answered: Answered::Several(Vec::new()),
        }
    }

    fn of(attempt: Result<Answers, Error>, count: usize) -> Self {
        match attempt {
            Ok(answers) => Self::one(answers),
            Err(error) => Self::none(&error, count),
        }
    }

    /// The same among parents for which there was no call, which have this error.
    pub(super) fn among(self, is_refused: &[bool], refusal: &Error) -> Self {
        let places: Vec<usize> = (0..is_refused.len())
            .filter(|index| is_refused.get(*index) == Some(&false))
            .collect();
        let calls = match self.answered {
            Answered::One => std::iter::once(0..places.len()).collect(),
            Answered::Several(ranges) => ranges,
        };
        let place = |index: usize| places.get(index).copied().unwrap_or(is_refused.len());
        let moved = |range: Range<usize>| {
            let last = range.end.checked_sub(1).map_or(0, |last| place(last) + 1);
            place(range.start)..last
        };
        let mut answers = self.answers.into_iter();
        let all = is_refused.iter().map(|is_refused| match is_refused {
            true => Err(refusal.clone()),
            false => answers.next().unwrap_or_else(|| Err(refusal.clone())),
        });
        Self {
            answers: all.collect(),
            answered: Answered::Several(calls.into_iter().map(moved).collect()),
        }
    }

    /// Several, whose answers follow one another.
    pub(super) fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut answers = Answers::new();
        let mut calls = Vec::new();
        for part in parts {
            let start = answers.len();
            answers.extend(part.answers);
            match part.answered {
                Answered::One => calls.push(start..answers.len()),
                Answered::Several(ranges) => {
                    let moved = |range: Range<usize>| range.start + start..range.end + start;
                    calls.extend(ranges.into_iter().map(moved));
                }
            }
        }
        Self {
            answers,
            answered: Answered::Several(calls),
        }
    }
}

/// What all calls for one node have in common.
pub(super) struct Calls<'c, R> {
    pub resolver: &'c R,
    /// Calls the operation may have under way.
    pub permits: &'c Semaphore,
    pub node: &'c Node,
    pub values: &'c Values,
    pub argument_bytes: usize,
    pub mutation: bool,
}

impl<R: Resolve> Calls<'_, R> {
    /// Calls the module; the answers are always one for each parent, or one for a field of a root type.
    pub async fn call(&self, parents: Vec<String>) -> Called {
        let expected = parents.len().max(1);
        if self.mutation || parents.len() < 2 {
            return Called::of(self.attempt(parents).await, expected);
        }
        match self.attempt(parents.clone()).await {
            Err(error) if is_worth_halving(&error) => self.halves(parents).await,
            ended => Called::of(ended, expected),
        }
    }

    async fn halves(&self, mut first: Vec<String>) -> Called {
        let second = first.split_off(first.len().div_ceil(2));
        let (first_size, second_size) = (first.len(), second.len());
        let (first, second) =
            futures_util::future::join(self.attempt(first), self.attempt(second)).await;
        Called::joined([
            Called::of(first, first_size),
            Called::of(second, second_size),
        ])
    }

    async fn attempt(&self, parents: Vec<String>) -> Result<Answers, Error> {
        // The permit covers the call alone and never the wait for another node, so holders always come to an end.
        let _permit = self.permits.acquire().await;
        let node = self.node;
        let expected = parents.len().max(1);
        // Only now are the arguments written: a list of a megabyte is not to be held for every call that waits.
        let bytes = self.argument_bytes + parents.iter().map(String::len).sum::<usize>();
        self.resolver.admit(&node.module, bytes)?;
        let invocation = Invocation {
            module: node.module.clone(),
            type_name: node.type_name.clone(),
            field_name: node.field_name.clone(),
            arguments: node
                .arguments
                .render_arguments(self.values, self.argument_bytes),
            parents,
            selection: node.selection.clone(),
            mutation: self.mutation,
        };
        let answers = self.resolver.resolve(invocation).await.map_err(shortened)?;
        if answers.len() == expected {
            return Ok(answers
                .into_iter()
                .map(|answer| answer.map_err(shortened))
                .collect());
        }
        let message = format!(
            "{}.{}: {} answers for {expected} parents",
            node.type_name,
            node.field_name,
            answers.len()
        );
        Err(Error::InvalidOutput {
            module: node.module.to_string(),
            message,
        })
    }
}

/// A guest's error with no more of its texts than are told.
fn shortened(mut error: Error) -> Error {
    if let Error::GuestError {
        reason, message, ..
    } = &mut error
    {
        shorten(reason, REASON_BYTES);
        shorten(message, MESSAGE_BYTES);
    }
    error
}

fn shorten(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
        text.shrink_to_fit();
    }
}

fn is_worth_halving(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::OutOfMemory
            | Code::DeadlineExceeded
            | Code::GuestTrapped
            | Code::BudgetExceeded
            | Code::InvalidOutput
    )
}
