//! Encryption as TDS 7.4 has it: the handshake travels inside `PRELOGIN` packets, and what comes after it is TLS all the way.
//!
//! TLS 1.2 only, as on the server: version 1.3 sends more of its handshake after the client has left the packets behind, and is for
//! TDS 8.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::packet::{self, HEADER_BYTES};

/// An encrypted connection.
pub(super) type Secure<S> = TlsStream<Handshake<S>>;

/// Reads a certificate chain and its key from PEM files.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let read = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| read(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| read(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, secret)
        })
        .map_err(|error| read(certificate, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The handshake; what is read and written afterwards is encrypted.
pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    acceptor: &TlsAcceptor,
    stream: S,
) -> io::Result<Secure<S>> {
    let handshake = Handshake {
        stream,
        over: false,
        header: Vec::new(),
        left: 0,
        waiting: Vec::new(),
        leaving: Vec::new(),
    };
    let mut secure = acceptor.accept(handshake).await?;
    secure.get_mut().0.over = true;
    Ok(secure)
}

/// A connection whose bytes travel in packets until the handshake is over.
#[derive(Debug)]
pub(super) struct Handshake<S> {
    stream: S,
    over: bool,
    /// What was read of the header of the next packet.
    header: Vec<u8>,
    /// What is left of the body of this one, in bytes.
    left: usize,
    /// What becomes a packet with the next flush.
    waiting: Vec<u8>,
    /// The packet that is being written.
    leaving: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Handshake<S> {
    /// Reads the header of the next packet; false at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.header.len() < HEADER_BYTES {
            let mut byte = [0];
            let mut buffer = ReadBuf::new(&mut byte);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(false));
            }
            self.header.extend(byte);
        }
        let invalid = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "no PRELOGIN packet while encryption was agreed on",
            )
        };
        let Some(([packet::PRELOGIN, _, high, low], _)) = self.header.split_first_chunk::<4>()
        else {
            return Poll::Ready(Err(invalid()));
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        self.left = length.checked_sub(HEADER_BYTES).ok_or_else(invalid)?;
        self.header.clear();
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Handshake<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.over {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        while self.left == 0 {
            if !ready!(self.poll_header(context))? {
                return Poll::Ready(Ok(()));
            }
        }
        let most = self.left.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        let read = part.filled().len();
        self.left -= read;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Handshake<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.over {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        self.waiting.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.waiting.is_empty() {
            let length =
                u16::try_from(this.waiting.len() + HEADER_BYTES).map_err(io::Error::other)?;
            let [high, low] = length.to_be_bytes();
            this.leaving
                .extend([packet::PRELOGIN, 1, high, low, 0, 0, 0, 0]);
            this.leaving.append(&mut this.waiting);
        }
        while !this.leaving.is_empty() {
            let written = ready!(Pin::new(&mut this.stream).poll_write(context, &this.leaving))?;
            this.leaving.drain(..written);
        }
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
