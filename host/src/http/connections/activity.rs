//! What one connection is doing, since when, and until when it may.
//!
//! The socket, the service and the answers report what happens; the task that drives the connection asks when it is due, and
//! closes it then. Reporting never wakes that task: whatever happens on a connection is reported while the task runs, and what
//! others want of it (`end`, `stop`) wakes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use mayfly_clock::next_tick;
use mayfly_config::Clients;
use parking_lot::{Mutex, MutexGuard};

use super::delivery::Delivery;
use super::pace::Rate;
use super::progress::Progress;
use super::recent::Recent;
use super::state::{Reason, State};

/// How long an HTTP/2 client may take to hear that the server stops.
const GOAWAY_GRACE: Duration = Duration::from_secs(1);

/// Bytes a client may send that belong to no body, without sending a request: frames that ask for nothing, or chunks of a byte.
const OVERHEAD_BYTES: u64 = 256 << 10;

/// The bytes that a request pays for: no head is longer.
const REQUEST_BYTES: u64 = 64 << 10;

/// Requests that one HTTP/2 connection may begin and give up beyond those that were answered.
const CANCELLED_STREAMS: u64 = 128;

/// What a client is waited for with. Those go first that are first here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// The next request, or the first, of which nothing has come.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of the bodies of all its requests.
    Body,
    /// Reading its answers, which it does not.
    Unread,
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
    /// When the first byte came of a head that is not there yet; in HTTP/2 of any frame but those of bodies.
    head_since: Option<Instant>,
    /// Requests that are not answered.
    requests: u32,
    /// Those that began of late.
    lately: Recent,
    /// Bodies that are being read.
    bodies: u32,
    /// Whether they get on.
    body: Progress,
    /// Answers that are not sent, by their numbers.
    deliveries: HashMap<u64, Arc<Delivery>>,
    next_delivery: u64,
    /// No answer is due before: answers are looked at one by one only when this is over.
    answers_due: Option<Instant>,
    closing_since: Option<Instant>,
    stopping_since: Option<Instant>,
    /// What somebody else wants it closed for.
    end: Option<Reason>,
    /// What made it close in the end, though it was closed in order.
    blame: Option<Reason>,
    overhead_bytes: u64,
    cancelled: u64,
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
                lately: Recent::new(),
                bodies: 0,
                body: Progress::begin(Instant::now()),
                deliveries: HashMap::new(),
                next_delivery: 0,
                answers_due: None,
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
            State::AnswerBody
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

    /// What it waits for, and since when, if it could be closed for another client. None while a request is worked on
    /// whose body has come.
    #[must_use]
    pub fn could_go_since(&self) -> Option<(Waiting, Instant)> {
        let now = self.now();
        match now.end {
            Some(_) => None,
            None => now.waiting_since(),
        }
    }

    /// The answers that are not sent.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Arc<Delivery>> {
        self.now().deliveries.values().cloned().collect()
    }

    /// The client speaks HTTP/2.
    pub(super) fn speaks_http2(&self) {
        let mut now = self.now();
        now.http2 = true;
        now.head_since = None;
    }

    /// Since when something is on its way in HTTP/2 that has to arrive in time, and whether the client's first settings have come.
    pub(super) fn arriving(&self, since: Option<Instant>, settled: bool) {
        let mut now = self.now();
        now.head_since = since;
        if settled && !now.used {
            // Who has shown that much may wait with its first request.
            now.used = true;
            now.idle_since = next_tick();
        }
    }

    /// Bytes came from the client.
    pub(super) fn received(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_add(bytes as u64);
        if !now.http2 && now.head_since.is_none() && !now.is_busy() {
            now.head_since = Some(next_tick());
        }
    }

    /// A request's head has arrived. Gives how many are under way, with the answers that are not sent, and how many began of late.
    pub(super) fn request_begins(&self) -> (usize, usize) {
        let mut now = self.now();
        now.requests += 1;
        let lately = now.lately.count(next_tick());
        now.used = true;
        if !now.http2 {
            now.head_since = None;
        }
        now.overhead_bytes = now.overhead_bytes.saturating_sub(REQUEST_BYTES);
        let under_way = now.requests as usize + now.deliveries.len();
        (under_way, lately)
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
        let mut now = self.now();
        now.bodies += 1;
        if now.bodies == 1 {
            now.body = Progress::begin(next_tick());
        }
    }

    /// Bytes of a body arrived. They pay for as many bytes around them.
    pub(super) fn body_received(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_sub(2 * bytes as u64);
        now.body.moved(bytes as u64, next_tick());
    }

    /// A body has arrived, or nobody waits for it any more.
    pub(super) fn body_ends(&self) {
        let mut now = self.now();
        now.bodies = now.bodies.saturating_sub(1);
    }

    /// An answer of this many bytes is ready to be sent.
    pub(super) fn delivery_begins(&self, bytes: usize) -> Arc<Delivery> {
        let rate = Rate::new(self.limits.write_timeout, self.limits.min_rate_bytes);
        let mut now = self.now();
        let number = now.next_delivery;
        now.next_delivery += 1;
        let delivery = Arc::new(Delivery::begin(number, bytes, rate));
        let (due, _) = delivery.due();
        now.answers_due = Some(now.answers_due.map_or(due, |at| at.min(due)));
        now.deliveries.insert(number, delivery.clone());
        delivery
    }

    /// Bytes of an answer were taken. A client confirms them with some bytes of its own.
    pub(super) fn delivered(&self, bytes: usize) {
        let mut now = self.now();
        now.overhead_bytes = now.overhead_bytes.saturating_sub(bytes as u64 / 16);
    }

    /// An answer was sent, or dropped.
    pub(super) fn delivery_ends(&self, delivery: &Arc<Delivery>) {
        let mut now = self.now();
        now.deliveries.remove(&delivery.number());
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

    /// Has the task that drives it look which of its answers are due.
    pub fn look(&self) {
        self.now().answers_due = Some(Instant::now());
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

    /// Whether it will be closed over an answer whose stream cannot be ended alone (HTTP/2).
    pub(super) fn is_held(&self) -> bool {
        let now = self.now();
        let is_late = now.answers_due.is_some_and(|at| at <= Instant::now());
        is_late
            && now
                .deliveries
                .values()
                .any(|answer| answer.holds_connection())
    }

    /// When it is to be closed, and why, if nothing else happens, or a time before, at which this has to be asked again; none while
    /// what is under way has a limit of its own.
    pub(super) fn due(&self, time: Instant) -> Option<(Instant, Reason)> {
        let mut now = self.now();
        if now.end == Some(Reason::MadeRoom) && now.waiting_since().is_none() {
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
        if !now.is_busy() {
            return Some(now.without_request(&self.limits));
        }
        // Half a head is in the way of every stream.
        let head = now.head_since.filter(|_| now.http2);
        let head = head.map(|since| (since + self.limits.head_timeout, Reason::HeadTimeout));
        let due = head.into_iter().chain(now.answers_due(time));
        due.min_by_key(|(at, _)| *at)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock()
    }
}

impl Now {
    fn is_busy(&self) -> bool {
        self.requests > 0 || !self.deliveries.is_empty()
    }

    /// What the client is waited for with, and since when. None while a request is worked on.
    fn waiting_since(&self) -> Option<(Waiting, Instant)> {
        if self.requests > 0 {
            let is_waiting = self.requests == self.bodies && self.deliveries.is_empty();
            return is_waiting.then_some((Waiting::Body, self.body.since()));
        }
        let answers = self.deliveries.values();
        if let Some(moved) = answers.map(|answer| answer.moved_at()).max() {
            return Some((Waiting::Unread, moved));
        }
        Some(match (self.closing_since, self.head_since) {
            (Some(since), _) => (Waiting::Idle, since),
            (None, Some(since)) => (Waiting::Head, since),
            (None, None) => (Waiting::Idle, self.idle_since),
        })
    }

    /// Is idle from now on, unless something is under way.
    fn rest(&mut self) {
        if !self.is_busy() {
            self.idle_since = next_tick();
        }
    }

    /// When the slowest answer is due, or a time before, at which this has to be asked again.
    fn answers_due(&mut self, time: Instant) -> Option<(Instant, Reason)> {
        if let Some(at) = self.answers_due.filter(|at| *at > time) {
            return Some((at, Reason::WriteTimeout));
        }
        let answers = self.deliveries.values();
        self.answers_due = answers.clone().map(|answer| answer.due().0).min();
        answers
            .map(|answer| {
                if self.http2 {
                    answer.due_with_connection()
                } else {
                    answer.due()
                }
            })
            .min_by_key(|(at, _)| *at)
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
