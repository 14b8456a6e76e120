//! Requests, from one thread that owns the load's core.
//!
//! Two kinds of load. *Closed*: each connection sends its next request when it has the answer, which keeps the server at its limit
//! and measures CPU per request and throughput. *Open*: requests fall due at random times of a given mean rate whether or not
//! earlier ones are answered, and their latency counts from the moment they were due, so that a server that stalls cannot hide it.
//!
//! The closed load polls rather than sleeps. Waking a process that sleeps is done by whoever sends to it, and accounted there: several
//! microseconds per request of every server but those so fast that the load is never done, which would then look faster still.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::retry_on_intr;

use crate::answer::Target;
use crate::connection::Connection;

/// Below this the open load polls instead of sleeping: timers are later than that.
const SPIN: Duration = Duration::from_micros(200);

/// A request that waits so long for a client says that the server cannot keep up.
const BEHIND: Duration = Duration::from_millis(500);

/// Clients of one server.
pub(crate) struct Clients<'a> {
    target: &'a Target,
    clients: Vec<Client>,
    /// Clients without a request under way.
    idle: Vec<usize>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    latencies: Vec<Duration>,
}

struct Client {
    connection: Connection,
    /// When the request under way was sent, or fell due.
    since: Instant,
}

/// What a load measured.
pub(crate) struct Outcome {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// One for each request, ascending.
    pub(crate) latencies: Vec<Duration>,
}

impl<'a> Clients<'a> {
    pub(crate) fn connect(target: &'a Target, count: usize) -> anyhow::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut clients = Vec::with_capacity(count);
        for index in 0..count {
            let connection = Connection::open(target.address)?;
            epoll::add(
                &epoll,
                &connection,
                epoll::EventData::new_u64(index as u64),
                epoll::EventFlags::IN,
            )?;
            clients.push(Client {
                connection,
                since: Instant::now(),
            });
        }
        let idle = (0..count).collect();
        Ok(Self {
            target,
            clients,
            idle,
            epoll,
            events: Vec::with_capacity(count),
            latencies: Vec::new(),
        })
    }

    /// As many requests as the server manages, for some time, and the answers to all of them. Without `spin` the load sleeps until
    /// an answer comes, and leaves its core to a backend meanwhile.
    pub(crate) fn closed_load(
        &mut self,
        duration: Duration,
        spin: bool,
    ) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let end = began + duration;
        loop {
            let now = Instant::now();
            while now < end
                && let Some(index) = self.idle.pop()
            {
                self.send(index, now)?;
            }
            if self.all_idle() {
                return Ok(self.outcome(began));
            }
            self.wait(spin.then_some(Duration::ZERO))?;
        }
    }

    /// Requests at a mean rate, for some time, and the answers to all of them. `None` when the server falls behind: its latencies
    /// would only say for how long it was measured.
    pub(crate) fn open_load(&mut self, load: &OpenLoad) -> anyhow::Result<Option<Outcome>> {
        let began = Instant::now();
        let end = began + load.duration;
        let mut arrivals = Arrivals {
            state: load.seed,
            rate: load.rate,
        };
        let mut due = began + arrivals.gap();
        let mut waiting = VecDeque::new();
        loop {
            let now = Instant::now();
            while due <= now && due < end {
                waiting.push_back(due);
                due += arrivals.gap();
            }
            while !waiting.is_empty()
                && let Some(index) = self.idle.pop()
            {
                self.send(index, waiting.pop_front().unwrap_or(now))?;
            }
            if waiting
                .front()
                .is_some_and(|first| now.duration_since(*first) > BEHIND)
            {
                return Ok(None);
            }
            if due >= end && waiting.is_empty() && self.all_idle() {
                return Ok(Some(self.outcome(began)));
            }
            let pause = due.saturating_duration_since(Instant::now());
            let pause = if load.spin {
                pause.saturating_sub(SPIN)
            } else {
                pause
            };
            // Without a client for the next request, or without a next request, only an answer changes anything.
            let sends_next = due < end && !self.idle.is_empty();
            self.wait(sends_next.then_some(pause))?;
        }
    }

    fn all_idle(&self) -> bool {
        self.idle.len() == self.clients.len()
    }

    fn send(&mut self, index: usize, since: Instant) -> anyhow::Result<()> {
        let client = self.clients.get_mut(index).context("no such client")?;
        client.since = since;
        client.connection.send(&self.target.request)
    }

    /// Waits for answers, checks them, and notes how long they took.
    fn wait(&mut self, at_most: Option<Duration>) -> anyhow::Result<()> {
        let timeout = at_most.map(Timespec::try_from).transpose()?;
        self.events.clear();
        // A driver that was stopped and goes on has waited for nothing.
        retry_on_intr(|| {
            epoll::wait(
                &self.epoll,
                spare_capacity(&mut self.events),
                timeout.as_ref(),
            )
        })?;
        for event in &self.events {
            let data = event.data;
            let index = usize::try_from(data.u64())?;
            let client = self.clients.get_mut(index).context("no such client")?;
            let Some(answer) = client.connection.receive()? else {
                continue;
            };
            self.target.verify(&answer)?;
            self.latencies.push(client.since.elapsed());
            self.idle.push(index);
        }
        Ok(())
    }

    fn outcome(&mut self, began: Instant) -> Outcome {
        let elapsed = began.elapsed();
        let mut latencies = std::mem::take(&mut self.latencies);
        latencies.sort_unstable();
        Outcome { elapsed, latencies }
    }
}

/// An open load.
pub(crate) struct OpenLoad {
    /// Requests a second, on average.
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
    /// Decides the times; the same for all contenders of a round.
    pub(crate) seed: u64,
    /// Whether to poll for exact times, which leaves no time for a backend on the same core.
    pub(crate) spin: bool,
}

/// The gaps of a Poisson process.
struct Arrivals {
    state: u64,
    rate: f64,
}

impl Arrivals {
    fn gap(&mut self) -> Duration {
        // SplitMix64, whose upper 53 bits make an even number in (0, 1].
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let even = (((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(-even.ln() / self.rate)
    }
}

#[cfg(test)]
mod tests;
