//! The connections to one service.
//!
//! Invariants: a connection belongs to one call at a time, and comes back only when the answer was read to its end and nothing came behind
//! it; whatever else happens to the call, the connection is closed. It counts until it is closed. A call that has its turn finds a
//! connection or a place for one: connections come back before turns do.
//!
//! On HTTP/2 there is one connection, and each call has a stream of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::failure::Failed;
use super::metrics;
use crate::dial::{BoxedStream, Dialer, with_causes};

/// Bytes of the head of an answer, at most, and of what is read of it at once.
const BUFFER_BYTES: usize = 64 << 10;

/// How long a connection may take to say that it is free, when its answer was read to the end.
const SETTLES: Duration = Duration::from_millis(50);

/// A connection of HTTP/2 that does not answer a ping for so long is given up.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The connections to one service.
pub(super) struct Connections {
    /// The pool's name: `http.enrolment`.
    name: Arc<str>,
    dialer: Dialer,
    max_idle: Duration,
    /// Places for connections.
    places: Arc<Semaphore>,
    /// Connections that nobody uses, the latest last.
    idle: Mutex<Vec<Idle>>,
    /// The connection of HTTP/2.
    shared: AsyncMutex<Option<Shared>>,
    open: Arc<AtomicUsize>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// A connection of HTTP/1.1, owned by the call that uses it.
pub(super) struct Connection {
    pub sender: http1::SendRequest<Full<Bytes>>,
    /// Whether it was used before.
    pub is_used: bool,
    /// Held for what its end does.
    _driver: Driver,
}

/// The connection of HTTP/2.
struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    /// Held for what its end does.
    _driver: Driver,
}

/// The task that reads and writes a connection; dropped, the connection is closed.
struct Driver(JoinHandle<()>);

/// What a connection holds until it is closed.
struct Open {
    count: Arc<AtomicUsize>,
    _place: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(name: Arc<str>, dialer: Dialer, max: usize, max_idle: Duration) -> Self {
        Self {
            name,
            dialer,
            max_idle,
            places: Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS))),
            idle: Mutex::default(),
            shared: AsyncMutex::default(),
            open: Arc::default(),
        }
    }

    /// Whether HTTP/2 is spoken.
    pub(super) fn is_http2(&self) -> bool {
        self.dialer.http2
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A connection for one call.
    pub(super) async fn take(&self) -> Result<Connection, Failed> {
        if let Some(connection) = self.take_idle() {
            return Ok(connection);
        }
        let (stream, open) = self.dial().await?;
        let handshake = http1::Builder::new()
            .max_buf_size(BUFFER_BYTES)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) =
            handshake.map_err(|error| Failed::connect(with_causes(&error)))?;
        let driver = Driver(tokio::spawn(async move {
            let _open = open;
            if let Err(error) = connection.await {
                tracing::debug!(error = with_causes(&error), "an HTTP connection ended");
            }
        }));
        Ok(Connection {
            sender,
            is_used: false,
            _driver: driver,
        })
    }

    /// The latest connection that nobody uses; those that the service closed, or that grew old, are closed.
    fn take_idle(&self) -> Option<Connection> {
        self.close_old();
        loop {
            let Idle { connection, .. } = self.idle.lock().pop()?;
            if connection.sender.is_ready() {
                return Some(connection);
            }
            metrics::closed(&self.name, "ended");
        }
    }

    /// Closes connections that nobody used for long.
    pub(super) fn close_old(&self) {
        let mut old = Vec::new();
        {
            let mut idle = self.idle.lock();
            // They came back in the order in which they stand.
            let count = idle.partition_point(|idle| idle.since.elapsed() >= self.max_idle);
            old.extend(idle.drain(..count));
        }
        for _ in old {
            metrics::closed(&self.name, "idle");
        }
    }

    /// Takes a connection back whose answer was read to its end.
    pub(super) async fn give_back(&self, mut connection: Connection) {
        // It says so only when it found nothing behind the answer.
        let settled = timeout(SETTLES, connection.sender.ready()).await;
        if !matches!(settled, Ok(Ok(()))) {
            return self.discard(connection);
        }
        connection.is_used = true;
        let since = Instant::now();
        self.idle.lock().push(Idle { connection, since });
    }

    /// Closes a connection that may hold what belongs to nobody.
    pub(super) fn discard(&self, connection: Connection) {
        drop(connection);
        metrics::closed(&self.name, "dirty");
    }

    /// A stream's sender of the one connection, which is opened when there is none.
    pub(super) async fn stream(&self) -> Result<http2::SendRequest<Full<Bytes>>, Failed> {
        let mut shared = self.shared.lock().await;
        if let Some(shared) = shared.as_ref().filter(|shared| !shared.sender.is_closed()) {
            return Ok(shared.sender.clone());
        }
        *shared = None;
        let (stream, open) = self.dial().await?;
        let handshake = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_TIMEOUT)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_header_list_size(u32::try_from(BUFFER_BYTES).unwrap_or(u32::MAX))
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) =
            handshake.map_err(|error| Failed::connect(with_causes(&error)))?;
        let driver = Driver(tokio::spawn(async move {
            let _open = open;
            if let Err(error) = connection.await {
                tracing::debug!(error = with_causes(&error), "an HTTP/2 connection ended");
            }
        }));
        *shared = Some(Shared {
            sender: sender.clone(),
            _driver: driver,
        });
        Ok(sender)
    }

    /// Opens a connection and closes it.
    pub(super) async fn try_out(&self) -> Result<(), Failed> {
        self.dial().await.map(drop)
    }

    async fn dial(&self) -> Result<(BoxedStream, Open), Failed> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Failed::connect("the pool is closed"))?;
        self.open.fetch_add(1, Ordering::Relaxed);
        let open = Open {
            count: Arc::clone(&self.open),
            _place: place,
        };
        match self.dialer.dial().await {
            Ok(stream) => {
                metrics::connected(&self.name);
                Ok((stream, open))
            }
            Err(why) => {
                metrics::connect_failed(&self.name);
                Err(Failed::connect(why))
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
