//! `POST /graphql` and `GET /graphql`, after the GraphQL-over-HTTP specification.
//!
//! A query is executed inside its request: a client that goes away cancels it. A mutation that began runs to its end, also when
//! nobody waits for the answer any more. One operation holds one snapshot of the app from start to end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Query, Request as HttpRequest, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use mayfly_config::CanaryKey;
use mayfly_error::Error;
use mayfly_graphql::{OperationKind, Prepared, Request, RequestError, RequestErrors};

use super::accept::{MediaType, wants_html};
use super::admission::RequestMemory;
use super::compression::{self, Accepted};
use super::exchange::Exchange;
use super::queue::OperationPlace;
use super::receive::Received;
use super::request::{Operation, Operations, Parameters};
use super::trace::trace_id;
use super::{cors, hosts, ide, request};
use crate::callers::Account;
use crate::history::UnderWay as OperationUnderWay;
use crate::http::Host;
use crate::resolve::{Resolver, disclosure};
use crate::serving::app::App;
use mayfly_runtime::Deadline;
use mayfly_runtime::imports::{Allowance, Caller};

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

/// What is true of all operations of a request that has a place.
struct Admitted {
    arrived: Instant,
    /// Who sent them; none where nothing is known of them.
    caller: Option<Box<Caller>>,
    reads_only: bool,
    /// The memory of the request and its place. A mutation has them until it ends, also when nobody waits any more.
    held: Arc<(RequestMemory, OperationPlace)>,
}

async fn graphql(State(host): State<Arc<Host>>, http: HttpRequest) -> Response {
    match host.app().and_then(|app| app.cors.clone()) {
        // Most apps have none, and their futures need no room for it.
        Some(cors) => {
            let answer = move |http| unpack(host.clone(), http);
            Box::pin(cors::answer(&cors, http, answer)).await
        }
        None => unpack(host, http).await,
    }
}

async fn unpack(host: Arc<Host>, http: HttpRequest) -> Response {
    if !http.headers().contains_key(CONTENT_ENCODING) {
        return exchange(host, http).await;
    }
    let most = host.limits.max_body_bytes;
    let answer = move |http| exchange(host, http);
    Box::pin(compression::unpack(http, most, answer)).await
}

