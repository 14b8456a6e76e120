//! The contract with clients, variant by variant.

use std::collections::HashSet;
use std::time::Duration;

use super::{Blame, Code, Error};

fn module() -> String {
    "m".to_owned()
}

/// One error of every variant; the compiler says when one is missing in [`expected`], and a test when one is missing here.
fn every_variant() -> Vec<Error> {
    let text = || "text".to_owned();
    let hidden = || "hidden".to_owned();
    vec![
        Error::BadRequest(text()),
        Error::BodyTooLarge { limit_bytes: 7 },
        Error::ParseFailed(text()),
        Error::ValidationFailed(text()),
        Error::LimitExceeded {
            what: text(),
            limit: 7,
            setting: "depth",
        },
        Error::ErrorsNotTold { count: 7 },
        Error::OperationNotFound(text()),
        Error::InvalidVariables(text()),
        Error::Unauthenticated {
            problem: "text",
            presented: true,
        },
        Error::Forbidden {
            rule: hidden().into(),
        },
        Error::RateLimited {
            what: "too much",
            retry_after: Duration::from_millis(1),
        },
        Error::PersistedQueryNotFound,
        Error::PersistedQueryNotSupported,
        Error::DocumentNotTrusted,
        Error::OutOfMemory {
            module: module(),
            cap_bytes: 7,
            asked_bytes: 8,
        },
        Error::DeadlineExceeded {
            module: module(),
            deadline: Duration::from_secs(1),
        },
        Error::OperationDeadline {
            deadline: Duration::from_secs(1),
        },
        Error::GuestTrapped {
            module: module(),
            trap: hidden(),
        },
        Error::GuestError {
            reason: "WHY".to_owned(),
            message: text(),
            retryable: true,
            passed_on: Some(hidden()),
            beside: None,
        },
        Error::InvalidOutput {
            module: module(),
            message: text(),
        },
        Error::BudgetExceeded {
            module: module(),
            reached: "limit of 7 calls reached".to_owned(),
            remedy: String::new(),
        },
        Error::Denied {
            module: module(),
            detail: hidden(),
        },
        Error::BackendUnavailable { detail: hidden() },
        Error::Overloaded {
            retry_after: Duration::from_secs(1),
        },
        Error::Starting {
            retry_after: Duration::from_secs(1),
        },
        Error::Internal(hidden()),
    ]
}

/// The word, who has to act, the status of a request that fails as a whole, and whether to try again.
fn expected(error: &Error) -> (&'static str, Blame, Option<u16>, bool) {
    match error {
        Error::BadRequest(_) => ("BAD_REQUEST", Blame::Client, Some(400), false),
        Error::BodyTooLarge { .. } => ("BODY_TOO_LARGE", Blame::Client, Some(413), false),
        Error::ParseFailed(_) => ("GRAPHQL_PARSE_FAILED", Blame::Client, Some(400), false),
        Error::ValidationFailed(_) => {
            ("GRAPHQL_VALIDATION_FAILED", Blame::Client, Some(400), false)
        }
        Error::LimitExceeded { .. } | Error::ErrorsNotTold { .. } => {
            ("LIMIT_EXCEEDED", Blame::Client, Some(400), false)
        }
        Error::OperationNotFound(_) => (
            "OPERATION_RESOLUTION_FAILED",
            Blame::Client,
            Some(400),
            false,
        ),
        Error::InvalidVariables(_) => ("BAD_USER_INPUT", Blame::Client, Some(400), false),
        Error::Unauthenticated { .. } => ("UNAUTHENTICATED", Blame::Client, Some(401), false),
        Error::Forbidden { .. } => ("FORBIDDEN", Blame::Client, None, false),
        Error::RateLimited { .. } => ("RATE_LIMITED", Blame::Client, Some(429), true),
        Error::PersistedQueryNotFound => {
            ("PERSISTED_QUERY_NOT_FOUND", Blame::Client, Some(400), false)
        }
        Error::PersistedQueryNotSupported => (
            "PERSISTED_QUERY_NOT_SUPPORTED",
            Blame::Client,
            Some(400),
            false,
        ),
        Error::DocumentNotTrusted => ("DOCUMENT_NOT_TRUSTED", Blame::Client, Some(400), false),
        Error::OutOfMemory { .. } => ("OUT_OF_MEMORY", Blame::Guest, None, false),
        Error::DeadlineExceeded { .. } | Error::OperationDeadline { .. } => {
            ("DEADLINE_EXCEEDED", Blame::Guest, None, false)
        }
        Error::GuestTrapped { .. } => ("GUEST_TRAPPED", Blame::Guest, None, false),
        Error::GuestError { .. } => ("GUEST_ERROR", Blame::Guest, None, true),
        Error::InvalidOutput { .. } => ("INVALID_OUTPUT", Blame::Guest, None, false),
        Error::BudgetExceeded { .. } => ("BUDGET_EXCEEDED", Blame::Guest, None, false),
        Error::Denied { .. } => ("DENIED", Blame::Guest, None, false),
        Error::BackendUnavailable { .. } => ("BACKEND_UNAVAILABLE", Blame::Backend, None, true),
        Error::Overloaded { .. } | Error::Starting { .. } => {
            ("OVERLOADED", Blame::Host, Some(503), true)
        }
        Error::Internal(_) => ("INTERNAL", Blame::Host, Some(500), false),
    }
}

