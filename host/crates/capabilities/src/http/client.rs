//! The host's client of one service: what it is made of, calls with their deadlines, the probe.
//!
//! `turn` is waiting for one's turn, which is part of a call's time; `attempts` is what is sent, and sent again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::HeaderMap;
use http::uri::Authority;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::capability::PoolUsage;
use mayfly_runtime::imports::Call;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::configuration::{Base, Method, Service};
use super::connections::Connections;
use super::exchange::Target;
use super::metrics;
use super::request::{Bounds, Request};
use super::same::{Joined, Origin, Same};
use crate::circuit::{Circuit, CircuitState};
use crate::dial::{Dialer, tls};
use crate::holders::Borrower;
use crate::share::Share;
use crate::time_limit::{TimeLimit, too_late};
use crate::turns::Turns;

/// Clients, by service.
pub(super) type Clients = BTreeMap<String, Client>;

/// The host's client of one service. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    pub(super) share: Share,
}

/// What clients of one service have in common, whatever their share.
pub(super) struct Shared {
    pub(super) service: Service,
    pub(super) target: Target,
    pub(super) connections: Connections,
    pub(super) turns: Turns,
    pub(super) circuit: Circuit,
    pub(super) same: Same,
}

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Connections that are open, requests under way, and calls that wait for their turn.
    pub usage: PoolUsage,
    /// What the circuit does.
    pub circuit: CircuitState,
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
                target: Target::new(is_tls, authority, prefix, service),
                connections: Connections::new(name, dialer, most, service.max_idle),
                turns: Turns::new(pool_name(&service.name), most),
                circuit: Circuit::new(service.circuit),
                same: Same::default(),
                service: service.clone(),
            }),
        })
    }

    /// Requests that may be under way at once.
    pub(super) fn at_once(&self) -> usize {
        self.shared.service.max_connections
    }

    /// The same client for a user that may have at most this many requests under way.
    pub(super) fn with_share(&self, most: usize) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            share: Share::of(most),
        }
    }

    /// A request, and its answer as JSON of at most this many bytes. Identical `GET`s of one operation are sent once.
    #[must_use]
    pub fn call(&self, origin: Origin, request: Request, most: usize, deadline: Instant) -> Call {
        let limit = TimeLimit::of_caller(deadline);
        let bounds = Bounds { limit, most };
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
            limit: bounds.limit.no_longer_than(service.timeout, "timeout"),
            ..bounds
        };
        let answered = self.send_until(request, &what, bounds).await;
        counted.outcome = match &answered {
            Ok(answer) => class(answer),
            Err(error) => error.code.as_str(),
        };
        answered?.json(&what, bounds.most)
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
            limit: TimeLimit::of_caller(deadline).no_longer_than(shared.service.timeout, "timeout"),
            most: shared.service.max_answer_bytes,
        };
        let _turn = self.turn(&request, &what, bounds.limit).await?;
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
            usage: shared.turns.usage(shared.connections.open()),
            circuit: shared.circuit.state(),
        }
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
        borrower: Borrower::host(),
    }
}

/// Where a service is: whether it is spoken to over TLS, its host and port, and what comes before its routes.
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
