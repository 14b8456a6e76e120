//! The body of an answer while it is read: no longer than answers are, and as the service sent it.
//!
//! The SDK reads a body to its end whatever its length, and does not compare it with the checksum that DynamoDB sends along.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::{Error, SdkBody};
use bytes::Bytes;
use flate2::Crc;
use hyper::body::{Body, Frame, SizeHint};

/// Bytes of a body, at most. The service answers with up to 16 MB of items, and binary values are a third longer in JSON.
const MAX_BODY_BYTES: usize = 32 << 20;

/// The header with the CRC-32 of the body.
const CHECKSUM: &str = "x-amz-crc32";

/// A body that is checked while it is read.
struct Checked {
    body: SdkBody,
    /// Bytes that may still come.
    left: usize,
    /// Of the bytes that came.
    sum: Crc,
    /// What the service says it is; none where it does not say.
    expected: Option<u32>,
}

/// The same answer, whose body is checked while it is read.
pub(super) fn checked(answer: HttpResponse) -> HttpResponse {
    let expected = answer.headers().get(CHECKSUM);
    let expected = expected.and_then(|sum| sum.parse().ok());
    answer.map(|body| {
        SdkBody::from_body_1_x(Checked {
            body,
            left: MAX_BODY_BYTES,
            sum: Crc::new(),
            expected,
        })
    })
}

impl Body for Checked {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None if self.expected.is_some_and(|sum| sum != self.sum.sum()) => {
                self.expected = None;
                let error = format!("the answer does not match its checksum (`{CHECKSUM}`)");
                return Poll::Ready(Some(Err(io::Error::other(error).into())));
            }
            None => return Poll::Ready(None),
        };
        let data = frame.data_ref().map(|data| &**data).unwrap_or_default();
        let Some(left) = self.left.checked_sub(data.len()) else {
            let error = format!("the answer is longer than {MAX_BODY_BYTES} bytes");
            return Poll::Ready(Some(Err(io::Error::other(error).into())));
        };
        self.sum.update(data);
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
