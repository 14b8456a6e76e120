//! `POST /graphql` and `GET /graphql`, after the GraphQL-over-HTTP specification.
//!
//! A query is executed inside its request: a client that goes away cancels it. A mutation that began runs to its end, also when
//! nobody waits for the answer any more. One operation holds one snapshot of the app from start to end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request as HttpRequest, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use mayfly_config::CanaryKey;
use mayfly_error::Error;
use mayfly_graphql::{OperationKind, Request, RequestError, RequestErrors};

use super::accept::{MediaType, wants_html};
use super::admission::RequestMemory;
use super::connections::UnderWay;
use super::request::{Parameters, check_content_type, from_body};
use super::{body, hosts, ide, request};
use crate::http::Host;
use crate::resolve::{Resolver, disclosure};
use crate::serving::app::App;
use mayfly_runtime::imports::{Allowance, Caller, Operation};

/// The header that names the trace of an answer.
const TRACE_ID: &str = "x-trace-id";

/// The routes for clients.
pub fn router(host: Arc<Host>) -> Router {
    Router::new()
        .route("/graphql", any(graphql))
        .route("/", get(page))
        .with_state(host)
}

async fn page(State(host): State<Arc<Host>>, http: HttpRequest) -> Response {
    let (head, _) = http.into_parts();
    match hosts::check(&head, &host.limits.hosts) {
        Ok(()) => ide::page(State(host)).await,
        Err((status, error)) => (status, error.to_string()).into_response(),
    }
}

/// One request on its way to an answer.
struct Exchange {
    host: Arc<Host>,
    media_type: MediaType,
    headers: HeaderMap,
    trace_id: String,
    /// What the client's connection has under way.
    under_way: usize,
}

async fn graphql(
    State(host): State<Arc<Host>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    http: HttpRequest,
) -> Response {
    let started = Instant::now();
    let (head, body) = http.into_parts();
    let is_ours = hosts::check(&head, &host.limits.hosts);
    let reads_only = matches!(head.method, Method::GET | Method::HEAD);
    let asks_for_page =
        reads_only && is_ours.is_ok() && wants_html(&head.headers) && host.has_page();
    if asks_for_page
        && parameters
            .as_ref()
            .is_ok_and(|parameters| !parameters.has_query())
    {
        return ide::page(State(host)).await;
    }
    let media_type = MediaType::negotiate(&head.headers);
    let exchange = Exchange {
        host,
        media_type: media_type.unwrap_or(MediaType::Json),
        trace_id: trace_id(&head.headers),
        under_way: head
            .extensions
            .get()
            .map_or(1, |UnderWay(requests)| *requests),
        headers: head.headers,
    };
    let response = match (is_ours, media_type) {
        (Err(refusal), _) => exchange.refuse(refusal),
        (_, None) => {
            let message = "accept application/graphql-response+json or application/json".to_owned();
            exchange.refuse((StatusCode::NOT_ACCEPTABLE, Error::BadRequest(message)))
        }
        (Ok(()), Some(_)) => match exchange
            .read(&head.method, &head.uri, parameters, body)
            .await
        {
            Ok((request, memory)) => {
                let answer = pin!(exchange.answer(request, memory, reads_only));
                exchange.host.turns.run(answer).await
            }
            Err(refusal) => exchange.refuse(refusal),
        },
    };
    exchange
        .host
        .metrics
        .request(response.status(), started.elapsed());
    response
}

impl Exchange {
    async fn read(
        &self,
        method: &Method,
        uri: &Uri,
        parameters: Result<Query<Parameters>, QueryRejection>,
        body: Body,
    ) -> Result<(Request, RequestMemory), request::Refusal> {
        let mut memory = self.hold()?;
        let request = match *method {
            Method::GET | Method::HEAD => {
                let Query(parameters) = parameters.map_err(|error| {
                    (
                        StatusCode::BAD_REQUEST,
                        Error::BadRequest(format!("the URL is wrong: {error}")),
                    )
                })?;
                let bytes = uri.query().unwrap_or_default().len() as u64;
                self.full(memory.parsing(bytes).await)?;
                parameters.into_request()?
            }
            Method::POST => {
                check_content_type(&self.headers)?;
                let limit_bytes = self.host.limits.max_body_bytes;
                let bytes = body::read(&self.headers, body, limit_bytes, &mut memory).await;
                let bytes = bytes.inspect_err(|(status, _)| self.note(*status))?;
                self.full(memory.parsing(bytes.len() as u64).await)?;
                from_body(&bytes)?
            }
            _ => {
                let message = "use POST, or GET and HEAD for queries".to_owned();
                return Err((StatusCode::METHOD_NOT_ALLOWED, Error::BadRequest(message)));
            }
        };
        memory.parsed(&request);
        Ok((request, memory))
    }

    /// Memory for a request, by the size of its head.
    fn hold(&self) -> Result<RequestMemory, request::Refusal> {
        let sizes = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let bytes = sizes.sum::<usize>() as u64;
        self.full(self.host.admission.hold(bytes, self.under_way))
    }

