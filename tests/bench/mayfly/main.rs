//! Mayfly with backends in memory: everything of the product but its drivers, for measuring what it costs by itself.
//!
//! The guests, their grants and budgets, the sandbox, the engine and the HTTP handling are the product's own; only the calls that
//! would go to a pool are answered here, with the same JSON.

mod in_memory;
mod invocations;
mod workers;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use in_memory::InMemory;
use mayfly::http::{Host, Listener, graphql_router};
use mayfly::serving::app::App;
use mayfly_capabilities::dynamodb::DynamoDbCapability;
use mayfly_capabilities::sql::{SqlCapability, databases};
use mayfly_config::Config;
use mayfly_runtime::capability::{self, Surroundings};
use mayfly_runtime::imports::Backends;
use mayfly_telemetry::Metrics;
use tokio::sync::watch;

/// Clients that are served at once.
const CONNECTIONS: usize = 1_000;

/// Serve the bench's app with backends in memory.
#[derive(Parser)]
struct Arguments {
    /// The app's directory
    app: PathBuf,
    /// Where GraphQL is served
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve nothing: run this many invocations one after the other, and say what one costs
    #[arg(long)]
    invocations: Option<u32>,
    /// Serve nothing: call this echo worker through a pool, and beside it directly, and say what a call costs
    #[arg(long, value_name = "PROGRAM")]
    worker: Option<PathBuf>,
    /// Calls of a round, with --worker
    #[arg(long, default_value_t = 20_000)]
    calls: u32,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if let Some(worker) = &arguments.worker {
        let is_met = runtime.block_on(workers::measure(worker, arguments.calls))?;
        anyhow::ensure!(is_met, "a call of a worker costs more than it may");
        return Ok(());
    }
    match arguments.invocations {
        Some(count) => runtime.block_on(async {
            let (_, app) = load(&arguments.app).await?;
            invocations::measure(app, count).await
        }),
        None => runtime.block_on(serve(arguments)),
    }
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let metrics = Metrics::start().map_err(|error| anyhow::anyhow!("{error}"))?;
    let (config, app) = load(&arguments.app).await?;
    let host = Host::new(config.server, metrics);
    host.keep_metrics();
    host.serve(Arc::new(app));
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    println!("listening {}", listener.local_addr()?);
    let routes = graphql_router(host.clone());
    let (connections, clients) = (host.connections.clone(), host.limits.clients);
    let listener = Listener::new(listener, routes, connections, CONNECTIONS, clients);
    // Whoever measures ends the process.
    let (_running, stopped) = watch::channel(false);
    listener.serve(stopped).await;
    Ok(())
}

/// The app with its backends in memory.
async fn load(directory: &Path) -> anyhow::Result<(Config, App)> {
    let config = capability::load(directory, mayfly_capabilities::ALL)?;
    let mut app = App::load(
        &config,
        &Surroundings::nowhere(mayfly_capabilities::ALL),
        &|_| (),
    )
    .await?;
    app.backends = Arc::new(in_memory(&config)?);
    Ok((config, app))
}

fn in_memory(config: &Config) -> anyhow::Result<Backends> {
    let memory = Arc::new(InMemory::load()?);
    let databases = databases(config, memory.clone());
    Ok(Backends::default()
        .with::<DynamoDbCapability>(memory)
        .with::<SqlCapability>(Arc::new(databases)))
}
