//! What happens to a request before it is admitted: it is read within limits of time and memory, its caller is recognised, and only
//! then is anything of it parsed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{Method, StatusCode, Uri};
use futures_util::future::BoxFuture;
use mayfly_error::{Code, Error};
use mayfly_runtime::imports::Caller;

use super::admission::RequestMemory;
use super::exchange::Exchange;
use super::request::{Operations, Parameters, check_coding, check_content_type};
use super::{body, request};
use crate::callers::Callers;
use crate::rate_limits::Allowance;
use crate::serving::app::App;

/// A request of somebody who is known, or may be unknown.
pub(super) struct Received {
    /// The app that answers it.
    pub(super) app: Arc<App>,
    /// Who sent it; none where nothing is known of them.
    pub(super) caller: Option<Box<Caller>>,
    pub(super) operations: Operations,
    pub(super) memory: RequestMemory,
}

impl Exchange {
    pub(super) async fn read(
        &self,
        method: &Method,
        uri: &Uri,
        parameters: Result<Query<Parameters>, QueryRejection>,
        body: Body,
    ) -> Result<Received, request::Refusal> {
        let mut memory = self.hold()?;
        let bytes = match *method {
            Method::GET | Method::HEAD => None,
            Method::POST => {
                let codings =
                    "send the body as it is, or with one Content-Encoding, gzip or deflate";
                check_coding(&self.headers, codings)?;
                check_content_type(&self.headers)?;
                let limit_bytes = self.host.limits.max_body_bytes;
                let bytes = body::read(&self.headers, body, limit_bytes, &mut memory).await;
                Some(bytes.inspect_err(|(status, _)| self.note(*status))?)
            }
            _ => {
                let message = "use POST, or GET and HEAD for queries".to_owned();
                return Err((StatusCode::METHOD_NOT_ALLOWED, Error::BadRequest(message)));
            }
        };
        let app = self.host.app().ok_or_else(starting)?;
        let caller = match &app.callers {
            Some(callers) => self.recognised(&app, callers).await?,
            None => {
                self.count_operation(&app, None)?;
                self.described(None)
            }
        };
        let query = uri.query().unwrap_or_default();
        let length = bytes.as_ref().map_or(query.len(), |bytes| bytes.len());
        self.full(memory.parsing(length as u64).await)?;
        let operations = match bytes {
            Some(bytes) => Operations::read(&bytes, app.documents.max_batch)?,
            None => {
                let wrong = |error: &dyn std::fmt::Display| {
                    let message = format!("the URL is wrong: {error}");
                    (StatusCode::BAD_REQUEST, Error::BadRequest(message))
                };
                // Reading the parameters puts U+FFFD in place of what is no text.
                let decoded = percent_encoding::percent_decode_str(query).decode_utf8();
                decoded.map_err(|error| wrong(&format_args!("{error}; encode it as UTF-8")))?;
                let Query(parameters) = parameters.map_err(|error| wrong(&error))?;
                Operations::One(parameters.into_operation()?)
            }
        };
        memory.parsed(operations.held_bytes());
        Ok(Received {
            app,
            caller,
            operations,
            memory,
        })
    }

    /// Who sent the request, where that is asked. Most apps do not ask, and their futures need no room for it.
    fn recognised<'e>(
        &'e self,
        app: &'e App,
        callers: &'e Callers,
    ) -> BoxFuture<'e, Result<Option<Box<Caller>>, request::Refusal>> {
        Box::pin(async move {
            let recognised = callers.recognise(&self.headers).await;
            self.count_operation(app, recognised.as_ref().ok())?;
            let caller = recognised.map_err(|error| {
                let status = match error.code() {
                    Code::Unauthenticated => StatusCode::UNAUTHORIZED,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                (status, error)
            })?;
            Ok(self.described(Some(caller)))
        })
    }

    /// A caller as far as guests may know.
    fn described(&self, caller: Option<Caller>) -> Option<Box<Caller>> {
        let exposed = self.host.limits.guest_headers.iter().filter_map(|name| {
            let value = self.headers.get(name)?.to_str().ok()?;
            Some((name.clone(), value.to_owned()))
        });
        let headers: Vec<_> = exposed.collect();
        if caller.is_none() && headers.is_empty() {
            return None;
        }
        Some(Box::new(Caller {
            headers,
            ..caller.unwrap_or_default()
        }))
    }

    /// Counts an operation of a caller; whoever is not recognised counts, too.
    pub(super) fn count_operation(
        &self,
        app: &App,
        caller: Option<&Caller>,
    ) -> Result<(), request::Refusal> {
        let allowance = self.allowance(app, caller);
        let counted = allowance.map_or(Ok(()), |allowance| allowance.operation());
        counted.map_err(too_many)
    }

    /// Counts the complexity of an operation.
    pub(super) fn count_complexity(
        &self,
        app: &App,
        caller: Option<&Caller>,
        cost: impl FnOnce() -> u64,
    ) -> Result<(), request::Refusal> {
        let allowance = self.allowance(app, caller);
        let counted = allowance.map_or(Ok(()), |allowance| allowance.complexity(cost()));
        counted.map_err(too_many)
    }

    fn allowance<'a>(&self, app: &'a App, caller: Option<&Caller>) -> Option<Allowance<'a>> {
        let limits = app.rate_limits.as_ref()?;
        Some(limits.of(caller, self.peer(), &self.headers, &app.trusted_proxies))
    }

    /// Memory for a request, by the size of its head.
    fn hold(&self) -> Result<RequestMemory, request::Refusal> {
        let sizes = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let bytes = sizes.sum::<usize>() as u64;
        self.full(self.host.admission.hold(bytes, self.under_way()))
    }

    /// Refuses a request for which there is no room.
    pub(super) fn full<T>(&self, room: Result<T, Error>) -> Result<T, request::Refusal> {
        room.map_err(|error| {
            self.note(StatusCode::SERVICE_UNAVAILABLE);
            (StatusCode::SERVICE_UNAVAILABLE, error)
        })
    }

    /// Counts a request that is refused because the host is full.
    fn note(&self, status: StatusCode) {
        if status == StatusCode::SERVICE_UNAVAILABLE {
            self.host.metrics.refused();
        }
    }
}

fn too_many(error: Error) -> request::Refusal {
    (StatusCode::TOO_MANY_REQUESTS, error)
}

fn starting() -> request::Refusal {
    let error = Error::Starting {
        retry_after: Duration::from_secs(1),
    };
    (StatusCode::SERVICE_UNAVAILABLE, error)
}
