//! What one connection is doing, since when, and until when it may.
//!
//! The socket, the service and the answers report what happens; the task that drives the connection asks when it is due, and
//! closes it then. Reporting never wakes that task: whatever happens on a connection is reported while the task runs, and what
//! others want of it (`end`, `stop`) wakes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use mayfly_config::Clients;

use super::delivery::Delivery;

/// How much longer than its stream an answer may take before the whole connection is closed: the frames of a stream that was reset
/// are dropped meanwhile.
const STREAM_GRACE: Duration = Duration::from_secs(1);

/// How long an HTTP/2 client may take to hear that the server stops.
const GOAWAY_GRACE: Duration = Duration::from_secs(1);

/// Bytes a client may send that belong to no body, without sending a request: frames that ask for nothing, or chunks of a byte. A
/// head is shorter.
const OVERHEAD_BYTES: u64 = 256 << 10;

/// Requests that one HTTP/2 connection may begin and give up beyond those that were answered.
const CANCELLED_STREAMS: u64 = 128;

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The client closed it, or the last answer was sent.
    Done,
    /// The client broke the protocol, or the network failed.
    Broken,
    /// The head of a request did not come in time.
    HeadTimeout,
    /// The body of a request came too slowly.
    BodyTimeout,
    /// An answer was read too slowly.
    WriteTimeout,
    /// No request came in time.
    IdleTimeout,
    /// It was idle when another client needed its place.
    MadeRoom,
    /// It held an answer when others needed the memory.
    AnswerMemory,
    /// It sent much that asks for nothing.
    Flood,
    /// It gave up requests as fast as it sent them.
    Resets,
    /// The process ends.
    Shutdown,
}

/// What a connection is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No request is under way.
    Idle,
    /// A head is on its way.
    Head,
    /// A body is on its way.
    Body,
    /// A request is being worked on.
    Operation,
    /// An answer is being sent.
    Answer,
    /// The last bytes are on their way.
    Closing,
}

/// What one connection is doing.
pub struct Activity {
    limits: Clients,
    now: Mutex<Now>,
    /// Wakes the task that drives the connection.
    driver: AtomicWaker,
}

struct Now {
    http2: bool,
    /// Whether a request has begun at all.
    used: bool,
    /// Since when no request is under way.
    idle_since: Instant,
    /// When the first byte came that belongs to no request yet (HTTP/1).
    head_since: Option<Instant>,
    /// Requests that are not answered.
    requests: u32,
    /// Bodies that are being read.
    bodies: u32,
    /// Answers that are not sent.
    deliveries: Vec<Arc<Delivery>>,
    closing_since: Option<Instant>,
    stopping_since: Option<Instant>,
    /// What somebody else wants it closed for.
    end: Option<Reason>,
    /// What made it close in the end, though it was closed in order.
    blame: Option<Reason>,
    overhead_bytes: u64,
    cancelled: u64,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::Broken,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::WriteTimeout,
        Self::IdleTimeout,
        Self::MadeRoom,
        Self::AnswerMemory,
        Self::Flood,
        Self::Resets,
        Self::Shutdown,
    ];

    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Broken => "broken",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::MadeRoom => "made_room",
            Self::AnswerMemory => "answer_memory",
            Self::Flood => "flood",
            Self::Resets => "resets",
            Self::Shutdown => "shutdown",
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::Head,
        Self::Body,
        Self::Operation,
        Self::Answer,
        Self::Closing,
    ];

    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head",
            Self::Body => "body",
            Self::Operation => "operation",
            Self::Answer => "answer",
            Self::Closing => "closing",
        }
    }
}

impl Activity {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new(limits: Clients) -> Self {
        Self {
            limits,
            now: Mutex::new(Now {
                http2: false,
                used: false,
                idle_since: Instant::now(),
                head_since: None,
                requests: 0,
                bodies: 0,
                deliveries: Vec::new(),
                closing_since: None,
                stopping_since: None,
                end: None,
                blame: None,
                overhead_bytes: 0,
                cancelled: 0,
            }),
            driver: AtomicWaker::new(),
        }
    }

    /// The limits it is held to.
    #[must_use]
    pub fn limits(&self) -> &Clients {
        &self.limits
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        let now = self.now();
        if now.closing_since.is_some() {
            State::Closing
        } else if !now.deliveries.is_empty() {
            State::Answer
        } else if now.bodies > 0 {
            State::Body
        } else if now.requests > 0 {
            State::Operation
        } else if now.head_since.is_some() {
            State::Head
        } else {
            State::Idle
        }
    }