async fn exchange(host: Arc<Host>, http: HttpRequest) -> Response {
    let started = Instant::now();
    let parameters = Query::<Parameters>::try_from_uri(http.uri());
    let (head, body) = http.into_parts();
    let is_ours = hosts::check(&head, &host.limits.hosts);
    let reads_only = matches!(head.method, Method::GET | Method::HEAD);
    let asks_for_page =
        reads_only && is_ours.is_ok() && wants_html(&head.headers) && host.has_page();
    if asks_for_page
        && parameters
            .as_ref()
            .is_ok_and(|parameters| !parameters.has_document())
    {
        return ide::page(State(host)).await;
    }
    let media_type = MediaType::negotiate(&head.headers);
    let exchange = Exchange {
        host,
        media_type: media_type.unwrap_or(MediaType::Json),
        accepted: Accepted::read(&head.headers),
        trace_id: trace_id(&head.headers),
        extensions: head.extensions,
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
            Ok(received) => {
                let answer = pin!(exchange.answer(received, reads_only));
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
    /// Executes a request that is well formed.
    async fn answer(&self, received: Received, reads_only: bool) -> Response {
        // The request has arrived: from now on its time runs, waiting included.
        let arrived = Instant::now();
        let Received {
            app,
            caller,
            operations,
            memory,
        } = received;
        let deadline = Deadline::since(arrived, app.operation.deadline);
        let place = self.host.admission.enter(deadline, self.under_way()).await;
        let place = match self.full(place) {
            Ok(place) => place,
            Err(refusal) => return self.refuse(refusal),
        };
        let admitted = Admitted {
            arrived,
            caller,
            reads_only,
            held: Arc::new((memory, place)),
        };
        let answered = match operations {
            Operations::One(operation) => self.one(&app, operation, &admitted).await,
            // Rare, so that other requests need no room for it.
            Operations::Batch(operations) => {
                Box::pin(self.batch(&app, operations, &admitted)).await
            }
        };
        match answered {
            Ok((status, bytes)) => {
                let answer = self.host.answer(bytes, &self.accepted).await;
                // Not before: no more answers wait for memory than there are places.
                drop(admitted);
                self.respond(status, answer)
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Executes operations one after the other, as if each had been sent alone; their answers are a list, and may be as large as one.
    async fn batch(
        &self,
        app: &Arc<App>,
        operations: Vec<Operation>,
        admitted: &Admitted,
    ) -> Result<(StatusCode, Vec<u8>), request::Refusal> {
        let most = app.engine.limits().response_bytes;
        let mut answers = vec![b'['];
        for (index, operation) in operations.into_iter().enumerate() {
            // The first was counted before the request was parsed.
            let counted = match index {
                0 => Ok(()),
                _ => self.count_operation(app, admitted.caller.as_deref()),
            };
            let answered = match counted {
                Ok(()) => self.one(app, operation, admitted).await,
                Err(refusal) => Err(refusal),
            };
            let answer = match answered {
                Ok((_, answer)) if answers.len() + answer.len() <= most => answer,
                Ok(_) => {
                    let error = Error::LimitExceeded {
                        what: "the answers of the list are".to_owned(),
                        limit: most as u64,
                        setting: "response",
                    };
                    self.render(app, &RequestErrors::from(RequestError::nowhere(error)))
                }
                Err((_, error)) => {
                    self.render(app, &RequestErrors::from(RequestError::nowhere(error)))
                }
            };
            if answers.len() > 1 {
                answers.push(b',');
            }
            answers.extend_from_slice(&answer);
        }
        answers.push(b']');
        Ok((StatusCode::OK, answers))
    }

    /// Executes one operation: the status and the bytes of its answer.
    async fn one(
        &self,
        app: &Arc<App>,
        operation: Operation,
        admitted: &Admitted,
    ) -> Result<(StatusCode, Vec<u8>), request::Refusal> {
        let served = app;
        let (app, observation) = app
            .clone()
            .choose(|by| self.key(by, admitted.caller.as_deref()));
        let found = match app.documents.find(operation.document) {
            Ok(found) => found,
            Err(error @ Error::BadRequest(_)) => return Err((StatusCode::BAD_REQUEST, error)),
            Err(error) => {
                return Ok(
                    self.not_prepared(&app, &RequestErrors::from(RequestError::nowhere(error)))
                );
            }
        };
        let request = Request {
            query: found.text,
            operation_name: operation.operation_name,
            variables: operation.variables,
        };
        let prepared = match app.engine.prepare(&request) {
            Ok(prepared) => prepared,
            Err(errors) => return Ok(self.not_prepared(&app, &errors)),
        };
        if let Some(hash) = found.keep_as {
            let caller = admitted.caller.as_deref().and_then(Account::of);
            app.documents.keep(hash, &request.query, caller.as_ref());
        }
        let mutation = prepared.kind() == OperationKind::Mutation;
        if mutation && admitted.reads_only {
            let message = "mutations must be sent by POST".to_owned();
            return Err((StatusCode::METHOD_NOT_ALLOWED, Error::BadRequest(message)));
        }
        self.count_complexity(served, admitted.caller.as_deref(), || {
            app.engine.cost(&prepared)
        })?;
        let operation = mayfly_runtime::imports::Operation {
            trace_id: self.trace_id.clone(),
            caller: admitted.caller.as_deref().cloned().unwrap_or_default(),
            variables: request.variables,
            allowance: Allowance::since(admitted.arrived, app.operation),
        };
        let history = &self.host.history;
        let under_way =
            OperationUnderWay::begin(history, &prepared, &self.trace_id, admitted.arrived);
        let resolver = Resolver::new(app.clone(), operation)
            .observed(observation)
            .remembered(history.clone());
        let held = (under_way, admitted.held.clone());
        if !mutation {
            let body = execute(app, prepared, resolver, held).await;
            return Ok((StatusCode::OK, body));
        }
        let host = self.host.clone();
        let execution = Box::pin(execute(app, prepared, resolver, held));
        let execution = async move { host.turns.run(execution).await };
        match self.host.tasks.spawn(execution).await {
            Ok(body) => Ok((StatusCode::OK, body)),
            Err(lost) => {
                let error = Error::Internal(lost.to_string());
                tracing::error!(
                    trace_id = self.trace_id,
                    error = error.log_message(),
                    "a mutation was lost"
                );
                Err((StatusCode::INTERNAL_SERVER_ERROR, error))
            }
        }
    }

    /// The answer to an operation of which nothing ran.
    fn not_prepared(&self, app: &App, errors: &RequestErrors) -> (StatusCode, Vec<u8>) {
        for error in errors.errors().iter().take(1) {
            self.remember(&error.error);
        }
        let status = errors
            .code()
            .status()
            .and_then(|status| StatusCode::from_u16(status).ok());
        let status = match self.media_type {
            MediaType::Json => StatusCode::OK,
            MediaType::GraphqlResponse => status.unwrap_or(StatusCode::BAD_REQUEST),
        };
        (status, self.render(app, errors))
    }

    fn render(&self, app: &App, errors: &RequestErrors) -> Vec<u8> {
        errors.render(disclosure(app.error_detail, &self.trace_id))
    }

    /// What decides whether this operation runs on a canary.
    fn key<'k>(&'k self, by: &CanaryKey, caller: Option<&'k Caller>) -> Option<&'k str> {
        match by {
            CanaryKey::Operation => Some(&self.trace_id),
            CanaryKey::Caller => caller?.id.as_deref(),
            CanaryKey::Header(name) => self.headers.get(name)?.to_str().ok(),
        }
    }
}

/// Executes an operation, and gives back what it held.
#[allow(
    clippy::manual_async_fn,
    reason = "an `async fn` would have room for its arguments twice"
)]
fn execute<Held>(
    app: Arc<App>,
    prepared: Prepared,
    resolver: Resolver,
    held: Held,
) -> impl Future<Output = Vec<u8>> {
    async move {
        let body = app.engine.execute(prepared, &resolver).await;
        resolver.finish();
        drop(held);
        body
    }
}