    /// Refuses a request for which there is no room.
    fn full<T>(&self, room: Result<T, Error>) -> Result<T, request::Refusal> {
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

    /// Executes a request that is well formed.
    async fn answer(&self, request: Request, memory: RequestMemory, reads_only: bool) -> Response {
        // The request has arrived: from now on its time runs, waiting included.
        let arrived = Instant::now();
        let Some(app) = self.host.app() else {
            let error = Error::Overloaded {
                retry_after: std::time::Duration::from_secs(1),
            };
            return self.refuse((StatusCode::SERVICE_UNAVAILABLE, error));
        };
        let caller = match self.caller(&app) {
            Ok(caller) => caller,
            Err(error) => return self.refuse((StatusCode::UNAUTHORIZED, error)),
        };
        let last = arrived + app.operation.deadline;
        let place = self.host.admission.enter(last, self.under_way).await;
        let place = match self.full(place) {
            Ok(place) => place,
            Err(refusal) => return self.refuse(refusal),
        };
        let (app, observation) = app.choose(|by| self.key(by, &caller));
        let prepared = match app.engine.prepare(&request) {
            Ok(prepared) => prepared,
            Err(errors) => {
                let status = errors
                    .code()
                    .status()
                    .and_then(|status| StatusCode::from_u16(status).ok());
                let status = match self.media_type {
                    MediaType::Json => StatusCode::OK,
                    MediaType::GraphqlResponse => status.unwrap_or(StatusCode::BAD_REQUEST),
                };
                let disclosure = disclosure(app.error_detail, &self.trace_id);
                let answer = self.host.answers.hold(errors.render(disclosure)).await;
                return self.respond(status, answer.into());
            }
        };
        let mutation = prepared.kind() == OperationKind::Mutation;
        if mutation && reads_only {
            let message = "a mutation has to be sent by POST".to_owned();
            return self.refuse((StatusCode::METHOD_NOT_ALLOWED, Error::BadRequest(message)));
        }
        let allowance = Allowance::since(arrived, app.operation);
        let operation = Operation {
            trace_id: self.trace_id.clone(),
            caller,
            allowance,
        };
        let resolver = Resolver::new(app.clone(), operation).observed(observation);
        let host = self.host.clone();
        let execution = async move {
            let body = app.engine.execute(prepared, &resolver).await;
            resolver.finish();
            drop(memory);
            let answer = host.answers.hold(body).await;
            // Not before: no more answers wait for memory than there are places.
            drop(place);
            answer
        };
        if mutation {
            let host = self.host.clone();
            let execution = Box::pin(execution);
            let execution = async move { host.turns.run(execution).await };
            return match self.host.tasks.spawn(execution).await {
                Ok(body) => self.respond(StatusCode::OK, body.into()),
                Err(lost) => {
                    let error = Error::Internal(lost.to_string());
                    tracing::error!(
                        trace_id = self.trace_id,
                        error = error.log_message(),
                        "a mutation was lost"
                    );
                    self.refuse((StatusCode::INTERNAL_SERVER_ERROR, error))
                }
            };
        }
        self.respond(StatusCode::OK, execution.await.into())
    }

    /// Who sent the request, as far as guests may know.
    fn caller(&self, app: &App) -> Result<Caller, Error> {
        let sent = self
            .headers
            .get_all(AUTHORIZATION)
            .iter()
            .map(HeaderValue::as_bytes);
        let recognised = app
            .callers
            .as_ref()
            .map(|callers| callers.recognise(sent))
            .transpose()?;
        let exposed = self.host.limits.guest_headers.iter().filter_map(|name| {
            let value = self.headers.get(name)?.to_str().ok()?;
            Some((name.clone(), value.to_owned()))
        });
        Ok(Caller {
            headers: exposed.collect(),
            ..recognised.unwrap_or_default()
        })
    }

    /// What decides whether this operation runs on a canary.
    fn key<'k>(&'k self, by: &CanaryKey, caller: &'k Caller) -> Option<&'k str> {
        match by {
            CanaryKey::Operation => Some(&self.trace_id),
            CanaryKey::Caller => caller.id.as_deref(),
            CanaryKey::Header(name) => self.headers.get(name)?.to_str().ok(),
        }
    }

    fn refuse(&self, (status, error): request::Refusal) -> Response {
        let detail = self.host.app().map(|app| app.error_detail);
        let disclosure = disclosure(detail.unwrap_or_default(), &self.trace_id);
        let errors = RequestErrors::from(RequestError::nowhere(error.clone()));
        let mut response = self.respond(status, errors.render(disclosure).into());
        if let Error::Overloaded { retry_after } = &error {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
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

    fn respond(&self, status: StatusCode, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(self.media_type.content_type()),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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

/// The trace id a client sent in `traceparent`, or a new one.
fn trace_id(headers: &HeaderMap) -> String {
    let sent = headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split('-').nth(1));
    let valid = |id: &&str| {
        id.len() == 32
            && id
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            && id.bytes().any(|b| b != b'0')
    };
    sent.filter(valid).map_or_else(
        || format!("{:032x}", rand::random::<u128>().max(1)),
        str::to_owned,
    )
}
