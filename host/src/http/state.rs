//! The running host: the app it serves now, and what outlives any one app.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use mayfly_config::{Config, Server};
use mayfly_telemetry::{Metrics, names};
use metrics::{Counter, Histogram, counter, gauge, histogram};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::compression::{Accepted, Answer};
use crate::history::{Counters, History, Readings, SAMPLE_INTERVAL};
use crate::http::{Admission, AnswerMemory, Compression, Connections, Turns};
use crate::serving::app::App;
use crate::serving::deployment::Deployment;
use crate::serving::memory_plan::{coders, resident_bytes};
use crate::serving::snapshot::Snapshot;

/// Everything HTTP handlers need.
pub struct Host {
    snapshot: Arc<Snapshot>,
    deployment: OnceLock<Arc<Deployment>>,
    /// The door.
    pub admission: Admission,
    /// Which operations compute now.
    pub turns: Turns,
    /// The memory for answers that clients have not read.
    pub answers: AnswerMemory,
    /// What compresses them.
    pub compression: Compression,
    /// The connections of clients.
    pub connections: Arc<Connections>,
    /// Mutations under way, which outlive their clients.
    pub tasks: TaskTracker,
    /// `[server]`.
    pub limits: Server,
    /// What is counted.
    pub metrics: RequestMetrics,
    /// What operators are told of the recent past.
    pub history: Arc<History>,
    exporter: Metrics,
    ending: CancellationToken,
}

impl Host {
    /// A host that serves no app yet.
    #[must_use]
    pub fn new(limits: Server, exporter: Metrics) -> Arc<Self> {
        let connections = Arc::<Connections>::default();
        let history = History::begin();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Arc::new(Self {
            snapshot: Arc::default(),
            deployment: OnceLock::new(),
            admission: Admission::new(
                limits.max_operations,
                limits.max_queue,
                limits.request_memory_bytes,
            ),
            turns: Turns::new(threads),
            answers: AnswerMemory::new(limits.answer_memory_bytes, connections.clone()),
            compression: Compression::new(
                limits.compression.then_some(limits.compress_above_bytes),
                coders(),
            ),
            connections,
            tasks: TaskTracker::new(),
            limits,
            metrics: RequestMetrics::new(history.clone()),
            history,
            exporter,
            ending: CancellationToken::new(),
        })
    }

    /// The app served now; none while it is being loaded.
    #[must_use]
    pub fn app(&self) -> Option<Arc<App>> {
        self.snapshot.app()
    }

    /// Whether clients get a page to try queries on.
    #[must_use]
    pub fn has_page(&self) -> bool {
        self.app().map_or(self.limits.page, |app| app.page)
    }

    /// Makes an answer of bytes: compressed, if the client accepts that, and held until it was sent.
    pub(super) async fn answer(&self, bytes: Vec<u8>, accepted: &Accepted) -> Answer {
        let (bytes, coding) = self.compression.encode(bytes, accepted).await;
        Answer {
            bytes: self.answers.hold(bytes).await,
            coding,
        }
    }

    /// `[server]` as it is configured now, for what may change while the host runs.
    pub fn with_server<T>(&self, look: impl FnOnce(&Server) -> T) -> T {
        match self.deployment() {
            Some(deployment) => look(&deployment.config().server),
            None => look(&self.limits),
        }
    }

    /// The configuration that is served; none while the app is being loaded.
    #[must_use]
    pub fn config(&self) -> Option<Arc<Config>> {
        Some(self.deployment()?.config())
    }

    /// Where the app that is served now is kept.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    /// What is deployed and how that changes; none while the app is being loaded, and in a host whose app never changes.
    #[must_use]
    pub fn deployment(&self) -> Option<&Arc<Deployment>> {
        self.deployment.get()
    }

    /// Serves what is deployed from now on.
    pub fn deploy(&self, deployment: Arc<Deployment>) {
        // A host has one deployment all its life.
        let _ = self.deployment.set(deployment);
    }

    /// Serves an app from now on. Operations under way end on the one they began with.
    pub fn serve(&self, app: Arc<App>) {
        self.snapshot.begin_with(app);
    }

    /// Whether a client would miss something if the process ended now: an operation, or an answer on its way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let (running, waiting) = self.admission.status();
        running + waiting > 0 || !self.tasks.is_empty() || self.connections.busy() > 0
    }

    /// Says that the process is about to end, so that balancers look elsewhere.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Whether the process is about to end.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    /// Waits until the process is about to end.
    pub async fn ending(&self) {
        self.ending.cancelled().await;
    }

    /// Sums up what was recorded, over and over: until then every sample is kept, and nobody may ever ask for the metrics.
    pub fn keep_metrics(&self) {
        let exporter = self.exporter.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(1));
            loop {
                every.tick().await;
                exporter.sum_up();
            }
        });
    }

    /// Takes a sample of a few numbers, over and over, for as long as the host lives.
    pub fn keep_samples(self: &Arc<Self>) {
        let host = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut every = tokio::time::interval(SAMPLE_INTERVAL);
            loop {
                every.tick().await;
                let Some(host) = host.upgrade() else { return };
                let history = &host.history;
                history.samples.take(&history.counters, host.readings());
                history.slow.forget_old();
            }
        });
    }

    /// What is in use right now.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let (running, waiting) = self.admission.status();
        let app = self.app();
        let (invocations, guest_bytes) = app.map(|app| app.sandbox.in_use()).unwrap_or_default();
        Readings {
            running: running as u64,
            waiting: waiting as u64,
            connections: self.connections.count() as u64,
            invocations,
            guest_bytes,
            resident_bytes: resident_bytes(),
        }
    }

    /// All metrics as Prometheus reads them.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        let (running, waiting) = self.admission.status();
        set(names::OPERATIONS, running as u64);
        set(names::OPERATIONS_WAITING, waiting as u64);
        for (state, count) in self.connections.by_state() {
            #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
            gauge!(names::CONNECTIONS, "state" => state.as_str()).set(count as f64);
        }
        set(names::RSS_BYTES, resident_bytes());
        if let Some(app) = self.app() {
            app.record_gauges();
        }
        let Some(deployment) = self.deployment() else {
            return self.exporter.render();
        };
        deployment.record_gauges();
        self.exporter.render() + &deployment.render_active()
    }
}

/// Counters of requests.
pub struct RequestMetrics {
    ok: Counter,
    seconds: Histogram,
    history: Arc<History>,
}

impl RequestMetrics {
    fn new(history: Arc<History>) -> Self {
        Self {
            history,
            ok: counter!(names::REQUESTS, "status" => "200"),
            seconds: histogram!(names::REQUEST_SECONDS),
        }
    }

    /// A request was answered.
    pub fn request(&self, status: StatusCode, time: Duration) {
        if status == StatusCode::OK {
            self.ok.increment(1);
        } else {
            counter!(names::REQUESTS, "status" => status.as_str().to_owned()).increment(1);
        }
        self.seconds.record(time.as_secs_f64());
        self.counters().request(status.as_u16(), time);
    }

    /// An operation was refused because the host is busy.
    pub fn refused(&self) {
        counter!(names::OPERATIONS_REFUSED).increment(1);
        self.counters().refused();
    }

    fn counters(&self) -> &Counters {
        &self.history.counters
    }
}

fn set(name: &'static str, value: u64) {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    gauge!(name).set(value as f64);
}
