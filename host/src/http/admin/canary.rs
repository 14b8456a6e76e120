//! `/modules/{name}/canary`, `/promote` and `/abort`: trying a version on a share of the operations.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::modules::{deployment, failed, shown, take};
use super::{Admin, reply};

/// The parameter with the digest that the component has to have; every other one is a key of a canary.
const VERSION: &str = "version";

/// `POST /modules/{name}/canary`: a component in, and a canary or a refusal out.
pub(super) async fn begin(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Query(parameters): Query<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let (version, asked): (Vec<_>, Vec<_>) =
        parameters.into_iter().partition(|(key, _)| key == VERSION);
    let version = version.into_iter().next().map(|(_, digest)| digest);
    let (deployment, component) = match take(&admin, &name, version, request).await {
        Ok(taken) => taken,
        Err(response) => return *response,
    };
    let digest = component.digest.clone();
    match deployment.begin_canary(&name, component, asked).await {
        Ok(canary) => reply(StatusCode::OK, &json!({ "module": name, "canary": canary })),
        Err(error) => failed(&error, Some(&digest)),
    }
}

/// `POST /modules/{name}/promote`.
pub(super) async fn promote(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    match deployment(&admin) {
        Ok(deployment) => match deployment.promote(&name).await {
            Ok(swapped) => reply(StatusCode::OK, &shown(&swapped, None)),
            Err(error) => failed(&error, None),
        },
        Err(response) => *response,
    }
}

/// `POST /modules/{name}/abort`.
pub(super) async fn abort(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    match deployment(&admin) {
        Ok(deployment) => match deployment.abort(&name, "aborted by hand").await {
            Ok(ended) => reply(StatusCode::OK, &json!({ "module": name, "canary": ended })),
            Err(error) => failed(&error, None),
        },
        Err(response) => *response,
    }
}
