//! `[http.NAME]`: what a pool of connections reaches, and how hard.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderName};
use mayfly_config::Config;
use mayfly_config::reader::{Key, Table, count, millis};

use super::base::{Base, is_plain_segment};
use super::credentials::Credentials;
use super::{Circuit, ClientCertificate};
use crate::dial::tls::CA_FILE;

/// `[http.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name guests use.
    pub name: String,
    /// The line of the file it begins in, from 1.
    pub line: usize,
    /// `base`: "https://host/prefix", "http://…" or "embedded".
    pub base: Base,
    /// Whether `base` is in the file, so that modules that are granted routes may know it when they are built.
    pub base_is_told: bool,
    /// `bearer`, `basic` or `header`.
    pub credentials: Option<Credentials>,
    /// `max_connections`: requests under way at once, and connections. Default 16.
    pub max_connections: usize,
    /// `connect_timeout`: for name, TCP and TLS together. Default 1 s.
    pub connect_timeout: Duration,
    /// `timeout`: for one call, waiting and retries included; its deadline may be sooner. Default 5 s.
    pub timeout: Duration,
    /// `attempt_timeout`: for one send of an idempotent request; then it is sent again. Default 1 s.
    pub attempt_timeout: Duration,
    /// `max_attempts`: sends of one idempotent request, the first included. Default 3.
    pub max_attempts: u32,
    /// `max_answer`: bytes of the largest body that is read. Default 1 MiB.
    pub max_answer_bytes: usize,
    /// `accept_gzip`: whether answers are asked for in gzip. Default no.
    pub accept_gzip: bool,
    /// `max_idle`: a connection unused for this long is closed. Default 4 s, because servers on Node close theirs after five.
    pub max_idle: Duration,
    /// `circuit_failures` and `circuit_open`.
    pub circuit: Circuit,
    /// `ca_file`: a PEM file with certificates of CAs, trusted besides those that the system trusts. Read when the app is loaded.
    pub ca_file: Option<PathBuf>,
    /// `client_certificate` and `client_key`.
    pub client_certificate: Option<ClientCertificate>,
    /// `http2`: whether to speak HTTP/2, on one connection. Default no.
    pub http2: bool,
    /// `forward`: what is passed on of the operation that asks. Default `traceparent`.
    pub forward: Forward,
    /// `probe`: a path that answers 2xx when the service is ready; then readiness depends on it.
    pub probe: Option<String>,
    /// `allow_addresses`: link-local and metadata addresses that may be connected to anyway.
    pub allow_addresses: Vec<IpAddr>,
    /// `proxy`: `host:port` of an HTTP proxy, through which connections are tunnelled (`CONNECT`).
    pub proxy: Option<String>,
}

/// `forward`: what is passed on of the operation that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// `traceparent`: the trace of the operation, with a span of its own.
    pub traceparent: bool,
    /// `authorization`: the caller's token, once it was verified.
    pub authorization: bool,
    /// Headers of the client's request, of those in `server.guest_headers`.
    pub headers: Vec<HeaderName>,
}

impl Default for Forward {
    fn default() -> Self {
        Self {
            traceparent: true,
            authorization: false,
            headers: Vec::new(),
        }
    }
}

const MAX_CONNECTIONS: Key<'_> = Key::new(
    "max_connections",
    "Requests under way at once, and connections to the service.",
);
const CONNECT_TIMEOUT: Key<'_> = Key::new(
    "connect_timeout",
    "The time for name, TCP, proxy and TLS together.",
);
const TIMEOUT: Key<'_> = Key::new(
    "timeout",
    "The time one call has, waiting and retries included; the invocation's deadline may be sooner.",
);
const ATTEMPT_TIMEOUT: Key<'_> = Key::new(
    "attempt_timeout",
    "The time one send of an idempotent request has; then it is sent again.",
);
const MAX_ATTEMPTS: Key<'_> = Key::new(
    "max_attempts",
    "Sends of one request, the first included. What may do something twice is sent once.",
);
const MAX_ANSWER: Key<'_> = Key::new(
    "max_answer",
    "The largest body that is read, after unpacking.",
);
const ACCEPT_GZIP: Key<'_> = Key::new(
    "accept_gzip",
    "Whether to ask for answers in gzip: less on the network for more of both processors.",
);
const MAX_IDLE: Key<'_> = Key::new(
    "max_idle",
    "A connection unused for this long is closed. Servers on Node close theirs after five seconds, so stay below.",
);
const CIRCUIT_FAILURES: Key<'_> = Key::new(
    "circuit_failures",
    "Consecutive failures after which nothing is sent for a while; 0 for never.",
);
const CIRCUIT_OPEN: Key<'_> = Key::new(
    "circuit_open",
    "How long nothing is sent then, before a single request may try.",
);
const HTTP2: Key<'_> = Key::new(
    "http2",
    "Whether to speak HTTP/2, on one connection. Over TLS the service has to agree; without TLS it is assumed to.",
);
const FORWARD: Key<'_> = Key::new("forward", "What is passed on of the operation: `traceparent`, `authorization` (the caller's verified token; needs `[callers]`), and headers \
     in `server.guest_headers`.").or("traceparent");
