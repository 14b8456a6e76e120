//! A call of the host that is under way.

use crate::bindings::mayfly::resolver::pending::Pending;
use crate::executor::{Slot, Source, block_on};
use crate::{Error, Result};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A call of the host: sent when it was made, answered when it is awaited.
///
/// Calls made before the first `.await` overlap, with nothing else to do:
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// # #[derive(Deserialize)] struct Student {}
/// # #[derive(Deserialize)] struct Row {}
/// # async fn both() -> Result<()> {
/// let profile = dynamodb::table("Students").get::<Student>(object! { PK: "STUDENT#1", SK: "PROFILE" });
/// let rows = sql::statement("assessments_by_student").bind("ids", &["1"]).query::<Row>();
/// let (profile, rows) = (profile.await?, rows.await?);
/// # Ok(()) }
/// ```
///
/// For calls within functions of their own there are [`join`](crate::join) and [`join_all`](crate::join_all). A synchronous resolver
/// uses [`wait`](Call::wait).
///
/// Dropping a call cancels it: a read is forgotten, a write may or may not have happened.
#[must_use = "a call does its work, and is checked, when it is awaited; dropped, it is cancelled"]
pub struct Call<T> {
    state: State,
    decode: fn(String) -> Result<T>,
}

enum State {
    Sent(Rc<Slot>),
    /// It could not be sent.
    Failed(Error),
    /// Its answer was given.
    Done,
}

impl<T> Call<T> {
    pub(crate) fn new(source: Source, decode: fn(String) -> Result<T>) -> Self {
        Self {
            state: State::Sent(Slot::new(source)),
            decode,
        }
    }

    /// A call that `send` makes, if its request could be written at all.
    pub(crate) fn send(
        decode: fn(String) -> Result<T>,
        send: impl FnOnce() -> Result<Pending>,
    ) -> Self {
        match send() {
            Ok(pending) => Self::new(Source::Host(pending), decode),
            Err(error) => Self {
                state: State::Failed(error),
                decode,
            },
        }
    }

    /// Waits for the answer, in a synchronous resolver.
    ///
    /// ```no_run
    /// # use mayfly_guest::prelude::*;
    /// fn archive(id: String) -> Result<Option<u64>> {
    ///     sql::statement("archive_student").bind("id", &id).execute().wait()
    /// }
    /// ```
    pub fn wait(self) -> Result<T> {
        block_on(self)
    }

    /// Whether awaiting it would return at once.
    pub fn is_ready(&self) -> bool {
        match &self.state {
            State::Sent(slot) => match &slot.source {
                Source::Host(pending) => pending.ready(),
                #[cfg(test)]
                Source::Test(_) => slot.is_ready(),
            },
            State::Failed(_) | State::Done => true,
        }
    }
}

impl<T> Future for Call<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        if let State::Sent(slot) = &call.state
            && !slot.is_ready()
        {
            slot.wait();
            return Poll::Pending;
        }
        Poll::Ready(match std::mem::replace(&mut call.state, State::Done) {
            State::Sent(slot) => take(&slot.source).and_then(call.decode),
            State::Failed(error) => Err(error),
            State::Done => Err(Error::new(
                crate::codes::INVALID,
                "the answer of this call was taken already",
            )),
        })
    }
}

fn take(source: &Source) -> Result<String> {
    match source {
        Source::Host(pending) => pending.take().map_err(Error::from),
        #[cfg(test)]
        Source::Test(answer) => Ok((*answer).to_owned()),
    }
}
