//! What a call that failed means to a guest, and what operators read of it.

use mayfly_error::{CallCode, CallError};

use super::configuration::Access;
use super::supervisor::Ended;
use crate::time_limit::{TimeLimit, outcome_unknown};

/// Why a call got no answer in order from a process, which then is not used again.
#[derive(Debug)]
pub(super) enum Fault {
    /// The process was gone, or had said what nobody asked for, before the call was sent.
    Unsent(String),
    /// The process ended, or the connection to it did.
    Died(String),
    /// What it said is no answer to the call.
    Misbehaved(String),
    /// The answer is larger than the operator's limit.
    TooLarge { most: usize },
}

impl Fault {
    /// Whether the call may be made once more on another process.
    pub(super) fn may_be_repeated(&self, access: Access) -> bool {
        match self {
            Self::Unsent(_) => true,
            Self::Died(_) | Self::Misbehaved(_) => access == Access::Read,
            Self::TooLarge { .. } => false,
        }
    }

    /// Why the process was ended, for the metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Unsent(_) | Self::Died(_) => "died",
            Self::Misbehaved(_) => "misbehaved",
            Self::TooLarge { .. } => "too_large",
        }
    }

    /// As a guest is told. `what` names the call, `key` the table of its method.
    pub(super) fn tell(&self, what: &str, key: &str, access: Access) -> CallError {
        let detail = match self {
            Self::Unsent(why) | Self::Died(why) | Self::Misbehaved(why) => format!("{what}: {why}"),
            Self::TooLarge { most } => format!(
                "{what}: the answer is larger than {most} bytes; answer with less, or raise `{key}.max_answer`"
            ),
        };
        let told = match self {
            Self::Unsent(_) => unavailable(what, "no process could take the call"),
            _ if access == Access::Write => outcome_unknown(what),
            Self::Died(_) => unavailable(what, "the process ended before it answered"),
            Self::Misbehaved(_) => unavailable(what, "the process gave an unreadable answer"),
            Self::TooLarge { most } => CallError::new(
                CallCode::Budget,
                format!("{what}: the answer is larger than {most} bytes; ask for less"),
            ),
        };
        told.with_detail(detail)
    }
}

/// The error of a call that was cut off at its time limit, which a setting of `table` may be.
pub(super) fn cut_off(what: &str, access: Access, limit: TimeLimit, table: &str) -> CallError {
    match access {
        Access::Read => limit.too_late(what, table),
        Access::Write => outcome_unknown(what),
    }
}

/// The error of a method that nothing is sent to.
pub(super) fn method_open(what: &str) -> CallError {
    unavailable(
        what,
        "processes died in this method several times in a row, and it is left alone for a moment",
    )
}

/// The error where no process can be started.
pub(super) fn cannot_start(what: &str, why: &str) -> CallError {
    unavailable(what, "the worker cannot be started").with_detail(format!("{what}: {why}"))
}

fn unavailable(what: &str, why: &str) -> CallError {
    CallError::new(CallCode::Unavailable, format!("{what}: {why}"))
}

/// How a process ended, in words.
pub(super) fn how(ended: &Ended, worker: &str, memory_bytes: u64) -> String {
    let key = format!("workers.{}", mayfly_config::key(worker));
    if let Some(held) = ended.memory_bytes {
        return format!(
            "it held {} of memory, more than `{key}.memory` ({}), and was ended; raise it, lower `recycle_memory`, or do less in one call",
            mayfly_config::units::show_bytes(held),
            mayfly_config::units::show_bytes(memory_bytes)
        );
    }
    if let Some(tasks) = ended.tasks {
        return format!(
            "it had {tasks} processes and threads, more than `{key}.max_tasks`, and was ended; raise it, or start fewer"
        );
    }
    if ended.is_hidden {
        return "it hid a process from its supervisor, which then cannot limit it, and was ended; let none of its programs make itself undumpable (PR_SET_DUMPABLE), or delegate a control group to the host (`Delegate=yes`)".to_owned();
    }
    match (ended.status, ended.signal) {
        (Some(status), _) => format!("it exited with status {status}"),
        (None, Some(signal)) => format!("it was ended by {}", signal_name(signal)),
        (None, None) => "it was ended with its supervisor".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}
