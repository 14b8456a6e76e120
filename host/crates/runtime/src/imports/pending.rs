//! `pending`: calls under way. The invocation owns them: they are polled while its guest waits, and end with it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use mayfly_config::Budget;
use mayfly_error::{CallCode, CallError};
use wasmtime::component::Resource;

use super::bindings::mayfly::resolver::pending as wit;
use super::bindings::mayfly::resolver::types;
use super::budget::Usage;
use super::calls::Calls;

/// What a call answers: JSON text.
pub type Answer = Result<String, CallError>;

/// A call under way. It owns what it needs, begins when it is first polled (a place in an order is taken when it is made), ends at
/// its deadline, and may be dropped at any time.
pub type Call = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A call that is under way, ready, or taken.
pub enum Pending {
    /// Being worked on.
    Running(Call),
    /// Answered.
    Ready(Answer),
    /// Given to the guest.
    Taken,
}

impl Pending {
    /// Polls a call that is running, and counts its answer when that has arrived; true when it no longer runs.
    fn poll(&mut self, cx: &mut Context<'_>, usage: &mut Usage, budget: &Budget) -> bool {
        if let Self::Running(future) = self {
            match future.as_mut().poll(cx) {
                Poll::Ready(Ok(json)) => {
                    // An answer that is too large is given up at once: the guest may never take it.
                    *self = Self::Ready(
                        usage
                            .arrive(json.len(), budget)
                            .map(|()| json)
                            .map_err(Into::into),
                    );
                }
                Poll::Ready(Err(error)) => *self = Self::Ready(Err(error)),
                Poll::Pending => return false,
            }
        }
        true
    }

    /// Bytes the host holds for it.
    fn held_bytes(&self) -> usize {
        match self {
            Self::Ready(Ok(json)) => json.len(),
            _ => 0,
        }
    }
}

impl Calls {
    /// Sends a call at once, and gives its guest a handle of it.
    pub(super) fn send(
        &mut self,
        call: Result<Call, CallError>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let mut pending = match call {
            Ok(call) => Pending::Running(call),
            Err(error) => Pending::Ready(Err(error)),
        };
        // The first poll sends the request. Nothing can be missed without a waker: whoever waits polls again with one.
        pending.poll(
            &mut Context::from_waker(Waker::noop()),
            &mut self.usage,
            &self.module.budget,
        );
        self.usage.pending += 1;
        Ok(self.table.push(pending)?)
    }

    /// Lets every running call go on.
    fn poll_all(&mut self, cx: &mut Context<'_>) {
        let Self {
            table,
            usage,
            module,
            ..
        } = self;
        for entry in table.iter_mut() {
            if let Some(pending) = entry.downcast_mut::<Pending>() {
                pending.poll(cx, usage, &module.budget);
            }
        }
    }

    fn take_answer(&mut self, pending: &Resource<Pending>) -> wasmtime::Result<Answer> {
        let answer = match std::mem::replace(self.table.get_mut(pending)?, Pending::Taken) {
            Pending::Ready(answer) => {
                self.usage.release(answer.as_ref().map_or(0, String::len));
                answer
            }
            Pending::Running(_) | Pending::Taken => Err(CallError::new(
                CallCode::Invalid,
                "the answer of this call was already taken",
            )),
        };
        let Self { usage, module, .. } = self;
        let answer = answer.and_then(|json| {
            usage
                .give(json.len(), &module.budget)
                .map(|()| json)
                .map_err(Into::into)
        });
        if let Err(error) = &answer {
            self.note_failure(error);
        }
        Ok(answer)
    }
}

impl wit::Host for Calls {
    async fn wait_any(&mut self, calls: Vec<Resource<Pending>>) -> wasmtime::Result<Vec<u32>> {
        if calls.is_empty() {
            return Err(wasmtime::Error::msg(
                "wait-any was called without a call to wait for",
            ));
        }
        poll_fn(|cx| {
            self.poll_all(cx);
            let mut ready = Vec::new();
            for (index, call) in (0..).zip(&calls) {
                match self.table.get(call) {
                    Ok(Pending::Running(_)) => {}
                    Ok(_) => ready.push(index),
                    Err(error) => return Poll::Ready(Err(error.into())),
                }
            }
            if ready.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(Ok(ready))
            }
        })
        .await
    }
}

impl wit::HostPending for Calls {
    fn ready(&mut self, pending: Resource<Pending>) -> wasmtime::Result<bool> {
        let Self {
            table,
            usage,
            module,
            ..
        } = self;
        let call = table.get_mut(&pending)?;
        Ok(call.poll(
            &mut Context::from_waker(Waker::noop()),
            usage,
            &module.budget,
        ))
    }

    async fn take(
        &mut self,
        pending: Resource<Pending>,
    ) -> wasmtime::Result<Result<String, types::Error>> {
        poll_fn(|cx| {
            self.poll_all(cx);
            match self.table.get(&pending) {
                Ok(Pending::Running(_)) => Poll::Pending,
                Ok(_) => Poll::Ready(Ok(())),
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await?;
        Ok(self.take_answer(&pending)?.map_err(Into::into))
    }

    fn drop(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        let pending = self.table.delete(pending)?;
        self.usage.release(pending.held_bytes());
        self.usage.pending = self.usage.pending.saturating_sub(1);
        Ok(())
    }
}

impl types::Host for Calls {}

impl From<CallError> for types::Error {
    fn from(error: CallError) -> Self {
        Self {
            code: error.code.as_str().to_owned(),
            retryable: error.retryable,
            message: error.message,
        }
    }
}
