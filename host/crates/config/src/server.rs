//! `[server]`: addresses, and what the process as a whole may use.

mod clients;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use clients::{Clients, HostName};

use crate::compile_priority::CompilePriority;
use crate::outside::Given;
use crate::reader::{Table, count};
use crate::secret::Secret;

/// How much of an error clients read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorDetail {
    /// `"code"`: what the client did wrong, and what a module says on purpose; of anything else the code and the trace.
    #[default]
    Code,
    /// `"full"`: every message, with the names of modules, types and limits.
    Full,
}

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
    /// `max_connections`: of clients, at once; more wait to be accepted. Default 1,024.
    pub max_connections: usize,
    /// `request_memory`: what requests may take from their first byte until they are answered, in bytes; more are refused. Default
    /// 256 MiB. A body counts as it arrives, and while it is parsed with the most that its text can become.
    pub request_memory_bytes: u64,
    /// `answer_memory`: what answers may take that clients have not read yet, in bytes. When it is used up, the client that has
    /// read nothing for longest is disconnected. Default 64 MiB.
    pub answer_memory_bytes: u64,
    /// What a client may take its time with.
    pub clients: Clients,
    /// `hosts`: the names clients may use for this server, each with or without a port. Default any.
    pub hosts: Vec<HostName>,
    /// `guest_memory`: the sum of the memory caps of all invocations under way, in bytes. Default 1 GiB.
    pub guest_memory_bytes: u64,
    /// `plan_cache`: prepared operations kept, in bytes. Default 16 MiB.
    pub plan_cache_bytes: usize,
    /// `shutdown_grace`: how long what is running may take to finish after a signal. Default 30 s.
    pub shutdown_grace: Duration,
    /// `drain_delay`: how long requests are still accepted after a signal, while `/readyz` already answers 503, so that load
    /// balancers look elsewhere first. Default 1 s while an operation runs, and none otherwise.
    pub drain_delay: Option<Duration>,
    /// `guest_headers`: request headers that guests may read, in lower case. Default none.
    pub guest_headers: Vec<String>,
    /// `error_detail`: how much of an error clients read, `"code"` or `"full"`. Default `"code"`. The log has everything either way.
    pub error_detail: ErrorDetail,
    /// `introspection`: whether clients may ask for the schema. Default true.
    pub introspection: bool,
    /// `page`: whether a page to try queries on is served at `/`. Default true.
    pub page: bool,
    /// `store`: the directory for versions of modules and the list of what is active, relative to the app. Default `.mayfly`.
    pub store: PathBuf,
    /// `admin_token`: what a bearer has to show to change modules while they run; a secret. Default none: nobody may.
    pub admin_token: Option<Secret>,
    /// `watch`: whether a component file that changes is deployed. Default true.
    pub watch: bool,
    /// `live_versions`: versions of one module in memory at once: the active one, the one before it, those that operations still
    /// hold, and the one coming in. Default 4.
    pub live_versions: usize,
    /// `kept_versions`: activations of one module that are remembered, to roll back to. Default 8.
    pub kept_versions: usize,
    /// `swap_wait`: how long a version coming in waits for operations to let go of old ones. Default 30 s.
    pub swap_wait: Duration,
    /// `compile_memory`: address space of the process that compiles a version, in bytes. Default 4 GiB.
    pub compile_memory_bytes: u64,
    /// `compile_time`: processor time of the process that compiles a version, of all its threads together. Default 300 s.
    pub compile_time: Duration,
    /// `compile_priority`: `normal`, `low` or `idle`, of that process while requests are answered. Default `low`.
    pub compile_priority: CompilePriority,
}

