//! `mayfly serve`: from an app's directory to a server, and back down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use mayfly_config::{Config, FILE, Problems, Server};
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::{LogFormat, Metrics, output, start_server_log};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{AppDirectory, Exit, show_progress};
use crate::embedded::{EmbeddedProcess, surroundings};
use crate::history::Actor;
use crate::http::Host;
use crate::http::{Certificate, Connections, Listener, admin_router, graphql_router};
use crate::serving::app::{App, unusable};
use crate::serving::deployment::Deployment;
use crate::serving::descriptors::{self, Descriptors};
use crate::serving::file_size;
use crate::serving::watch::{Seen, watch};
use crate::tls::Certificates;
use mayfly_runtime::modules::Store;
use mayfly_runtime::modules::compiler::take_short_turns;

/// Serve an app: GraphQL on one address, health and metrics on another.
///
/// Stops on SIGTERM or SIGINT, after finishing what is running; a second signal stops it at once. SIGHUP reloads the app, as
/// `mayfly apply` does.
#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    directory: AppDirectory,
    /// Where GraphQL is served [default: `server.listen`, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where /healthz, /readyz and /metrics are served [default: `server.admin_listen`, or 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
    /// How log lines are written
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    log_format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Text for a terminal, JSON otherwise
    Auto,
    /// One JSON object a line
    Json,
    /// Text for people
    Text,
}

impl Serve {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let format = match self.log_format {
            Format::Auto => LogFormat::Auto,
            Format::Json => LogFormat::Json,
            Format::Text => LogFormat::Text,
        };
        start_server_log(format, "info").context("cannot start the log")?;
        if let Err(error) = take_short_turns() {
            tracing::debug!(%error, "threads cannot take short turns");
        }
        let runtime = tokio::runtime::Runtime::new()?;
        let exit = runtime.block_on(self.serve(capabilities));
        // Whatever still runs was given its time already.
        runtime.shutdown_timeout(Duration::from_millis(200));
        exit
    }

    async fn serve(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        // Before anything else, so that a signal at any time ends the process in order.
        let mut signals = Signals::catch()?;
        let mut seen = Seen::default();
        seen.look(self.directory.app.join(FILE));
        let config = capability::load(&self.directory.app, capabilities)?;
        seen.look(config.schema.clone());
        config
            .watched_files()
            .for_each(|file| seen.look(file.to_owned()));
        let metrics = Metrics::start()
            .map_err(|error| anyhow::anyhow!("metrics cannot be collected: {error}"))?;
        let (listener, listen) =
            bind(self.listen.unwrap_or(config.server.listen), "--listen").await?;
        let (admin, admin_listen) = bind(
            self.admin_listen.unwrap_or(config.server.admin_listen),
            "--admin-listen",
        )
        .await?;
        descriptors::raise_limit();
        file_size::raise_limit();
        let descriptors = Descriptors::of(&config, capabilities);
        let objections = [descriptors.objection(), file_size::objection(&config)];
        for objection in objections.into_iter().flatten() {
            tracing::warn!("{objection}");
        }
        let host = Host::new(config.server.clone(), metrics);
        host.keep_metrics();
        host.keep_samples();
        let clients = config.server.clients;
        let at_start =
            Certificates::load(&config.server).map_err(|problem| Problems(vec![problem]))?;
        let scheme = |certificate: &Option<_>| {
            if certificate.is_some() {
                "https"
            } else {
                "http"
            }
        };
        let (scheme, admin_scheme) = (scheme(&at_start.graphql), scheme(&at_start.admin));
        let certificate = current_certificate(&host, &at_start, |all| all.graphql.clone());
        let admin_certificate = current_certificate(&host, &at_start, |all| all.admin.clone());
        let connections = Arc::<Connections>::default();
        let admin_routes = admin_router(host.clone(), connections.clone(), Handle::current());
        let operators = descriptors.operators();
        let admin = Serving::begin_apart(admin, move |admin| {
            Listener::new(admin, admin_routes, connections, operators, clients)
                .with_certificate(admin_certificate)
                .for_operators()
        })
        .context("operators cannot be served")?;
        let graphql = Listener::new(
            listener,
            graphql_router(host.clone()),
            host.connections.clone(),
            descriptors.clients(),
            clients,
        );
        let graphql = Serving::begin(graphql.with_certificate(certificate));
        output::announce(
            &format!("admin    {admin_scheme}://{admin_listen}/readyz /healthz /metrics"),
            "health, metrics and modules",
            &[("admin", &format!("{admin_scheme}://{admin_listen}"))],
        );

        let loaded = tokio::select! {
            loaded = load(&config, capabilities, &host, seen) => Some(loaded?),
            () = signals.end() => None,
        };
        if let Some((modules, _)) = &loaded {
            tell_who_may_call(&config);
            if config.server.hosts.is_empty() {
                tracing::info!(
                    "any host name is accepted; list the names of this server in `server.hosts` to refuse others"
                );
            }
            output::announce(
                &format!(
                    "graphql  {scheme}://{listen}/graphql (and a page to try it at {scheme}://{listen}/)"
                ),
                "GraphQL",
                &[("graphql", &format!("{scheme}://{listen}/graphql"))],
            );
            output::print(format_args!(
                "serving {modules} modules of {}",
                self.directory.app.display()
            ));
            signals.end_or_reload(&host).await;
        }
        let exit = finish(&host, graphql, &config.server, &mut signals).await;
        // Operators see how it goes until nothing goes on any more.
        admin.end().await;
        // The embedded backends end last: what was running needed them.
        drop(loaded);
        Ok(exit)
    }
}

