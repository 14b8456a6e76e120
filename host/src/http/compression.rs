//! Compressed answers for clients that accept them, and compressed requests.
//!
//! What a client accepts is negotiated, and both directions are coded, by tower-http. Of requests only gzip and deflate are read: their
//! decoders take 32 KiB, whatever the client says, while one of zstd or brotli may be made to take megabytes.

use std::convert::Infallible;
use std::future::ready;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{Full, Limited};
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;

/// Compresses answers, so many at once.
pub struct Compression {
    /// The smallest answer that is compressed, in bytes; none when none is.
    above_bytes: Option<usize>,
    coders: Semaphore,
}

/// An answer as it is sent.
pub(super) struct Answer {
    pub bytes: Bytes,
    /// `Content-Encoding`; none when it is sent as it is.
    pub coding: Option<HeaderValue>,
}

impl Answer {
    /// An answer that is sent as it is.
    pub(super) fn plain(bytes: Vec<u8>) -> Self {
        Self {
            bytes: bytes.into(),
            coding: None,
        }
    }
}

/// What a client says that it accepts.
#[derive(Clone, Default)]
pub(super) struct Accepted(Vec<HeaderValue>);

impl Accepted {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self(headers.get_all(ACCEPT_ENCODING).iter().cloned().collect())
    }
}

impl Compression {
    /// Compresses at most this many answers at once; none at all when `above_bytes` is none.
    #[must_use]
    pub fn new(above_bytes: Option<usize>, coders: usize) -> Self {
        Self {
            above_bytes,
            coders: Semaphore::new(coders),
        }
    }

    /// Says in an answer that it depends on what the client accepts.
    pub(super) fn vary(&self, headers: &mut HeaderMap) {
        if self.above_bytes.is_some() {
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
    }

    /// Compresses an answer, if it is large enough and the client accepts that, and says how it is coded now.
    pub(super) async fn encode(
        &self,
        bytes: Vec<u8>,
        accepted: &Accepted,
    ) -> (Vec<u8>, Option<HeaderValue>) {
        let is_large = self.above_bytes.is_some_and(|above| bytes.len() >= above);
        if !is_large || accepted.0.is_empty() {
            return (bytes, None);
        }
        // It is never closed.
        let _coder = self.coders.acquire().await.ok();
        let mut request = Request::new(());
        for value in &accepted.0 {
            request.headers_mut().append(ACCEPT_ENCODING, value.clone());
        }
        let answer = Response::new(Full::new(Bytes::from(bytes)));
        let answers = tower::service_fn(|_| ready(Ok::<_, Infallible>(answer.clone())));
        // The time that a stronger level takes is the processor's, and there is more of the network.
        let layer = CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(SizeAbove::new(0));
        let Ok(response) = layer.layer(answers).oneshot(request).await;
        drop(answer);
        let (head, body) = response.into_parts();
        let coding = head.headers.get(CONTENT_ENCODING).cloned();
        (collect(Body::new(body)).await, coding)
    }
}

/// All bytes of a body that cannot fail; gives way between its pieces.
async fn collect(body: Body) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(
        body.size_hint()
            .exact()
            .map_or(0, |exact| usize::try_from(exact).unwrap_or_default()),
    );
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => {
                tracing::error!(%error, "an answer could not be compressed");
                return Vec::new();
            }
        }
        tokio::task::consume_budget().await;
    }
    bytes
}

/// Answers a compressed request as if it had come unpacked. Its own bytes are bounded here; what they unpack to is bounded where it is
/// read, and may be nothing. Several headers are a list of codings, of which tower-http would undo the first and forget the others; they
/// are left alone, and refused where the content type is.
pub(super) async fn unpack<F>(
    mut request: Request,
    most: usize,
    answer: impl Fn(Request) -> F,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let mut codings = request.headers().get_all(CONTENT_ENCODING).iter();
    if codings.nth(1).is_some() {
        return answer(request).await;
    }
    if let Some(coding) = request.headers_mut().get_mut(CONTENT_ENCODING) {
        // Codings are names in any case (RFC 9110, 8.4.1), which tower-http does not know.
        let in_lower_case = coding.as_bytes().to_ascii_lowercase();
        if let Ok(in_lower_case) = HeaderValue::from_bytes(&in_lower_case) {
            *coding = in_lower_case;
        }
    }
    let request = request.map(|body| Limited::new(body, most));
    let routes = tower::service_fn(|request: axum::http::Request<_>| {
        let answer = answer(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    // What is in another coding is refused where the content type is.
    let layer = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    match layer.layer(routes).oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!(%error, "a compressed request was lost");
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}