impl Server {
    /// The keys that only a restart can change, and that are not what they were.
    #[must_use]
    pub fn changed_keys(&self, was: &Self) -> Vec<&'static str> {
        let keys = [
            ("listen", self.listen == was.listen),
            ("admin_listen", self.admin_listen == was.admin_listen),
            ("max_body", self.max_body_bytes == was.max_body_bytes),
            ("max_operations", self.max_operations == was.max_operations),
            ("max_queue", self.max_queue == was.max_queue),
            (
                "max_connections",
                self.max_connections == was.max_connections,
            ),
            (
                "request_memory",
                self.request_memory_bytes == was.request_memory_bytes,
            ),
            (
                "answer_memory",
                self.answer_memory_bytes == was.answer_memory_bytes,
            ),
            (
                "head_timeout",
                self.clients.head_timeout == was.clients.head_timeout,
            ),
            (
                "body_timeout",
                self.clients.body_timeout == was.clients.body_timeout,
            ),
            (
                "write_timeout",
                self.clients.write_timeout == was.clients.write_timeout,
            ),
            (
                "idle_timeout",
                self.clients.idle_timeout == was.clients.idle_timeout,
            ),
            (
                "min_rate",
                self.clients.min_rate_bytes == was.clients.min_rate_bytes,
            ),
            (
                "max_streams",
                self.clients.max_streams == was.clients.max_streams,
            ),
            ("hosts", self.hosts == was.hosts),
            (
                "guest_memory",
                self.guest_memory_bytes == was.guest_memory_bytes,
            ),
            ("plan_cache", self.plan_cache_bytes == was.plan_cache_bytes),
            ("shutdown_grace", self.shutdown_grace == was.shutdown_grace),
            ("drain_delay", self.drain_delay == was.drain_delay),
            ("guest_headers", self.guest_headers == was.guest_headers),
            ("store", self.store == was.store),
            ("watch", self.watch == was.watch),
            ("live_versions", self.live_versions == was.live_versions),
            ("kept_versions", self.kept_versions == was.kept_versions),
            ("swap_wait", self.swap_wait == was.swap_wait),
            (
                "compile_memory",
                self.compile_memory_bytes == was.compile_memory_bytes,
            ),
            ("compile_time", self.compile_time == was.compile_time),
            (
                "compile_priority",
                self.compile_priority == was.compile_priority,
            ),
        ];
        let changed: Vec<_> = keys
            .into_iter()
            .filter(|(_, same)| !same)
            .map(|(key, _)| key)
            .collect();
        let fixed = Self {
            error_detail: was.error_detail,
            introspection: was.introspection,
            page: was.page,
            admin_token: was.admin_token.clone(),
            ..self.clone()
        };
        // A key that is missing above is a change all the same.
        if changed.is_empty() && fixed != *was {
            vec!["*"]
        } else {
            changed
        }
    }

    pub(crate) fn read(table: Option<Table<'_>>) -> Self {
        let mut server = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            max_body_bytes: 1 << 20,
            max_operations: 128,
            max_queue: 512,
            max_connections: 1_024,
            request_memory_bytes: 256 << 20,
            answer_memory_bytes: 64 << 20,
            clients: Clients::default(),
            hosts: Vec::new(),
            guest_memory_bytes: 1 << 30,
            plan_cache_bytes: 16 << 20,
            shutdown_grace: Duration::from_secs(30),
            drain_delay: None,
            guest_headers: Vec::new(),
            error_detail: ErrorDetail::default(),
            introspection: true,
            page: true,
            store: PathBuf::from(".mayfly"),
            admin_token: None,
            watch: true,
            live_versions: 4,
            kept_versions: 8,
            swap_wait: Duration::from_secs(30),
            compile_memory_bytes: 4 << 30,
            compile_time: Duration::from_secs(300),
            compile_priority: CompilePriority::Low,
        };
        let Some(mut table) = table else {
            return server;
        };
        server.listen = address(&mut table, "listen", server.listen);
        server.admin_listen = address(&mut table, "admin_listen", server.admin_listen);
        server.max_body_bytes = count(table.size("max_body", 1 << 20, 1..=1 << 30));
        server.max_operations = count(table.number("max_operations", 128, 1..=100_000));
        server.max_queue = count(table.number("max_queue", 512, 0..=1_000_000));
        server.max_connections = count(table.number("max_connections", 1_024, 1..=1_000_000));
        server.request_memory_bytes = table.size("request_memory", 256 << 20, 1 << 20..=1 << 40);
        server.answer_memory_bytes = table.size("answer_memory", 64 << 20, 1 << 20..=1 << 40);
        server.clients = Clients::read(&mut table);
        server.hosts = clients::host_names(&mut table);
        server.guest_memory_bytes = table.size("guest_memory", 1 << 30, 1 << 20..=1 << 40);
        server.plan_cache_bytes = count(table.size("plan_cache", 16 << 20, 0..=1 << 34));
        let hour = Duration::from_secs(3_600);
        server.shutdown_grace = table.time(
            "shutdown_grace",
            server.shutdown_grace,
            Duration::ZERO..=hour,
        );
        if table.has("drain_delay") {
            server.drain_delay =
                Some(table.time("drain_delay", Duration::ZERO, Duration::ZERO..=hour));
        }
        server.guest_headers = table
            .texts("guest_headers")
            .into_iter()
            .map(|(_, name)| name.to_ascii_lowercase())
            .collect();
        server.error_detail = error_detail(&mut table);
        server.introspection = table.flag("introspection", server.introspection);
        server.page = table.flag("page", server.page);
        if let Some(store) = table.text("store") {
            server.store = PathBuf::from(store);
        }
        server.admin_token = admin_token(&mut table);
        server.watch = table.flag("watch", server.watch);
        // Below three there is no place for the active version, the one before it, and one coming in.
        server.live_versions = count(table.number("live_versions", 4, 3..=64));
        server.kept_versions = count(table.number("kept_versions", 8, 2..=1_000));
        server.swap_wait = table.time(
            "swap_wait",
            server.swap_wait,
            Duration::from_millis(1)..=hour,
        );
        server.compile_memory_bytes = table.size(
            "compile_memory",
            server.compile_memory_bytes,
            64 << 20..=1 << 40,
        );
        server.compile_time = table.time(
            "compile_time",
            server.compile_time,
            Duration::from_secs(1)..=hour,
        );
        server.compile_priority = compile_priority(&mut table, server.compile_priority);
        table.finish();
        server
    }
}