/// Says when there is nobody who is refused.
fn tell_who_may_call(config: &Config) {
    match &config.callers {
        None => tracing::info!(
            "everybody may call anonymously: there is no [callers]; add it to require a token or an API key"
        ),
        Some(callers) if callers.anonymous => {
            tracing::info!("everybody may call: `callers.anonymous` is true");
        }
        Some(_) => {}
    }
}

/// The certificate of one address: that of the app which is served when a client comes, and before there is one that of the start.
fn current_certificate(
    host: &Arc<Host>,
    at_start: &Certificates,
    of: fn(&Certificates) -> Option<Arc<ServerConfig>>,
) -> Option<Certificate> {
    let at_start = of(at_start)?;
    let host = host.clone();
    Some(Arc::new(move || {
        let now = host.app().and_then(|app| of(&app.certificates));
        now.unwrap_or_else(|| at_start.clone())
    }))
}

/// Loads the app as it was when its last host ended, with the embedded backends it may need beside it, and serves it; gives the
/// number of its modules. The app itself is kept by nobody but the host, so that a version is given back when it was replaced.
async fn load(
    config: &Config,
    capabilities: Capabilities,
    host: &Host,
    seen: Seen,
) -> anyhow::Result<(usize, Option<EmbeddedProcess>)> {
    let directory = config.store();
    let opened = directory.clone();
    let store = tokio::task::spawn_blocking(move || Store::open(&opened))
        .await?
        .map_err(|error| Problems(vec![unusable(&directory, &error)]))?;
    let embedded = EmbeddedProcess::start_for(config).await?;
    if let Some(process) = &embedded {
        output::announce(
            &format!(
                "embedded http://{}/status (backends of this run)",
                process.control
            ),
            "backends of this run",
            &[("embedded", &format!("http://{}/status", process.control))],
        );
    }
    let surroundings = surroundings(capabilities, embedded.as_ref());
    let app = Arc::new(App::restore(config, &surroundings, &store, &show_progress).await?);
    app.keep_connections();
    app.tell_missing();
    app.tell_invalid_documents();
    let deployment = Deployment::start(
        host.snapshot(),
        app.clone(),
        store,
        config.clone(),
        host.history.clone(),
    )
    .await;
    if config.server.watch {
        // It runs as long as the process does.
        drop(watch(deployment.clone(), seen));
    }
    host.deploy(deployment);
    Ok((app.versions.len(), embedded))
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let remedy = || format!("cannot listen on {address}; choose another address with {flag}");
    let listener = TcpListener::bind(address).await.with_context(remedy)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// A listener that serves.
struct Serving {
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

impl Serving {
    fn begin(listener: Listener) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            served: tokio::spawn(listener.serve(stopped)),
        }
    }

    /// The same on a thread of its own, so that these clients are answered however busy those threads are that serve others.
    fn begin_apart(
        listener: TcpListener,
        serving: impl FnOnce(TcpListener) -> Listener + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let listener = listener.into_std()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = tokio::task::spawn_blocking(move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => serving(listener).serve(stopped).await,
                    Err(error) => tracing::error!(%error, "operators are not served"),
                }
            });
        });
        Ok(Self { stop, served })
    }

    /// Stops accepting clients, and waits for those that are being served.
    async fn end(self) {
        // Nobody listening any more is what this is for.
        let _ = self.stop.send(true);
        // A listener that panicked has said so.
        let _ = self.served.await;
    }
}

