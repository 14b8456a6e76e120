//! Compressed answers for clients that accept them, and compressed requests.
//!
//! What a client accepts is negotiated, and answers are coded, by tower-http. Of requests only gzip and deflate are read: their decoders
//! take 32 KiB, whatever the client says, while one of zstd or brotli may be made to take megabytes.

use std::convert::Infallible;
use std::future::ready;
use std::io;

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http_body_util::{BodyExt, Full, Limited};
use tokio::io::AsyncRead;
use tokio::sync::Semaphore;
use tokio_util::io::{ReaderStream, StreamReader};
use tower::{Layer, ServiceExt};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

/// What a decoder gives at once, at most.
const PIECE_BYTES: usize = 16 << 10;

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

/// How a request is compressed.
enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    /// Codings are names in any case, and gzip has two (RFC 9110, 8.4.1).
    fn named(name: &HeaderValue) -> Option<Self> {
        let is = |known: &[u8]| name.as_bytes().eq_ignore_ascii_case(known);
        if is(b"gzip") || is(b"x-gzip") {
            Some(Self::Gzip)
        } else {
            is(b"deflate").then_some(Self::Deflate)
        }
    }

    /// The body unpacked, whose errors are those of the body as it came, or of the decoder. A body in gzip may have several members (RFC
    /// 1952, 2.2).
    fn unpacked(self, packed: Limited<Body>) -> Body {
        let packed = packed.into_data_stream().map_err(io::Error::other);
        let packed = StreamReader::new(packed);
        match self {
            Self::Gzip => {
                let mut decoder = GzipDecoder::new(packed);
                decoder.multiple_members(true);
                pieces(decoder)
            }
            Self::Deflate => pieces(ZlibDecoder::new(packed)),
        }
    }
}

/// What a decoder gives, as a body.
fn pieces(decoder: impl AsyncRead + Send + 'static) -> Body {
    let pieces = ReaderStream::with_capacity(decoder, PIECE_BYTES);
    // What went wrong before the decoder is inside of what it says.
    Body::from_stream(pieces.map_err(|error| {
        let kind = error.kind();
        error
            .into_inner()
            .unwrap_or_else(|| kind.to_string().into())
    }))
}

/// Answers a compressed request as if it had come unpacked. Its own bytes are bounded here; what they unpack to is bounded where it is
/// read, and may be nothing. Several headers are a list of codings; they are left alone, and refused where the content type is, as codings
/// are that are not known.
pub(super) async fn unpack<F>(
    mut request: Request,
    most: usize,
    answer: impl FnOnce(Request) -> F,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let mut codings = request.headers().get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().and_then(Coding::named);
    let Some(coding) = coding.filter(|_| codings.next().is_none()) else {
        return answer(request).await;
    };
    for of_packed in [CONTENT_ENCODING, CONTENT_LENGTH] {
        request.headers_mut().remove(of_packed);
    }
    answer(request.map(|body| coding.unpacked(Limited::new(body, most)))).await
}
