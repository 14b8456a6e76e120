//! Several futures at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs two futures at the same time and gives both outputs.
///
/// ```
/// # use mayfly_guest::{block_on, join};
/// assert_eq!(block_on(join(async { 1 }, async { "two" })), (1, "two"));
/// ```
pub async fn join<A: IntoFuture, B: IntoFuture>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (Running::new(first), Running::new(second));
    poll_fn(|context| {
        let ended = first.advance(context) & second.advance(context);
        if ended {
            first
                .output
                .take()
                .zip(second.output.take())
                .map_or(Poll::Pending, Poll::Ready)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Runs two futures at the same time and gives both values, or the first error as soon as there is one; the other is then dropped.
///
/// ```
/// # use mayfly_guest::{Error, Result, block_on, try_join};
/// let failing = async { Err::<(), Error>(Error::new("NO", "no")) };
/// assert!(block_on(try_join(async { Result::Ok(1) }, failing)).is_err());
/// ```
pub async fn try_join<A, B, T, U, E>(first: A, second: B) -> Result<(T, U), E>
where
    A: IntoFuture<Output = Result<T, E>>,
    B: IntoFuture<Output = Result<U, E>>,
{
    let (mut first, mut second) = (Running::new(first), Running::new(second));
    poll_fn(|context| {
        let ended = first.advance(context) & second.advance(context);
        if let Some(Err(error)) = first.output.take_if(|output| output.is_err()) {
            return Poll::Ready(Err(error));
        }
        if let Some(Err(error)) = second.output.take_if(|output| output.is_err()) {
            return Poll::Ready(Err(error));
        }
        match (ended, first.output.take(), second.output.take()) {
            (true, Some(Ok(first)), Some(Ok(second))) => Poll::Ready(Ok((first, second))),
            (_, first_output, second_output) => {
                (first.output, second.output) = (first_output, second_output);
                Poll::Pending
            }
        }
    })
    .await
}

/// Runs futures at the same time and gives their outputs, in their order.
///
/// ```
/// # use mayfly_guest::{block_on, join_all};
/// assert_eq!(block_on(join_all([1, 2].map(|number| async move { number * 10 }))), [10, 20]);
/// ```
pub async fn join_all<I>(futures: I) -> Vec<<I::Item as IntoFuture>::Output>
where
    I: IntoIterator,
    I::Item: IntoFuture,
{
    let mut running: Vec<_> = futures.into_iter().map(Running::new).collect();
    poll_fn(|context| {
        let mut ended = true;
        for future in &mut running {
            ended &= future.advance(context);
        }
        if ended {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    running
        .into_iter()
        .filter_map(|future| future.output)
        .collect()
}

/// A future, and its output once it has ended.
struct Running<F: Future> {
    /// In a box, so that this type can be moved and no unsafe projection is needed; `None` once it has ended.
    future: Option<Pin<Box<F>>>,
    output: Option<F::Output>,
}

impl<F: Future> Running<F> {
    fn new(future: impl IntoFuture<IntoFuture = F, Output = F::Output>) -> Self {
        Self {
            future: Some(Box::pin(future.into_future())),
            output: None,
        }
    }

    /// Goes on with the future, and tells whether it has ended.
    fn advance(&mut self, context: &mut Context<'_>) -> bool {
        let Some(future) = &mut self.future else {
            return true;
        };
        let Poll::Ready(output) = future.as_mut().poll(context) else {
            return false;
        };
        self.output = Some(output);
        self.future = None;
        true
    }
}
