//! `/healthz`, `/readyz` and `/metrics`: for operators, on an address of their own.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::host::Host;

/// The routes for operators.
pub fn router(host: Arc<Host>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics)).with_state(host)
}

/// The process lives.
async fn healthz() -> Response {
    reply(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Modules are loaded, the pools answer, and the process is not ending.
async fn readyz(State(host): State<Arc<Host>>) -> Response {
    let Some(app) = host.app() else {
        return reply(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "loading" }));
    };
    let mut ready = true;
    let mut backends = serde_json::Map::new();
    for (name, check) in app.check_backends().await {
        ready &= check.is_ok();
        backends.insert(name, check.map_or_else(|error| json!(error.message), |()| json!("ok")));
    }
    let modules: serde_json::Map<_, _> =
        app.versions.values().map(|version| (version.module.name.clone(), json!(version.digest))).collect();
    let ending = host.is_ending();
    let status = match (ready, ending) {
        (_, true) => "ending",
        (true, false) => "ready",
        (false, false) => "waiting for backends",
    };
    let code = if ready && !ending { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    reply(code, &json!({ "status": status, "backends": backends, "modules": modules }))
}

async fn metrics(State(host): State<Arc<Host>>) -> Response {
    let text = host.render_metrics();
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text).into_response()
}

fn reply(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string()).into_response()
}
