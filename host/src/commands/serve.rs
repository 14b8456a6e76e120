//! `mayfly serve`: from an app's directory to a server, and back down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use clap::ValueEnum;
use mayfly_config::{Config, FILE, Problems};
use mayfly_telemetry::{LogFormat, Metrics, output, start_server_log};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{AppDirectory, Exit, show_progress};
use crate::app::{App, EmbeddedAddresses, unusable};
use crate::deployment::Deployment;
use crate::embedded::EmbeddedProcess;
use crate::host::Host;
use crate::http::{ADMIN_CONNECTIONS, Connections, admin_router, graphql_router};
use crate::modules::Store;
use crate::watch::{Seen, watch};

/// Serve an app: GraphQL on one address, health and metrics on another.
///
/// Ends on SIGTERM or SIGINT, after finishing what is running; a second signal ends it at once.
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
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let format = match self.log_format {
            Format::Auto => LogFormat::Auto,
            Format::Json => LogFormat::Json,
            Format::Text => LogFormat::Text,
        };
        start_server_log(format, "info").context("cannot start the log")?;
        let runtime = tokio::runtime::Runtime::new()?;
        let exit = runtime.block_on(self.serve());
        // Whatever still runs was given its time already.
        runtime.shutdown_timeout(Duration::from_millis(200));
        exit
    }

    async fn serve(self) -> anyhow::Result<Exit> {
        // Before anything else, so that a signal at any time ends the process in order.
        let mut signals = Signals::catch()?;
        let mut seen = Seen::default();
        seen.look(self.directory.app.join(FILE));
        let mut config = Config::load(&self.directory.app)?;
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
        let host = Host::new(config.server.clone(), metrics);
        host.keep_metrics();
        let (stop, stopped) = watch::channel(false);
        let admin = serve_until(
            Connections::new(admin, ADMIN_CONNECTIONS),
            admin_router(host.clone()),
            stopped.clone(),
        );
        let graphql = serve_until(
            Connections::new(listener, config.server.max_connections),
            graphql_router(host.clone()),
            stopped,
        );
        output::announce(
            &format!("admin    http://{admin_listen}/readyz /healthz /metrics"),
            "health, metrics and modules",
            &[("admin", &format!("http://{admin_listen}"))],
        );

        let loaded = tokio::select! {
            loaded = load(&mut config, &host, seen) => Some(loaded?),
            () = signals.next() => None,
        };
        if let Some((modules, _)) = &loaded {
            output::announce(
                &format!(
                    "graphql  http://{listen}/graphql (and a page to try it at http://{listen}/)"
                ),
                "GraphQL",
                &[("graphql", &format!("http://{listen}/graphql"))],
            );
            output::print(format_args!(
                "serving {modules} modules of {}",
                self.directory.app.display()
            ));
            signals.next().await;
        }
        finish(
            &host,
            &stop,
            vec![graphql, admin],
            config.server.shutdown_grace,
            &mut signals,
        )
        .await;
        // The embedded backends end last: what was running needed them.
        drop(loaded);
        Ok(Exit::Done)
    }
}

/// Loads the app as it was when its last host ended, with the embedded backends it may need beside it, and serves it; gives the
/// number of its modules. The app itself is kept by nobody but the host, so that a version is given back when it was replaced.
async fn load(
    config: &mut Config,
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
    let addresses = embedded
        .as_ref()
        .map_or_else(EmbeddedAddresses::default, |process| {
            process.addresses.clone()
        });
    let app = Arc::new(App::restore(config, &addresses, &store, &show_progress).await?);
    app.keep_connections();
    app.tell_missing();
    let deployment = Deployment::start(
        host.snapshot(),
        app.clone(),
        store,
        config.clone(),
        addresses,
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

fn serve_until(
    listener: Connections,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async move {
            // An error says that the sender is gone, which is a stop too.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await
        {
            tracing::error!(%error, "a listener failed");
        }
    })
}

/// The signals that end the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Stops accepting, finishes what is running within the grace, or what a second signal leaves of it.
async fn finish(
    host: &Host,
    stop: &watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    grace: Duration,
    signals: &mut Signals,
) {
    output::tell(format_args!(
        "finishing what is running (at most {} s; a second signal ends at once)",
        grace.as_secs()
    ));
    host.end();
    // Nobody listening any more is what this is for.
    let _ = stop.send(true);
    host.tasks.close();
    let finished = async {
        for listener in listeners {
            // A listener that panicked has said so.
            let _ = listener.await;
        }
        host.tasks.wait().await;
    };
    tokio::select! {
        () = finished => output::tell("finished"),
        () = tokio::time::sleep(grace) => output::tell(format_args!(
            "shutdown grace of {} s elapsed; stopping the remaining operations",
            grace.as_secs()
        )),
        () = signals.next() => output::tell("stopping at once"),
    }
}
