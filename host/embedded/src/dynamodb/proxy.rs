//! One client connection: each request is counted, held up or spoilt as the switches say, and else passed on unchanged.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use futures_util::stream;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::batch;
use crate::faults::{DropAt, DynamoDbPlan, Faults, ForeignAnswer};
use crate::status::Status;

/// DynamoDB's own limit is 16 MB for a request and for an answer.
const BODY_BYTES: usize = 32 << 20;

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Close {
    /// A switch says so.
    #[error("a fault switch closes the connection")]
    Fault,
    /// The client's request cannot be read.
    #[error("the request cannot be read: {0}")]
    Client(#[from] axum::Error),
    /// dynoxide cannot be reached.
    #[error("dynoxide cannot be reached: {0}")]
    Connect(#[from] std::io::Error),
    /// dynoxide does not answer.
    #[error("dynoxide does not answer: {0}")]
    Upstream(#[from] hyper::Error),
    /// An answer of ours is no HTTP.
    #[error("the answer cannot be written: {0}")]
    Answer(#[from] http::Error),
}

/// The proxy of one connection.
pub(super) struct Proxy {
    upstream: SocketAddr,
    sender: Mutex<Option<SendRequest<Body>>>,
    faults: Arc<Faults>,
    status: Arc<Status>,
}

/// Counts a request as in flight while it lives.
struct InFlight<'a>(&'a Status);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dynamodb(|counters| counters.in_flight -= 1);
    }
}

impl Proxy {
    pub(super) fn new(upstream: SocketAddr, faults: Arc<Faults>, status: Arc<Status>) -> Self {
        Self {
            upstream,
            sender: Mutex::new(None),
            faults,
            status,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(self, stream: TcpStream) {
        let proxy = Arc::new(self);
        let service = hyper::service::service_fn(move |request| {
            let proxy = Arc::clone(&proxy);
            async move { proxy.answer(request).await }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a DynamoDB connection ended");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Close> {
        let (head, body) = request.into_parts();
        let body = to_bytes(Body::new(body), BODY_BYTES).await?;
        let target = head
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok());
        let Some(operation) = target.and_then(|target| target.rsplit('.').next()) else {
            return self.pass(Request::from_parts(head, Body::from(body))).await;
        };
        let text = format!("{operation} {}", String::from_utf8_lossy(&body));
        self.status.dynamodb(|counters| {
            *counters.requests.entry(operation.to_owned()).or_default() += 1;
            counters.in_flight += 1;
        });
        let _in_flight = InFlight(&self.status);
        self.status.request("dynamodb", &text);
        let plan = self.faults.dynamodb_plan(&text);
        if let Some(answer) = self.hold_up(&plan).await? {
            return Ok(answer);
        }
        let answer = match plan
            .unprocessed
            .and_then(|count| batch::split(serde_json::from_slice(&body).ok()?, count))
        {
            Some(split) => self.partly(head, split).await?,
            None => {
                self.pass(Request::from_parts(head, Body::from(body)))
                    .await?
            }
        };
        let answer = match &plan.foreign_answer {
            Some(foreign) => foreign_answer(foreign)?,
            None if plan.empty_last_key => with_empty_last_key(answer).await?,
            None => answer,
        };
        spoil(answer, plan.drop).await
    }

    /// The faults that come before the request is carried out. An answer ends it.
    async fn hold_up(&self, plan: &DynamoDbPlan) -> Result<Option<Response<Body>>, Close> {
        if plan.slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(plan.slow_ms)).await;
        }
        if plan.stall {
            self.faults
                .lifted(plan.edits.clone(), |set| set.dynamodb.stall.is_some())
                .await;
        }
        if plan.drop == Some(DropAt::Before) {
            return Err(Close::Fault);
        }
        if plan.throttle {
            let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            let message =
                "The level of configured provisioned throughput for the table was exceeded.";
            return failure(StatusCode::BAD_REQUEST, kind, message).map(Some);
        }
        if plan.error_500 {
            let kind = "com.amazonaws.dynamodb.v20120810#InternalServerError";
            return failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                kind,
                "Internal server error",
            )
            .map(Some);
        }
        match &plan.foreign_answer {
            Some(foreign) if !foreign.carried_out => foreign_answer(foreign).map(Some),
            _ => Ok(None),
        }
    }

    /// Passes a `BatchGetItem` on without some of its keys.
    async fn partly(
        &self,
        head: http::request::Parts,
        split: batch::Split,
    ) -> Result<Response<Body>, Close> {
        let answer = match split.request {
            None => None,
            Some(request) => {
                let mut request = Request::from_parts(head, Body::from(request.to_string()));
                request.headers_mut().remove(header::CONTENT_LENGTH);
                let answer = self.pass(request).await?;
                if answer.status() != StatusCode::OK {
                    return Ok(answer);
                }
                let bytes = to_bytes(answer.into_body(), BODY_BYTES).await?;
                serde_json::from_slice(&bytes).ok()
            }
        };
        json(
            StatusCode::OK,
            batch::join(answer, split.unprocessed).to_string(),
        )
    }

    /// Passes a request on and reads the answer.
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Close> {
        let mut sender = self.sender.lock().await;
        let usable = match sender.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            *sender = Some(connect(self.upstream).await?);
        }
        let Some(sender) = sender.as_mut() else {
            return Err(Close::Fault);
        };
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = to_bytes(Body::new(body), BODY_BYTES).await?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

async fn connect(upstream: SocketAddr) -> Result<SendRequest<Body>, Close> {
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to dynoxide ended");
        }
    });
    Ok(sender)
}

