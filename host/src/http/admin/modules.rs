//! `PUT /modules/{name}`: a component that is sent, to become the active version or to be tried.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;
use mayfly_config::units::show_bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::tokens::Identity;
use super::{Admin, address, hear_out, hear_rest, origin, refuse, reply, unread};
use crate::history::Actor;
use crate::http::connections::TooSlow;
use crate::serving::deployment::{DeployError, Deployment, Swapped, Turn};
use mayfly_runtime::modules::{
    Incoming, MAX_COMPONENT_BYTES, Origin, Pinned, Refusal, Step, writing_remedy,
};

/// How long a component may take to arrive, however steadily it does.
const RECEIVING: Duration = Duration::from_secs(600);

/// What may stand behind `PUT /modules/{name}?`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PushParameters {
    /// The digest that the component has to have.
    version: Option<String>,
    /// Whether it is only kept, for the mutation `canary`.
    #[serde(default)]
    stage: bool,
}

/// `PUT /modules/{name}`: a component in, and a swap or a refusal out.
pub(super) async fn push(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    parameters: Result<Query<PushParameters>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let identity = admit(&admin, &head);
    let request = Request::from_parts(head, body);
    let actor = match identity {
        Ok(identity) => identity.actor(),
        Err(response) => return unread(&request, *response),
    };
    let Query(parameters) = match parameters {
        Ok(parameters) => parameters,
        Err(error) => {
            hear_out(request).await;
            return refuse(
                StatusCode::BAD_REQUEST,
                &format!("the URL is wrong: {error}"),
            );
        }
    };
    let this = admin.clone();
    let pushed = async move { push_by(&this, &name, parameters, request, actor).await };
    match admin.work(pushed).await {
        Ok(response) | Err(response) => response,
    }
}

/// Who sends a component, when they may.
fn admit(admin: &Admin, head: &Parts) -> Result<Identity, Box<Response>> {
    let host = &admin.host;
    origin::check(head, host).map_err(|(status, message)| Box::new(refuse(status, &message)))?;
    let identity = Identity::of(host, &head.headers, address(head)).map_err(|error| {
        let mut response = refuse(StatusCode::UNAUTHORIZED, &error.to_string());
        let bearer = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
        Box::new(response)
    })?;
    identity
        .may_deploy()
        .map_err(|error| Box::new(refuse(StatusCode::FORBIDDEN, &error.to_string())))?;
    Ok(identity)
}

async fn push_by(
    admin: &Admin,
    name: &str,
    parameters: PushParameters,
    request: Request,
    actor: Actor,
) -> Response {
    let (deployment, component) = match take(admin, name, parameters.version, request).await {
        Ok(taken) => taken,
        Err(response) => return *response,
    };
    let digest = component.digest.clone();
    if parameters.stage {
        deployment.stage(name, component, &actor);
        let body = json!({ "module": name, "version": digest, "staged": true });
        return reply(StatusCode::OK, &body);
    }
    let received = Instant::now();
    let by = (Origin::Push, actor);
    match deployment.deploy(name, component, by, Turn::Now).await {
        Ok(swapped) => reply(StatusCode::OK, &shown(&swapped, received.elapsed())),
        Err(error) => failed(&error, Some(&digest)),
    }
}

/// Takes a component from a request into the store; `expected` is the digest it has to have.
async fn take<'a>(
    admin: &'a Admin,
    name: &str,
    expected: Option<String>,
    request: Request,
) -> Result<(&'a Arc<Deployment>, Pinned), Box<Response>> {
    let (deployment, _upload) = match expects(admin, name) {
        Ok(expecting) => expecting,
        Err(response) => {
            hear_out(request).await;
            return Err(response);
        }
    };
    let component = receive(deployment, request)
        .await
        .map_err(|(status, message)| {
            let refusal = Refusal::new(name, Step::Read, message);
            Box::new(described(status, &deployment.refused(refusal, None), None))
        })?;
    let digest = component.digest.clone();
    if let Some(expected) = expected.filter(|expected| !expected.eq_ignore_ascii_case(&digest)) {
        let refusal = Refusal::new(
            name,
            Step::Read,
            format!("received {digest}, expected {expected}; send it again"),
        );
        drop(component);
        deployment.collect();
        return Err(Box::new(failed(
            &deployment.refused(refusal, Some(&digest)),
            Some(&digest),
        )));
    }
    Ok((deployment, component))
}

/// Whether a component of this module may come now, and the permit to receive it.
fn expects<'a>(
    admin: &'a Admin,
    name: &str,
) -> Result<(&'a Arc<Deployment>, SemaphorePermit<'a>), Box<Response>> {
    let deployment = deployment(admin)?;
    deployment
        .module(name)
        .map_err(|error| Box::new(failed(&error, None)))?;
    let upload = admin.uploads.try_acquire().map_err(|_| {
        let message = "too many components are being received; try again";
        Box::new(later(refuse(StatusCode::SERVICE_UNAVAILABLE, message)))
    })?;
    Ok((deployment, upload))
}

