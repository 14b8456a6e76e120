//! Log lines, written by the host with module, version, field and trace id added.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! # let (id, rows) = ("1", [0]);
//! info!("student `{id}` has {} assessments", rows.len());
//! warn!({ student: id, rows: rows.len() }, "more rows than expected");
//! ```
//!
//! Arguments are not even formatted when the host would not write the line. Lines and bytes are limited per invocation; the host
//! drops and counts what is beyond.

use crate::Object;
use crate::bindings::mayfly::resolver::log as host;
use std::fmt;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Steps inside a resolver.
    Trace,
    /// For someone looking for a fault.
    Debug,
    /// Worth knowing in normal operation.
    Info,
    /// Something is off, and the answer is still right.
    Warn,
    /// The answer is not what it should be.
    Error,
}

/// Whether the host writes lines of this level.
#[must_use]
pub fn enabled(level: Level) -> bool {
    host::enabled(level.to_host())
}

/// Writes a line; the macros [`trace!`](crate::trace) to [`error!`](crate::error) are shorter. Fields that cannot be serialised are
/// left out.
pub fn write(level: Level, message: fmt::Arguments<'_>, fields: Object) {
    let fields = fields.into_optional_json().unwrap_or_default();
    match message.as_str() {
        Some(text) => host::write(level.to_host(), text, &fields),
        None => host::write(level.to_host(), &message.to_string(), &fields),
    }
}

impl Level {
    fn to_host(self) -> host::Level {
        match self {
            Self::Trace => host::Level::Trace,
            Self::Debug => host::Level::Debug,
            Self::Info => host::Level::Info,
            Self::Warn => host::Level::Warn,
            Self::Error => host::Level::Error,
        }
    }
}

/// Makes panics say why before they trap: all the host sees of them otherwise is the trap.
pub(crate) fn log_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        write(Level::Error, format_args!("{panic}"), Object::new())
    }));
}

/// Writes a log line of a level: `log!(level, "text {}", value)` or `log!(level, { name: value }, "text")`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, { $($fields:tt)* }, $($message:tt)+) => {
        if $crate::log::enabled($crate::log::Level::$level) {
            $crate::log::write($crate::log::Level::$level, ::core::format_args!($($message)+), $crate::object! { $($fields)* });
        }
    };
    ($level:ident, $($message:tt)+) => {
        $crate::__log!($level, {}, $($message)+)
    };
}

/// Logs a step inside a resolver; see [`log`](crate::log).
#[macro_export]
macro_rules! trace {
    ($($line:tt)+) => { $crate::__log!(Trace, $($line)+) };
}

/// Logs something for whoever looks for a fault; see [`log`](crate::log).
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => { $crate::__log!(Debug, $($line)+) };
}

/// Logs what is worth knowing in normal operation; see [`log`](crate::log).
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => { $crate::__log!(Info, $($line)+) };
}

/// Logs that something is off while the answer is still right; see [`log`](crate::log).
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => { $crate::__log!(Warn, $($line)+) };
}

/// Logs that the answer is not what it should be; see [`log`](crate::log).
#[macro_export]
macro_rules! error {
    ($($line:tt)+) => { $crate::__log!(Error, $($line)+) };
}
