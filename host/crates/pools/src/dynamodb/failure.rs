//! What a failed request to DynamoDB means to a guest. The service's own text goes to the log only.

use std::error::Error;
use std::iter;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use mayfly_error::{CallCode, CallError};

use crate::clock::{outcome_unknown, too_late};

/// Whether a request changes anything: decides what being cut off means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing is changed.
    Read,
    /// Something may be changed.
    Write,
}

/// A failed request as a guest is told. `what` names the request, for example "get from table `Students`".
pub(super) fn explain<E, R>(what: &str, effect: Effect, error: &SdkError<E, R>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let told = match error {
        SdkError::ServiceError(_) => service(what, effect, error.code().unwrap_or_default()),
        SdkError::ConstructionFailure(_) => CallError::new(
            CallCode::Invalid,
            format!("{what}: the request is malformed"),
        ),
        SdkError::TimeoutError(_) => cut_off(what, effect),
        // Whatever the SDK calls such a failure: it has a word of its own for a connection that closed before its answer came.
        SdkError::DispatchFailure(_) if effect == Effect::Write && !never_sent(error) => {
            outcome_unknown(what)
        }
        SdkError::DispatchFailure(_) => unavailable(what),
        // An answer arrived that could not be read.
        _ if effect == Effect::Write => outcome_unknown(what),
        _ => unavailable(what),
    };
    told.with_detail(said(error))
}

/// A failed transaction: the reasons of its items decide.
pub(super) fn explain_transaction<R: std::fmt::Debug + 'static>(
    what: &str,
    error: &SdkError<TransactWriteItemsError, R>,
) -> CallError {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        return explain(what, Effect::Write, error);
    };
    let reasons: Vec<&str> = canceled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .collect();
    let has = |wanted: &[&str]| reasons.iter().any(|reason| wanted.contains(reason));
    let told = if has(&["ConditionalCheckFailed"]) {
        condition_failed(what)
    } else if has(&["TransactionConflict", "DuplicateItem"]) {
        CallError::new(
            CallCode::Conflict,
            format!("{what}: another transaction was faster"),
        )
    } else if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        throttled(what)
    } else if has(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        CallError::new(
            CallCode::Invalid,
            format!("{what}: DynamoDB refused the request as invalid"),
        )
    } else {
        CallError::new(CallCode::Backend, format!("{what}: canceled by DynamoDB"))
    };
    let positions: Vec<String> = canceled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or("None").to_owned())
        .collect();
    told.with_detail(format!(
        "{}; reasons: {}",
        said(error),
        positions.join(", ")
    ))
}

/// What there is to know of a failure, for the log: AWS's own text, or what kept the request from AWS.
fn said<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let SdkError::ServiceError(_) = error {
        let code = error.code().unwrap_or("an error without a code");
        return match error.message() {
            Some(message) => format!("AWS answered {code}: {message}"),
            None => format!("AWS answered {code}"),
        };
    }
    let causes = iter::successors(error.source(), cause_of);
    if causes.clone().any(|cause| cause.is::<CredentialsError>()) {
        let why = causes.last().map(ToString::to_string).unwrap_or_default();
        return format!("no AWS credentials found ({why}); set a role, a profile or keys");
    }
    iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}

fn cause_of<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    (*error).source()
}

/// The error of a request that ran out of time after it was sent.
pub(super) fn cut_off(what: &str, effect: Effect) -> CallError {
    match effect {
        Effect::Read => too_late(what),
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

fn unavailable(what: &str) -> CallError {
    CallError::new(
        CallCode::Unavailable,
        format!("{what}: DynamoDB cannot be reached"),
    )
}

fn condition_failed(what: &str) -> CallError {
    CallError::new(
        CallCode::ConditionFailed,
        format!("{what}: the condition does not hold"),
    )
}

fn service(what: &str, effect: Effect, code: &str) -> CallError {
    let (word, text) = match code {
        "ConditionalCheckFailedException" => return condition_failed(what),
        "TransactionConflictException"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException" => {
            (CallCode::Conflict, "another transaction was faster")
        }
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "LimitExceededException" => return throttled(what),
        "ResourceNotFoundException" => (CallCode::NotFound, "no such table or index"),
        "ValidationException"
        | "SerializationException"
        | "ItemCollectionSizeLimitExceededException"
        | "IdempotentParameterMismatchException" => {
            (CallCode::Invalid, "DynamoDB refused the request as invalid")
        }
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
        "InternalServerError" | "InternalFailure" if effect == Effect::Write => {
            return outcome_unknown(what);
        }
        "InternalServerError" | "InternalFailure" => return unavailable(what),
        _ => (CallCode::Backend, "refused by DynamoDB"),
    };
    CallError::new(word, format!("{what}: {text}"))
}
