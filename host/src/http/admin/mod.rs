//! The admin address: health, metrics and modules, for operators. `openapi.json` describes it.
//!
//! Whoever may reach the address may ask how the process is doing. Modules are changed, and once there is a token also looked at,
//! by its bearer only.

mod apply;
mod canary;
mod health;
mod modules;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::host::Host;
use mayfly_runtime::modules::MAX_COMPONENT_BYTES;

/// What the routes are, for machines.
const OPENAPI: &str = include_str!("openapi.json");

/// How long a request that is refused is listened to.
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
}

/// The routes for operators.
pub fn router(host: Arc<Host>) -> Router {
    let admin = Admin {
        host,
        uploads: Arc::new(Semaphore::new(UPLOADS)),
    };
    let modules = Router::new()
        .route("/apply", post(apply::apply))
        .route("/modules", get(modules::list))
        .route("/modules/{name}", get(modules::show).put(modules::push))
        .route("/modules/{name}/rollback", post(modules::rollback))
        .route("/modules/{name}/canary", post(canary::begin))
        .route("/modules/{name}/promote", post(canary::promote))
        .route("/modules/{name}/abort", post(canary::abort))
        .route_layer(axum::middleware::from_fn_with_state(
            admin.clone(),
            token::check,
        ));
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi))
        .merge(modules)
        .with_state(admin)
}

async fn openapi() -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        OPENAPI,
    )
        .into_response()
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body.to_string(),
    )
        .into_response()
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
