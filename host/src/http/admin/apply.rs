//! `/apply`: what changed in the app's directory is applied, or everything is refused.

use std::path::PathBuf;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use mayfly_config::Problem;
use mayfly_graphql::Change;
use serde::Deserialize;
use serde_json::{Value, json};

use super::modules::{deployment, shown};
use super::{Admin, reply};
use crate::serving::deployment::ApplyError;

/// What may stand behind `POST /apply?`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Whether what breaks clients is allowed.
    #[serde(default)]
    allow_breaking: bool,
    /// The directory that is meant: another one than the host serves is refused.
    app: Option<PathBuf>,
}

/// `POST /apply`.
pub(super) async fn apply(
    State(admin): State<Admin>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let deployment = match deployment(&admin) {
        Ok(deployment) => deployment,
        Err(response) => return *response,
    };
    let root = deployment.config().root.clone();
    let served = std::path::absolute(&root)
        .and_then(std::fs::canonicalize)
        .unwrap_or(root);
    if parameters.app.as_ref().is_some_and(|app| *app != served) {
        let message = format!(
            "this host serves {}; apply that, or ask another host",
            served.display()
        );
        return reply(
            StatusCode::CONFLICT,
            &json!({ "error": { "message": message } }),
        );
    }
    match deployment.apply(parameters.allow_breaking).await {
        Ok(applied) => {
            let swapped: Vec<_> = applied
                .swapped
                .iter()
                .map(|swapped| shown(swapped, None))
                .collect();
            let body = json!({ "changed": applied.changed, "changes": changes(&applied.changes), "swapped": swapped });
            reply(StatusCode::OK, &body)
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &ApplyError) -> Response {
    let (status, message, more) = match error {
        ApplyError::Loading => (StatusCode::SERVICE_UNAVAILABLE, error.to_string(), None),
        ApplyError::Busy => (StatusCode::CONFLICT, error.to_string(), None),
        ApplyError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string(), None),
        ApplyError::Breaking(breaking) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            error.to_string(),
            Some(("breaking", changes(breaking))),
        ),
        ApplyError::Problems(problems) | ApplyError::OutOfReach(problems) => {
            let listed = problems.0.iter().map(problem).collect();
            let message = format!("the app has problems: {}", problems.0.len());
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                message,
                Some(("problems", listed)),
            )
        }
    };
    let mut told = json!({ "message": message });
    if let (Some((key, list)), Some(told)) = (more, told.as_object_mut()) {
        told.insert(key.to_owned(), list);
    }
    reply(status, &json!({ "error": told }))
}

fn changes(changes: &[Change]) -> Value {
    let shown = changes.iter().map(|change| {
        json!({
            "kind": change.kind.as_str(),
            "severity": change.severity.as_str(),
            "coordinate": change.coordinate,
            "message": change.message,
        })
    });
    shown.collect()
}

fn problem(problem: &Problem) -> Value {
    json!({ "file": problem.file.display().to_string(), "line": problem.line, "column": problem.column, "message": problem.message })
}