const PROBE: Key<'_> = Key::new(
    "probe",
    "A path that answers 2xx when the service is ready; then `/readyz` depends on it.",
);
const ALLOW_ADDRESSES: Key<'_> = Key::new(
    "allow_addresses",
    "Link-local and metadata addresses that may be connected to anyway.",
);
const PROXY: Key<'_> = Key::new(
    "proxy",
    "`host:port` of an HTTP proxy, through which connections are tunnelled.",
);
const BASE: Key<'_> = Key::new(
    "base",
    "`https://host/prefix`, `http://host/prefix`, or `embedded`.",
)
.or("required");

impl Service {
    pub(super) fn read(root: &Path, name: String, mut table: Table<'_>) -> Self {
        let line = table.line();
        let hour = Duration::from_secs(3_600);
        let most_time = Duration::from_secs(300);
        let service = Self {
            base_is_told: table.stands_in_file(BASE),
            base: base(&mut table),
            credentials: Credentials::read(&mut table),
            max_connections: count(table.number(MAX_CONNECTIONS, 16, 1..=1_000)),
            connect_timeout: table.time(
                CONNECT_TIMEOUT,
                Duration::from_secs(1),
                millis(10)..=most_time,
            ),
            timeout: table.time(TIMEOUT, Duration::from_secs(5), millis(10)..=most_time),
            attempt_timeout: table.time(
                ATTEMPT_TIMEOUT,
                Duration::from_secs(1),
                millis(10)..=most_time,
            ),
            max_attempts: u32::try_from(table.number(MAX_ATTEMPTS, 3, 1..=10)).unwrap_or(3),
            max_answer_bytes: count(table.size(MAX_ANSWER, 1 << 20, 1_024..=64 << 20)),
            max_idle: table.time(MAX_IDLE, Duration::from_secs(4), millis(10)..=hour),
            circuit: Circuit {
                failures: u32::try_from(table.number(CIRCUIT_FAILURES, 10, 0..=10_000))
                    .unwrap_or(10),
                open: table.time(CIRCUIT_OPEN, Duration::from_secs(5), millis(10)..=hour),
            },
            ca_file: table.text(CA_FILE).map(|path| root.join(path)),
            client_certificate: ClientCertificate::read(root, &mut table),
            http2: table.flag(HTTP2, false),
            accept_gzip: table.flag(ACCEPT_GZIP, false),
            forward: forward(&mut table),
            probe: probe(&mut table),
            allow_addresses: addresses(&mut table),
            proxy: proxy(&mut table),
            name,
            line,
        };
        if !service.base.is_tls()
            && (service.ca_file.is_some() || service.client_certificate.is_some())
        {
            table.problem(format!(
                "`{}` names certificates, and its base is not https; use https, or remove them",
                table.path
            ));
        }
        service.check_headers(&table);
        table.finish();
        service
    }

    /// Nothing that is passed on may take the place of the credentials.
    fn check_headers(&self, table: &Table<'_>) {
        let Some(credentials) = &self.credentials else {
            return;
        };
        let name = &credentials.name;
        let twice = self.forward.headers.contains(name)
            || (self.forward.authorization && *name == AUTHORIZATION);
        if twice {
            table.problem(format!(
                "`{}` passes on `{name}` of the client and has credentials of its own in it; keep one",
                table.key("forward")
            ));
        }
    }

