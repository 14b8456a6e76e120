//! The codes of GraphQL answers: a contract with clients, so a word once given out keeps its meaning.

/// What `extensions.code` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The HTTP request is not a GraphQL request.
    BadRequest,
    /// The HTTP body is too large.
    BodyTooLarge,
    /// The document does not parse.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// A limit of the guard.
    LimitExceeded,
    /// No such operation, or none named among several.
    OperationResolutionFailed,
    /// A variable does not fit its type.
    BadUserInput,
    /// The caller's token is missing or not accepted.
    Unauthenticated,
    /// The caller may not see what the field holds.
    Forbidden,
    /// The caller asked for too much in too short a time.
    RateLimited,
    /// The host does not know the document that the request names by its hash; send it along. The word is Apollo's.
    PersistedQueryNotFound,
    /// Documents cannot be named by their hash here. The word is Apollo's.
    PersistedQueryNotSupported,
    /// Only documents of the manifest run here, and this is none of them.
    DocumentNotTrusted,
    /// The guest reached its memory cap.
    OutOfMemory,
    /// The invocation ran out of time.
    DeadlineExceeded,
    /// The guest crashed.
    GuestTrapped,
    /// The guest answered with an error of its own.
    GuestError,
    /// The guest's answer does not fit the schema.
    InvalidOutput,
    /// The guest reached another limit.
    BudgetExceeded,
    /// The guest lacks a grant.
    Denied,
    /// A backend cannot be reached, or does not answer in the time that its configuration gives it.
    BackendUnavailable,
    /// The host takes no more operations now.
    Overloaded,
    /// A fault of the host.
    Internal,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Whoever sent the request.
    Client,
    /// Whoever wrote the module.
    Guest,
    /// Whoever runs the backend.
    Backend,
    /// Whoever runs Mayfly.
    Host,
}

impl Code {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 23] = [
        Self::BadRequest,
        Self::BodyTooLarge,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::LimitExceeded,
        Self::OperationResolutionFailed,
        Self::BadUserInput,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::RateLimited,
        Self::PersistedQueryNotFound,
        Self::PersistedQueryNotSupported,
        Self::DocumentNotTrusted,
        Self::OutOfMemory,
        Self::DeadlineExceeded,
        Self::GuestTrapped,
        Self::GuestError,
        Self::InvalidOutput,
        Self::BudgetExceeded,
        Self::Denied,
        Self::BackendUnavailable,
        Self::Overloaded,
        Self::Internal,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::OperationResolutionFailed => "OPERATION_RESOLUTION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::RateLimited => "RATE_LIMITED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::DocumentNotTrusted => "DOCUMENT_NOT_TRUSTED",
            Self::OutOfMemory => "OUT_OF_MEMORY",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::GuestTrapped => "GUEST_TRAPPED",
            Self::GuestError => "GUEST_ERROR",
            Self::InvalidOutput => "INVALID_OUTPUT",
            Self::BudgetExceeded => "BUDGET_EXCEEDED",
            Self::Denied => "DENIED",
            Self::BackendUnavailable => "BACKEND_UNAVAILABLE",
            Self::Overloaded => "OVERLOADED",
            Self::Internal => "INTERNAL",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn blame(self) -> Blame {
        match self {
            Self::BadRequest
            | Self::BodyTooLarge
            | Self::GraphqlParseFailed
            | Self::GraphqlValidationFailed
            | Self::LimitExceeded
            | Self::OperationResolutionFailed
            | Self::BadUserInput
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::RateLimited
            | Self::PersistedQueryNotFound
            | Self::PersistedQueryNotSupported
            | Self::DocumentNotTrusted => Blame::Client,
            Self::OutOfMemory
            | Self::DeadlineExceeded
            | Self::GuestTrapped
            | Self::GuestError
            | Self::InvalidOutput
            | Self::BudgetExceeded
            | Self::Denied => Blame::Guest,
            Self::BackendUnavailable => Blame::Backend,
            Self::Overloaded | Self::Internal => Blame::Host,
        }
    }

    /// The HTTP status when the whole request fails with this code and the client takes
    /// `application/graphql-response+json`; none for errors of fields, which never decide the status.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        match self {
            Self::BadRequest
            | Self::GraphqlParseFailed
            | Self::GraphqlValidationFailed
            | Self::LimitExceeded
            | Self::OperationResolutionFailed
            | Self::BadUserInput
            | Self::PersistedQueryNotFound
            | Self::PersistedQueryNotSupported
            | Self::DocumentNotTrusted => Some(400),
            Self::Unauthenticated => Some(401),
            Self::BodyTooLarge => Some(413),
            Self::RateLimited => Some(429),
            Self::Overloaded => Some(503),
            Self::Internal => Some(500),
            _ => None,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
