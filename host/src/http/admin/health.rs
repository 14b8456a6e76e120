//! `/healthz`, `/readyz` and `/metrics`: how the process is doing.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Admin, reply};

/// The process lives.
pub(super) async fn healthz() -> Response {
    reply(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Modules are loaded, the pools answer, and the process is not ending.
pub(super) async fn readyz(State(admin): State<Admin>) -> Response {
    let host = &admin.host;
    let Some(app) = host.app() else {
        return reply(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "loading" }),
        );
    };
    let mut ready = true;
    let mut backends = serde_json::Map::new();
    let checking = app.clone();
    let checks = admin.work(async move { checking.check_backends().await });
    let checks = match checks.await {
        Ok(checks) => checks,
        Err(response) => return response,
    };
    for (name, check) in checks {
        ready &= check.is_ok();
        backends.insert(
            name,
            check.map_or_else(|error| json!(error.message), |()| json!("ok")),
        );
    }
    let modules: serde_json::Map<_, _> = app
        .versions
        .values()
        .map(|version| (version.module.name.clone(), json!(version.digest)))
        .collect();
    let ending = host.is_ending();
    let status = match (ready, ending) {
        (_, true) => "ending",
        (true, false) => "ready",
        (false, false) => "waiting for backends",
    };
    let code = if ready && !ending {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    reply(
        code,
        &json!({ "status": status, "backends": backends, "modules": modules }),
    )
}

pub(super) async fn metrics(State(Admin { host, .. }): State<Admin>) -> Response {
    let text = host.render_metrics();
    (
        [(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
        )],
        text,
    )
        .into_response()
}
