//! Gets a small document from an issuer: bounded in bytes, over TLS that is checked, never from another host than it was asked of.
//!
//! A connection serves one request: there are a few in an hour. Variables of the environment that name proxies are not looked at.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// Redirects that are followed, at most.
const MAX_REDIRECTS: usize = 3;

/// Why keys could not be fetched, for operators.
#[derive(Debug, thiserror::Error)]
pub(in crate::callers) enum Failure {
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    #[error("{url} answered {status}")]
    Status { url: Uri, status: http::StatusCode },
    #[error(
        "{url} redirects to {to:.200?}, and redirects to another host are not followed; configure that address if it is the right one"
    )]
    Redirect { url: Uri, to: String },
    #[error("the answer of {url} is larger than {most} bytes")]
    TooLarge { url: Uri, most: usize },
    #[error("{0}")]
    Discovery(String),
    #[error("{0}")]
    OtherIssuer(String),
    #[error("{0}")]
    NoKeys(String),
}

impl Failure {
    /// The word in metrics.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Slow(_) => "timeout",
            Self::Status { .. } => "status",
            Self::Redirect { .. } => "redirect",
            Self::TooLarge { .. } => "too_large",
            Self::Discovery(_) => "no_discovery",
            Self::OtherIssuer(_) => "other_issuer",
            Self::NoKeys(_) => "no_keys",
        }
    }
}

/// What was answered.
pub(super) struct Document {
    pub(super) text: String,
    /// How long it may be cached, if that was said.
    pub(super) lifetime: Option<Duration>,
}

/// Gets documents.
pub(super) struct Fetcher {
    tls: Option<TlsConnector>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Fetcher {
    /// For what is at a URL, with authorities in PEM that are trusted beside the system's.
    pub(super) fn new(url: &Uri, ca: Option<&[u8]>) -> Result<Self, String> {
        if url.scheme_str() != Some("https") {
            return Ok(Self { tls: None });
        }
        let mut roots = RootCertStore::empty();
        // What of the system's own certificates cannot be read is not this app's fault; without any, connections fail and say so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let mut of_ca = 0;
        for certificate in ca.map(CertificateDer::pem_slice_iter).into_iter().flatten() {
            let certificate = certificate.map_err(|error| format!("is not PEM: {error}"))?;
            let added = roots.add(certificate);
            added.map_err(|error| format!("has a certificate that cannot be used: {error}"))?;
            of_ca += 1;
        }
        if ca.is_some() && of_ca == 0 {
            return Err("contains no PEM certificate".to_owned());
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let settings = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: Some(TlsConnector::from(Arc::new(settings))),
        })
    }

    /// Gets what is at a URL, of at most this many bytes.
    pub(super) async fn get(&self, url: &Uri, most: usize) -> Result<Document, Failure> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let exchange = self.send(&url).await?;
            let status = exchange.answer.status();
            if status.is_redirection() {
                url = followed(&url, exchange.answer.headers())?;
                continue;
            }
            if status != http::StatusCode::OK {
                return Err(Failure::Status { url, status });
            }
            return exchange.read(&url, most).await;
        }
        Err(Failure::Unreachable(format!(
            "more than {MAX_REDIRECTS} redirects, the last to {url}"
        )))
    }

    async fn send(&self, url: &Uri) -> Result<Exchange, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Unreachable(format!("{url} cannot be reached: {error}"))
        };
        let stream = self.connect(url).await?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // What goes wrong is told to whoever sends.
            let _ = connection.await;
        }));
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let authority = url.authority().map_or("", |authority| authority.as_str());
        let request = Request::get(path)
            .header(HOST, authority)
            .header(USER_AGENT, "mayfly")
            .header(ACCEPT, "application/json")
            // What is packed would have to be unpacked within limits, and is not asked for.
            .header(ACCEPT_ENCODING, "identity")
            .body(Empty::<Bytes>::new())
            .map_err(|error| failed(&error))?;
        let answer = sender.send_request(request).await;
        Ok(Exchange {
            answer: answer.map_err(|error| failed(&error))?,
            _connection: connection,
        })
    }

    async fn connect(&self, url: &Uri) -> Result<Box<dyn Stream>, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Unreachable(format!("{url} cannot be reached: {error}"))
        };
        let is_https = url.scheme_str() == Some("https");
        let host = url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let Some(tls) = self.tls.as_ref().filter(|_| is_https) else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
        let secured = tls.connect(name, stream).await;
        Ok(Box::new(secured.map_err(|error| failed(&error))?))
    }
}

