//! The control endpoint: fault switches and counters over HTTP.
//!
//! | request | meaning |
//! |---|---|
//! | `GET /status` | the counters ([`crate::Counters`]) |
//! | `POST /status/reset` | sets to zero what counts |
//! | `GET /requests` | the latest requests, oldest first ([`crate::Request`]) |
//! | `GET /faults` | the switches that are set ([`crate::Switches`]) |
//! | `PUT /faults` | replaces all switches |
//! | `DELETE /faults` | lifts all switches |

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::faults::{Faults, Switches};
use crate::status::{Counters, Request, Status};

type Shared = State<(Arc<Faults>, Arc<Status>)>;

/// The routes above.
pub(crate) fn router(faults: Arc<Faults>, status: Arc<Status>) -> Router {
    Router::new()
        .route("/status", get(show_status))
        .route("/status/reset", post(reset_status))
        .route("/requests", get(show_requests))
        .route(
            "/faults",
            get(show_faults).put(set_faults).delete(lift_faults),
        )
        .with_state((faults, status))
}

async fn show_status(State((_, status)): Shared) -> Json<Counters> {
    Json(status.get())
}

async fn reset_status(State((_, status)): Shared) -> StatusCode {
    status.reset();
    StatusCode::NO_CONTENT
}

async fn show_requests(State((_, status)): Shared) -> Json<Vec<Request>> {
    Json(status.requests())
}

async fn show_faults(State((faults, _)): Shared) -> Json<Switches> {
    Json(faults.get())
}

async fn set_faults(State((faults, _)): Shared, body: String) -> (StatusCode, String) {
    match serde_json::from_str(&body) {
        Ok(switches) => {
            faults.set(switches);
            (StatusCode::NO_CONTENT, String::new())
        }
        Err(error) => (
            StatusCode::BAD_REQUEST,
            format!("the body is not a set of fault switches: {error}\n"),
        ),
    }
}

async fn lift_faults(State((faults, _)): Shared) -> StatusCode {
    faults.lift();
    StatusCode::NO_CONTENT
}
