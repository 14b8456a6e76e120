//! The admin address: health and metrics, the admin API, and components that are sent, for operators.
//!
//! Whoever may reach the address may ask how the process is doing. What is served is changed, and once there is a token also looked
//! at, by bearers of a token only.

pub mod graphql;
mod health;
mod modules;
mod origin;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, put};
use futures_util::StreamExt;
use hyper::body::Body as _;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::http::connections::Peer;
use crate::http::{Connections, Host};
use graphql::endpoint::{self, Endpoint};
use mayfly_runtime::modules::MAX_COMPONENT_BYTES;

/// How long a bearer of the token whose request is refused is listened to.
const HEAR_OUT: Duration = Duration::from_secs(10);

/// How much is read of it: more than a component may have, so that whoever sends too much learns why.
const HEARD_BYTES: u64 = 2 * MAX_COMPONENT_BYTES;

/// Components that are received at once.
const UPLOADS: usize = 4;

/// What the handlers share.
#[derive(Clone)]
struct Admin {
    host: Arc<Host>,
    uploads: Arc<Semaphore>,
    /// Where clients are served: what takes long, and what keeps connections to backends, runs there.
    work: Handle,
}

/// The routes for operators, whose connections these are. They may be served on another runtime than clients are, which is `work`.
pub fn router(host: Arc<Host>, connections: Arc<Connections>, work: Handle) -> Router {
    let admin = Admin {
        host,
        uploads: Arc::new(Semaphore::new(UPLOADS)),
        work,
    };
    let modules = Router::new()
        .route("/modules/{name}", put(modules::push))
        .with_state(admin.clone());
    let api = Router::new()
        .route("/admin/graphql", any(endpoint::graphql))
        .with_state(Endpoint::new(
            admin.host.clone(),
            admin.work.clone(),
            connections,
        ));
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(admin)
        .merge(modules)
        .merge(api)
}

impl Admin {
    /// Runs something where clients are served; ended when it is dropped.
    async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Response> {
        let done = AbortOnDropHandle::new(self.work.spawn(work)).await;
        done.map_err(|error| {
            tracing::error!(%error, "an operator's request failed");
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the request failed; see the log",
            )
        })
    }
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body.to_string(),
    )
        .into_response()
}

/// The address a request came from.
fn address(head: &Parts) -> Option<String> {
    let Peer(peer) = head.extensions.get::<Peer>()?;
    peer.map(|peer| peer.to_string())
}

/// Says that what a request has for a body is not read, and that its connection ends with the answer.
fn unread(request: &Request, mut response: Response) -> Response {
    if !request.body().is_end_stream() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads what nobody wants, so that its sender gets to reading why: many clients read no answer before they have sent everything,
/// and a connection that is closed on them is all they see. Who asks before sending (`Expect: 100-continue`) is told at once.
async fn hear_out(request: Request) {
    if request.headers().contains_key(EXPECT) {
        return;
    }
    hear_rest(&mut request.into_body().into_data_stream()).await;
}

/// The same for what is left of a body.
async fn hear_rest(body: &mut BodyDataStream) {
    let mut left = HEARD_BYTES;
    let hear = async {
        while let Some(Ok(chunk)) = body.next().await {
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                return;
            };
            left = rest;
        }
    };
    // A slow sender is not waited for.
    let _ = timeout(HEAR_OUT, hear).await;
}

/// An answer that says what is wrong.
fn refuse(status: StatusCode, message: &str) -> Response {
    reply(
        status,
        &serde_json::json!({ "error": { "message": message } }),
    )
}