/// Closes the connection inside the answer, or behind it.
async fn spoil(answer: Response<Body>, drop: Option<DropAt>) -> Result<Response<Body>, Close> {
    let (mut head, body) = answer.into_parts();
    match drop {
        Some(DropAt::Inside) => {
            let bytes = to_bytes(body, BODY_BYTES).await?;
            head.headers
                .insert(header::CONTENT_LENGTH, bytes.len().into());
            let half: Result<Bytes, Close> = Ok(bytes.slice(..bytes.len() / 2));
            Ok(Response::from_parts(
                head,
                Body::from_stream(stream::iter([half, Err(Close::Fault)])),
            ))
        }
        Some(DropAt::After) => {
            head.headers.insert(
                header::CONNECTION,
                header::HeaderValue::from_static("close"),
            );
            Ok(Response::from_parts(head, body))
        }
        _ => Ok(Response::from_parts(head, body)),
    }
}

/// What a proxy or a balancer says in the service's place.
fn foreign_answer(foreign: &ForeignAnswer) -> Result<Response<Body>, Close> {
    const PAGE: &str =
        "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
    let status = if foreign.status == 0 {
        503
    } else {
        foreign.status
    };
    let content_type = foreign.content_type.as_deref().unwrap_or("text/html");
    let body = foreign.body.clone().unwrap_or_else(|| PAGE.to_owned());
    let answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, content_type);
    Ok(answer.body(Body::from(body))?)
}

/// A page of a query, and where it is the last one, a key without attributes.
async fn with_empty_last_key(answer: Response<Body>) -> Result<Response<Body>, Close> {
    let (head, body) = answer.into_parts();
    let bytes = to_bytes(body, BODY_BYTES).await?;
    match serde_json::from_slice(&bytes) {
        Ok(serde_json::Value::Object(mut page)) if head.status == StatusCode::OK => {
            page.entry("LastEvaluatedKey")
                .or_insert_with(|| serde_json::json!({}));
            json(head.status, serde_json::Value::Object(page).to_string())
        }
        _ => Ok(Response::from_parts(head, Body::from(bytes))),
    }
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Result<Response<Body>, Close> {
    json(
        status,
        serde_json::json!({"__type": kind, "message": message}).to_string(),
    )
}

fn json(status: StatusCode, body: String) -> Result<Response<Body>, Close> {
    let answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
    Ok(answer.body(Body::from(body))?)
}
