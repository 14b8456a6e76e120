//! One process of a worker, or one connection to a worker on another machine.
//!
//! Invariant: a process is used again only when its last call ended in order. A call that was begun and whose answer was not read leaves
//! `asked` set, and whoever has such a process may only wait for that answer, or end the process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::configuration::Local;
use super::failure::{Fault, how};
use super::metrics;
use super::output::About;
use super::protocol::{Connection, ENVELOPE_BYTES, Message, Outgoing, SMALL_BYTES, Unreadable};
use super::supervisor::{End, Keeper, resident_bytes};

/// The longest frame that could be an answer, in bytes: what `max_answer` may be at most, and what surrounds it.
const MOST_FRAME_BYTES: usize = (64 << 20) + ENVELOPE_BYTES;

/// How often the memory of a process is looked at, at most.
const LOOK: Duration = Duration::from_millis(10);

/// How long a process that was told to drain has before SIGTERM.
const DRAIN: Duration = Duration::from_secs(2);

/// How long the end of a process is waited for that was sent SIGTERM: two seconds to SIGKILL, and what that takes.
const END: Duration = Duration::from_secs(10);

/// How long is waited to learn how a process ended that closed its socket.
const LEARN: Duration = Duration::from_millis(500);

/// A process that can take calls, or is in one.
pub(super) struct Process {
    /// Which of its pool it is.
    pub number: u64,
    pub about: Arc<About>,
    pub life: Life,
    connection: Connection,
    /// None for one on another machine.
    keeper: Option<Keeper>,
    /// The call whose answer was not read.
    asked: Option<u64>,
    /// Why it can take no call any more.
    broken: Option<&'static str>,
    memory_bytes: u64,
    /// Held until nothing of it is left.
    place: OwnedSemaphorePermit,
}

/// How long a process is used.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub calls: u64,
    /// It takes this many calls and no more.
    pub most_calls: u64,
    /// From so many on another one is to follow.
    pub due_calls: u64,
    pub recycle_bytes: u64,
    pub until: Option<Instant>,
    /// Whether another one is to follow, and why.
    pub due: Option<&'static str>,
    pub resident_bytes: u64,
    looked: Instant,
}

/// What a call gave that ended in order.
#[derive(Debug)]
pub(super) enum Answer {
    Value(String),
    Error { code: String, message: String },
}

impl Life {
    /// Of a process of this worker that begins now. `dice` is from 0 to 1.
    pub(super) fn of(local: &Local, dice: f64) -> Self {
        let factor = 0.9 + 0.2 * dice;
        let most_calls = scaled(local.max_calls, factor).max(1);
        Self {
            calls: 0,
            most_calls,
            due_calls: (most_calls - (most_calls / 10).max(1)).max(1),
            recycle_bytes: local.recycle_memory_bytes,
            until: Instant::now().checked_add(local.max_age.mul_f64(factor)),
            due: None,
            resident_bytes: 0,
            looked: Instant::now(),
        }
    }

    /// Of a connection, which is used for as long as it lasts.
    pub(super) fn endless() -> Self {
        Self {
            calls: 0,
            most_calls: u64::MAX,
            due_calls: u64::MAX,
            recycle_bytes: u64::MAX,
            until: None,
            due: None,
            resident_bytes: 0,
            looked: Instant::now(),
        }
    }

    /// Whether it may take another call.
    pub(super) fn has_calls(&self) -> bool {
        self.calls < self.most_calls
    }

    /// Looks whether another one is to follow.
    pub(super) fn look(&mut self, pid: Option<i32>) {
        let now = Instant::now();
        if let Some(pid) = pid.filter(|_| now >= self.looked + LOOK || self.resident_bytes == 0) {
            self.looked = now;
            self.resident_bytes = resident_bytes(pid).unwrap_or_default();
        }
        if self.due.is_some() {
            return;
        }
        if self.calls >= self.due_calls {
            self.due = Some("max_calls");
        } else if self.resident_bytes > self.recycle_bytes {
            self.due = Some("recycle_memory");
        } else if self.until.is_some_and(|until| now >= until) {
            self.due = Some("max_age");
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a tenth more or less of a count"
)]
fn scaled(count: u64, factor: f64) -> u64 {
    (count as f64 * factor).round() as u64
}

impl Process {
    pub(super) fn new(
        about: Arc<About>,
        life: Life,
        connection: Connection,
        keeper: Option<Keeper>,
        memory_bytes: u64,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut process = Self {
            number: 0,
            about,
            life,
            connection,
            keeper,
            asked: None,
            broken: None,
            memory_bytes,
            place,
        };
        process.life.look(process.about.pid);
        process
    }

    /// Whether it may be given to another call.
    pub(super) fn is_in_order(&self) -> bool {
        self.asked.is_none() && self.broken.is_none()
    }

    /// Why it can take no call any more.
    pub(super) fn broken(&self) -> Option<&'static str> {
        self.broken
    }

    /// Resident bytes it may have.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// Its end; none for one on another machine.
    pub(super) fn end_of_process(&self) -> Option<End> {
        self.keeper.as_ref().map(Keeper::end)
    }

    /// Makes a call, and waits for its answer, whose value has at most this many bytes.
    pub(super) async fn call(&mut self, call: &Outgoing<'_>, most: usize) -> Result<Answer, Fault> {
        if !self.connection.is_quiet() {
            self.broken = Some("died");
            return Err(Fault::Unsent(
                "the process ended between two calls, or sent something unasked".to_owned(),
            ));
        }
        self.about.begin(call.method, call.trace_id);
        self.life.calls += 1;
        // Until the answer was read, whatever happens to this future.
        self.asked = Some(0);
        match self.connection.call(call).await {
            Ok(id) => self.asked = Some(id),
            Err(error) => {
                self.broken = Some("died");
                // A frame that was not sent whole is none, and was not acted upon.
                return Err(Fault::Unsent(self.learn(&error.to_string()).await));
            }
        }
        let answer = self.read_answer(most).await;
        if let Err(fault) = &answer {
            self.broken = Some(fault.reason());
        }
        answer
    }