/// The signals that the process acts on.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Caught, and not looked at: writing a file past its limit is an error of that write then, and not the end of the process.
    _file_size: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Waits for a signal to end.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for a signal to end, and applies the app whenever there is one to reload.
    async fn end_or_reload(&mut self, host: &Host) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {}
            }
            tracing::info!("SIGHUP: reloading the app");
            if let Some(deployment) = host.deployment().cloned() {
                // What comes of it is logged.
                tokio::spawn(async move { drop(deployment.apply(false, Actor::signal()).await) });
            }
        }
    }
}

/// How long requests are still accepted after a signal, when something is running and nobody says otherwise.
const DRAIN_DELAY: Duration = Duration::from_secs(1);

/// Stops accepting, finishes what is running within the grace, or what a second signal leaves of it.
async fn finish(host: &Host, graphql: Serving, server: &Server, signals: &mut Signals) -> Exit {
    let grace = server.shutdown_grace;
    output::tell(format_args!(
        "finishing what is running (at most {} s; a second signal ends at once)",
        grace.as_secs()
    ));
    host.end();
    let usual = if host.is_busy() {
        DRAIN_DELAY
    } else {
        Duration::ZERO
    };
    let delay = server.drain_delay.unwrap_or(usual);
    if !delay.is_zero() {
        output::tell(format_args!("accepting requests for another {delay:?}"));
    }
    let finished = async {
        // Balancers see that it is not ready before it refuses connections.
        tokio::time::sleep(delay).await;
        graphql.end().await;
        host.tasks.close();
        host.tasks.wait().await;
    };
    tokio::select! {
        () = finished => {
            output::tell("finished");
            return Exit::Done;
        }
        () = tokio::time::sleep(delay + grace) => output::tell(format_args!(
            "shutdown grace of {} s elapsed; stopping the remaining operations",
            grace.as_secs()
        )),
        () = signals.end() => output::tell("stopping at once"),
    }
    if host.is_busy() {
        Exit::CutOff
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::io::{Read, Write};

    use super::*;

    #[tokio::test]
    async fn operators_are_answered_while_nothing_else_gets_on() {
        let (listener, address) = bind(([127, 0, 0, 1], 0).into(), "--admin-listen")
            .await
            .unwrap();
        let routes = axum::Router::new().route("/", axum::routing::get(async || "here"));
        let serving = Serving::begin_apart(listener, |listener| {
            let connections = Arc::<Connections>::default();
            let clients = mayfly_config::Clients::default();
            Listener::new(listener, routes, connections, 4, clients).for_operators()
        })
        .unwrap();
        // The only thread of this runtime does nothing but wait.
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        serving.end().await;
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}
