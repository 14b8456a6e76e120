//! `[server]`: addresses, and what the process as a whole may use.

mod admin;
mod clients;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

pub use admin::{AdminToken, Role};
pub use clients::{Clients, HostName};

use crate::compile_priority::CompilePriority;
use crate::key::Key;
use crate::reader::{Table, count};
use crate::tls::Tls;

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
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// `[server.tls]`.
    pub tls: Option<Tls>,
    /// `[server.admin_tls]`.
    pub admin_tls: Option<Tls>,
    /// `max_body`.
    pub max_body_bytes: usize,
    pub max_operations: usize,
    pub max_queue: usize,
    pub max_connections: usize,
    /// `request_memory`.
    pub request_memory_bytes: u64,
    /// `answer_memory`.
    pub answer_memory_bytes: u64,
    /// `compression`.
    pub compression: bool,
    /// `compress_above`.
    pub compress_above_bytes: usize,
    /// What a client may take its time with.
    pub clients: Clients,
    /// `hosts`; any when empty.
    pub hosts: Vec<HostName>,
    /// `trusted_proxies`.
    pub trusted_proxies: Vec<IpNet>,
    /// `guest_memory`.
    pub guest_memory_bytes: u64,
    /// `plan_cache`.
    pub plan_cache_bytes: usize,
    pub shutdown_grace: Duration,
    /// `drain_delay`; none where it depends on whether an operation runs.
    pub drain_delay: Option<Duration>,
    /// `guest_headers`, in lower case.
    pub guest_headers: Vec<String>,
    pub error_detail: ErrorDetail,
    pub introspection: bool,
    pub introspect_protected: bool,
    pub page: bool,
    /// `store`, relative to the app.
    pub store: PathBuf,
    /// `admin_token`, and `[server.admin_tokens.NAME]`; without any, who reaches the admin address may look, and nobody may change
    /// anything.
    pub admin_tokens: Vec<AdminToken>,
    /// `admin_hosts`.
    pub admin_hosts: Vec<HostName>,
    pub watch: bool,
    pub live_versions: usize,
    pub kept_versions: usize,
    pub swap_wait: Duration,
    /// `compile_memory`.
    pub compile_memory_bytes: u64,
    pub compile_time: Duration,
    pub compile_priority: CompilePriority,
}

impl Server {
    /// The keys that only a restart can change, and that are not what they were.
    #[must_use]
    pub fn changed_keys(&self, was: &Self) -> Vec<&'static str> {
        let keys = [
            ("listen", self.listen == was.listen),
            ("admin_listen", self.admin_listen == was.admin_listen),
            ("tls", self.tls.is_some() == was.tls.is_some()),
            (
                "admin_tls",
                self.admin_tls.is_some() == was.admin_tls.is_some(),
            ),
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
            ("compression", self.compression == was.compression),
            (
                "compress_above",
                self.compress_above_bytes == was.compress_above_bytes,
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
            introspect_protected: was.introspect_protected,
            page: was.page,
            admin_tokens: was.admin_tokens.clone(),
            admin_hosts: was.admin_hosts.clone(),
            trusted_proxies: was.trusted_proxies.clone(),
            tls: was.tls.clone(),
            admin_tls: was.admin_tls.clone(),
            ..self.clone()
        };
        // A key that is missing above is still a change.
        if changed.is_empty() && fixed != *was {
            vec!["*"]
        } else {
            changed
        }
    }

