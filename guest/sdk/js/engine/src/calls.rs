//! Host calls, and the promises that wait for them: [`queue`](crate::queue) says which of them are under way.
//!
//! Timers are waited for in the same place: the one that is due first is a call of the clock, beside the others.

use std::cell::RefCell;

use rquickjs::{Ctx, Function, Persistent, Promise, Result};

use crate::ENGINE;
use crate::bindings::mayfly::resolver::clock;
use crate::bindings::mayfly::resolver::pending::{Pending, wait_any};
use crate::bindings::mayfly::resolver::types::Error;
use crate::digits;
use crate::queue::{Begin, Queue, UnderWay};

/// What to tell of a call's answer, and whom.
struct Listener {
    /// Whether numbers of the answer keep all of their digits.
    is_exact: bool,
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
}

/// A call of the clock that is answered when a timer is due.
struct Alarm {
    /// By the clock of the invocation, in milliseconds.
    due_ms: f64,
    pending: Pending,
}

thread_local! {
    static CALLS: RefCell<Queue<Listener>> = const { RefCell::new(Queue::new()) };
    static ALARM: RefCell<Option<Alarm>> = const { RefCell::new(None) };
    /// Why the clock lets nobody wait any longer: the deadline or the budget. Other calls may still be answered.
    static REFUSED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// What came of waiting.
pub(crate) enum Waited {
    /// Promises were settled, or a timer is due.
    Done,
    /// There is nothing to wait for.
    ForNothing,
    /// Only a timer was waited for, and it will not be due in this invocation.
    Refused(Error),
}

/// A promise of a call's answer. The call begins at once, or when enough others are answered.
pub(crate) fn promise<'js>(
    ctx: &Ctx<'js>,
    begin: impl Fn() -> Pending + 'static,
) -> Result<Promise<'js>> {
    promise_of(ctx, false, begin)
}

/// The same, in which numbers with more digits than JavaScript keeps are `{ $number: text }` if it is to be exact.
pub(crate) fn promise_of<'js>(
    ctx: &Ctx<'js>,
    is_exact: bool,
    begin: impl Fn() -> Pending + 'static,
) -> Result<Promise<'js>> {
    let (promise, resolve, reject) = ctx.promise()?;
    let listener = Listener {
        is_exact,
        resolve: Persistent::save(ctx, resolve),
        reject: Persistent::save(ctx, reject),
    };
    let begin: Begin = Box::new(begin);
    CALLS.with_borrow_mut(|calls| calls.add(begin, listener));
    Ok(promise)
}

/// Whether calls are under way. Where none is, none waits to begin.
pub(crate) fn any() -> bool {
    CALLS.with_borrow(|calls| !calls.under_way.is_empty())
}

/// Waits until a call is answered or this many milliseconds have passed, and settles the promises of calls that are answered.
pub(crate) fn settle_next(ctx: &Ctx<'_>, timer_ms: Option<f64>) -> Result<Waited> {
    let alarm = timer_ms.and_then(alarm);
    let ready = match (any(), alarm) {
        (false, None) => return Ok(refused(timer_ms)),
        (false, Some(alarm)) => return Ok(wait_for_alarm(alarm)),
        (true, alarm) => wait(alarm),
    };
    let mut refused = Vec::new();
    let mut answered = 0;
    for UnderWay { call, pending } in ready {
        match pending.take() {
            Err(error) if Queue::<Listener>::is_full(&error) => refused.push((call, error)),
            answer => {
                answered += 1;
                settle(ctx, call.listener, answer)?;
            }
        }
    }
    let refused = CALLS.with_borrow_mut(|calls| calls.go_on(answered, refused));
    for (call, error) in refused {
        settle(ctx, call.listener, Err(error))?;
    }
    Ok(Waited::Done)
}

/// The call of the clock for a timer that is due in this many milliseconds. One that is answered sooner will do: the timers are looked at
/// again then, and a new one is another host call.
fn alarm(timer_ms: f64) -> Option<Alarm> {
    if REFUSED.with_borrow(Option::is_some) {
        return None;
    }
    let due_ms = crate::host::elapsed_ms() + timer_ms;
    match ALARM.take() {
        Some(alarm) if alarm.due_ms <= due_ms => Some(alarm),
        _ => Some(Alarm {
            due_ms,
            pending: clock::sleep(timer_ms.ceil() as u64),
        }),
    }
}

fn wait_for_alarm(alarm: Alarm) -> Waited {
    match alarm.pending.take() {
        Ok(_) => Waited::Done,
        Err(error) => {
            REFUSED.set(Some(error.clone()));
            Waited::Refused(error)
        }
    }
}

fn refused(timer_ms: Option<f64>) -> Waited {
    let error = timer_ms.and_then(|_| REFUSED.with_borrow(Clone::clone));
    error.map_or(Waited::ForNothing, Waited::Refused)
}

/// Waits until at least one call is answered, or the alarm is; gives the calls.
fn wait(alarm: Option<Alarm>) -> Vec<UnderWay<Listener>> {
    CALLS.with_borrow_mut(|Queue { under_way, .. }| {
        if under_way.len() == 1 && alarm.is_none() {
            // Taking the answer of the only call waits as well, so asking first would be a host call for nothing.
            return std::mem::take(under_way);
        }
        let mut pending: Vec<&Pending> = under_way.iter().map(|call| &call.pending).collect();
        pending.extend(alarm.iter().map(|alarm| &alarm.pending));
        let positions = wait_any(&pending);
        let is_due = positions.last() == u32::try_from(under_way.len()).ok().as_ref();
        match alarm {
            Some(alarm) if is_due => drop(wait_for_alarm(alarm)),
            alarm => ALARM.set(alarm),
        }
        take(under_way, &positions)
    })
}

/// Removes the calls at these positions, which ascend.
fn take(under_way: &mut Vec<UnderWay<Listener>>, positions: &[u32]) -> Vec<UnderWay<Listener>> {
    let mut position = 0;
    under_way
        .extract_if(.., |_| {
            position += 1;
            positions.binary_search(&(position - 1)).is_ok()
        })
        .collect()
}

fn settle(
    ctx: &Ctx<'_>,
    listener: Listener,
    answer: std::result::Result<String, Error>,
) -> Result<()> {
    match answer {
        Ok(text) => {
            let kept = listener.is_exact.then(|| digits::kept(&text)).flatten();
            let value = ctx.json_parse(kept.unwrap_or(text))?;
            listener.resolve.restore(ctx)?.call((value,))
        }
        Err(error) => {
            let host_error = ENGINE
                .with(|engine| engine.get().map(|engine| engine.host_error.clone()))
                .ok_or(rquickjs::Error::Unknown)?;
            let error: rquickjs::Value<'_> =
                host_error
                    .restore(ctx)?
                    .call((error.code, error.message, error.retryable))?;
            listener.reject.restore(ctx)?.call((error,))
        }
    }
}
