//! The page at `/`: for trying queries out. It loads nothing from anywhere else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::http::Host;

/// The page, with its style and script inside.
const PAGE: &str = include_str!("ide.html");

/// Nothing but what stands in the page itself, talking to this server only; and no other site may frame it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /`; not there when the operator does not want it.
pub(super) async fn page(State(host): State<Arc<Host>>) -> Response {
    if !host.has_page() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
        // At `/graphql` those who accept no page get an answer.
        (VARY, "accept"),
    ];
    (headers, PAGE).into_response()
}