    /// The files it names.
    pub(in crate::http) fn named_files(&self) -> impl Iterator<Item = &Path> {
        let client = self.client_certificate.iter();
        let client = client.flat_map(|client| [client.chain.as_path(), client.key.as_path()]);
        self.ca_file.as_deref().into_iter().chain(client)
    }

    /// What is wrong with it when everything is seen together.
    pub(super) fn check(&self, config: &Config) -> Vec<String> {
        let key = format!("http.{}.forward", mayfly_config::key(&self.name));
        let mut problems = Vec::new();
        if self.forward.authorization && config.callers.is_none() {
            problems.push(format!(
                "`{key}` passes on the caller's token, which nobody verifies; add [callers]"
            ));
        }
        for name in &self.forward.headers {
            let name = name.as_str();
            if !config
                .server
                .guest_headers
                .iter()
                .any(|known| known == name)
            {
                problems.push(format!(
                    "`{key}` passes on `{name}`, which is not in `server.guest_headers`; add it there"
                ));
            }
        }
        problems
    }
}

fn base(table: &mut Table<'_>) -> Base {
    let nowhere = Base::Embedded;
    let missing = (!table.has("base")).then(|| (table.at, String::new()));
    let Some((at, text)) = table.text_at(BASE).or(missing) else {
        // The problem was reported.
        return nowhere;
    };
    Base::parse(&text).unwrap_or_else(|problem| {
        // The text may hold a password, so it is not shown.
        table.problem_at(at, format!("`{}` {problem}", table.key("base")));
        nowhere
    })
}

fn forward(table: &mut Table<'_>) -> Forward {
    let is_set = table.has("forward");
    let texts = table.texts(FORWARD);
    if !is_set {
        return Forward::default();
    }
    let mut forward = Forward {
        traceparent: false,
        ..Forward::default()
    };
    let key = table.key("forward");
    for (at, text) in texts {
        match text.to_ascii_lowercase().as_str() {
            "traceparent" => forward.traceparent = true,
            "authorization" => forward.authorization = true,
            lower => match HeaderName::from_bytes(lower.as_bytes()) {
                Ok(name) if !is_of_connections(&name) => forward.headers.push(name),
                _ => table.problem_at(
                    at,
                    format!("`{key}` names `{text}`, which is not a header that can be passed on; remove it"),
                ),
            },
        }
    }
    forward
}

/// Whether a header is about one connection, or about the body or address of one request.
fn is_of_connections(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("proxy-")
        || matches!(
            name,
            "host"
                | "connection"
                | "keep-alive"
                | "transfer-encoding"
                | "te"
                | "trailer"
                | "upgrade"
                | "content-length"
                | "content-type"
                | "content-encoding"
                | "accept-encoding"
                | "expect"
                | "http2-settings"
        )
}

fn probe(table: &mut Table<'_>) -> Option<String> {
    let (at, path) = table.text_at(PROBE)?;
    let parts = path.strip_prefix('/').map(|inner| inner.split('/'));
    let is_plain = path == "/" || parts.is_some_and(|mut parts| parts.all(is_plain_segment));
    if !is_plain {
        let key = table.key("probe");
        table.problem_at(
            at,
            format!("`{key}` must be a plain path such as \"/health\""),
        );
    }
    is_plain.then_some(path)
}

fn addresses(table: &mut Table<'_>) -> Vec<IpAddr> {
    let texts = table.texts(ALLOW_ADDRESSES);
    let key = table.key("allow_addresses");
    let mut addresses = Vec::new();
    for (at, text) in texts {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => table.problem_at(
                at,
                format!("`{key}` has `{text}`, which is not an IP address; write one such as \"169.254.169.254\""),
            ),
        }
    }
    addresses
}

fn proxy(table: &mut Table<'_>) -> Option<String> {
    let (at, text) = table.text_at(PROXY)?;
    let port = text.rsplit_once(':').and_then(|(host, port)| {
        (!host.is_empty() && !host.contains('/')).then(|| port.parse::<u16>().ok())?
    });
    if port.is_none() {
        let key = table.key("proxy");
        table.problem_at(
            at,
            format!("`{key}` must be \"host:port\", such as \"proxy.internal:3128\""),
        );
    }
    port.is_some().then_some(text)
}
