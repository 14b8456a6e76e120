//! What a failed request to DynamoDB means to a guest. The service's own text goes to the log only, except for what `messages` lists.

use std::error::Error;
use std::iter;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use mayfly_error::{CallCode, CallError};

use super::{identity, messages};
use crate::time_limit::{TimeLimit, outcome_unknown};

/// The table of its settings.
pub(super) const SECTION: &str = "dynamodb";

/// How much of an answer that is not the service's is shown, in characters: enough to see whose it is.
const SHOWN_CHARS: usize = 300;

/// Bytes of what is said of a transaction's items, at most: the reasons of 100 items have to fit in the same message.
const ITEM_TEXTS_BYTES: usize = 600;

/// Whether a request changes anything: decides what being cut off means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing is changed.
    Read,
    /// Something may be changed.
    Write,
}

/// A failed request as a guest is told. `what` names the request, for example "get from table `Students`".
pub(super) fn explain<E>(what: &str, effect: Effect, error: &SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let told = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = error.code().unwrap_or_default();
            let message = error.message().unwrap_or_default();
            return service(what, effect, status, code, message).with_backend_text(said(error));
        }
        SdkError::ConstructionFailure(_) => CallError::new(
            CallCode::Invalid,
            format!("{what}: the request is malformed"),
        ),
        SdkError::TimeoutError(_) => return unanswered(what, effect),
        // Whatever the SDK calls such a failure: it has a word of its own for a connection that closed before its answer came.
        SdkError::DispatchFailure(_) if effect == Effect::Write && !never_sent(error) => {
            outcome_unknown(what)
        }
        SdkError::DispatchFailure(_) => unavailable(what),
        _ => unreadable(what, effect),
    };
    told.with_detail(said(error))
}

/// A success without what it has to have: whoever gave it, it is not an answer to what was asked.
pub(super) fn incomplete(what: &str, missing: &str) -> CallError {
    unreadable(what, Effect::Read).with_detail(format!("the answer has no `{missing}`"))
}

/// An answer arrived that nobody can read: what it said about a write is lost.
fn unreadable(what: &str, effect: Effect) -> CallError {
    match effect {
        Effect::Write => outcome_unknown(what),
        Effect::Read => CallError::new(
            CallCode::Unavailable,
            format!("{what}: the answer cannot be read"),
        ),
    }
}

/// A failed transaction: the reasons of its items decide, and are told, in the order of the items.
pub(super) fn explain_transaction(
    what: &str,
    error: &SdkError<TransactWriteItemsError>,
) -> CallError {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        return explain(what, Effect::Write, error);
    };
    let reasons: Vec<&str> = canceled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or("None"))
        .collect();
    let has = |wanted: &[&str]| reasons.iter().any(|reason| wanted.contains(reason));
    let told = if has(&["ConditionalCheckFailed"]) {
        condition_failed(what)
    } else if has(&["TransactionConflict", "DuplicateItem"]) {
        CallError::new(
            CallCode::Conflict,
            format!("{what}: it conflicts with another transaction"),
        )
    } else if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        throttled(what)
    } else if has(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        refused(what)
    } else {
        CallError::new(CallCode::Backend, format!("{what}: canceled by DynamoDB"))
    };
    let texts = item_texts(canceled.cancellation_reasons());
    let message = format!("{}{texts} (reasons: {})", told.message, reasons.join(", "));
    CallError::new(told.code, message).with_backend_text(said(error))
}

/// What is said of the first invalid items of a transaction, such as `; item 2: Item size has exceeded the maximum allowed size`.
fn item_texts(reasons: &[CancellationReason]) -> String {
    let mut texts = String::new();
    for (index, reason) in reasons.iter().enumerate() {
        let is_invalid = reason.code() == Some("ValidationError");
        let message = reason.message().filter(|_| is_invalid);
        let Some(text) = message.and_then(messages::known) else {
            continue;
        };
        let text = format!("; item {}: {text}", index + 1);
        if texts.len() + text.len() > ITEM_TEXTS_BYTES {
            break;
        }
        texts.push_str(&text);
    }
    texts
}

/// What there is to know of a failure, for the log: AWS's own text, or what kept the request from AWS.
fn said<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    if let SdkError::ServiceError(answer) = error {
        return answered(error, answer.raw());
    }
    if let Some(told) = identity::problem(error) {
        return told;
    }
    let causes = iter::successors(error.source(), cause_of);
    iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}

/// Code and message, and the id by which AWS's support finds the request. Of an answer that is not the service's, its beginning.
fn answered<E: ProvideErrorMetadata>(error: &E, answer: &HttpResponse) -> String {
    let status = answer.status().as_u16();
    let request = answer
        .headers()
        .get("x-amzn-requestid")
        .map_or_else(String::new, |id| format!(", request {id}"));
    let Some(code) = error.code() else {
        let body = answer.body().bytes().map(String::from_utf8_lossy);
        let begin: String = body.unwrap_or_default().chars().take(SHOWN_CHARS).collect();
        return format!("HTTP {status} without an error of DynamoDB: {begin:?}{request}");
    };
    let message = error.message().unwrap_or("no message");
    format!("AWS answered {code}: {message} (HTTP {status}{request})")
}

