//! One call of a module for some of a node's parents.
//!
//! A call that fails as a whole for a reason its size may have to do with is made again as two halves, once, in queries only: what
//! a mutation did before it failed is not known. The number of answers is checked here.

use super::resolve::{Answers, Invocation, Resolve};
use crate::coercion::values::Values;
use crate::plan::node::Node;
use mayfly_error::{Code, Error};
use tokio::sync::Semaphore;

/// Bytes of a guest's message that are told, and of its reason: an error stands at every parent of a call, and each may be told.
const MESSAGE_BYTES: usize = 4 << 10;
const REASON_BYTES: usize = 256;

/// What all calls for one node have in common.
pub(super) struct Calls<'c, R> {
    pub resolver: &'c R,
    /// Calls the operation may have under way.
    pub permits: &'c Semaphore,
    pub node: &'c Node,
    pub values: &'c Values,
    /// The bytes of the arguments.
    pub argument_bytes: usize,
    pub mutation: bool,
}

impl<R: Resolve> Calls<'_, R> {
    /// Calls the module; the answers are always one for each parent, or one for a field of a root type.
    pub async fn call(&self, parents: Vec<String>) -> Answers {
        let expected = parents.len().max(1);
        if self.mutation || parents.len() < 2 {
            return self
                .attempt(parents)
                .await
                .unwrap_or_else(|error| spread(&error, expected));
        }
        match self.attempt(parents.clone()).await {
            Ok(answers) => answers,
            Err(error) if is_worth_halving(&error) => self.halves(parents).await,
            Err(error) => spread(&error, expected),
        }
    }

    async fn halves(&self, mut first: Vec<String>) -> Answers {
        let second = first.split_off(first.len().div_ceil(2));
        let (first_size, second_size) = (first.len(), second.len());
        let (first, second) =
            futures_util::future::join(self.attempt(first), self.attempt(second)).await;
        let mut answers = first.unwrap_or_else(|error| spread(&error, first_size));
        answers.extend(second.unwrap_or_else(|error| spread(&error, second_size)));
        answers
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

fn spread(error: &Error, count: usize) -> Answers {
    (0..count).map(|_| Err(error.clone())).collect()
}
