//! Reads the body of a POST. Memory is taken as bytes arrive, whatever was announced, and a body that is too large is refused as soon
//! as that is known.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use futures_util::StreamExt;
use http_body_util::LengthLimitError;
use mayfly_error::Error;

use super::admission::RequestMemory;
use super::connections::TooSlow;
use super::request::Refusal;

/// Why there are no more bytes.
type Cause = dyn std::error::Error + Send + Sync;

/// Reads a body into memory that is counted.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit_bytes: usize,
    memory: &mut RequestMemory,
) -> Result<Vec<u8>, Refusal> {
    let too_large = || {
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            Error::BodyTooLarge { limit_bytes },
        )
    };
    check_coding(headers)?;
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limit_bytes as u64) {
        return Err(too_large());
    }
    let mut read = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            let cause = error.into_inner();
            if is::<LengthLimitError>(&*cause).is_some() {
                too_large()
            } else {
                cut_off(&*cause)
            }
        })?;
        let bytes = read.len() + chunk.len();
        if bytes > limit_bytes {
            return Err(too_large());
        }
        memory
            .arriving(bytes as u64)
            .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error))?;
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

/// Refuses codings that this server does not know, or that others might read differently.
fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_none_or(is_chunked) && codings.next().is_none() {
        return Ok(());
    }
    let message = "send the body as it is, or with Transfer-Encoding: chunked".to_owned();
    Err((StatusCode::NOT_IMPLEMENTED, Error::BadRequest(message)))
}

/// Why a body did not arrive.
fn cut_off(cause: &Cause) -> Refusal {
    if let Some(late) = is::<TooSlow>(cause) {
        return (
            StatusCode::REQUEST_TIMEOUT,
            Error::BadRequest(format!("{late}; send it faster")),
        );
    }
    let message = if is::<hyper::Error>(cause).is_some() {
        format!("the body was cut off: {cause}; send it again")
    } else {
        format!("the body cannot be decompressed: {cause}; send it as its Content-Encoding says")
    };
    (StatusCode::BAD_REQUEST, Error::BadRequest(message))
}

/// An error of this kind among those that led to another.
fn is<E: std::error::Error + 'static>(error: &Cause) -> Option<&E> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source())
        .find_map(|error| error.downcast_ref())
}
