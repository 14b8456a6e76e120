//! Live values as server-sent events, in the "distinct connections" mode of the GraphQL over SSE protocol: an event `next` for each
//! answer, and one event `complete` at the end.
//!
//! A stream ends with its operation, with its client, when its token is no longer one, and when the host ends. Nothing is made before
//! the client has taken what was made before; a client that takes nothing is disconnected as with any other answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Response as GraphqlResponse, ServerError};
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use mayfly_telemetry::names;
use metrics::gauge;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::http::Host;
use crate::http::admin::tokens::Identity;
use crate::http::connections::Streamed;
use crate::serving::memory_plan::ADMIN_ANSWER_BYTES;

/// What a client accepts that wants a stream.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// How often the token is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Looks without an event after which the client is sent something, so that one that is gone is noticed, and proxies keep waiting.
const SILENT_LOOKS: u32 = 10;

/// A stream that is open.
struct Events {
    host: Arc<Host>,
    identity: Identity,
    responses: BoxStream<'static, GraphqlResponse>,
    look: Interval,
    silent: u32,
    ended: bool,
    _open: Open,
}

/// A stream, counted for as long as it is open.
struct Open {
    _place: OwnedSemaphorePermit,
}

/// Sends the answers of an operation as they come.
pub(super) fn stream(
    host: Arc<Host>,
    identity: Identity,
    responses: BoxStream<'static, GraphqlResponse>,
    place: OwnedSemaphorePermit,
) -> Response {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        host,
        identity,
        responses,
        look,
        silent: 0,
        ended: false,
        _open: Open::begin(place),
    };
    let events = stream::unfold(events, async |mut events| {
        let event = events.next().await?;
        Some((Ok::<_, Infallible>(event), events))
    });
    let mut response = Response::new(Body::from_stream(events));
    response.extensions_mut().insert(Streamed);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Events {
    /// The next event; none after the last one.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        loop {
            tokio::select! {
                biased;
                () = self.host.ending() => return self.complete(Vec::new()),
                _ = self.look.tick() => {
                    if !self.identity.is_current(&self.host) {
                        return self.complete(next_event(&no_longer_known()));
                    }
                    self.silent += 1;
                    if self.silent >= SILENT_LOOKS {
                        self.silent = 0;
                        // A comment.
                        return Some(Bytes::from_static(b":\n\n"));
                    }
                }
                response = self.responses.next() => {
                    self.silent = 0;
                    return match response {
                        Some(response) => Some(bounded_event(&response).into()),
                        None => self.complete(Vec::new()),
                    };
                }
            }
        }
    }

    /// Ends the stream, after a last event.
    fn complete(&mut self, mut last: Vec<u8>) -> Option<Bytes> {
        self.ended = true;
        last.extend_from_slice(b"event: complete\ndata:\n\n");
        Some(last.into())
    }
}

/// An answer as it is sent.
pub(super) fn written(response: &GraphqlResponse) -> Vec<u8> {
    // Names are texts and numbers are finite, so nothing in it has no JSON.
    serde_json::to_vec(response).unwrap_or_default()
}

/// An answer as an event. JSON without white space has no line ends.
fn next_event(response: &GraphqlResponse) -> Vec<u8> {
    let mut event = b"event: next\ndata: ".to_vec();
    event.extend(written(response));
    event.extend_from_slice(b"\n\n");
    event
}

/// The same, or that it is too large.
fn bounded_event(response: &GraphqlResponse) -> Vec<u8> {
    let event = next_event(response);
    if event.len() <= ADMIN_ANSWER_BYTES {
        return event;
    }
    let message =
        format!("the answer has more than {ADMIN_ANSWER_BYTES} bytes; ask for less at once");
    next_event(&refused(message, "LIMIT_EXCEEDED"))
}

fn no_longer_known() -> GraphqlResponse {
    let message = "the token was removed or lost its role; reconnect with another";
    refused(message.to_owned(), "UNAUTHENTICATED")
}

fn refused(message: String, code: &str) -> GraphqlResponse {
    let mut error = ServerError::new(message, None);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code);
    GraphqlResponse::from_errors(vec![error])
}

impl Open {
    fn begin(place: OwnedSemaphorePermit) -> Self {
        gauge!(names::ADMIN_STREAMS).increment(1);
        Self { _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(names::ADMIN_STREAMS).decrement(1);
    }
}
