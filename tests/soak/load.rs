//! The load on one server: some connections, each with one request under way, slice by slice.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::retry_on_intr;

use crate::connection::Connection;

/// A server that answers nobody for so long has ended.
const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// What one server is asked.
pub(crate) trait Ask {
    /// The bytes of the request with this number.
    fn bytes(&self, number: u64) -> &[u8];

    /// Holds an answer against what it has to be.
    ///
    /// # Errors
    ///
    /// How it differs.
    fn verify(&self, number: u64, status: u16, body: &[u8]) -> anyhow::Result<()>;
}

/// Clients of one server.
pub(crate) struct Load {
    requests: Box<dyn Ask>,
    clients: Vec<Client>,
    epoll: OwnedFd,
}

struct Client {
    connection: Connection,
    /// The request under way, and when it was sent; none between slices.
    under_way: Option<(u64, Instant)>,
}

/// What one slice measured.
pub(crate) struct Slice {
    pub(crate) elapsed: Duration,
    /// One for each request, ascending.
    pub(crate) latencies: Vec<Duration>,
    /// Answers that were not what they had to be, and the first of them.
    pub(crate) wrong: u64,
    pub(crate) first_wrong: Option<String>,
}

impl Load {
    pub(crate) fn connect(
        address: SocketAddr,
        requests: impl Ask + 'static,
        connections: usize,
    ) -> anyhow::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut clients = Vec::with_capacity(connections);
        for index in 0..connections {
            let connection = Connection::open(address)?;
            epoll::add(
                &epoll,
                &connection,
                epoll::EventData::new_u64(index as u64),
                epoll::EventFlags::IN,
            )?;
            clients.push(Client {
                connection,
                under_way: None,
            });
        }
        Ok(Self {
            requests: Box::new(requests),
            clients,
            epoll,
        })
    }

    /// Sends the requests with these numbers and waits for all answers.
    ///
    /// # Errors
    ///
    /// When the server no longer answers.
    pub(crate) fn slice(&mut self, numbers: std::ops::Range<u64>) -> anyhow::Result<Slice> {
        let began = Instant::now();
        let mut slice = Slice {
            elapsed: Duration::ZERO,
            latencies: Vec::new(),
            wrong: 0,
            first_wrong: None,
        };
        let mut next = numbers.start;
        for client in &mut self.clients {
            send(client, &*self.requests, &mut next, numbers.end)?;
        }
        let mut events: Vec<epoll::Event> = Vec::with_capacity(self.clients.len());
        while self.clients.iter().any(|client| client.under_way.is_some()) {
            events.clear();
            // One that was stopped and goes on has waited for nothing.
            retry_on_intr(|| {
                epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&PATIENCE))
            })?;
            ensure!(!events.is_empty(), "no answer for {} s", PATIENCE.tv_sec);
            for event in &events {
                let data = event.data;
                let client = self
                    .clients
                    .get_mut(usize::try_from(data.u64())?)
                    .context("no such client")?;
                let Some(answer) = client.connection.receive()? else {
                    continue;
                };
                let (number, sent) = client.under_way.take().context("an answer to nothing")?;
                slice.latencies.push(sent.elapsed());
                if let Err(error) = self.requests.verify(number, answer.status, answer.body) {
                    slice.wrong += 1;
                    slice
                        .first_wrong
                        .get_or_insert_with(|| format!("{error:#}"));
                }
                send(client, &*self.requests, &mut next, numbers.end)?;
            }
        }
        slice.elapsed = began.elapsed();
        slice.latencies.sort_unstable();
        Ok(slice)
    }
}

/// Sends the next request, if there is one.
fn send(client: &mut Client, requests: &dyn Ask, next: &mut u64, end: u64) -> anyhow::Result<()> {
    if *next < end {
        client.connection.send(requests.bytes(*next))?;
        client.under_way = Some((*next, Instant::now()));
        *next += 1;
    }
    Ok(())
}
