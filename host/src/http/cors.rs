//! Which pages of other origins a browser lets read answers (`[cors]`), by tower-http.
//!
//! A preflight is answered before anything else is looked at, tokens included: browsers send none with it. Without the section nothing
//! is said, and browsers keep every page of another origin out.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::http::Method;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::Response;
use mayfly_config::{Cors, Origins};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::trace::TRACE_ID;
use crate::http::Host;

/// Answers a request as `[cors]` of the app that is served now says.
pub(super) async fn answer(
    State(host): State<Arc<Host>>,
    request: Request,
    next: Next,
) -> Response {
    let cors = host.app().and_then(|app| app.cors.clone());
    let Some(cors) = cors else {
        return next.run(request).await;
    };
    let routes = tower::service_fn(move |request: Request| {
        let next = next.clone();
        async move { Ok::<_, Infallible>(next.run(request).await) }
    });
    let Ok(response) = layer(&cors).layer(routes).oneshot(request).await;
    response
}

/// What is said in answers.
fn layer(cors: &Cors) -> CorsLayer {
    let origins = match &cors.origins {
        Origins::Any => AllowOrigin::any(),
        Origins::Listed(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(cors.headers.clone())
        .allow_credentials(cors.credentials)
        .expose_headers([HeaderName::from_static(TRACE_ID), RETRY_AFTER])
        .max_age(cors.max_age)
}