    /// Waits for the answer of the call that was begun.
    async fn read_answer(&mut self, most: usize) -> Result<Answer, Fault> {
        let frame_bytes = (most + ENVELOPE_BYTES).max(SMALL_BYTES);
        let frame = match self.connection.read(frame_bytes).await {
            Ok(frame) => frame,
            // What no answer may ever be is something else, text above all.
            Err(Unreadable::TooLong { said, .. }) if said <= MOST_FRAME_BYTES => {
                return Err(Fault::TooLarge { most });
            }
            Err(gone @ (Unreadable::Closed | Unreadable::Broken(_))) => {
                return Err(Fault::Died(self.learn(&gone.to_string()).await));
            }
            Err(other) => return Err(Fault::Misbehaved(with_remedy(&other.to_string()))),
        };
        let message = Message::parse(&frame);
        drop(frame);
        let asked = self.asked.unwrap_or_default();
        let (id, answer) = match message {
            Ok(Message::Result { id, value }) => (id, Answer::Value(value)),
            Ok(Message::Error { id, code, message }) => (id, Answer::Error { code, message }),
            Ok(other) => {
                let name = other.name();
                return Err(Fault::Misbehaved(with_remedy(&format!(
                    "it said {name} in the middle of a call"
                ))));
            }
            Err(problem) => {
                return Err(Fault::Misbehaved(with_remedy(&format!(
                    "it sent an invalid message: {problem}"
                ))));
            }
        };
        if id != asked {
            return Err(Fault::Misbehaved(with_remedy(&format!(
                "it answered call {id}, and call {asked} was under way"
            ))));
        }
        if matches!(&answer, Answer::Value(value) if value.len() > most) {
            return Err(Fault::TooLarge { most });
        }
        self.asked = None;
        Ok(answer)
    }

    /// Says that nobody waits for the call any more, and waits for its answer anyway; whether it came in order.
    pub(super) async fn cancel(&mut self, grace: Duration, most: usize) -> bool {
        let Some(asked) = self.asked.filter(|_| self.broken.is_none()) else {
            return self.is_in_order();
        };
        let given_up = async {
            if asked == 0 || self.connection.is_cut() {
                // The call itself may be on its way in part: what follows it must not be read as a part of it.
                return false;
            }
            let sent = self.connection.cancel(asked).await;
            sent.is_ok() && self.read_answer(most).await.is_ok()
        };
        let in_order = matches!(timeout(grace, given_up).await, Ok(true));
        if !in_order {
            self.broken = Some("hung");
        }
        in_order
    }

    /// How the process ended, after it closed its socket.
    async fn learn(&mut self, otherwise: &str) -> String {
        let Some(keeper) = &self.keeper else {
            return otherwise.to_owned();
        };
        let known = timeout(LEARN, keeper.end().wait()).await.ok().flatten();
        let how = known.map(|ended| how(&ended, &self.about.worker, self.memory_bytes));
        how.unwrap_or_else(|| {
            format!("{otherwise}, and keeps running; it must leave descriptor 0 alone")
        })
    }

    /// Ends it: in order where it is in order, else at once. Its place is free when nothing of it is left.
    pub(super) async fn end(mut self, reason: &'static str) {
        metrics::process_ended(&self.about.worker, reason);
        let is_in_order = self.is_in_order();
        let drained = is_in_order && self.connection.drain().await.is_ok();
        let Self {
            connection,
            keeper,
            place,
            ..
        } = self;
        let Some(keeper) = keeper else {
            drop(connection);
            return drop(place);
        };
        let mut ended = keeper.end();
        if drained {
            let exits = timeout(DRAIN, ended.wait()).await;
            if exits.is_ok() {
                return drop(place);
            }
        }
        drop(connection);
        keeper.terminate();
        if timeout(END, ended.wait()).await.is_err() {
            keeper.kill();
            ended.wait().await;
        }
        drop(place);
    }
}

fn with_remedy(problem: &str) -> String {
    format!("{problem}; check it with `mayfly worker check -- COMMAND`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(max_calls: u64, dice: f64) -> Life {
        Life {
            most_calls: scaled(max_calls, 0.9 + 0.2 * dice).max(1),
            ..Life::endless()
        }
    }

    #[test]
    fn calls_are_limited_within_a_tenth() {
        assert_eq!(life(1, 0.0).most_calls, 1);
        assert_eq!(life(1, 1.0).most_calls, 1);
        assert_eq!(life(1_000, 0.0).most_calls, 900);
        assert_eq!(life(1_000, 1.0).most_calls, 1_100);
    }

    #[test]
    fn what_is_over_a_limit_is_due() {
        let mut life = Life {
            due_calls: 2,
            recycle_bytes: 5,
            ..Life::endless()
        };
        life.look(None);
        assert_eq!(life.due, None);
        life.resident_bytes = 6;
        life.look(None);
        assert_eq!(life.due, Some("recycle_memory"));
        let mut life = Life {
            due_calls: 0,
            ..Life::endless()
        };
        life.look(None);
        assert_eq!(life.due, Some("max_calls"));
        let mut life = Life {
            until: Some(Instant::now()),
            ..Life::endless()
        };
        life.look(None);
        assert_eq!(life.due, Some("max_age"));
    }
}