fn address(table: &mut Table<'_>, key: &str, default: SocketAddr) -> SocketAddr {
    let Some((at, text)) = table.text_at(key) else {
        return default;
    };
    text.parse().unwrap_or_else(|_| {
        table.problem_at(
            at,
            format!(
                "`{}` must be an address such as \"127.0.0.1:8080\"",
                table.key(key)
            ),
        );
        default
    })
}

fn error_detail(table: &mut Table<'_>) -> ErrorDetail {
    let Some((at, word)) = table.text_at("error_detail") else {
        return ErrorDetail::default();
    };
    match word.as_str() {
        "code" => ErrorDetail::Code,
        "full" => ErrorDetail::Full,
        _ => {
            let key = table.key("error_detail");
            table.problem_at(at, format!("`{key}` must be \"code\" or \"full\""));
            ErrorDetail::default()
        }
    }
}

fn compile_priority(table: &mut Table<'_>, default: CompilePriority) -> CompilePriority {
    let Some((at, text)) = table.text_at("compile_priority") else {
        return default;
    };
    CompilePriority::parse(&text).unwrap_or_else(|| {
        table.problem_at(
            at,
            format!(
                "`{}` must be \"normal\", \"low\" or \"idle\"",
                table.key("compile_priority")
            ),
        );
        default
    })
}

/// Tokens shorter than this are guessed.
const TOKEN_CHARACTERS: usize = 16;

fn admin_token(table: &mut Table<'_>) -> Option<Secret> {
    let Given::Text(token) = table.secret("admin_token") else {
        return None;
    };
    if token.len() < TOKEN_CHARACTERS {
        table.problem(format!("`server.admin_token` is shorter than {TOKEN_CHARACTERS} characters; use a long random one"));
        return None;
    }
    Some(Secret::new(token))
}