    pub(crate) fn read(root: &Path, table: Option<Table<'_>>) -> Self {
        let mut server = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            tls: None,
            admin_tls: None,
            max_body_bytes: 1 << 20,
            max_operations: 128,
            max_queue: 512,
            max_connections: 1_024,
            request_memory_bytes: 256 << 20,
            answer_memory_bytes: 64 << 20,
            compression: true,
            compress_above_bytes: 1 << 10,
            clients: Clients::default(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            guest_memory_bytes: 1 << 30,
            plan_cache_bytes: 16 << 20,
            shutdown_grace: Duration::from_secs(30),
            drain_delay: None,
            guest_headers: Vec::new(),
            error_detail: ErrorDetail::default(),
            introspection: true,
            introspect_protected: true,
            page: true,
            store: PathBuf::from(".mayfly"),
            admin_tokens: Vec::new(),
            admin_hosts: Vec::new(),
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
        server.read_addresses(root, &mut table);
        server.read_requests(&mut table);
        server.read_what_is_told(&mut table);
        server.read_ending(&mut table);
        server.read_versions(&mut table);
        table.finish();
        server
    }

    fn read_addresses(&mut self, root: &Path, table: &mut Table<'_>) {
        let listen = Key::new("listen", "The address for GraphQL over HTTP.").or("127.0.0.1:8080");
        let admin_listen = Key::new(
            "admin_listen",
            "The address for health, metrics and the administration of modules.",
        )
        .or("127.0.0.1:8081");
        self.listen = address(table, listen, self.listen);
        self.admin_listen = address(table, admin_listen, self.admin_listen);
        let tls = Key::new(
            "tls",
            "The certificate for clients; without this table they use plain HTTP.",
        );
        let admin_tls = Key::new("admin_tls", "The certificate for operators.");
        self.tls = table.table(tls).map(|table| Tls::read(root, table));
        self.admin_tls = table.table(admin_tls).map(|table| Tls::read(root, table));
        self.hosts = clients::host_names(table, clients::HOSTS);
        self.trusted_proxies = clients::networks(table, clients::TRUSTED_PROXIES);
        self.admin_hosts = clients::host_names(table, admin::HOSTS);
        self.admin_tokens = admin::tokens(table);
    }

    fn read_requests(&mut self, table: &mut Table<'_>) {
        let max_body = Key::new("max_body", "The largest request body.");
        self.max_body_bytes = count(table.size(max_body, 1 << 20, 1..=1 << 30));
        let max_operations = Key::new("max_operations", "Operations executed at once.");
        self.max_operations = count(table.number(max_operations, 128, 1..=100_000));
        let max_queue = Key::new(
            "max_queue",
            "Operations that wait for a place; more are refused.",
        );
        self.max_queue = count(table.number(max_queue, 512, 0..=1_000_000));
        let max_connections = Key::new(
            "max_connections",
            "Connections of clients at once; more wait to be accepted.",
        );
        self.max_connections = count(table.number(max_connections, 1_024, 1..=1_000_000));
        self.request_memory_bytes = table.size(REQUEST_MEMORY, 256 << 20, 1 << 20..=1 << 40);
        self.answer_memory_bytes = table.size(ANSWER_MEMORY, 64 << 20, 1 << 20..=1 << 40);
        let compression = Key::new(
            "compression",
            "Whether answers are compressed for clients that accept that.",
        );
        self.compression = table.flag(compression, self.compression);
        let compress_above = Key::new("compress_above", "The smallest answer that is compressed.");
        self.compress_above_bytes = count(table.size(compress_above, 1 << 10, 0..=1 << 30));
        self.clients = Clients::read(table);
        let guest_memory = Key::new(
            "guest_memory",
            "The sum of the memory caps of all invocations under way.",
        );
        self.guest_memory_bytes = table.size(guest_memory, 1 << 30, 1 << 20..=1 << 40);
        let plan_cache = Key::new("plan_cache", "Bytes of prepared operations that are kept.");
        self.plan_cache_bytes = count(table.size(plan_cache, 16 << 20, 0..=1 << 34));
    }

    fn read_what_is_told(&mut self, table: &mut Table<'_>) {
        let guest_headers = Key::new("guest_headers", "Request headers that guests may read.");
        let names = table.texts(guest_headers.or("none")).into_iter();
        self.guest_headers = names.map(|(_, name)| name.to_ascii_lowercase()).collect();
        let words = [("code", ErrorDetail::Code), ("full", ErrorDetail::Full)];
        self.error_detail = table.word(ERROR_DETAIL, &words).unwrap_or_default();
        let introspection = Key::new("introspection", "Whether clients may ask for the schema.");
        self.introspection = table.flag(introspection, self.introspection);
        let introspect_protected = Key::new(
            "introspect_protected",
            "Whether introspection shows fields and types that not everybody may see, by `@auth`.",
        );
        self.introspect_protected = table.flag(introspect_protected, self.introspect_protected);
        let page = Key::new("page", "Whether a page to try queries on is served at `/`.");
        self.page = table.flag(page, self.page);
    }

    fn read_ending(&mut self, table: &mut Table<'_>) {
        let shutdown_grace = Key::new(
            "shutdown_grace",
            "How long what is running may take to finish after a signal.",
        );
        self.shutdown_grace =
            table.time(shutdown_grace, self.shutdown_grace, Duration::ZERO..=HOUR);
        self.drain_delay = table.time_if_set(DRAIN_DELAY, &(Duration::ZERO..=HOUR));
    }

    fn read_versions(&mut self, table: &mut Table<'_>) {
        if let Some(store) = table.text(STORE) {
            self.store = PathBuf::from(store);
        }
        let watch = Key::new(
            "watch",
            "Whether a component file that changes is deployed.",
        );
        self.watch = table.flag(watch, self.watch);
        // Below three there is no place for the active version, the one before it, and one coming in.
        self.live_versions = count(table.number(LIVE_VERSIONS, 4, 3..=64));
        let kept_versions = Key::new(
            "kept_versions",
            "Activations of one module that are kept to roll back to.",
        );
        self.kept_versions = count(table.number(kept_versions, 8, 2..=1_000));
        let swap_wait = Key::new(
            "swap_wait",
            "How long a new version waits for operations to release old ones.",
        );
        let (least, most) = (Duration::from_millis(1), HOUR);
        self.swap_wait = table.time(swap_wait, self.swap_wait, least..=most);
        let compile_memory = Key::new(
            "compile_memory",
            "Address space of the process that compiles a version.",
        );
        let range = 64 << 20..=1 << 40;
        self.compile_memory_bytes = table.size(compile_memory, self.compile_memory_bytes, range);
        let compile_time = Key::new(
            "compile_time",
            "Processor time of the process that compiles a version, of all its threads together.",
        );
        let least = Duration::from_secs(1);
        self.compile_time = table.time(compile_time, self.compile_time, least..=HOUR);
        let priorities = CompilePriority::ALL.map(|priority| (priority.as_str(), priority));
        self.compile_priority = table
            .word(COMPILE_PRIORITY, &priorities)
            .unwrap_or(self.compile_priority);
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

const REQUEST_MEMORY: Key<'_> = Key::new(
    "request_memory",
    "What requests may take from their first byte until they are answered; more are refused. A body counts as it arrives, and while it is \
     parsed with the most that its text can become.",
);
const ANSWER_MEMORY: Key<'_> = Key::new(
    "answer_memory",
    "What answers may take that clients have not read yet. When it is used up, the client that has read nothing for longest is \
     disconnected.",
);
const ERROR_DETAIL: Key<'_> = Key::new(
    "error_detail",
    "How much of an error clients read. `code`: what the client did wrong, and what a module says on purpose; of anything else the code and \
     the trace. `full`: every message, with the names of modules, types and limits. The log has everything either way.",
)
.or("code");
const DRAIN_DELAY: Key<'_> = Key::new(
    "drain_delay",
    "How long requests are still accepted after a signal, while `/readyz` already answers 503, so that load balancers go elsewhere first.",
)
.or("1 s while an operation runs, and none otherwise");
const STORE: Key<'_> = Key::new(
    "store",
    "The directory for versions of modules and the list of what is active, relative to the app.",
)
.or(".mayfly");
const LIVE_VERSIONS: Key<'_> = Key::new(
    "live_versions",
    "Versions of one module in memory at once: the active one, the one before it, those that operations still hold, and a new one.",
);
const COMPILE_PRIORITY: Key<'_> = Key::new(
    "compile_priority",
    "How the process that compiles a version competes for the processor while requests are answered. `normal`: as requests; `low`: requests \
     come first; `idle`: only when the processor has nothing else to do, which on a busy machine may be never.",
)
.or("low");
fn address(table: &mut Table<'_>, key: Key<'_>, default: SocketAddr) -> SocketAddr {
    let Some((at, text)) = table.text_at(key) else {
        return default;
    };
    text.parse().unwrap_or_else(|_| {
        table.problem_at(
            at,
            format!(
                "`{}` must be an address such as \"127.0.0.1:8080\"",
                table.key(key.name)
            ),
        );
        default
    })
}
