//! Runs a resolver's future over the host's pending calls.
//!
//! There is one thread and one invocation, so there are no wakers and no queue: a call that is polled before its answer is there
//! puts itself into the waiting list; when the future as a whole can go no further, the host is asked to wait for any of them, and
//! the future is polled again. Futures that wait for something else than a host call cannot make progress, and are told so.

use crate::bindings::mayfly::resolver::pending::{Pending, wait_any};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A call under way, shared between the future that wants its answer and the executor that waits for it.
pub(crate) struct Slot {
    pub(crate) source: Source,
    /// Whether `take` returns at once, or may wait because nothing else could be done meanwhile.
    ready: Cell<bool>,
}

/// Where the answer comes from.
pub(crate) enum Source {
    Host(Pending),
    /// A stand-in, as the host's functions do not exist natively.
    #[cfg(test)]
    Test(&'static str),
}

impl Slot {
    pub(crate) fn new(source: Source) -> Rc<Self> {
        Rc::new(Self {
            source,
            ready: Cell::new(false),
        })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// Puts the call into the waiting list of the round that polls it.
    pub(crate) fn wait(self: &Rc<Self>) {
        WAITING.with_borrow_mut(|waiting| waiting.push(Rc::clone(self)));
    }
}

thread_local! {
    static WAITING: RefCell<Vec<Rc<Slot>>> = const { RefCell::new(Vec::new()) };
}

/// Runs a future to its end. [`resolvers!`](crate::resolvers) does this for asynchronous resolvers; a synchronous one may use it for
/// a part.
///
/// ```
/// assert_eq!(mayfly_guest::block_on(async { 1 + 1 }), 2);
/// ```
///
/// # Panics
///
/// When the future waits for something that is not a host call: nothing could ever wake it.
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    run(future.into_future(), wait_for_host)
}

fn run<F: Future>(future: F, mut wait: impl FnMut(&[Rc<Slot>])) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // An outer `block_on` may be polling us: its list is not ours.
        let outer = WAITING.take();
        let polled = future.as_mut().poll(&mut context);
        let waiting = WAITING.replace(outer);
        match polled {
            Poll::Ready(output) => return output,
            #[expect(
                clippy::panic,
                reason = "the resolver can never finish; a trap now beats a deadline later"
            )]
            Poll::Pending if waiting.is_empty() => {
                panic!("a future waits for something that is not a host call")
            }
            Poll::Pending => wait(&waiting),
        }
    }
}

fn wait_for_host(waiting: &[Rc<Slot>]) {
    // Taking the answer of the only call waits as well, so asking first would be a host call for nothing.
    if let [only] = waiting {
        return only.ready.set(true);
    }
    let calls: Vec<&Pending> = waiting
        .iter()
        .map(|slot| match &slot.source {
            Source::Host(pending) => pending,
            #[cfg(test)]
            Source::Test(_) => unreachable!("tests wait in their own way"),
        })
        .collect();
    for position in wait_any(&calls) {
        if let Some(slot) = waiting.get(position as usize) {
            slot.ready.set(true);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    //! The executor against calls that become ready in an order the test chooses.
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests stop at the first surprise"
    )]

    use super::*;
    use crate::{Call, Result, join, join_all, try_join};

    pub(crate) fn call(answer: &'static str) -> Call<String> {
        Call::new(Source::Test(answer), Ok)
    }

    /// Runs `future`, making the last waiting call ready in each round, and tells how many waited in each.
    fn run_newest_first<F: Future>(future: F) -> (F::Output, Vec<usize>) {
        let mut rounds = Vec::new();
        let output = run(future, |waiting| {
            rounds.push(waiting.len());
            waiting.last().unwrap().ready.set(true);
        });
        (output, rounds)
    }

    #[test]
    fn calls_one_after_the_other_wait_one_at_a_time() {
        let (output, rounds) = run_newest_first(async {
            let first = call("a").await?;
            let second = call("b").await?;
            Ok::<_, crate::Error>(first + &second)
        });
        assert_eq!((output.unwrap().as_str(), rounds), ("ab", vec![1, 1]));
    }

    #[test]
    fn joined_calls_wait_together_and_keep_their_order() {
        let ((first, second), rounds) = run_newest_first(join(call("a"), call("b")));
        assert_eq!(
            (first.unwrap().as_str(), second.unwrap().as_str(), rounds),
            ("a", "b", vec![2, 1])
        );

        let (all, rounds) = run_newest_first(join_all(["a", "b", "c"].map(call)));
        let all: Vec<String> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!((all.concat().as_str(), rounds), ("abc", vec![3, 2, 1]));
    }

    #[test]
    fn try_join_gives_up_at_the_first_error() {
        let failing = async {
            call("b").await?;
            Err::<(), _>(crate::Error::new("NO", "no"))
        };
        let (output, rounds) = run_newest_first(try_join(call("a"), failing));
        assert_eq!((output.unwrap_err().code.as_ref(), rounds), ("NO", vec![2]));
    }

    #[test]
    fn a_block_on_inside_another_waits_for_its_own_calls_only() {
        let (output, rounds) = run_newest_first(async {
            let inner = async { run_newest_first(call("inner")).1 };
            let (outer, inner) = join(call("outer"), inner).await;
            (outer.unwrap(), inner)
        });
        assert_eq!(
            (output.0.as_str(), output.1, rounds),
            ("outer", vec![1], vec![1])
        );
    }

    #[test]
    #[should_panic(expected = "not a host call")]
    fn a_future_that_nothing_can_wake_is_told_so() {
        block_on(std::future::pending::<()>());
    }
}
