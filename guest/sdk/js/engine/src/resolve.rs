//! One invocation.

use rquickjs::promise::PromiseState;
use rquickjs::{CatchResultExt, CaughtError, Ctx, Object, Promise, Value};

use crate::bindings::exports::mayfly::resolver::handler::{Guest, Invocation};
use crate::bindings::mayfly::resolver::log::{Level, write};
use crate::bindings::mayfly::resolver::types::Error;
use crate::calls::{self, Waited};
use crate::text::{Json, text};
use crate::trace::{translate, whole};
use crate::{ENGINE, Engine, Exported, clock, memory};

/// What the schema's owner did not expect: the module itself failed.
const FAILED: &str = "FAILED";

impl Guest for Exported {
    fn resolve(invocation: Invocation) -> Vec<Result<String, Error>> {
        clock::begin();
        memory::write_all_pages();
        let parents = invocation.parents.len().max(1);
        ENGINE.with(|engine| {
            let Some(engine) = engine.get() else {
                return refuse(
                    parents,
                    "this engine has no module inside; build one with `mayfly build`",
                );
            };
            engine.context.with(|ctx| {
                answer(&ctx, engine, invocation)
                    .catch(&ctx)
                    .unwrap_or_else(|error| refuse(parents, &describe(error)))
            })
        })
    }
}

fn answer(
    ctx: &Ctx<'_>,
    engine: &Engine,
    invocation: Invocation,
) -> rquickjs::Result<Vec<Result<String, Error>>> {
    let parents = invocation.parents.len().max(1);
    let arguments = ctx.json_parse(invocation.arguments)?;
    let given = invocation
        .parents
        .into_iter()
        .map(|parent| ctx.json_parse(parent))
        .collect::<rquickjs::Result<Vec<_>>>()?;
    let promise: Promise<'_> = engine.dispatch.clone().restore(ctx)?.call((
        invocation.type_name,
        invocation.field_name,
        arguments,
        given,
    ))?;
    match settle(ctx, engine, &promise)? {
        Waited::Done => {}
        Waited::ForNothing => {
            // What nobody caught is perhaps why. A job that had no memory left says nothing to anybody.
            finish(ctx, engine, false)?;
            memory::end_out_of_memory(false);
            return Ok(refuse(
                parents,
                "the resolver waits for a promise that nothing settles; promises settle by calls of the host and timers alone",
            ));
        }
        // The host knows why it was, and says so.
        Waited::Refused(error) => return Ok(vec![Err(error); parents]),
    }
    let answers = promise.finish::<Vec<Value<'_>>>()?;
    finish(ctx, engine, true)?;
    answers.into_iter().map(read).collect()
}

/// Reports what nobody caught.
fn finish(ctx: &Ctx<'_>, engine: &Engine, has_answer: bool) -> rquickjs::Result<()> {
    engine.finish.clone().restore(ctx)?.call((has_answer,))
}

/// Runs until the promise is settled, or nothing is left that could settle it.
fn settle(ctx: &Ctx<'_>, engine: &Engine, promise: &Promise<'_>) -> rquickjs::Result<Waited> {
    loop {
        while ctx.execute_pending_job() {}
        if promise.state() != PromiseState::Pending {
            return Ok(Waited::Done);
        }
        let turn = engine.turn.clone().restore(ctx)?;
        let timer_ms: f64 = turn.call((calls::any(),))?;
        if timer_ms < 0.0 {
            continue;
        }
        let timer_ms = timer_ms.is_finite().then_some(timer_ms);
        match calls::settle_next(ctx, timer_ms)? {
            Waited::Done => {}
            Waited::ForNothing if engine.last.clone().restore(ctx)?.call(())? => {}
            other => return Ok(other),
        }
    }
}

/// An answer as the prelude gives it: its text, or an object that says why there is none.
fn read(answer: Value<'_>) -> rquickjs::Result<Result<String, Error>> {
    if answer.is_string() {
        return answer.get().map(|Json(json)| Ok(json));
    }
    let error: Object<'_> = answer.get()?;
    Ok(Err(Error {
        code: text(&error, "code")?,
        message: text(&error, "message")?,
        retryable: error.get("retryable")?,
    }))
}

/// The same error for each parent.
fn refuse(parents: usize, message: &str) -> Vec<Result<String, Error>> {
    let error = Error {
        code: FAILED.to_owned(),
        message: message.to_owned(),
        retryable: false,
    };
    vec![Err(error); parents]
}

/// What escaped the prelude: memory or the stack ran out there, or something replaced what it needs.
fn describe(error: CaughtError<'_>) -> String {
    let (message, stack) = match &error {
        CaughtError::Exception(exception) => (
            exception.message().unwrap_or_default(),
            exception.stack().unwrap_or_default(),
        ),
        other => (other.to_string(), String::new()),
    };
    match &error {
        CaughtError::Exception(_) if message == memory::OUT_OF_MEMORY => {
            memory::end_out_of_memory(true)
        }
        CaughtError::Value(value) if value.is_null() => memory::end_out_of_memory(false),
        _ => {}
    }
    write(Level::Error, &translate(whole(&message, stack)), "");
    message
}
