//! The host's calls as functions of JavaScript: one flat object, of which the prelude and the SDK make what people use.
//!
//! What waits gives a promise. Everything that is data crosses as JSON text, written and read on the side of JavaScript. While a module is
//! built there is no host: every function says so.

mod dynamodb;
mod http;
mod sql;
mod statements;
mod url;
mod worker;

use std::cell::RefCell;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Result};

use crate::bindings::mayfly::resolver::log::Level;
use crate::bindings::mayfly::resolver::{clock as host_clock, context, log, random};
use crate::text::{Json, Text};
use crate::{clock, memory, trace};

/// The most random bytes of one call; the host traps above it.
const RANDOM_BYTES: u32 = 65_536;

/// All functions.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    dynamodb::add(&host)?;
    sql::add(&host)?;
    http::add(&host)?;
    worker::add(&host)?;
    url::add(&host)?;
    statements::add(&host)?;
    host.set("isInvoked", Func::from(clock::is_invoked))?;
    host.set("log", Func::from(write_log))?;
    host.set("logEnabled", Func::from(log_enabled))?;
    host.set("translate", Func::from(translate))?;
    host.set("elapsedMs", Func::from(elapsed_ms))?;
    host.set("randomBytes", Func::from(random_bytes))?;
    host.set("traceId", Func::from(trace_id))?;
    host.set("caller", Func::from(caller))?;
    host.set("claims", Func::from(claims))?;
    host.set("header", Func::from(header))?;
    host.set("selection", Func::from(selection))?;
    host.set("variables", Func::from(variables))?;
    host.set("errorDetails", Func::from(error_details))?;
    host.set("endOutOfMemory", Func::from(memory::end_out_of_memory))?;
    host.set("timeLeftMs", Func::from(time_left_ms))?;
    Ok(host)
}

const AT_TOP_LEVEL: &str = "the host cannot be called at the top level of a module, which runs once when it is built; call it in a resolver";

thread_local! {
    /// Where the first call was that was refused while the module was built.
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Refuses a call while the module is built. Code that catches this would keep its failure for good: [`check_top_level`] tells of it.
fn need_host(ctx: &Ctx<'_>) -> Result<()> {
    if clock::is_invoked() {
        return Ok(());
    }
    let refusal = Exception::from_message(ctx.clone(), AT_TOP_LEVEL)?;
    let place = refusal.stack().unwrap_or_default();
    REFUSED.with_borrow_mut(|first| {
        first.get_or_insert(place);
    });
    Err(refusal.throw())
}

/// Fails when the module called the host at its top level, whatever it made of the refusal.
pub(crate) fn check_top_level(ctx: &Ctx<'_>) -> Result<()> {
    match REFUSED.take() {
        Some(place) => Err(Exception::throw_message(
            ctx,
            &format!("{AT_TOP_LEVEL}\n{place}"),
        )),
        None => Ok(()),
    }
}

fn level(name: &str) -> Level {
    match name {
        "trace" => Level::Trace,
        "debug" => Level::Debug,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => Level::Info,
    }
}

/// Writes a line; what is said while the module is built has no reader, and is dropped.
fn write_log(name: Text, Text(message): Text, fields: Json) {
    if clock::is_invoked() {
        log::write(level(&name), &trace::translate(message), &fields);
    }
}

fn translate(Text(text): Text) -> String {
    trace::translate(text)
}

fn log_enabled(name: Text) -> bool {
    clock::is_invoked() && log::enabled(level(&name))
}

pub(crate) fn elapsed_ms() -> f64 {
    if clock::is_invoked() {
        host_clock::elapsed_ns() as f64 / 1e6
    } else {
        0.0
    }
}

fn random_bytes(ctx: Ctx<'_>, bytes: u32) -> Result<Vec<u8>> {
    if !clock::is_invoked() {
        return Err(Exception::throw_message(
            &ctx,
            "random bytes drawn at the top level would be the same in every invocation; draw them in a resolver",
        ));
    }
    if bytes > RANDOM_BYTES {
        return Err(Exception::throw_range(
            &ctx,
            "at most 65,536 random bytes at once",
        ));
    }
    Ok(random::bytes(bytes))
}

fn trace_id(ctx: Ctx<'_>) -> Result<String> {
    need_host(&ctx)?;
    Ok(context::trace_id())
}

fn caller(ctx: Ctx<'_>) -> Result<Option<String>> {
    need_host(&ctx)?;
    Ok(context::caller())
}

fn claims(ctx: Ctx<'_>) -> Result<String> {
    need_host(&ctx)?;
    Ok(context::claims())
}

fn header(ctx: Ctx<'_>, name: Text) -> Result<Option<String>> {
    need_host(&ctx)?;
    Ok(context::header(&name))
}

fn selection(ctx: Ctx<'_>) -> Result<Vec<String>> {
    need_host(&ctx)?;
    Ok(context::selection())
}

fn variables(ctx: Ctx<'_>) -> Result<String> {
    need_host(&ctx)?;
    Ok(context::variables())
}

fn error_details(ctx: Ctx<'_>, parent: u32, details: Json) -> Result<()> {
    need_host(&ctx)?;
    context::error_details(parent, &details);
    Ok(())
}

fn time_left_ms(ctx: Ctx<'_>) -> Result<f64> {
    need_host(&ctx)?;
    Ok(context::time_left_ms() as f64)
}
