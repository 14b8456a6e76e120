//! The HTTP endpoint: small services that answer with JSON documents, and everything that goes wrong with services.
//!
//! One port serves them all, each below its name: `/enrolment/students/S1`. It speaks HTTP/1.1 on sockets of its own, because most of its
//! faults are answers that no library would write.

mod connection;
mod documents;
mod message;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::Faults;
use crate::gate::Gate;
use crate::status::Status;

pub(crate) use documents::{Documents, Seed};

/// Serves until `closing`.
pub(crate) async fn serve(
    mut gate: Gate,
    documents: Documents,
    faults: Arc<Faults>,
    status: Arc<Status>,
    closing: CancellationToken,
) {
    let documents = Arc::new(documents);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = gate.accept() => accepted,
        };
        let (stream, down) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "the HTTP endpoint can no longer listen");
                break;
            }
        };
        let (faults, documents) = (Arc::clone(&faults), Arc::clone(&documents));
        let (closing, status) = (closing.clone(), Arc::clone(&status));
        connections.spawn(async move {
            status.http(|counters| counters.connections += 1);
            tokio::select! {
                () = connection::serve(stream, &documents, &faults, &status) => {}
                () = down.cancelled() => {}
                () = closing.cancelled() => {}
            }
            status.http(|counters| counters.connections -= 1);
        });
    }
    connections.close();
    connections.wait().await;
}
