//! Host calls under way, and the promises that wait for them.

use std::cell::RefCell;

use rquickjs::{Ctx, Function, Persistent, Promise, Result};

use crate::ENGINE;
use crate::bindings::mayfly::resolver::pending::{Pending, wait_any};

/// A call, and what to tell of its answer.
struct Call {
    pending: Pending,
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
}

/// A promise of a call's answer.
pub(crate) fn promise<'js>(ctx: &Ctx<'js>, pending: Pending) -> Result<Promise<'js>> {
    let (promise, resolve, reject) = ctx.promise()?;
    let call = Call {
        pending,
        resolve: Persistent::save(ctx, resolve),
        reject: Persistent::save(ctx, reject),
    };
    CALLS.with_borrow_mut(|calls| calls.push(call));
    Ok(promise)
}

/// Waits until at least one call is answered, and settles the promises of those that are. False when there is none to wait for.
pub(crate) fn settle_next(ctx: &Ctx<'_>) -> Result<bool> {
    let ready = CALLS.with_borrow_mut(|calls| match calls.len() {
        0 => Vec::new(),
        // Taking the answer of the only call waits as well, so asking first would be a host call for nothing.
        1 => std::mem::take(calls),
        _ => {
            let pending: Vec<&Pending> = calls.iter().map(|call| &call.pending).collect();
            let positions = wait_any(&pending);
            take(calls, &positions)
        }
    });
    let any = !ready.is_empty();
    for call in ready {
        settle(ctx, call)?;
    }
    Ok(any)
}

/// Removes the calls at these positions, which ascend.
fn take(calls: &mut Vec<Call>, positions: &[u32]) -> Vec<Call> {
    let mut position = 0;
    calls
        .extract_if(.., |_| {
            position += 1;
            positions.binary_search(&(position - 1)).is_ok()
        })
        .collect()
}

fn settle(ctx: &Ctx<'_>, call: Call) -> Result<()> {
    match call.pending.take() {
        Ok(text) => {
            let value = ctx.json_parse(text)?;
            call.resolve.restore(ctx)?.call((value,))
        }
        Err(error) => {
            let host_error = ENGINE
                .with(|engine| engine.get().map(|engine| engine.host_error.clone()))
                .ok_or(rquickjs::Error::Unknown)?;
            let error: rquickjs::Value<'_> =
                host_error
                    .restore(ctx)?
                    .call((error.code, error.message, error.retryable))?;
            call.reject.restore(ctx)?.call((error,))
        }
    }
}