fn cause_of<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    (*error).source()
}

/// The error of a request that ran out of time after it was sent.
pub(super) fn cut_off(what: &str, effect: Effect, limit: TimeLimit) -> CallError {
    match effect {
        Effect::Read => limit.too_late(what, SECTION),
        Effect::Write => outcome_unknown(what),
    }
}

/// The error of a request of which no attempt was answered in the time that one has.
fn unanswered(what: &str, effect: Effect) -> CallError {
    match effect {
        Effect::Read => CallError::new(
            CallCode::Deadline,
            format!("{what}: no attempt was answered within `{SECTION}.attempt_timeout`"),
        )
        .by_backend_timeout(),
        Effect::Write => outcome_unknown(what),
    }
}

/// The error of a request DynamoDB has no capacity for.
pub(super) fn throttled(what: &str) -> CallError {
    CallError::new(
        CallCode::Throttled,
        format!("{what}: DynamoDB asks for fewer requests"),
    )
}

/// Whether a request failed before there was a connection to send it on, or anything to sign it with. The SDK does not tell of
/// connections, but its HTTP client's text does; a test holds it to that. Any other text errs on the safe side: the request may have
/// been sent.
fn never_sent(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() || error.to_string() == "client error (Connect)" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The error of a request that reached a server which did not finish it.
fn cut_short(what: &str, effect: Effect) -> CallError {
    match effect {
        Effect::Read => unavailable(what),
        Effect::Write => outcome_unknown(what),
    }
}

fn unavailable(what: &str) -> CallError {
    CallError::new(
        CallCode::Unavailable,
        format!("{what}: DynamoDB cannot be reached"),
    )
}

fn refused(what: &str) -> CallError {
    CallError::new(
        CallCode::Invalid,
        format!("{what}: DynamoDB refused the request as invalid"),
    )
}

/// A request refused as invalid, with the service's message where a guest may be told it.
fn invalid(what: &str, message: &str) -> CallError {
    let refused = refused(what);
    match messages::known(message) {
        Some(text) => CallError::new(refused.code, format!("{}: {text}", refused.message)),
        None => refused,
    }
}

fn condition_failed(what: &str) -> CallError {
    CallError::new(
        CallCode::ConditionFailed,
        format!("{what}: the condition does not hold"),
    )
}

/// What an answer with an error means. What a server that failed did before it failed nobody knows, whatever it says; without a
/// code, which proxies and balancers do not give, the status decides.
fn service(what: &str, effect: Effect, status: u16, code: &str, message: &str) -> CallError {
    if status >= 500 {
        return cut_short(what, effect);
    }
    let (word, text) = match code {
        "ConditionalCheckFailedException" => return condition_failed(what),
        "TransactionConflictException"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException" => {
            (CallCode::Conflict, "it conflicts with another transaction")
        }
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "LimitExceededException" => return throttled(what),
        "ResourceNotFoundException" => (CallCode::NotFound, "no such table or index"),
        "ValidationException" | "SerializationException" => return invalid(what, message),
        // The word `invalid` stands for many things; code branches on these two by name.
        "ItemCollectionSizeLimitExceededException" => (
            CallCode::Invalid,
            "an item collection is too large (ItemCollectionSizeLimitExceededException)",
        ),
        "IdempotentParameterMismatchException" => (
            CallCode::Invalid,
            "the token was given before with other items (IdempotentParameterMismatchException)",
        ),
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "ExpiredTokenException" => (
            CallCode::Denied,
            "the host's own identity is not allowed to",
        ),
        "ServiceUnavailable" | "ServiceUnavailableException" => return unavailable(what),
        "InternalServerError" | "InternalFailure" => return cut_short(what, effect),
        "" => return without_code(what, effect, status),
        _ => (CallCode::Backend, "refused by DynamoDB"),
    };
    CallError::new(word, format!("{what}: {text}"))
}

/// What an answer means that names no error: somebody else's, or one that was spoilt on its way.
fn without_code(what: &str, effect: Effect, status: u16) -> CallError {
    match status {
        0..=399 => unreadable(what, effect),
        401 | 403 => CallError::new(
            CallCode::Denied,
            format!("{what}: the host's own identity is not allowed to"),
        ),
        // The time ran out between the host and the service: the request may have reached it.
        408 => cut_short(what, effect),
        429 => throttled(what),
        _ => CallError::new(
            CallCode::Backend,
            format!("{what}: refused with HTTP status {status}"),
        ),
    }
}
