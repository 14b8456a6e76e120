//! One request on its way to an answer, and the answers that need no operation to run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use mayfly_error::{Error, whole_seconds};
use mayfly_graphql::{RequestError, RequestErrors};

use super::accept::MediaType;
use super::compression::{Accepted, Answer};
use super::connections::{Load, Peer};
use super::request;
use super::trace::TRACE_ID;
use crate::history::RecentError;
use crate::http::Host;
use crate::resolve::disclosure;

/// When to try again what was refused for a backend's sake: the keys of an issuer, which are being fetched.
const BACKEND_RETRY: Duration = Duration::from_secs(2);

/// One request on its way to an answer.
pub(super) struct Exchange {
    pub(super) host: Arc<Host>,
    pub(super) media_type: MediaType,
    pub(super) headers: HeaderMap,
    /// What answers may be compressed with.
    pub(super) accepted: Accepted,
    pub(super) trace_id: String,
    /// What the connection says of the request: where it comes from, and what else is under way.
    pub(super) extensions: Extensions,
}

impl Exchange {
    /// What the client's connection has under way, this included.
    pub(super) fn under_way(&self) -> usize {
        let load: Option<&Load> = self.extensions.get();
        load.map_or(1, |load| load.under_way)
    }

    /// Where the connection comes from; none where the system does not say.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.extensions.get().and_then(|Peer(peer)| *peer)
    }

    /// Keeps an error for operators.
    pub(super) fn remember(&self, error: &Error) {
        let history = &self.host.history;
        history.counters.error();
        history.errors.push(RecentError::now(&self.trace_id, error));
    }

    pub(super) fn refuse(&self, (status, error): request::Refusal) -> Response {
        self.remember(&error);
        let detail = self.host.app().map(|app| app.error_detail);
        let disclosure = disclosure(detail.unwrap_or_default(), &self.trace_id);
        let errors = RequestErrors::from(RequestError::nowhere(error.clone()));
        let mut response = self.respond(status, Answer::plain(errors.render(disclosure)));
        let retry_after = match &error {
            Error::Overloaded { retry_after }
            | Error::Starting { retry_after }
            | Error::RateLimited { retry_after, .. } => Some(*retry_after),
            Error::BackendUnavailable { .. } => Some(BACKEND_RETRY),
            _ => None,
        };
        if let Some(time) = retry_after {
            let seconds = HeaderValue::from(whole_seconds(time));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        if let Error::Unauthenticated { presented, .. } = &error {
            response.headers_mut().insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge(*presented)),
            );
        }
        let leaves_body = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::NOT_IMPLEMENTED
        );
        if leaves_body {
            // What still comes of it is not the next request.
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        }
        response
    }

    pub(super) fn respond(&self, status: StatusCode, answer: Answer) -> Response {
        let mut response = Response::new(answer.bytes.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(self.media_type.content_type()),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.host.compression.vary(headers);
        if let Some(coding) = answer.coding {
            headers.insert(CONTENT_ENCODING, coding);
        }
        if let Ok(trace_id) = HeaderValue::from_str(&self.trace_id) {
            headers.insert(TRACE_ID, trace_id);
        }
        response
    }
}

/// What RFC 6750 answers to a request without a token, and to one whose token is not accepted.
fn challenge(presented: bool) -> &'static str {
    if presented {
        "Bearer realm=\"mayfly\", error=\"invalid_token\""
    } else {
        "Bearer realm=\"mayfly\""
    }
}
