//! The host's client of one service: turns, deadlines, what is sent again, the circuit.
//!
//! Waiting for one's turn is part of a call's time; it is given back between two attempts, so that nobody waits for a service that is
//! waited for. A request is sent again only where that cannot do anything twice that has to be done once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use http::uri::Authority;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::Call;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::configuration::{Base, Method, Service};
use super::connections::Connections;
use super::exchange::{Target, exchange};
use super::failure::{Cause, Failed, circuit_open};
use super::metrics;
use super::request::Request;
use super::same::{Joined, Origin, Same};
use crate::circuit::{Attempt, Change, Circuit, CircuitState};
use crate::dial::{Dialer, tls};
use crate::share::{Share, Taken};
use crate::time_limit::{limit, too_late};

/// The longest wait before the second try of a request; it doubles from then on. The wait itself is a random part of it.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The most that is waited because a service asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Clients, by service.
pub(super) type Clients = BTreeMap<String, Client>;

/// The host's client of one service. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    share: Share,
}

/// What clients of one service have in common, whatever their share.
struct Shared {
    service: Service,
    target: Target,
    connections: Connections,
    turns: Semaphore,
    turns_taken: AtomicUsize,
    waiting: AtomicUsize,
    circuit: Circuit,
    same: Same,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Connections that are open.
    pub open: usize,
    /// Requests under way.
    pub in_use: usize,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// What the circuit does.
    pub circuit: CircuitState,
}

/// A request's turn.
struct Turn<'a> {
    shared: &'a Shared,
    _turn: SemaphorePermit<'a>,
    _share: Taken,
}

/// How long something may take, and how much it may bring.
#[derive(Clone, Copy)]
struct Bounds {
    deadline: Instant,
    most: usize,
}

/// A call, counted at its end, also when nobody waits for it any more.
struct Counted<'a> {
    service: &'a str,
    outcome: &'static str,
}

