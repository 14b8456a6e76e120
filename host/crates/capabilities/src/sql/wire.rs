//! The transport under a database's driver.
//!
//! It counts what was written, so that a call that is cut off knows whether the server may have seen its request; it ends reading where
//! an answer is longer than may be read; and it can be looked at without a round trip, so that a connection the server closed meanwhile
//! is never handed out.
//!
//! Invariant: there is always a ceiling. A driver holds what it reads until it has a whole value or message, and it is the server who says
//! where that ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that a server may send until a connection is logged in: greeting, TLS with its certificates, login and first batch take some
/// 10 KiB.
pub const LOGIN_BYTES: u64 = 64 << 10;

/// Bytes that a server may send in answer to what the host asks for itself: a check, a transaction's begin and end. They take less than
/// 1 KiB.
pub const OWN_BYTES: u64 = 64 << 10;

/// The transport. Two handles of one socket: the driver's, and one to look at it.
#[derive(Debug, Clone)]
pub struct Wire {
    socket: Arc<TcpStream>,
    written: Arc<AtomicU64>,
    read: Arc<AtomicU64>,
    /// The count of bytes at which reading fails: the driver reads a value of up to 2 GB before anybody can look at it.
    ceiling: Arc<AtomicU64>,
}

/// How much of an answer is read.
#[derive(Debug)]
pub struct Ceiling(Wire);

impl Ceiling {
    /// Of what a wire reads.
    #[must_use]
    pub fn of(wire: &Wire) -> Self {
        Self(wire.clone())
    }

    /// This many bytes from here on.
    pub fn allow(&self, bytes: u64) {
        self.0.allow(bytes);
    }
}

impl Wire {
    /// The transport over a socket, which reads as much as a login may take.
    #[must_use]
    pub fn new(socket: TcpStream) -> Self {
        Self {
            socket: Arc::new(socket),
            written: Arc::default(),
            read: Arc::default(),
            ceiling: Arc::new(AtomicU64::new(LOGIN_BYTES)),
        }
    }

    /// The bytes written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The bytes read so far.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// From now on so many bytes are read.
    pub fn allow(&self, bytes: u64) {
        let ceiling = self.read().saturating_add(bytes);
        self.ceiling.store(ceiling, Ordering::Relaxed);
    }

    /// How many bytes may still be read.
    #[must_use]
    pub fn left(&self) -> u64 {
        let ceiling = self.ceiling.load(Ordering::Relaxed);
        ceiling.saturating_sub(self.read())
    }

    /// Whether as much was read as may be.
    #[must_use]
    pub fn is_at_ceiling(&self) -> bool {
        self.left() == 0
    }

    /// Whether there is nothing to read, the end included. The system is asked: what the runtime knows may be a moment old.
    pub fn is_quiet(&self) -> bool {
        recv(
            &*self.socket,
            &mut [0_u8],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        ) == Err(Errno::AGAIN)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_at_ceiling() {
            return Poll::Ready(Err(io::Error::other(
                "the answer is longer than may be read",
            )));
        }
        loop {
            ready!(self.socket.poll_read_ready(context))?;
            match self.socket.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
                    self.read.fetch_add(read as u64, Ordering::Relaxed);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(context))?;
            match self.socket.try_write(bytes) {
                Ok(written) => {
                    self.written.fetch_add(written as u64, Ordering::Relaxed);
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The socket closes when both handles are dropped.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