/// Streams a body into the store.
async fn receive(
    deployment: &Arc<Deployment>,
    request: Request,
) -> Result<Pinned, (StatusCode, String)> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(bytes) = announced.filter(|bytes| *bytes > MAX_COMPONENT_BYTES) {
        hear_out(request).await;
        return Err(too_large(bytes));
    }
    let mut incoming = match deployment.receive().await {
        Ok(incoming) => incoming,
        Err(error) => {
            hear_out(request).await;
            return Err(unwritable(&error));
        }
    };
    let body = request.into_body();
    match timeout(RECEIVING, write(&mut incoming, body)).await {
        Ok(written) => written?,
        Err(_) => {
            let message = format!(
                "it took more than {} s to arrive; send it faster",
                RECEIVING.as_secs()
            );
            return Err((StatusCode::REQUEST_TIMEOUT, message));
        }
    }
    incoming.finish().await.map_err(|error| unwritable(&error))
}

/// Writes a body as it arrives.
async fn write(incoming: &mut Incoming, body: Body) -> Result<(), (StatusCode, String)> {
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(cut_off)?;
        let bytes = incoming.bytes() + chunk.len() as u64;
        if bytes > MAX_COMPONENT_BYTES {
            return Err(too_large(bytes));
        }
        if let Err(error) = incoming.write(&chunk).await {
            hear_rest(&mut body).await;
            return Err(unwritable(&error));
        }
    }
    Ok(())
}

fn too_large(bytes: u64) -> (StatusCode, String) {
    let bytes = show_bytes(bytes);
    let most = show_bytes(MAX_COMPONENT_BYTES);
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the component is {bytes} or more; at most {most} are allowed"),
    )
}

/// Why a component did not arrive.
fn cut_off(error: axum::Error) -> (StatusCode, String) {
    let cause = error.into_inner();
    match cause.downcast_ref::<TooSlow>() {
        Some(late) => (
            StatusCode::REQUEST_TIMEOUT,
            format!("{late}; send it faster"),
        ),
        None => (
            StatusCode::BAD_REQUEST,
            format!("the component was cut off: {cause}; send it again"),
        ),
    }
}

fn unwritable(error: &io::Error) -> (StatusCode, String) {
    let status = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (
        status,
        format!(
            "the component cannot be stored: {error}; {}",
            writing_remedy(error)
        ),
    )
}

fn deployment(admin: &Admin) -> Result<&Arc<Deployment>, Box<Response>> {
    admin
        .host
        .deployment()
        .ok_or_else(|| Box::new(failed(&DeployError::Loading, None)))
}

fn shown(swapped: &Swapped, time: Duration) -> Value {
    let mut shown = json!({
        "module": swapped.module,
        "version": swapped.digest,
        "previous": swapped.previous,
        "changed": swapped.changed(),
        "seconds": time.as_secs_f64(),
    });
    if let Some(shown) = shown.as_object_mut() {
        let warning = swapped.warning.as_ref();
        shown.extend(warning.map(|warning| ("warning".to_owned(), json!(warning))));
    }
    shown
}

fn failed(error: &DeployError, digest: Option<&str>) -> Response {
    let status = match error {
        DeployError::Loading => StatusCode::SERVICE_UNAVAILABLE,
        DeployError::UnknownModule(_) => StatusCode::NOT_FOUND,
        DeployError::Busy(_)
        | DeployError::NothingBefore(_)
        | DeployError::NotKept { .. }
        | DeployError::CanaryRuns(_)
        | DeployError::NoCanary(_)
        | DeployError::AlreadyActive(_)
        | DeployError::UnknownVersion { .. } => StatusCode::CONFLICT,
        DeployError::Setting(_) => StatusCode::BAD_REQUEST,
        DeployError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    described(status, error, digest)
}

fn described(status: StatusCode, error: &DeployError, digest: Option<&str>) -> Response {
    let mut body = json!({ "error": { "message": error.to_string() } });
    if let (DeployError::Refused(refusal), Some(told)) =
        (error, body.get_mut("error").and_then(Value::as_object_mut))
    {
        let Refusal {
            module,
            step,
            message,
        } = refusal;
        told.extend(
            [
                ("message", json!(message)),
                ("module", json!(module)),
                ("step", json!(step.as_str())),
            ]
            .map(named),
        );
        told.extend(digest.map(|digest| named(("version", json!(digest)))));
    }
    let response = reply(status, &body);
    if matches!(error, DeployError::Busy(_) | DeployError::Loading) {
        later(response)
    } else {
        response
    }
}

fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

/// Says that it is worth trying again soon.
fn later(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
