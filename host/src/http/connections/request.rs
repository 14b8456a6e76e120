//! A request's body on its way, which has to get on, and the service that stands between hyper and the routes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use mayfly_clock::next_tick;
use tower::ServiceExt;

use super::activity::Activity;
use super::alarm::Alarm;
use super::answer::AnswerBody;
use super::exchange::Exchange;
use super::pace::{Pace, Rate};
use super::state::Reason;
use super::stream;

/// A body came too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body arrives too slowly: less than {} bytes in {:?}", .0.least_bytes, .0.window)]
pub struct TooSlow(pub Rate);

/// The address of the client that sent a request; none where the system does not say.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<SocketAddr>);

/// Marks an answer whose body is made while it is sent. It has to end by itself when the host ends.
#[derive(Debug, Clone, Copy)]
pub struct Streamed;

/// Hands requests to the routes, and their answers back.
#[derive(Clone)]
pub(super) struct Service {
    pub router: Router,
    /// The client's address; none where the system does not say.
    pub peer: Option<SocketAddr>,
    pub activity: Arc<Activity>,
    /// How fast bodies have to come.
    pub body_rate: Rate,
}

/// A body on its way.
struct Arriving {
    body: Incoming,
    activity: Arc<Activity>,
    rate: Rate,
    /// How fast it comes, once it was waited for.
    pace: Option<Pace>,
    alarm: Alarm,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let (exchange, load) = Exchange::begin(&self.activity);
        request.extensions_mut().insert(load);
        request.extensions_mut().insert(Peer(self.peer));
        let router = self.router.clone();
        let rate = self.body_rate;
        Box::pin(async move {
            let is_head = request.method() == Method::HEAD;
            let request = request.map(|body| Arriving::body(body, rate, exchange.activity()));
            let Ok(response) = router.oneshot(request).await;
            let (mut head, body) = response.into_parts();
            if !is_head && head.extensions.get::<Streamed>().is_some() {
                let answer = AnswerBody::stream(body, exchange);
                return Ok(Response::from_parts(head, answer));
            }
            // Every other answer of the routes is in memory already.
            let bytes = match axum::body::to_bytes(body, usize::MAX).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::error!(%error, "an answer was lost");
                    head.status = StatusCode::INTERNAL_SERVER_ERROR;
                    Bytes::new()
                }
            };
            if is_head {
                let length = HeaderValue::from(bytes.len());
                head.headers.entry(CONTENT_LENGTH).or_insert(length);
            }
            let answer = if is_head {
                AnswerBody::empty()
            } else {
                AnswerBody::begin(bytes, exchange.activity())
            };
            answer.delivery().into_iter().for_each(stream::sends);
            exchange.ends();
            Ok(Response::from_parts(head, answer))
        })
    }
}

impl Arriving {
    fn body(body: Incoming, rate: Rate, activity: &Arc<Activity>) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Self {
            body,
            activity: activity.clone(),
            rate,
            pace: None,
            alarm: Alarm::default(),
        })
    }

    /// Waits, but not for ever.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<TooSlow> {
        let rate = self.rate;
        if self.pace.is_none() {
            self.activity.body_begins();
        }
        let pace = self
            .pace
            .get_or_insert_with(|| Pace::begin(rate, next_tick()));
        std::task::ready!(self.alarm.poll(pace.deadline(), cx));
        self.activity.blame(Reason::BodyTimeout);
        stream::blame(Reason::BodyTimeout);
        Poll::Ready(TooSlow(rate))
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return self.poll_late(cx).map(|late| Some(Err(late.into())));
        };
        if let Some(bytes) = frame.iter().flatten().find_map(Frame::data_ref) {
            self.activity.body_received(bytes.len());
            let moved = bytes.len() as u64;
            if let Some(pace) = &mut self.pace {
                pace.moved(moved, next_tick());
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.pace.is_some() {
            self.activity.body_ends();
        }
    }
}
