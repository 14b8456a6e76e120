//! The way of a request: where it is for, its size as announced, its token, its headers, and only then its body, which this project's
//! readers and guard look at before async-graphql sees anything. Whatever is refused is refused in the shape of a GraphQL answer.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;
use hyper::body::Body as _;
use mayfly_error::Error;
use mayfly_graphql::{Disclosure, Limits, OperationKind, RequestErrors, guarded_kind};
use mayfly_json::quoted;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::arrivals::{Arrival, Arrivals, NotRead};
use super::context::AdminContext;
use super::events::{self, EVENT_STREAM, written};
use super::schema::{AdminSchema, schema};
use super::variables::convert;
use crate::http::accept::MediaType;
use crate::http::admin::tokens::Identity;
use crate::http::admin::{address, hear_out, origin};
use crate::http::connections::{Load, TooSlow};
use crate::http::request::{Operations, Refusal, check_coding, check_content_type};
use crate::http::{AnswerMemory, Connections, Host, Turns};
use crate::serving::memory_plan::{ADMIN_ANSWER_BYTES, ADMIN_BODY_BYTES, ADMIN_UNREAD_BYTES};

/// How long a request may take from its head until it is executed. A mutation may take longer.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Streams of live values at once.
const STREAMS: usize = 8;

/// What documents may be. Deep enough for the introspection queries of common clients.
const LIMITS: Limits = Limits {
    tokens: 3_000,
    nesting: 32,
    expansion: 2_000,
    depth: 24,
    aliases: 50,
    directives: 20,
    root_fields: 20,
    complexity: u64::MAX,
    list_size: 1,
    plan_bytes: 0,
    response_bytes: 64 << 10,
};

/// Opening brackets of any kind in the text, at most. The guard bounds how deep they are inside one another as this project reads
/// them; this bounds it for any other reader, whose stack a few hundred would overflow.
const BRACKETS: usize = 300;

/// What the endpoint shares.
#[derive(Clone)]
pub(in crate::http::admin) struct Endpoint {
    host: Arc<Host>,
    work: Handle,
    schema: AdminSchema,
    arrivals: Arrivals,
    /// Who computes now, so that health is not behind all of them.
    turns: Arc<Turns>,
    /// The memory for answers that operators have not read.
    answers: Arc<AnswerMemory>,
    streams: Arc<Semaphore>,
}

/// Why a request is not executed.
struct Refused {
    status: StatusCode,
    /// For programs.
    code: &'static str,
    message: String,
    header: Option<(HeaderName, &'static str)>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            header: None,
        }
    }

    fn with(self, name: HeaderName, value: &'static str) -> Self {
        let header = Some((name, value));
        Self { header, ..self }
    }

    fn into_response(self) -> Response {
        let body = format!(
            "{{\"errors\":[{{\"message\":{},\"extensions\":{{\"code\":\"{}\"}}}}]}}",
            quoted(&self.message),
            self.code
        );
        let mut response = answer(self.status, body.into_bytes(), MediaType::Json);
        if let Some((name, value)) = self.header {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Endpoint {
    pub(in crate::http::admin) fn new(
        host: Arc<Host>,
        work: Handle,
        connections: Arc<Connections>,
    ) -> Self {
        let answers = AnswerMemory::new(ADMIN_UNREAD_BYTES, connections).for_operators();
        Self {
            host,
            work,
            schema: schema(),
            arrivals: Arrivals::new(ARRIVAL),
            turns: Arc::new(Turns::new(1)),
            answers: Arc::new(answers),
            streams: Arc::new(Semaphore::new(STREAMS)),
        }
    }
}

/// `POST /admin/graphql`.
pub(in crate::http::admin) async fn graphql(
    State(endpoint): State<Endpoint>,
    request: Request<Body>,
) -> Response {
    let has_body = !request.body().is_end_stream();
    let (head, body) = request.into_parts();
    match admit(&endpoint, &head) {
        Ok(identity) => endpoint.answer(&head, body, identity).await,
        Err(refused) => {
            let (refused, bearer) = *refused;
            let is_too_large = refused.status == StatusCode::PAYLOAD_TOO_LARGE;
            if is_too_large && bearer {
                hear_out(Request::from_parts(head, body)).await;
            }
            unread(has_body, refused.into_response())
        }
    }
}

/// How much its connection asks for: what it has under way, or began of late.
fn load(head: &Parts) -> usize {
    let load: Option<&Load> = head.extensions.get();
    load.map_or(1, |load| load.under_way.max(load.lately))
}

/// Everything that is known of a request before its body is looked at: who sent it, or why it is refused, and whether it was a
/// bearer who sent it.
fn admit(endpoint: &Endpoint, head: &Parts) -> Result<Identity, Box<(Refused, bool)>> {
    let before = |refused| Box::new((refused, false));
    origin::check(head, &endpoint.host)
        .map_err(|(status, message)| before(Refused::new(status, "WRONG_ORIGIN", message)))?;
    if head.method != Method::POST {
        let message = "send the request by POST";
        let refused = Refused::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
        return Err(before(refused.with(ALLOW, "POST")));
    }
    let identity = Identity::of(&endpoint.host, &head.headers, address(head));
    let announced = head.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > ADMIN_BODY_BYTES as u64) {
        return Err(Box::new((too_large(), identity.is_ok())));
    }
    let identity = identity.map_err(|error| {
        let refused = Refused::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
            error.to_string(),
        );
        before(refused.with(WWW_AUTHENTICATE, "Bearer"))
    })?;
    let codings = "send the body as it is: the admin API takes no Content-Encoding";
    check_coding(&head.headers, codings)
        .and_then(|()| check_content_type(&head.headers))
        .map_err(|(status, error)| {
            before(Refused::new(status, "BAD_REQUEST", error.to_string()))
        })?;
    Ok(identity)
}

