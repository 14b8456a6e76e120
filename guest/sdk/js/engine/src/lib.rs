//! QuickJS as a Mayfly guest.
//!
//! It lives twice. When a module is built, [`build`] makes the engine and evaluates the module's top level, and the memory that leaves
//! is written into the component. When a field is resolved, an instance begins with that memory, and [`resolve`] calls one function.
//! Host calls give promises; [`calls`] settles them.
//!
//! The JavaScript side is in `prelude/`: what resolvers are, the globals that QuickJS lacks, and how errors become answers.

mod bindings;
mod build;
mod calls;
mod clock;
mod digits;
mod host;
mod memory;
mod queue;
mod resolve;
mod statement_text;
mod text;
mod trace;

use std::cell::OnceCell;

use rquickjs::{Context, Function, Persistent};

use trace::Lines;

/// What answers for the module.
struct Exported;

/// The engine with a module inside.
struct Engine {
    context: Context,
    /// `dispatch(type, field, arguments, parents)`: a promise of one answer per parent.
    dispatch: Persistent<Function<'static>>,
    /// `hostError(code, message, retryable)`: what a failed host call rejects with.
    host_error: Persistent<Function<'static>>,
    /// `turn(hasCalls)`: runs a timer that is due, or says when one is.
    turn: Persistent<Function<'static>>,
    /// `last()`: does what is left to do when nothing can be waited for.
    last: Persistent<Function<'static>>,
    /// `finish(hasAnswer)`: reports promises that were rejected while nobody listened.
    finish: Persistent<Function<'static>>,
    lines: Lines,
}

thread_local! {
    /// Set once, when the module is built.
    static ENGINE: OnceCell<Engine> = const { OnceCell::new() };
}
