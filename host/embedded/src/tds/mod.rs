//! The SQL Server endpoint: TDS 7.4 over SQLite.
//!
//! A connection goes `session` (`login`, then `packet` → `request`, `parameters`) → `worker` (`call`) → `execute` (`settings`, `transaction`,
//! `query`, `exec`, `system`, `describe`) → `answer` (`tokens`). `type_info` and `encoding` write types and values. The types
//! themselves and the errors are in the crate's `sql_types`, T-SQL in its `tsql`. `tls` encrypts where there is a certificate. Not served: MARS, bulk load, table-valued parameters, prepared handles.

mod answer;
mod call;
mod database;
mod describe;
mod encoding;
mod exec;
mod execute;
mod flight;
mod login;
mod malformed;
mod packet;
mod parameters;
mod procedure;
mod query;
mod request;
mod session;
mod settings;
mod system;
mod tls;
mod tokens;
mod transaction;
mod type_info;
mod wire;
mod worker;

pub(crate) use database::{Databases, open};
pub(crate) use procedure::Procedure;
pub(crate) use tls::acceptor;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::faults::Faults;
use crate::gate::Gate;
use crate::status::Status;

/// What all sessions share.
pub(crate) struct Server {
    /// The databases and procedures.
    pub databases: Arc<Databases>,
    /// The one user.
    pub user: String,
    pub password: String,
    /// Where there is a certificate, every connection is encrypted.
    pub tls: Option<tokio_rustls::TlsAcceptor>,
    /// The switches.
    pub faults: Arc<Faults>,
    /// The counters.
    pub status: Arc<Status>,
}

/// Serves connections until `closing`.
pub(crate) async fn serve(mut gate: Gate, server: Arc<Server>, closing: CancellationToken) {
    // As on the server, user sessions are numbered from 51 on.
    let mut number = 50_u16;
    let sessions = tokio_util::task::TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = gate.accept() => accepted,
        };
        let (stream, down) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "the SQL Server endpoint can no longer listen");
                break;
            }
        };
        number = number.checked_add(1).unwrap_or(51);
        let session_closing = CancellationToken::new();
        let (ends, server, closing) = (
            session_closing.clone(),
            Arc::clone(&server),
            closing.clone(),
        );
        sessions.spawn(async move {
            let session = session::serve(stream, server, number, session_closing);
            tokio::pin!(session);
            tokio::select! {
                () = &mut session => return,
                () = down.cancelled() => ends.cancel(),
                () = closing.cancelled() => ends.cancel(),
            }
            session.await;
        });
    }
    sessions.close();
    sessions.wait().await;
}

#[cfg(test)]
mod tests;
