//! Opens connections to another machine: its name, its address, the proxy if there is one, TLS.
//!
//! What capabilities that speak over TCP have in common: `addresses` says where nobody should go, `tls` what is trusted and shown,
//! `tcp` tries the addresses of a name.
//!
//! Addresses are looked at here, after the name was resolved, so that no name leads where nobody should go. Variables of the environment
//! that name proxies are not looked at.

mod addresses;
pub(crate) mod tcp;
pub(crate) mod tls;

use std::error::Error;
use std::io;
use std::iter;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use addresses::is_refused;
use tls::H2;

/// A connection to another machine.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The same, whatever it is made of.
pub(crate) type BoxedStream = Box<dyn Stream + 'static>;

/// How another machine is reached.
pub(crate) struct Dialer {
    /// `host:port`.
    pub address: String,
    /// The host alone, which its certificate has to be of.
    pub host: String,
    /// None where nothing is encrypted.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether HTTP/2 is spoken.
    pub http2: bool,
    /// `host:port` of a proxy.
    pub proxy: Option<String>,
    /// Addresses that are connected to whatever they are.
    pub allowed: Vec<IpAddr>,
    /// For name, TCP, proxy and TLS together.
    pub timeout: Duration,
    /// Whether there is nothing to connect to: the app is only looked at.
    pub is_offline: bool,
}

impl Dialer {
    /// Opens a connection, or says why there is none, for the log.
    pub(crate) async fn dial(&self) -> Result<BoxedStream, String> {
        if self.is_offline {
            return Err("nothing is connected to".to_owned());
        }
        let opened = timeout(self.timeout, self.open()).await;
        opened.unwrap_or_else(|_| {
            Err(format!(
                "no connection to {} within `connect_timeout` ({:?})",
                self.address, self.timeout
            ))
        })
    }

    async fn open(&self) -> Result<BoxedStream, String> {
        let stream: BoxedStream = match &self.proxy {
            None => Box::new(self.connect(&self.address).await?),
            Some(proxy) => {
                // The proxy resolves names; an address needs no resolving.
                if let Ok(address) = self.address.parse::<SocketAddr>() {
                    self.look_at(address)?;
                }
                let stream = self.connect(proxy).await?;
                Box::new(tunnel(stream, &self.address, proxy).await?)
            }
        };
        match &self.tls {
            None => Ok(stream),
            Some(settings) => self.secure(stream, settings).await,
        }
    }

    /// Connects to the first address of a name that answers and may be connected to.
    async fn connect(&self, name: &str) -> Result<TcpStream, String> {
        let connect = |address: SocketAddr| async move {
            self.look_at(address).map_err(io::Error::other)?;
            let connected = TcpStream::connect(address).await;
            connected.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
        };
        tcp::dial_by(name, connect)
            .await
            .map_err(|error| format!("cannot connect to {name}: {error}"))
    }

    fn look_at(&self, address: SocketAddr) -> Result<(), String> {
        if !is_refused(address.ip(), &self.allowed) {
            return Ok(());
        }
        let ip = address.ip();
        Err(format!(
            "{} is {ip}, a link-local or metadata address, which is refused; add \"{ip}\" to `allow_addresses` if you mean it",
            self.host
        ))
    }

    async fn secure(
        &self,
        stream: BoxedStream,
        settings: &Arc<ClientConfig>,
    ) -> Result<BoxedStream, String> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host} cannot be the name in a certificate"))?;
        let connector = TlsConnector::from(Arc::clone(settings));
        let secured = connector.connect(name, stream).await.map_err(|error| {
            format!("TLS with {} failed: {}", self.address, with_causes(&error))
        })?;
        let (_, session) = secured.get_ref();
        if self.http2 && session.alpn_protocol() != Some(H2) {
            return Err(format!(
                "{} does not speak HTTP/2; remove `http2`",
                self.address
            ));
        }
        Ok(Box::new(secured))
    }
}

/// Asks a proxy for a tunnel to an address.
async fn tunnel(
    stream: TcpStream,
    address: &str,
    proxy: &str,
) -> Result<TokioIo<Upgraded>, String> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        format!(
            "no tunnel through {proxy} to {address}: {}",
            with_causes(error)
        )
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    tokio::spawn(connection.with_upgrades());
    let request = http::Request::connect(address)
        .header(HOST, address)
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| failed(&error))?;
    if !answer.status().is_success() {
        let status = answer.status();
        return Err(format!(
            "no tunnel through {proxy} to {address}: it answered {status}"
        ));
    }
    let upgraded = hyper::upgrade::on(answer)
        .await
        .map_err(|error| failed(&error))?;
    Ok(TokioIo::new(upgraded))
}

fn cause_of<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    (*error).source()
}

/// An error with what is behind it, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(error.source(), cause_of);
    iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}
