//! The body of an answer: handed out in pieces, so that it is known how much the client has taken, and counted until the last byte of
//! it is gone.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::activity::Activity;
use super::delivery::Delivery;

/// A piece of an answer: what HTTP/2 puts into one frame.
const PIECE_BYTES: usize = 16 << 10;

/// The body of an answer.
pub struct AnswerBody {
    rest: Bytes,
    sent: Option<(Arc<Activity>, Arc<Delivery>)>,
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
        }
    }

    /// What is known of it, unless it has no body.
    #[must_use]
    pub fn delivery(&self) -> Option<&Arc<Delivery>> {
        self.sent.as_ref().map(|(_, delivery)| delivery)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
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
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
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
