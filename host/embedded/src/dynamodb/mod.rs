//! The DynamoDB endpoint: dynoxide, and in front of it a proxy that counts requests and makes faults.
//!
//! dynoxide serves a loopback port of its own; each client connection has one connection to it, made with its first request.

mod batch;
mod proxy;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::Faults;
use crate::gate::Gate;
use crate::status::Status;

/// Serves `database` until `closing`.
pub(crate) async fn serve(
    mut gate: Gate,
    database: dynoxide::Database,
    behind: TcpListener,
    faults: Arc<Faults>,
    status: Arc<Status>,
    closing: CancellationToken,
) {
    let connections = TaskTracker::new();
    let upstream = match behind.local_addr() {
        Ok(address) => address,
        Err(error) => {
            tracing::error!(%error, "the DynamoDB endpoint has no address");
            return;
        }
    };
    let stop = closing.clone();
    let server = tokio::spawn(dynoxide::server::serve_with_shutdown(
        behind,
        database,
        async move { stop.cancelled().await },
    ));
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = gate.accept() => accepted,
        };
        let (stream, down) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "the DynamoDB endpoint can no longer listen");
                break;
            }
        };
        let proxy = proxy::Proxy::new(upstream, Arc::clone(&faults), Arc::clone(&status));
        let (closing, status) = (closing.clone(), Arc::clone(&status));
        connections.spawn(async move {
            status.dynamodb(|counters| counters.connections += 1);
            tokio::select! {
                () = proxy.serve(stream) => {}
                () = down.cancelled() => {}
                () = closing.cancelled() => {}
            }
            status.dynamodb(|counters| counters.connections -= 1);
        });
    }
    connections.close();
    connections.wait().await;
    if let Ok(Err(error)) = server.await {
        tracing::error!(%error, "the DynamoDB server failed");
    }
}
