//! What an attempt that failed means to a guest. What the service or the network said goes to the log only.

use mayfly_error::{CallCode, CallError};

use super::answer::too_large;
use super::request::Request;
use crate::time_limit::{TimeLimit, outcome_unknown};

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// Whether the service may have got the request.
    pub was_sent: bool,
    /// Why.
    pub cause: Cause,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Cause {
    /// No connection could be opened.
    Connect(String),
    /// The connection broke, or what came is no answer of HTTP.
    Broken(String),
    /// The answer is packed in a way that was not asked for, or not as it says.
    Packed(String),
    /// The body is larger than the operator's limit.
    TooLarge(usize),
    /// The time ran out.
    Late(TimeLimit),
}

impl Failed {
    /// A connection that could not be opened.
    pub(super) fn connect(why: impl Into<String>) -> Self {
        Self {
            was_sent: false,
            cause: Cause::Connect(why.into()),
        }
    }

    /// Whether it says that the service fails, rather than that this request asks for too much.
    pub(super) fn blames_service(&self) -> bool {
        !matches!(self.cause, Cause::TooLarge(_))
    }

    /// Whether another attempt may end otherwise, without doing anything twice that must be done once.
    pub(super) fn may_be_repeated(&self, request: &Request) -> bool {
        let is_passing = matches!(
            self.cause,
            Cause::Connect(_) | Cause::Broken(_) | Cause::Late(_)
        );
        is_passing && (!self.was_sent || request.method.is_idempotent())
    }

    /// As a guest is told. `what` names the request, `service` its table.
    pub(super) fn tell(&self, request: &Request, what: &str, service: &str) -> CallError {
        let told = match &self.cause {
            // What was done nobody knows, whatever came back that could not be read.
            _ if self.was_sent && !request.method.reads() => outcome_unknown(what),
            Cause::Late(limit) => limit.too_late(what, format_args!("http.{service}")),
            Cause::Connect(_) => unavailable(what, "the service cannot be reached"),
            Cause::Broken(_) => unavailable(what, "the connection broke before the answer arrived"),
            Cause::Packed(_) => unavailable(what, "the answer cannot be read"),
            Cause::TooLarge(most) => too_large(what, *most, &format!("http.{service}.max_answer")),
        };
        match &self.cause {
            Cause::Connect(why) | Cause::Broken(why) | Cause::Packed(why) => {
                told.with_detail(format!("{what}: {why}"))
            }
            Cause::TooLarge(most) => told.with_detail(format!(
                "{what}: the answer is larger than {most} bytes; raise `http.{service}.max_answer`"
            )),
            Cause::Late(_) => told,
        }
    }
}

/// The error of a service that nothing is sent to.
pub(super) fn circuit_open(what: &str) -> CallError {
    unavailable(
        what,
        "the service failed several times in a row and is left alone for a moment",
    )
}

fn unavailable(what: &str, why: &str) -> CallError {
    CallError::new(CallCode::Unavailable, format!("{what}: {why}"))
}
