//! One call of a module for some of a node's parents.
//!
//! A call that fails as a whole for a reason its size may have to do with is made again as two halves, once, in queries only: what
//! a mutation did before it failed is not known. The number of answers is checked here.

use super::resolve::{Answers, Invocation, Resolve};
use mayfly_error::{Code, Error};
use tokio::sync::Semaphore;

/// Calls the module; the answers are always one for each parent, or one for a field of a root type.
pub(super) async fn call<R: Resolve>(
    resolver: &R,
    permits: &Semaphore,
    invocation: Invocation,
) -> Answers {
    let expected = invocation.parents.len().max(1);
    if invocation.mutation || invocation.parents.len() < 2 {
        return attempt(resolver, permits, invocation)
            .await
            .unwrap_or_else(|error| spread(&error, expected));
    }
    match attempt(resolver, permits, invocation.clone()).await {
        Ok(answers) => answers,
        Err(error) if is_worth_halving(&error) => halves(resolver, permits, invocation).await,
        Err(error) => spread(&error, expected),
    }
}

async fn halves<R: Resolve>(resolver: &R, permits: &Semaphore, mut first: Invocation) -> Answers {
    let parents = first.parents.split_off(first.parents.len().div_ceil(2));
    let second = Invocation {
        parents,
        ..first.clone()
    };
    let (first_size, second_size) = (first.parents.len(), second.parents.len());
    let (first, second) = futures_util::future::join(
        attempt(resolver, permits, first),
        attempt(resolver, permits, second),
    )
    .await;
    let mut answers = first.unwrap_or_else(|error| spread(&error, first_size));
    answers.extend(second.unwrap_or_else(|error| spread(&error, second_size)));
    answers
}

async fn attempt<R: Resolve>(
    resolver: &R,
    permits: &Semaphore,
    invocation: Invocation,
) -> Result<Answers, Error> {
    // The permit covers the call alone and never the wait for another node, so holders always come to an end.
    let _permit = permits.acquire().await;
    let expected = invocation.parents.len().max(1);
    let module = invocation.module.clone();
    let (type_name, field_name) = (invocation.type_name.clone(), invocation.field_name.clone());
    let answers = resolver.resolve(invocation).await?;
    if answers.len() == expected {
        return Ok(answers);
    }
    let message = format!(
        "{type_name}.{field_name}: {} answers for {expected} parents",
        answers.len()
    );
    Err(Error::InvalidOutput {
        module: module.to_string(),
        message,
    })
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