impl Endpoint {
    async fn answer(&self, head: &Parts, body: Body, identity: Identity) -> Response {
        let headers = &head.headers;
        let arrival = self.arrivals.begin(load(head));
        let bytes = match arrived(&arrival, body).await {
            Ok(bytes) => bytes,
            Err(refused) => return unread(true, refused.into_response()),
        };
        let Some(_place) = arrival.place().await else {
            return busy("too many requests to the admin API wait; try again").into_response();
        };
        let (request, kind) = match guarded(&bytes) {
            Ok(read) => read,
            Err(response) => return *response,
        };
        if kind == OperationKind::Mutation
            && let Err(error) = identity.may_deploy()
        {
            let refused = Refused::new(StatusCode::FORBIDDEN, "FORBIDDEN", error.to_string());
            return refused.into_response();
        }
        let wants_events = wants_events(headers);
        let context = AdminContext::new(self.host.clone(), self.work.clone(), identity.clone());
        let request = convert(request).data(context);
        if wants_events {
            let Ok(place) = self.streams.clone().try_acquire_owned() else {
                let message = format!("{STREAMS} streams are open, the most allowed; close one");
                return busy(message).into_response();
            };
            let responses = self.schema.execute_stream(request).boxed();
            return events::stream(self.host.clone(), identity, responses, place);
        }
        if kind == OperationKind::Subscription {
            let message = format!("a subscription is a stream; accept {EVENT_STREAM}");
            let refused = Refused::new(StatusCode::NOT_ACCEPTABLE, "BAD_REQUEST", message);
            return refused.into_response();
        }
        let Some(media_type) = MediaType::negotiate(headers) else {
            let message = format!(
                "accept application/json, application/graphql-response+json or {EVENT_STREAM}"
            );
            let refused = Refused::new(StatusCode::NOT_ACCEPTABLE, "BAD_REQUEST", message);
            return refused.into_response();
        };
        let response = self.turns.run(pin!(self.schema.execute(request))).await;
        // An answer without data was not executed.
        let was_refused = response.is_err() && response.data == async_graphql::Value::Null;
        let status = match media_type {
            MediaType::GraphqlResponse if was_refused => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        let bytes = written(&response);
        if bytes.len() > ADMIN_ANSWER_BYTES {
            return too_much(kind).into_response();
        }
        // Until it has its memory it keeps its place, so that no more wait for it than there are places.
        answer(status, self.answers.hold(bytes).await, media_type)
    }
}

/// A request of a body that the guard has let through, and what it does.
fn guarded(bytes: &[u8]) -> Result<(mayfly_graphql::Request, OperationKind), Box<Response>> {
    let refused = |refused: Refused| Box::new(refused.into_response());
    let request = request(bytes).map_err(|(status, error)| {
        refused(Refused::new(
            status,
            error.code().as_str(),
            error.to_string(),
        ))
    })?;
    let brackets = request.query.bytes().filter(|byte| b"{[(".contains(byte));
    if brackets.count() > BRACKETS {
        let message =
            format!("the document has more than {BRACKETS} opening brackets; send less at once");
        return Err(refused(Refused::new(
            StatusCode::BAD_REQUEST,
            "LIMIT_EXCEEDED",
            message,
        )));
    }
    match guarded_kind(&request, &LIMITS) {
        Ok(kind) => Ok((request, kind)),
        Err(errors) => Err(Box::new(not_guarded(&errors))),
    }
}

fn not_guarded(errors: &RequestErrors) -> Response {
    let mut errors_of_all = errors.errors().iter().map(|error| &error.error);
    let limit = errors_of_all.find_map(|error| match error {
        Error::LimitExceeded { what, limit, .. } => Some((what, limit)),
        _ => None,
    });
    if let Some((what, limit)) = limit {
        // The limits of this API are its own, and no configuration raises them.
        let message = format!("{what} over the limit of {limit}; ask for less at once");
        return Refused::new(StatusCode::BAD_REQUEST, "LIMIT_EXCEEDED", message).into_response();
    }
    let body = errors.render(Disclosure::Full);
    answer(StatusCode::BAD_REQUEST, body, MediaType::Json)
}

/// The request of a body; only documents that are sent are executed here.
fn request(bytes: &[u8]) -> Result<mayfly_graphql::Request, Refusal> {
    let bad = |message: &str| {
        let error = Error::BadRequest(message.to_owned());
        (StatusCode::BAD_REQUEST, error)
    };
    let Operations::One(operation) = Operations::read(bytes, 1)? else {
        return Err(bad("the body is a list; send one operation per request"));
    };
    let query = operation.document.text;
    Ok(mayfly_graphql::Request {
        query: query.ok_or_else(|| bad("the body lacks `query`"))?,
        operation_name: operation.operation_name,
        variables: operation.variables,
    })
}

/// Waits for a body, unless others need its memory or it takes too long.
async fn arrived(arrival: &Arrival, body: Body) -> Result<Vec<u8>, Refused> {
    match arrival.body(read_body(body)).await {
        Ok(read) => read,
        Err(NotRead::MadeRoom) => Err(busy(
            "the body had not arrived when others needed its memory; send it faster",
        )),
        Err(NotRead::Late(time)) => {
            let message = format!("the body did not arrive within {time:?}; send it faster");
            Err(Refused::new(
                StatusCode::REQUEST_TIMEOUT,
                "BAD_REQUEST",
                message,
            ))
        }
    }
}

async fn read_body(body: Body) -> Result<Vec<u8>, Refused> {
    let mut read = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(cut_off)?;
        if read.len() + chunk.len() > ADMIN_BODY_BYTES {
            return Err(too_large());
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

fn cut_off(error: axum::Error) -> Refused {
    let cause = error.into_inner();
    match cause.downcast_ref::<TooSlow>() {
        Some(late) => {
            let message = format!("{late}; send it faster");
            Refused::new(StatusCode::REQUEST_TIMEOUT, "BAD_REQUEST", message)
        }
        None => {
            let message = format!("the body was cut off: {cause}; send it again");
            Refused::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
        }
    }
}

fn busy(message: impl Into<String>) -> Refused {
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message).with(RETRY_AFTER, "1")
}

fn too_large() -> Refused {
    let message = format!(
        "the body is larger than {ADMIN_BODY_BYTES} bytes; components are sent with PUT /modules/NAME"
    );
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
}

/// Whether the client asks for a stream of events.
fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut ranges = accepted.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    ranges.any(|range| {
        let name = range.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(EVENT_STREAM)
    })
}

fn too_much(kind: OperationKind) -> Refused {
    let done = match kind {
        OperationKind::Mutation => "the mutation was carried out, but ",
        _ => "",
    };
    let message =
        format!("{done}the answer has more than {ADMIN_ANSWER_BYTES} bytes; ask for less at once");
    Refused::new(StatusCode::BAD_REQUEST, "LIMIT_EXCEEDED", message)
}

fn answer(status: StatusCode, body: impl Into<Body>, media_type: MediaType) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(media_type.content_type());
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Says that the connection ends with the answer, where what comes of a body is not the next request.
fn unread(has_body: bool, mut response: Response) -> Response {
    if has_body {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}
