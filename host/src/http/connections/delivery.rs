//! What is known of an answer on its way to a client, and when it is cut off.

use std::task::Waker;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use mayfly_clock::next_tick;
use parking_lot::{Mutex, MutexGuard};

use super::pace::{Pace, Rate};
use super::state::Reason;

/// How long the frames of a stream that was reset may stay before the whole connection is closed.
const RESET_GRACE: Duration = Duration::from_secs(1);

/// How long it may take until a stream that is due is reset: its task is only waited for by a process that has no time for it.
const STREAM_GRACE: Duration = Duration::from_secs(10);

/// What is known of an answer on its way.
pub struct Delivery {
    /// Which answer of its connection it is.
    number: u64,
    /// The whole answer.
    bytes: usize,
    progress: Mutex<Progress>,
    /// Wakes the task of its stream (HTTP/2).
    stream: AtomicWaker,
}

struct Progress {
    pace: Pace,
    began: Instant,
    moved: Instant,
    /// Since when it is to be cut off, and why.
    end: Option<(Instant, Reason)>,
    /// When its stream was reset (HTTP/2).
    reset: Option<Instant>,
}

impl Delivery {
    /// When it is to be cut off, and why, unless the client takes more before.
    #[must_use]
    pub fn due(&self) -> (Instant, Reason) {
        let progress = self.progress();
        progress
            .end
            .unwrap_or((progress.pace.deadline(), Reason::WriteTimeout))
    }

    /// When its whole connection is to be closed, though only its stream should be (HTTP/2): what was reset and is still held stands
    /// behind something that cannot be sent.
    #[must_use]
    pub fn due_with_connection(&self) -> (Instant, Reason) {
        let (at, reason) = self.due();
        let at = match self.progress().reset {
            Some(reset) => reset + RESET_GRACE,
            // To be asked again then: it may hold its connection.
            None if Instant::now() < at + RESET_GRACE => at + RESET_GRACE,
            None => at + STREAM_GRACE,
        };
        (at, reason)
    }

    /// Whether its stream can no longer be ended alone (HTTP/2): all of it was handed over, and the last piece waits for a window.
    #[must_use]
    pub(super) fn holds_connection(&self) -> bool {
        let (at, _) = self.due();
        self.progress().reset.is_none() && at + RESET_GRACE <= Instant::now()
    }

    /// Its stream is reset.
    pub(super) fn resets(&self) {
        self.progress().reset = Some(Instant::now());
    }

    /// For how long the client has taken nothing of it, and for how long it has been sent.
    #[must_use]
    pub fn stalled_and_age(&self) -> (Duration, Duration) {
        let progress = self.progress();
        (progress.moved.elapsed(), progress.began.elapsed())
    }

    /// When the client last took something of it, or when it began.
    pub(super) fn moved_at(&self) -> Instant {
        self.progress().moved
    }

    /// Which answer of its connection it is.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The size of the whole answer.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Has it cut off.
    pub fn end(&self, reason: Reason) {
        let mut progress = self.progress();
        progress.end = progress.end.or(Some((Instant::now(), reason)));
        drop(progress);
        self.stream.wake();
    }

    /// Whom to wake.
    pub(super) fn driven_by(&self, stream: &Waker) {
        self.stream.register(stream);
    }

    /// Begins a delivery.
    pub(super) fn begin(number: u64, bytes: usize, rate: Rate) -> Self {
        let now = next_tick();
        Self {
            number,
            bytes,
            progress: Mutex::new(Progress {
                pace: Pace::begin(rate, now),
                began: now,
                moved: now,
                end: None,
                reset: None,
            }),
            stream: AtomicWaker::new(),
        }
    }

    /// The client has taken this many bytes more.
    pub(super) fn moved(&self, bytes: usize) {
        let mut progress = self.progress();
        progress.moved = next_tick();
        let moved = progress.moved;
        progress.pace.moved(bytes as u64, moved);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock()
    }
}