impl Client {
    /// A client that connects when it is first used. `embedded` is where the embedded endpoint listens, `files` what the certificates hold
    /// that the service names.
    ///
    /// # Errors
    ///
    /// What is wrong with its certificates.
    pub fn new(
        service: &Service,
        embedded: Option<SocketAddr>,
        files: &BTreeMap<std::path::PathBuf, Vec<u8>>,
        is_offline: bool,
    ) -> Result<Self, String> {
        let (is_tls, authority, prefix) = place(service, embedded)?;
        let trust = tls::Trust {
            ca_file: service.ca_file.as_deref(),
            client: service.client_certificate.as_ref(),
            http2: service.http2,
        };
        let settings = is_tls.then(|| tls::settings(trust, files)).transpose()?;
        let port = authority
            .port_u16()
            .unwrap_or(if is_tls { 443 } else { 80 });
        let dialer = Dialer {
            address: format!("{}:{port}", authority.host()),
            host: authority.host().to_owned(),
            tls: settings,
            http2: service.http2,
            proxy: service.proxy.clone().filter(|_| embedded.is_none()),
            allowed: service.allow_addresses.clone(),
            timeout: service.connect_timeout,
            is_offline,
        };
        let name = pool_name(&service.name).into();
        let most = service.max_connections;
        Ok(Self {
            share: Share::default(),
            shared: Arc::new(Shared {
                target: Target::new(is_tls, authority, prefix, service.credentials.as_ref()),
                connections: Connections::new(name, dialer, most, service.max_idle),
                turns: Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)),
                turns_taken: AtomicUsize::new(0),
                waiting: AtomicUsize::new(0),
                circuit: Circuit::new(service.circuit),
                same: Same::default(),
                service: service.clone(),
            }),
        })
    }

    /// The same client for a user that may have at most so many requests under way.
    pub(super) fn with_share(&self, most: usize) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            share: Share::of(most),
        }
    }

    /// A request, and its answer as JSON of at most so many bytes. Identical `GET`s of one operation are sent once.
    #[must_use]
    pub fn call(&self, origin: Origin, request: Request, most: usize, deadline: Instant) -> Call {
        let bounds = Bounds { deadline, most };
        let client = self.clone();
        let begun = request.clone();
        let alone = move || -> Call { Box::pin(async move { client.send(&begun, bounds).await }) };
        match self.shared.same.join(origin, &request, alone.clone()) {
            None => alone(),
            Some(Joined::First(call)) => Box::pin(call),
            Some(Joined::Other(call)) => {
                let service = self.shared.service.name.clone();
                Box::pin(async move {
                    match timeout_at(deadline, call).await {
                        // The limits it ran into were those of the other one.
                        Ok(Err(error))
                            if matches!(error.code, CallCode::Deadline | CallCode::Budget) =>
                        {
                            alone().await
                        }
                        Ok(answer) => {
                            metrics::joined(&service);
                            answer
                        }
                        Err(_) => Err(too_late(&request.name(&service))),
                    }
                })
            }
        }
    }

    /// Sends a request, again where it may be.
    async fn send(&self, request: &Request, bounds: Bounds) -> Result<String, CallError> {
        let shared = &*self.shared;
        let service = &shared.service;
        let what = request.name(&service.name);
        let mut counted = Counted {
            service: &service.name,
            outcome: "abandoned",
        };
        let bounds = Bounds {
            deadline: limit(bounds.deadline, service.timeout),
            ..bounds
        };
        let answered = self.send_until(request, &what, bounds).await;
        counted.outcome = match &answered {
            Ok(answer) => class(answer),
            Err(error) => error.code.as_str(),
        };
        answered?.json(&what, bounds.most)
    }

    async fn send_until(
        &self,
        request: &Request,
        what: &str,
        bounds: Bounds,
    ) -> Result<Answer, CallError> {
        let service = &self.shared.service;
        let mut number = 1;
        loop {
            let turn = self.turn(what, bounds.deadline).await?;
            let attempt = self.shared.circuit.enter(Instant::now());
            let attempt = attempt.map_err(|_| circuit_open(what))?;
            let is_last = number >= service.max_attempts;
            let outcome = self.shared.attempt(attempt, request, bounds, is_last).await;
            drop(turn);
            let backoff = FIRST_BACKOFF
                .saturating_mul(1 << (number - 1).min(10))
                .mul_f64(rand::random());
            let wait = match &outcome {
                Ok(answer) if is_refusal(answer) && request.method.is_idempotent() => {
                    asked_to_wait(&answer.headers)
                        .unwrap_or_default()
                        .max(backoff)
                }
                Err(failed) if failed.may_be_repeated(request) => backoff,
                _ => Duration::MAX,
            };
            let left = bounds.deadline.saturating_duration_since(Instant::now());
            if is_last || wait >= left || wait > LONGEST_WAIT {
                return outcome.map_err(|failed| failed.tell(request, what, &service.name));
            }
            tracing::debug!(
                service = service.name,
                number,
                ?outcome,
                "a request is sent again"
            );
            sleep(wait).await;
            number += 1;
        }
    }

    /// Waits for its turn: for its own share, then for the pool.
    async fn turn(&self, what: &str, deadline: Instant) -> Result<Turn<'_>, CallError> {
        struct Waiting<'a>(&'a Shared, Instant);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.waiting.fetch_sub(1, Ordering::Relaxed);
                metrics::waited(&pool_name(&self.0.service.name), self.1.elapsed());
            }
        }

        if Instant::now() >= deadline {
            return Err(too_late(what));
        }
        let shared = &*self.shared;
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(shared, Instant::now());
        let turn = async {
            let share = self.share.take().await;
            let turn = shared.turns.acquire().await;
            turn.map(|turn| (turn, share))
        };
        match timeout_at(deadline, turn).await {
            Ok(Ok((turn, share))) => {
                shared.turns_taken.fetch_add(1, Ordering::Relaxed);
                Ok(Turn {
                    shared,
                    _turn: turn,
                    _share: share,
                })
            }
            _ => Err(too_late(what)),
        }
    }

    /// Whether the service answers: its probe, where it has one.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn check(&self, deadline: Instant) -> Result<(), CallError> {
        match &self.shared.service.probe {
            Some(path) => self.probe(path, deadline).await,
            None => Ok(()),
        }
    }

    /// Whether the service can be reached: its probe, or a connection.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub async fn reach(&self, deadline: Instant) -> Result<(), CallError> {
        let shared = &*self.shared;
        if let Some(path) = &shared.service.probe {
            return self.probe(path, deadline).await;
        }
        let name = &shared.service.name;
        let what = format!("service `{name}`");
        let request = probe_request("/");
        match timeout_at(deadline, shared.connections.try_out()).await {
            Ok(tried) => tried.map_err(|failed| failed.tell(&request, &what, name)),
            Err(_) => Err(too_late(&what)),
        }
    }

    /// Asks the probe: without a turn and whatever the circuit says, so that a busy service is not taken for one that is gone.
    async fn probe(&self, path: &str, deadline: Instant) -> Result<(), CallError> {
        let shared = &*self.shared;
        let name = &shared.service.name;
        let request = probe_request(path);
        let what = request.name(name);
        let bounds = Bounds {
            deadline: limit(deadline, shared.service.timeout),
            most: shared.service.max_answer_bytes,
        };
        let _turn = self.turn(&what, bounds.deadline).await?;
        let answer = shared.exchange(&request, bounds).await;
        let answer = answer.map_err(|failed| failed.tell(&request, &what, name))?;
        if answer.status.is_success() {
            return Ok(());
        }
        let message = format!("{what}: the probe answered {}", answer.status.as_u16());
        Err(CallError::new(CallCode::Unavailable, message))
    }

    /// What is under way.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &*self.shared;
        shared.connections.close_old();
        Status {
            open: shared.connections.open(),
            in_use: shared.turns_taken.load(Ordering::Relaxed),
            waiting: shared.waiting.load(Ordering::Relaxed),
            circuit: shared.circuit.state(),
        }
    }
}

