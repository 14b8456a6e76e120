//! A request, checked: nothing in it is a guest's but what the grant lets through.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};

use super::configuration::Method;
use crate::holders::Borrower;
use crate::time_limit::TimeLimit;

/// What is sent to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The route as it was granted, for messages: `/students/{id}`.
    pub route: String,
    /// Path and query, encoded, without the service's own prefix.
    pub target: String,
    /// Headers, without those that the host adds for every request.
    pub headers: HeaderMap,
    /// `traceparent`, which differs from request to request and means nothing for the answer.
    pub trace: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
    /// For whom it is sent.
    pub borrower: Borrower,
}

/// How long something may take, and how much it may bring.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub limit: TimeLimit,
    pub most: usize,
}

impl Request {
    /// How messages name it: "GET /students/{id} of service `enrolment`".
    #[must_use]
    pub fn name(&self, service: &str) -> String {
        format!(
            "{} {} of service `{service}`",
            self.method.as_str(),
            self.route
        )
    }
}
