//! One request and its answer, on one connection.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue,
    USER_AGENT,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};

use super::answer::Answer;
use super::configuration::Service;
use super::connections::Connections;
use super::failure::{Cause, Failed};
use super::request::Request;
use super::unpack::Unpacking;
use crate::dial::with_causes;

/// The header of a trace (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where requests of a service go, and what each of them carries.
pub(super) struct Target {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
    host: Option<HeaderValue>,
    credentials: Option<(HeaderName, HeaderValue)>,
    accepts: HeaderValue,
}

impl Target {
    pub(super) fn new(
        is_tls: bool,
        authority: Authority,
        prefix: String,
        service: &Service,
    ) -> Self {
        let credentials = service.credentials.as_ref();
        let credentials = credentials.and_then(|known| {
            let mut value = HeaderValue::from_str(known.value.expose()).ok()?;
            value.set_sensitive(true);
            Some((known.name.clone(), value))
        });
        Self {
            scheme: if is_tls { Scheme::HTTPS } else { Scheme::HTTP },
            host: HeaderValue::from_str(authority.as_str()).ok(),
            authority,
            prefix,
            credentials,
            accepts: HeaderValue::from_static(if service.accept_gzip {
                "gzip"
            } else {
                "identity"
            }),
        }
    }

    /// What is sent. HTTP/2 has the host in the address, HTTP/1.1 in a header.
    fn request(
        &self,
        request: &Request,
        is_http2: bool,
    ) -> Result<http::Request<Full<Bytes>>, Failed> {
        let malformed = |error: http::Error| Failed::connect(error.to_string());
        let path = format!("{}{}", self.prefix, request.target);
        let path = PathAndQuery::try_from(path).map_err(|error| malformed(error.into()))?;
        let uri = if is_http2 {
            Uri::builder()
                .scheme(self.scheme.clone())
                .authority(self.authority.clone())
                .path_and_query(path)
                .build()
                .map_err(malformed)?
        } else {
            Uri::from(path)
        };
        let mut sent = http::Request::new(Full::new(request.body.clone()));
        *sent.method_mut() = method(request);
        *sent.uri_mut() = uri;
        let headers = sent.headers_mut();
        headers.clone_from(&request.headers);
        self.add_own(headers, is_http2);
        if let Some(trace) = &request.trace {
            headers.insert(TRACEPARENT, trace.clone());
        }
        Ok(sent)
    }

    fn add_own(&self, headers: &mut HeaderMap, is_http2: bool) {
        if let Some(host) = self.host.as_ref().filter(|_| !is_http2) {
            headers.insert(HOST, host.clone());
        }
        headers.insert(USER_AGENT, HeaderValue::from_static("mayfly"));
        headers.insert(ACCEPT_ENCODING, self.accepts.clone());
        if let Some((name, value)) = &self.credentials {
            headers.insert(name.clone(), value.clone());
        }
    }
}

fn method(request: &Request) -> Method {
    use super::configuration::Method as Known;
    match request.method {
        Known::Get => Method::GET,
        Known::Head => Method::HEAD,
        Known::Post => Method::POST,
        Known::Put => Method::PUT,
        Known::Patch => Method::PATCH,
        Known::Delete => Method::DELETE,
    }
}

/// Sends a request and reads its answer, of at most this many bytes. `was_sent` says since when the service may have it.
pub(super) async fn exchange(
    connections: &Connections,
    target: &Target,
    request: &Request,
    most: usize,
    was_sent: &AtomicBool,
) -> Result<Answer, Failed> {
    if connections.is_http2() {
        return on_stream(connections, target, request, most, was_sent).await;
    }
    let mut sent = target.request(request, false)?;
    loop {
        let mut connection = connections.take().await?;
        was_sent.store(true, Ordering::Relaxed);
        let error = match connection.sender.try_send_request(sent).await {
            Ok(answer) => {
                let (answer, is_whole) = read(answer, most).await;
                if is_whole {
                    connections.give_back(connection).await;
                } else {
                    connections.discard(connection);
                }
                return answer;
            }
            Err(error) => error,
        };
        let was_used = connection.is_used;
        connections.discard(connection);
        let mut error = error;
        match error.take_message() {
            // The service closed the connection before it was used again: nothing was sent.
            Some(unsent) if was_used => {
                was_sent.store(false, Ordering::Relaxed);
                sent = unsent;
            }
            unsent => {
                return Err(Failed {
                    was_sent: unsent.is_none(),
                    cause: Cause::Broken(with_causes(error.error())),
                });
            }
        }
    }
}

async fn on_stream(
    connections: &Connections,
    target: &Target,
    request: &Request,
    most: usize,
    was_sent: &AtomicBool,
) -> Result<Answer, Failed> {
    let broken = |error: &hyper::Error, was_sent| Failed {
        was_sent,
        cause: Cause::Broken(with_causes(error)),
    };
    let mut sender = connections.stream().await?;
    sender
        .ready()
        .await
        .map_err(|error| broken(&error, false))?;
    let sent = target.request(request, true)?;
    was_sent.store(true, Ordering::Relaxed);
    match sender.try_send_request(sent).await {
        Ok(answer) => read(answer, most).await.0,
        Err(mut error) => {
            let was_sent = error.take_message().is_none();
            Err(broken(error.error(), was_sent))
        }
    }
}

/// Reads an answer, and says whether it was read to its end.
async fn read(answer: http::Response<Incoming>, most: usize) -> (Result<Answer, Failed>, bool) {
    let (mut head, mut body) = answer.into_parts();
    let failed = |cause| {
        let failed = Failed {
            was_sent: true,
            cause,
        };
        (Err(failed), false)
    };
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > most {
        return failed(Cause::TooLarge(most));
    }
    let mut unpacking = match Unpacking::of(&head.headers, most, said) {
        Ok(unpacking) => unpacking,
        // What has no body is packed in no way.
        Err(_) if body.is_end_stream() => Unpacking::plain(),
        Err(cause) => return failed(cause),
    };
    let mut is_empty = true;
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return failed(Cause::Broken(with_causes(&error))),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        is_empty &= data.is_empty();
        if let Err(cause) = unpacking.take(&data).await {
            return failed(cause);
        }
    }
    if is_empty {
        unpacking = Unpacking::plain();
    }
    let bytes = match unpacking.finish() {
        Ok(bytes) => bytes,
        Err(cause) => return failed(cause),
    };
    // They describe what came, and not what is handed on.
    if head.headers.remove(CONTENT_ENCODING).is_some() {
        head.headers.remove(CONTENT_LENGTH);
    }
    let answer = Answer {
        status: head.status,
        headers: head.headers,
        body: bytes.into(),
    };
    (Ok(answer), true)
}