/// An answer that is being read, and its connection.
struct Exchange {
    answer: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

impl Exchange {
    async fn read(self, url: &Uri, most: usize) -> Result<Document, Failure> {
        let too_large = || Failure::TooLarge {
            url: url.clone(),
            most,
        };
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Unreachable(format!("{url} stopped answering: {error}"))
        };
        let lifetime = lifetime(self.answer.headers());
        let mut body = self.answer.into_body();
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| failed(&error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::NoKeys(format!("the answer of {url} is not UTF-8")))?;
        Ok(Document { text, lifetime })
    }
}

/// Where a redirect leads: on the same host, by the same scheme.
fn followed(url: &Uri, headers: &HeaderMap) -> Result<Uri, Failure> {
    let to = headers
        .get(LOCATION)
        .map_or("", |to| to.to_str().unwrap_or_default());
    let elsewhere = || Failure::Redirect {
        url: url.clone(),
        to: to.to_owned(),
    };
    let next: Uri = to.parse().map_err(|_| elsewhere())?;
    if next.authority().is_none() {
        if !to.starts_with('/') || to.starts_with("//") {
            return Err(elsewhere());
        }
        let mut parts = url.clone().into_parts();
        parts.path_and_query = next.into_parts().path_and_query;
        return Uri::from_parts(parts).map_err(|_| elsewhere());
    }
    let is_same = next.scheme() == url.scheme() && next.authority() == url.authority();
    if is_same { Ok(next) } else { Err(elsewhere()) }
}

/// How long an answer may be cached, as far as it says (RFC 9111, 5.2.2).
fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let mut directives = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    directives.find_map(|directive| {
        let (name, seconds) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => Some(Duration::ZERO),
            "max-age" => {
                let seconds = seconds.trim().trim_matches('"').parse().ok()?;
                Some(Duration::from_secs(seconds))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn redirects_are_followed_on_the_same_host_only() {
        let url: Uri = "https://id.example.org:8443/keys?a=b".parse().unwrap();
        let leads = |to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, to.parse().unwrap());
            followed(&url, &headers).ok().map(|next| next.to_string())
        };
        let same = Some("https://id.example.org:8443/other?c".to_owned());
        assert_eq!(leads("/other?c"), same);
        assert_eq!(leads("https://id.example.org:8443/other?c"), same);
        for to in [
            "https://id.example.org/other",
            "http://id.example.org:8443/other",
            "https://other.example.org:8443/other",
            "//other.example.org/keys",
            "other",
            "",
            "file:///etc/passwd",
        ] {
            assert_eq!(leads(to), None, "{to}");
        }
        assert!(followed(&url, &HeaderMap::new()).is_err());
    }

    #[test]
    fn the_time_for_which_an_answer_may_be_cached_is_read() {
        let said = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, value.parse().unwrap());
            lifetime(&headers).map(|time| time.as_secs())
        };
        assert_eq!(said("public, max-age=600, must-revalidate"), Some(600));
        assert_eq!(said("Max-Age=\"5\""), Some(5));
        assert_eq!(said("no-store"), Some(0));
        assert_eq!(said("max-age=soon"), None);
        assert_eq!(said("public"), None);
        assert_eq!(lifetime(&HeaderMap::new()), None);
    }
}
