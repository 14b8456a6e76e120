//! The body of an answer: handed out in pieces, so that it is known how much the client has taken, and counted until the last byte of
//! it is gone.
//!
//! An answer that is made while it is sent (a stream of events) is a body of such bodies, one for each part: between two of them
//! nothing is on its way, so that only a part that is not taken is due.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::activity::Activity;
use super::delivery::Delivery;
use super::exchange::Exchange;

/// A piece of an answer: what HTTP/2 puts into one frame.
const PIECE_BYTES: usize = 16 << 10;

/// The body of an answer.
pub struct AnswerBody {
    rest: Bytes,
    sent: Option<(Arc<Activity>, Arc<Delivery>)>,
    source: Option<Source>,
}

/// Where further parts come from, and the request that they answer.
struct Source {
    parts: axum::body::Body,
    exchange: Exchange,
}

/// The bytes of an answer: when the last piece of them is dropped, it was sent, or will never be.
struct Undelivered {
    bytes: Bytes,
    activity: Arc<Activity>,
    delivery: Arc<Delivery>,
}

impl AnswerBody {
    /// An answer without a body.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            rest: Bytes::new(),
            sent: None,
            source: None,
        }
    }

    /// Begins an answer whose parts are made while it is sent. The request is under way until its last part.
    #[must_use]
    pub(super) fn stream(parts: axum::body::Body, exchange: Exchange) -> Self {
        Self {
            source: Some(Source { parts, exchange }),
            ..Self::empty()
        }
    }

    /// Begins to send an answer.
    #[must_use]
    pub fn begin(bytes: Bytes, activity: &Arc<Activity>) -> Self {
        if bytes.is_empty() {
            return Self::empty();
        }
        let delivery = activity.delivery_begins(bytes.len());
        Self {
            rest: Bytes::from_owner(Undelivered {
                bytes,
                activity: activity.clone(),
                delivery: delivery.clone(),
            }),
            sent: Some((activity.clone(), delivery)),
            source: None,
        }
    }

    /// What is known of it, unless it has no body.
    #[must_use]
    pub fn delivery(&self) -> Option<&Arc<Delivery>> {
        self.sent.as_ref().map(|(_, delivery)| delivery)
    }
}

impl AnswerBody {
    /// Takes the next part, and gives whether there is one.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(false);
        };
        let frame = std::task::ready!(Pin::new(&mut source.parts).poll_frame(cx));
        // Parts are made in memory, so none is lost on its way here.
        let data = frame.and_then(Result::ok).map(Frame::into_data);
        match data {
            Some(Ok(bytes)) if !bytes.is_empty() => {
                let part = Self::begin(bytes, source.exchange.activity());
                self.rest = part.rest;
                self.sent = part.sent;
                Poll::Ready(true)
            }
            Some(_) => Poll::Ready(true),
            None => {
                if let Some(source) = self.source.take() {
                    source.exchange.ends();
                }
                Poll::Ready(false)
            }
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while self.rest.is_empty() {
            if !std::task::ready!(self.poll_part(cx)) {
                return Poll::Ready(None);
            }
        }
        let piece = if self.rest.len() <= PIECE_BYTES {
            std::mem::take(&mut self.rest)
        } else {
            self.rest.split_to(PIECE_BYTES)
        };
        if let Some((activity, delivery)) = &self.sent {
            delivery.moved(piece.len());
            activity.delivered(piece.len());
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.source.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.source {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.rest.len() as u64),
        }
    }
}

impl AsRef<[u8]> for Undelivered {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        self.activity.delivery_ends(&self.delivery);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::future::poll_fn;

    use futures_util::stream;

    use super::*;

    async fn part(body: &mut AnswerBody) -> Option<Bytes> {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        frame.map(|frame| frame.unwrap().into_data().unwrap())
    }

    #[tokio::test]
    async fn of_an_answer_that_is_made_while_it_is_sent_only_a_part_that_is_not_taken_is_due() {
        let activity = Arc::new(Activity::new(mayfly_config::Clients::default()));
        let (exchange, _) = Exchange::begin(&activity);
        let parts = ["one", "", "two"].map(|part| Ok::<_, Infallible>(Bytes::from(part)));
        let parts = axum::body::Body::from_stream(stream::iter(parts));
        let mut body = AnswerBody::stream(parts, exchange);
        assert_eq!(body.size_hint().exact(), None);
        for expected in ["one", "two"] {
            assert!(activity.deliveries().is_empty() && activity.is_busy());
            let part = part(&mut body).await.unwrap();
            assert_eq!(part, expected);
            assert_eq!(activity.deliveries().len(), 1, "until it is sent");
            drop(part);
        }
        assert!(activity.is_busy(), "another part may come");
        assert_eq!(part(&mut body).await, None);
        assert!(!activity.is_busy() && body.is_end_stream());
    }

    #[tokio::test]
    async fn an_answer_that_its_client_leaves_ends_its_request() {
        let activity = Arc::new(Activity::new(mayfly_config::Clients::default()));
        let (exchange, _) = Exchange::begin(&activity);
        let parts = stream::pending::<Result<Bytes, Infallible>>();
        let body = AnswerBody::stream(axum::body::Body::from_stream(parts), exchange);
        assert!(activity.is_busy());
        drop(body);
        assert!(!activity.is_busy());
    }
}
