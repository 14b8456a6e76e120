//! `POST /graphql`, as async-graphql-axum serves a schema: read the JSON request, execute, write the JSON response. Its service also
//! looks for batches, uploads and CBOR; leaving that out only makes the peer faster.

use async_graphql::{Executor, Request};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// A schema behind its route.
pub(crate) fn router<E: Executor>(schema: E) -> Router {
    Router::new()
        .route("/graphql", post(execute::<E>))
        .with_state(schema)
}

async fn execute<E: Executor>(State(schema): State<E>, body: Bytes) -> Response {
    let Ok(request) = serde_json_plain::from_slice::<Request>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let response = schema.execute(request).await;
    json("application/graphql-response+json", &response)
}

/// A value as a response's body.
pub(crate) fn json(media_type: &'static str, value: &impl serde::Serialize) -> Response {
    match serde_json_plain::to_vec(value) {
        Ok(body) => ([(CONTENT_TYPE, media_type)], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
