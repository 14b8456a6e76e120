//! One connection, and whether it may be used again.
//!
//! A connection is dirty from before a request is sent until its answer has been read to the end, or ended in the server's own
//! error. A dirty one is never used again, whatever a cancel said: the driver would hand the rest of the old answer to the next
//! caller. The wire counts what was written, so that a call that is cut off knows whether the server may have seen its request,
//! and it can be looked at without a round trip, so that a connection the server closed meanwhile is never handed out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tiberius::error::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::compat::Compat;

/// The driver over our wire.
pub(super) type Client = tiberius::Client<Compat<Wire>>;

/// A severity from which on the server ends the connection itself.
pub(super) const FATAL_CLASS: u8 = 20;

/// A connection and what has happened on it.
#[derive(Debug)]
pub(super) struct Connection {
    /// Boxed: it is large, and connections are moved in and out of the pool.
    pub(super) client: Box<Client>,
    wire: Wire,
    /// An answer may be unread: never to be used again.
    dirty: bool,
    /// The transport failed, so telling the server anything is in vain.
    broken: bool,
    /// A transaction of the host's is open.
    in_transaction: bool,
    /// Some transaction may be open: rolled back before anyone else gets the connection.
    suspect: bool,
    /// The session is no longer as it was opened: closed after use.
    altered: bool,
    /// When it was opened.
    pub(super) opened: Instant,
    /// When it was last given back.
    pub(super) idle_since: Instant,
    /// How often it was lent, the loan under way included.
    pub(super) uses: u64,
    /// How often it may be lent.
    max_uses: u64,
    /// Whether the server has `CURRENT_TRANSACTION_ID()`.
    pub(super) names_transactions: bool,
    /// The bytes written before the request under way.
    written_before: u64,
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// An answer was not read to its end.
    CutOff,
    /// The transport or the protocol failed.
    Broken,
    /// A statement altered the session.
    Altered,
    /// A transaction could not be rolled back.
    NotRolledBack,
    /// Older than `max_age`.
    Aged,
    /// Unused for `max_idle`.
    Idle,
    /// Used `max_uses` times.
    Worn,
    /// The server closed it.
    Gone,
}

impl Closed {
    pub(super) const ALL: [Self; 8] = [
        Self::CutOff,
        Self::Broken,
        Self::Altered,
        Self::NotRolledBack,
        Self::Aged,
        Self::Idle,
        Self::Worn,
        Self::Gone,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "cut_off",
            Self::Broken => "broken",
            Self::Altered => "session_altered",
            Self::NotRolledBack => "not_rolled_back",
            Self::Aged => "max_age",
            Self::Idle => "max_idle",
            Self::Worn => "max_uses",
            Self::Gone => "closed_by_server",
        }
    }
}

/// What is to be done with a connection its user is finished with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Back into the pool.
    Reuse,
    /// Rolled back, then into the pool.
    RollBack,
    /// Told to stop, then closed.
    StopAndClose,
    /// Closed.
    Close(Closed),
}

impl Connection {
    pub(super) fn new(client: Client, wire: Wire, max_uses: u64, names_transactions: bool) -> Self {
        let now = Instant::now();
        Self {
            client: Box::new(client),
            wire,
            dirty: false,
            broken: false,
            in_transaction: false,
            suspect: false,
            altered: false,
            opened: now,
            idle_since: now,
            uses: 0,
            max_uses,
            names_transactions,
            written_before: 0,
        }
    }

    /// To be called before every request. Whatever happens to the caller from here on, the connection is dirty.
    pub(super) fn asking(&mut self) {
        self.dirty = true;
        self.written_before = self.wire.written();
    }

    /// Whether any of the request under way was written.
    pub(super) fn sent(&self) -> bool {
        self.wire.written() > self.written_before
    }

    /// The answer was read to its end.
    pub(super) fn answered(&mut self) {
        self.dirty = false;
    }

    /// The answer ended in an error of the driver's or the server's.
    pub(super) fn failed(&mut self, error: &Error) {
        match error {
            Error::Server(error) if error.class() < FATAL_CLASS => {
                self.dirty = false;
                // An error inside a procedure may leave the procedure's transaction open.
                self.suspect = true;
            }
            _ => self.broken = true,
        }
    }

    /// A transaction of the host's began.
    pub(super) fn began(&mut self) {
        self.in_transaction = true;
    }

    /// A transaction may be open from here on.
    pub(super) fn suspect(&mut self) {
        self.suspect = true;
    }

    /// The session is another one from here on.
    pub(super) fn altered(&mut self) {
        self.altered = true;
    }

    /// The server said that no transaction is open.
    pub(super) fn nothing_open(&mut self) {
        self.in_transaction = false;
        self.suspect = false;
    }

    /// What is to be done with it now that its user is finished.
    pub(super) fn fate(&self) -> Fate {
        if self.broken {
            Fate::Close(Closed::Broken)
        } else if self.dirty && self.sent() {
            Fate::StopAndClose
        } else if self.dirty {
            // The server has nothing to stop.
            Fate::Close(Closed::CutOff)
        } else if self.altered {
            Fate::Close(Closed::Altered)
        } else if self.in_transaction || self.suspect {
            Fate::RollBack
        } else if self.uses >= self.max_uses {
            Fate::Close(Closed::Worn)
        } else {
            Fate::Reuse
        }
    }

    /// Whether its user may send another request on it.
    pub(super) fn usable(&self) -> bool {
        !self.dirty && !self.broken
    }

    /// Whether the server still holds its end, and nothing unread has come.
    pub(super) fn is_alive(&self) -> bool {
        self.wire.is_quiet()
    }
}

/// The transport. Two handles of one socket: the driver's, and one to look at it.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    socket: Arc<TcpStream>,
    written: Arc<AtomicU64>,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket: Arc::new(socket),
            written: Arc::default(),
        }
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Whether there is nothing to read, the end included. The system is asked: what the runtime knows may be a moment old.
    fn is_quiet(&self) -> bool {
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
        loop {
            ready!(self.socket.poll_read_ready(context))?;
            match self.socket.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
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

    /// The socket closes when both handles are dropped; TDS has no farewell.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