    /// Whether a request is under way: one whose head has arrived, and whose answer has not been sent.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.now().is_busy()
    }

    /// Since when nobody would miss anything if it were closed: no request is under way, and none has begun to arrive, or its last
    /// answer was sent.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        let now = self.now();
        if now.end.is_some() || now.is_busy() {
            return None;
        }
        match now.head_since {
            Some(_) => now.closing_since,
            None => now.closing_since.or(Some(now.idle_since)),
        }
    }

    /// The answers that are not sent.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Arc<Delivery>> {
        self.now().deliveries.clone()
    }

    /// The client speaks HTTP/2.
    pub(super) fn speaks_http2(&self) {
        let mut now = self.now();
        now.http2 = true;
        // Who has shown that much may wait with its first request; a head is timed from its first byte in HTTP/1 only.
        now.used = true;
        now.head_since = None;
        now.idle_since = Instant::now();
    }

    /// Bytes came from the client.
    pub(super) fn received(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_add(bytes as u64);
        if !now.http2 && now.head_since.is_none() && !now.is_busy() {
            now.head_since = Some(Instant::now());
        }
    }

    /// A request's head has arrived.
    pub(super) fn request_begins(&self) {
        let mut now = self.now();
        now.requests += 1;
        now.used = true;
        now.head_since = None;
        now.overhead_bytes = 0;
    }

    /// A request was answered, or given up by its client.
    pub(super) fn request_ends(&self, answered: bool) {
        let mut now = self.now();
        now.requests = now.requests.saturating_sub(1);
        now.cancelled = if answered {
            now.cancelled.saturating_sub(1)
        } else {
            now.cancelled + 1
        };
        now.rest();
    }

    /// A body is being waited for.
    pub(super) fn body_begins(&self) {
        self.now().bodies += 1;
    }

    /// Bytes of a body arrived. They pay for as many bytes around them.
    pub(super) fn body_received(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_sub(2 * bytes as u64);
    }

    /// A body has arrived, or nobody waits for it any more.
    pub(super) fn body_ends(&self) {
        let mut now = self.now();
        now.bodies = now.bodies.saturating_sub(1);
    }

    /// An answer is ready to be sent.
    pub(super) fn delivery_begins(&self, delivery: &Arc<Delivery>) {
        self.now().deliveries.push(delivery.clone());
    }

    /// Bytes of an answer were taken. A client confirms them with some bytes of its own.
    pub(super) fn delivered(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_sub(bytes as u64 / 16);
    }

    /// An answer was sent, or dropped.
    pub(super) fn delivery_ends(&self, delivery: &Arc<Delivery>) {
        let mut now = self.now();
        now.deliveries.retain(|other| !Arc::ptr_eq(other, delivery));
        now.rest();
    }

    /// Everything was sent; the client is given time to read it.
    pub(super) fn closes(&self) {
        let mut now = self.now();
        now.closing_since = now.closing_since.or(Some(Instant::now()));
    }

    /// Notes why it is going to be closed in order. In HTTP/2 only a stream is.
    pub(super) fn blame(&self, reason: Reason) {
        let mut now = self.now();
        if !now.http2 {
            now.blame = now.blame.or(Some(reason));
        }
    }

    /// Why it was closed in order.
    pub(super) fn blamed(&self) -> Option<Reason> {
        self.now().blame
    }

    /// Has it closed.
    pub fn end(&self, reason: Reason) {
        let mut now = self.now();
        now.end = now.end.or(Some(reason));
        drop(now);
        self.driver.wake();
    }

    /// Has the task that drives it look when it is due.
    pub fn look(&self) {
        self.driver.wake();
    }

    /// Lets what is under way finish, and closes it then.
    pub fn stop(&self) {
        let mut now = self.now();
        now.stopping_since = now.stopping_since.or(Some(Instant::now()));
        drop(now);
        self.driver.wake();
    }

    /// Whether it was told to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.now().stopping_since.is_some()
    }

    /// Whether a part of a head has come.
    pub(super) fn has_head(&self) -> bool {
        self.now().head_since.is_some()
    }

    /// Whom to wake.
    pub(super) fn driven_by(&self, driver: &Waker) {
        self.driver.register(driver);
    }

    /// When it is to be closed, and why, if nothing else happens; none while what is under way has a limit of its own.
    pub(super) fn due(&self) -> Option<(Instant, Reason)> {
        let mut now = self.now();
        if now.end == Some(Reason::MadeRoom) && now.is_busy() {
            // Its next request came before it was closed.
            now.end = None;
        }
        if let Some(reason) = now.end {
            return Some((now.idle_since, reason));
        }
        if now.overhead_bytes > OVERHEAD_BYTES {
            return Some((now.idle_since, Reason::Flood));
        }
        if now.cancelled > CANCELLED_STREAMS {
            return Some((now.idle_since, Reason::Resets));
        }
        if now.closing_since.is_some() {
            // The socket sees to it.
            return None;
        }
        if now.is_busy() {
            return now.slowest_delivery();
        }
        Some(now.without_request(&self.limits))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn is_busy(&self) -> bool {
        self.requests > 0 || !self.deliveries.is_empty()
    }

    /// Is idle from now on, unless something is under way.
    fn rest(&mut self) {
        if !self.is_busy() {
            self.idle_since = Instant::now();
        }
    }

    fn slowest_delivery(&self) -> Option<(Instant, Reason)> {
        let grace = if self.http2 {
            STREAM_GRACE
        } else {
            Duration::ZERO
        };
        let due = self
            .deliveries
            .iter()
            .map(|delivery| delivery.due())
            .min_by_key(|(at, _)| *at)?;
        Some((due.0 + grace, due.1))
    }

    fn without_request(&self, limits: &Clients) -> (Instant, Reason) {
        if let Some(since) = self.stopping_since {
            let grace = if self.http2 {
                GOAWAY_GRACE
            } else {
                Duration::ZERO
            };
            return (since + grace, Reason::Shutdown);
        }
        match self.head_since {
            Some(since) => (since + limits.head_timeout, Reason::HeadTimeout),
            None if self.used => (self.idle_since + limits.idle_timeout, Reason::IdleTimeout),
            None => (self.idle_since + limits.head_timeout, Reason::HeadTimeout),
        }
    }
}
