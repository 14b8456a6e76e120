//! `[server]`: addresses, and what the process as a whole may use.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::reader::Table;

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `listen`: GraphQL over HTTP. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// `admin_listen`: health and metrics. Default `127.0.0.1:8081`.
    pub admin_listen: SocketAddr,
    /// `max_body`: the largest request body, in bytes. Default 1 MiB.
    pub max_body_bytes: usize,
    /// `max_operations`: operations executed at once. Default 128.
    pub max_operations: usize,
    /// `max_queue`: operations that wait for a place; more are refused. Default 512.
    pub max_queue: usize,
    /// `guest_memory`: the sum of the memory caps of all invocations under way, in bytes. Default 1 GiB.
    pub guest_memory_bytes: u64,
    /// `plan_cache`: prepared operations kept, in bytes. Default 16 MiB.
    pub plan_cache_bytes: usize,
    /// `shutdown_grace`: how long what is running may take to finish after a signal. Default 30 s.
    pub shutdown_grace: Duration,
    /// `guest_headers`: request headers that guests may read, in lower case. Default none.
    pub guest_headers: Vec<String>,
    /// `store`: the directory for compiled modules, relative to the app. Default `.mayfly`.
    pub store: PathBuf,
}

impl Server {
    pub(crate) fn read(table: Option<Table<'_>>) -> Self {
        let mut server = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            max_body_bytes: 1 << 20,
            max_operations: 128,
            max_queue: 512,
            guest_memory_bytes: 1 << 30,
            plan_cache_bytes: 16 << 20,
            shutdown_grace: Duration::from_secs(30),
            guest_headers: Vec::new(),
            store: PathBuf::from(".mayfly"),
        };
        let Some(mut table) = table else { return server };
        server.listen = address(&mut table, "listen", server.listen);
        server.admin_listen = address(&mut table, "admin_listen", server.admin_listen);
        server.max_body_bytes = count(table.size("max_body", 1 << 20, 1..=1 << 30));
        server.max_operations = count(table.number("max_operations", 128, 1..=100_000));
        server.max_queue = count(table.number("max_queue", 512, 0..=1_000_000));
        server.guest_memory_bytes = table.size("guest_memory", 1 << 30, 1 << 20..=1 << 40);
        server.plan_cache_bytes = count(table.size("plan_cache", 16 << 20, 0..=1 << 34));
        let hour = Duration::from_secs(3_600);
        server.shutdown_grace = table.time("shutdown_grace", server.shutdown_grace, Duration::ZERO..=hour);
        server.guest_headers = table.texts("guest_headers").into_iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
        if let Some(store) = table.text("store") {
            server.store = PathBuf::from(store);
        }
        table.finish();
        server
    }
}

fn address(table: &mut Table<'_>, key: &str, default: SocketAddr) -> SocketAddr {
    let Some((at, text)) = table.text_at(key) else { return default };
    text.parse().unwrap_or_else(|_| {
        table.problem_at(at, format!("`{}` must be an address such as \"127.0.0.1:8080\"", table.key(key)));
        default
    })
}

/// A number that was checked to be small.
pub(crate) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