#[test]
fn every_variant_has_its_word_its_blame_and_its_status() {
    let errors = every_variant();
    for error in &errors {
        let code = error.code();
        assert_eq!(
            (
                code.as_str(),
                code.blame(),
                code.status(),
                error.retryable()
            ),
            expected(error),
            "{error:?}"
        );
    }
    let words: HashSet<_> = errors.iter().map(|error| error.code().as_str()).collect();
    assert_eq!(
        words,
        Code::ALL.iter().map(|code| code.as_str()).collect(),
        "each code is some variant's"
    );
    assert_eq!(
        (words.len(), errors.len()),
        (Code::ALL.len(), Code::ALL.len() + 3),
        "and of one only, but for what is told of an operation as a whole, and of a host that starts"
    );
}

#[test]
fn clients_who_are_told_nothing_of_the_inside_read_what_is_meant_for_them() {
    let public: Vec<_> = every_variant()
        .iter()
        .filter_map(|error| Some((error.code().as_str(), error.public_message()?)))
        .collect();
    let told: Vec<_> = public.iter().map(|(code, _)| *code).collect();
    let expected = [
        "BAD_REQUEST",
        "BODY_TOO_LARGE",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "LIMIT_EXCEEDED",
        "LIMIT_EXCEEDED",
        "OPERATION_RESOLUTION_FAILED",
        "BAD_USER_INPUT",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "RATE_LIMITED",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "DOCUMENT_NOT_TRUSTED",
        "OVERLOADED",
        "OVERLOADED",
    ];
    assert_eq!(told, expected);
    let starting = Error::Starting {
        retry_after: Duration::from_secs(1),
    };
    assert_eq!(
        starting.public_message().as_deref(),
        Some("the server is starting; try again in 1 s")
    );
    for (code, message) in public {
        let names_a_key = ["server.", "limits."]
            .iter()
            .any(|key| message.contains(key));
        assert!(!names_a_key, "{code}: {message}");
    }
    let own = |passed_on: Option<&str>| Error::GuestError {
        reason: "WHY".to_owned(),
        message: "on purpose".to_owned(),
        retryable: false,
        passed_on: passed_on.map(str::to_owned),
        beside: None,
    };
    assert_eq!(own(None).public_message().as_deref(), Some("on purpose"));
    assert_eq!(own(Some("")).public_message(), None);
}

#[test]
fn what_is_for_the_log_only_stays_there() {
    for error in every_variant() {
        assert!(!error.to_string().contains("hidden"), "{error:?}");
        let logged = error.log_message();
        assert!(logged.contains(&error.to_string()), "{logged}");
        assert_eq!(
            logged.contains("hidden"),
            format!("{error:?}").contains("hidden"),
            "{logged}"
        );
    }
}
