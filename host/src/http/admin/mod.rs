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

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::host::Host;

/// What the routes are, for machines.
const OPENAPI: &str = include_str!("openapi.json");

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
    let admin = Admin { host, uploads: Arc::new(Semaphore::new(UPLOADS)) };
    let modules = Router::new()
        .route("/apply", post(apply::apply))
        .route("/modules", get(modules::list))
        .route("/modules/{name}", get(modules::show).put(modules::push))
        .route("/modules/{name}/rollback", post(modules::rollback))
        .route("/modules/{name}/canary", post(canary::begin))
        .route("/modules/{name}/promote", post(canary::promote))
        .route("/modules/{name}/abort", post(canary::abort))
        .route_layer(axum::middleware::from_fn_with_state(admin.clone(), token::check));
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi))
        .merge(modules)
        .with_state(admin)
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI).into_response()
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string()).into_response()
}

/// An answer that says what is wrong.
fn refuse(status: StatusCode, message: &str) -> Response {
    reply(status, &serde_json::json!({ "error": { "message": message } }))
}
