//! The floor: the HTTP and JSON work that every server has, and nothing else. The query's text is read and not looked at.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::endpoint::json;
use crate::workload::{Assessment, of_student};

#[derive(Deserialize)]
struct Request<'a> {
    /// Read, so that the request is checked as JSON anyway.
    #[serde(rename = "query", borrow)]
    _query: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    variables: Variables<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    #[serde(borrow)]
    student_id: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct Answer {
    data: Data,
}

#[derive(Serialize)]
struct Data {
    report: &'static [Assessment],
}

pub(crate) fn router(data: &'static [Assessment]) -> Router {
    Router::new()
        .route("/graphql", post(report))
        .with_state(data)
}

async fn report(State(data): State<&'static [Assessment]>, body: Bytes) -> Response {
    let Ok(request) = serde_json_plain::from_slice::<Request<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let report = of_student(data, &request.variables.student_id);
    json(
        "application/json",
        &Answer {
            data: Data { report },
        },
    )
}