impl Shared {
    /// One attempt, and what it says of the service.
    async fn attempt(
        &self,
        attempt: Attempt<'_>,
        request: &Request,
        bounds: Bounds,
        is_last: bool,
    ) -> Result<Answer, Failed> {
        let service = &self.service;
        let began = Instant::now();
        let bounds = if request.method.is_idempotent() && !is_last {
            Bounds {
                deadline: limit(bounds.deadline, service.attempt_timeout),
                ..bounds
            }
        } else {
            bounds
        };
        metrics::attempt(&service.name);
        let outcome = self.exchange(request, bounds).await;
        let change = match &outcome {
            Ok(answer) if !is_refusal(answer) => attempt.succeeded(),
            // A caller in a hurry says nothing about the service.
            Err(Failed {
                cause: Cause::Late, ..
            }) if began.elapsed() < service.attempt_timeout => {
                drop(attempt);
                Change::None
            }
            Err(failed) if !failed.blames_service() => attempt.succeeded(),
            Ok(_) | Err(_) => attempt.failed(Instant::now()),
        };
        self.tell(change);
        outcome
    }

    async fn exchange(&self, request: &Request, bounds: Bounds) -> Result<Answer, Failed> {
        let was_sent = AtomicBool::new(false);
        let most = self.service.max_answer_bytes;
        let exchange = exchange(&self.connections, &self.target, request, most, &was_sent);
        match timeout_at(bounds.deadline, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failed {
                was_sent: was_sent.load(Ordering::Relaxed),
                cause: Cause::Late,
            }),
        }
    }

    fn tell(&self, change: Change) {
        let name = &self.service.name;
        match change {
            Change::None => return,
            Change::Opened => {
                let seconds = self.service.circuit.open.as_secs_f64();
                metrics::circuit_opened(name);
                tracing::warn!(
                    service = name,
                    seconds,
                    "the circuit of a service opened: it failed several times in a row"
                );
            }
            Change::Closed => {
                tracing::info!(
                    service = name,
                    "the circuit of a service closed: it answers again"
                );
            }
        }
        metrics::circuit(name, self.circuit.state());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.shared.turns_taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        metrics::ended(self.service, self.outcome);
    }
}

/// The name of a service's pool.
pub(super) fn pool_name(service: &str) -> String {
    format!("http.{service}")
}

/// Whether an answer says that the service, or who stands before it, cannot answer now.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 502..=504)
}

/// How long a service asks to be left alone.
fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// The class of an answer's status, for the metrics.
fn class(answer: &Answer) -> &'static str {
    match answer.status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

fn probe_request(path: &str) -> Request {
    Request {
        method: Method::Get,
        route: path.to_owned(),
        target: path.to_owned(),
        headers: HeaderMap::new(),
        trace: None,
        body: bytes::Bytes::new(),
    }
}

/// Where a service is: whether it is spoken to over TLS, its host and port, and what stands before its routes.
fn place(
    service: &Service,
    embedded: Option<SocketAddr>,
) -> Result<(bool, Authority, String), String> {
    match (&service.base, embedded) {
        (
            Base::At {
                is_tls,
                authority,
                prefix,
            },
            None,
        ) => Ok((*is_tls, authority.clone(), prefix.clone())),
        (_, address) => {
            // Where nothing listens: an embedded endpoint that does not run must not become another's.
            let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 1)));
            let authority =
                Authority::try_from(address.to_string()).map_err(|error| error.to_string())?;
            Ok((false, authority, format!("/{}", service.name)))
        }
    }
}
