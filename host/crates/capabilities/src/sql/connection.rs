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
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tiberius::error::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
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
    /// When the server last answered on it.
    pub(super) proven: Instant,
    /// When it was last asked.
    asked: Instant,
    /// How often it was lent, the loan under way included.
    pub(super) uses: u64,
    /// How often it may be lent.
    max_uses: u64,
    pub(super) traits: Traits,
    /// The bytes written and read before the request under way.
    written_before: u64,
    read_before: u64,
}

/// What was settled when a connection was opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// Whether the server has `CURRENT_TRANSACTION_ID()`.
    pub(super) names_transactions: bool,
    /// Whether the driver reads text that is not valid UTF-16 with U+FFFD in its place.
    pub(super) lossy: bool,
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
    /// It was idle, and the server did not answer a check.
    Lost,
}

impl Closed {
    pub(super) const ALL: [Self; 9] = [
        Self::CutOff,
        Self::Broken,
        Self::Altered,
        Self::NotRolledBack,
        Self::Aged,
        Self::Idle,
        Self::Worn,
        Self::Gone,
        Self::Lost,
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
            Self::Lost => "did_not_answer",
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
    pub(super) fn new(client: Client, wire: Wire, max_uses: u64, traits: Traits) -> Self {
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
            proven: now,
            asked: now,
            uses: 0,
            max_uses,
            traits,
            written_before: 0,
            read_before: 0,
        }
    }

    /// To be called before every request. Whatever happens to the caller from here on, the connection is dirty.
    pub(super) fn asking(&mut self) {
        self.dirty = true;
        self.asked = Instant::now();
        self.written_before = self.wire.written();
        self.read_before = self.wire.read();
        self.wire.ceiling.store(u64::MAX, Ordering::Relaxed);
    }

    /// When the request under way, or the last one, was made.
    pub(super) fn asked(&self) -> Instant {
        self.asked
    }

    /// Whether the transport failed, or the server has not answered at all.
    pub(super) fn seems_dead(&self) -> bool {
        self.broken || (self.dirty && self.sent() && self.wire.read() == self.read_before)
    }

    /// Asks the server for next to nothing. The error is none when it did not answer in time.
    pub(super) async fn answers(&mut self, limit: Duration) -> Result<(), Option<Error>> {
        self.asking();
        let asked = timeout(limit, async {
            self.client
                .simple_query("SELECT 1")
                .await?
                .into_results()
                .await
        });
        match asked.await {
            Ok(Ok(_)) => {
                self.answered();
                Ok(())
            }
            Ok(Err(error)) => {
                self.failed(&error);
                Err(Some(error))
            }
            Err(_) => Err(None),
        }
    }

    /// How much of the answer to the request under way is read.
    pub(super) fn ceiling(&self) -> Ceiling {
        Ceiling(self.wire.clone())
    }

    /// Whether the answer is longer than may be read.
    pub(super) fn overran(&self) -> bool {
        self.wire.read() >= self.wire.ceiling.load(Ordering::Relaxed)
    }

    /// Whether any of the request under way was written.
    pub(super) fn sent(&self) -> bool {
        self.wire.written() > self.written_before
    }

    /// The answer was read to its end.
    pub(super) fn answered(&mut self) {
        self.dirty = false;
        self.proven = Instant::now();
    }

    /// The answer ended in an error of the driver's or the server's.
    pub(super) fn failed(&mut self, error: &Error) {
        match error {
            Error::Server(error) if error.class() < FATAL_CLASS => {
                self.answered();
                // An error inside a procedure may leave the procedure's transaction open.
                self.suspect = true;
            }
            _ => self.broken = true,
        }
    }

    /// A value could not be decoded. The connection is as good as before: the rest of the answer lies behind whole packets, which
    /// the driver throws away before the next request; the connection is lent again only after a request that did so.
    pub(super) fn undecodable(&mut self) {
        self.answered();
        self.suspect = true;
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
    read: Arc<AtomicU64>,
    /// The count of bytes at which reading fails: the driver reads a value of up to 2 GB before anybody can look at it.
    ceiling: Arc<AtomicU64>,
}

/// How much of an answer is read.
#[derive(Debug)]
pub(super) struct Ceiling(Wire);

impl Ceiling {
    /// So many bytes from here on.
    pub(super) fn allow(&self, bytes: u64) {
        let ceiling = self.0.read().saturating_add(bytes);
        self.0.ceiling.store(ceiling, Ordering::Relaxed);
    }
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket: Arc::new(socket),
            written: Arc::default(),
            read: Arc::default(),
            ceiling: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
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
        if self.read() >= self.ceiling.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::Error::other("the answer is longer than allowed")));
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

    /// The socket closes when both handles are dropped; TDS has no farewell.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
