//! Which pages of other origins a browser lets read answers (`[cors]`), by tower-http.
//!
//! A preflight is answered before anything else is looked at, tokens included: browsers send none with it. Without the section nothing
//! is said, and browsers keep every page of another origin out.

use std::convert::Infallible;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::Method;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use mayfly_config::{Cors, Origins};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::trace::TRACE_ID;

/// Answers a request as `[cors]` says.
pub(super) async fn answer<F>(
    cors: &Cors,
    request: Request,
    answer: impl Fn(Request) -> F + Clone,
) -> Response
where
    F: Future<Output = Response>,
{
    let routes = tower::service_fn(|request: Request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let Ok(response) = layer(cors).layer(routes).oneshot(request).await;
    response
}

/// What is said in answers. The layer panics at every request when credentials meet a `*`, which the configuration refuses; they are left
/// out then, so that it cannot come to that.
fn layer(cors: &Cors) -> CorsLayer {
    let has_wildcard =
        cors.origins == Origins::Any || cors.headers.iter().any(|name| name.as_str() == "*");
    let origins = match &cors.origins {
        Origins::Any => AllowOrigin::any(),
        Origins::Listed(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(cors.headers.clone())
        .allow_credentials(cors.credentials && !has_wildcard)
        .expose_headers([HeaderName::from_static(TRACE_ID), RETRY_AFTER])
        .max_age(cors.max_age)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[tokio::test]
    async fn no_combination_of_settings_panics() {
        let listed = Origins::Listed(vec!["https://app.example.org".parse().unwrap()]);
        for origins in [Origins::Any, listed] {
            for header in ["*", "x-own"] {
                let cors = Cors {
                    origins: origins.clone(),
                    headers: vec![header.parse().unwrap()],
                    credentials: true,
                    max_age: std::time::Duration::ZERO,
                };
                let request = Request::builder()
                    .method(Method::OPTIONS)
                    .header("origin", "https://app.example.org")
                    .body(axum::body::Body::empty())
                    .unwrap();
                let response = answer(&cors, request, async |_| Response::default()).await;
                assert!(response.status().is_success());
            }
        }
    }
}
