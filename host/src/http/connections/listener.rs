//! Accepts clients, so many at once, and never lets those that do nothing keep others out.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use mayfly_config::Clients;
use mayfly_telemetry::names;
use metrics::counter;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::task::TaskTracker;

use super::activity::Activity;
use super::drive::drive;
use super::open::Connections;
use super::pace::Rate;
use super::patience::Patience;
use super::request::Service;
use super::transport::Certificate;

/// How long a client may keep a full listener waiting: it may be about to send its next request, or the rest of one.
const PATIENCE: Duration = Duration::from_secs(1);

/// The same where operators are served: those who look after the host have a second or two for all of it.
const PATIENCE_WITH_OPERATORS: Duration = Duration::from_millis(50);

/// How often a full listener looks again while clients have its patience.
const LOOKS: u32 = 10;

/// How long it waits when the system has no descriptor or memory left, and how often it says so.
const SHORTAGE: Duration = Duration::from_millis(100);
const SAY_SO: Duration = Duration::from_secs(10);

/// Descriptors that are kept so that operators are served when there is none left.
const SPARE: usize = 8;

/// When the system asks a silent client whether it is still there, how often, and how many answers may be missing.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_PROBES: u32 = 6;

/// What the system takes of an answer that it cannot send yet, in bytes. By default it is megabytes, which no plan knows of.
const UNSENT_BYTES: u32 = 128 << 10;

/// Serves the clients of one address.
pub struct Listener {
    listener: TcpListener,
    router: Router,
    /// Whom it serves.
    connections: Arc<Connections>,
    places: Arc<Semaphore>,
    clients: Clients,
    /// How long others wait for one that does nothing.
    patience: Patience,
    body_rate: Rate,
    /// What clients are shown; none when they speak HTTP as it is.
    certificate: Option<Certificate>,
    /// Given up one by one when no descriptor is left.
    spare: Vec<File>,
    keeps_spare: bool,
    said_shortage: Option<Instant>,
}

impl Listener {
    /// Serves at most `most` clients at once; past it they wait in the system's queue.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        router: Router,
        connections: Arc<Connections>,
        most: usize,
        clients: Clients,
    ) -> Self {
        Self {
            listener,
            router,
            connections,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            clients,
            patience: Patience::new(PATIENCE),
            body_rate: Rate::new(clients.body_timeout, clients.min_rate_bytes),
            certificate: None,
            spare: Vec::new(),
            keeps_spare: false,
            said_shortage: None,
        }
    }

    /// The same by TLS.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Option<Certificate>) -> Self {
        self.certificate = certificate;
        self
    }

    /// The same for operators: served also when others have used up all descriptors, or come in numbers and do nothing.
    #[must_use]
    pub fn for_operators(mut self) -> Self {
        self.patience = Patience::new(PATIENCE_WITH_OPERATORS);
        self.keeps_spare = true;
        self.keep_spare();
        self
    }

    /// Serves until it is stopped, and then until the last client was answered.
    pub async fn serve(mut self, mut stopped: watch::Receiver<bool>) {
        let served = TaskTracker::new();
        // An error says that the sender is gone, which is a stop too.
        let stop = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, place) = tokio::select! {
                accepted = self.accept() => accepted,
                () = &mut stop => break,
            };
            let activity = Arc::new(Activity::new(self.clients));
            let entry = self.connections.add(activity.clone());
            let service = Service {
                router: self.router.clone(),
                peer: stream.peer_addr().ok(),
                activity,
                body_rate: self.body_rate,
            };
            let certificate = self.certificate.clone();
            served.spawn(async move {
                let reason = drive(stream, certificate, service).await;
                drop((entry, place));
                counter!(names::CONNECTIONS_CLOSED, "reason" => reason.as_str()).increment(1);
            });
        }
        let connections = self.connections.clone();
        // Nobody is accepted from here on.
        drop(self);
        connections.stop();
        served.close();
        served.wait().await;
    }

    /// Accepts a client and finds it a place. It is accepted first, so that none is disconnected for a client that does not exist.
    async fn accept(&mut self) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        let stream = loop {
            match self.listener.accept().await {
                Ok((stream, _)) => break stream,
                Err(error) if is_of_client(&error) => {}
                Err(error) => self.endure(&error).await,
            }
        };
        prepare(&stream);
        if self.keeps_spare {
            self.keep_spare();
        }
        (stream, self.place().await)
    }

    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            self.patience.recover();
            return Some(place);
        }
        self.patience.lessen();
        let mut place = std::pin::pin!(self.places.clone().acquire_owned());
        loop {
            self.connections.make_room(self.patience);
            if let Ok(place) = tokio::time::timeout(self.patience.now() / LOOKS, &mut place).await {
                // The semaphore is never closed.
                return place.ok();
            }
        }
    }

    /// Waits until the system may have what it lacks.
    async fn endure(&mut self, error: &io::Error) {
        if self
            .said_shortage
            .is_none_or(|said| said.elapsed() >= SAY_SO)
        {
            self.said_shortage = Some(Instant::now());
            tracing::warn!(
                "clients cannot be accepted: {error}; raise the limit of open files (`ulimit -n`, LimitNOFILE=), or lower \
                 `server.max_connections`"
            );
        }
        // A request needs one for the connection, and one to look something up.
        if self.spare.pop().is_some() {
            self.spare.pop();
            return;
        }
        self.connections.make_room(self.patience);
        tokio::time::sleep(SHORTAGE).await;
    }

    fn keep_spare(&mut self) {
        while self.spare.len() < SPARE {
            match File::open("/dev/null") {
                Ok(file) => self.spare.push(file),
                Err(_) => return,
            }
        }
    }
}

/// Whether a client is to blame that it could not be accepted: it was gone before.
fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Sets what every connection has. A socket that refuses is served without.
fn prepare(stream: &TcpStream) {
    // Answers are written whole, so waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_notsent_lowat(UNSENT_BYTES);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_IDLE)
        .with_interval(KEEP_ALIVE_INTERVAL)
        .with_retries(KEEP_ALIVE_PROBES);
    let _ = socket.set_tcp_keepalive(&keepalive);
}
