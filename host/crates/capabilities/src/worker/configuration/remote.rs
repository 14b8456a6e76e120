//! A worker on another machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mayfly_config::reader::{Key, Table, count, millis};

use super::local::OF_PROCESSES;
use crate::dial::tls::{CA_FILE, ClientCertificate};

/// `address` and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// `address`: `host:port`.
    pub address: String,
    /// Its host alone, which its certificate has to be of.
    pub host: String,
    /// `connections`: calls under way at once, each on a connection of its own. Default 4.
    pub connections: usize,
    /// `connect_timeout`: for name, TCP, TLS and hello together. Default 2 s.
    pub connect_timeout: Duration,
    /// `ca_file`: a PEM file with certificates of CAs, trusted besides those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// `client_certificate` and `client_key`, by which the worker knows the host.
    pub client_certificate: Option<ClientCertificate>,
}

pub(super) const ADDRESS: Key<'_> = Key::new(
    "address",
    "`host:port` of a worker on another machine, spoken to over TLS with certificates of both sides; in place of `command` and `dotnet`.",
);
const CONNECTIONS: Key<'_> = Key::new(
    "connections",
    "With `address`: calls under way at once, each on a connection of its own.",
);
const CONNECT_TIMEOUT: Key<'_> = Key::new(
    "connect_timeout",
    "With `address`: the time for name, TCP, TLS and hello together.",
);

/// The keys that are about another machine.
pub(super) const OF_ADDRESSES: [&str; 5] = [
    "connections",
    "connect_timeout",
    "ca_file",
    "client_certificate",
    "client_key",
];

impl Remote {
    /// Reads the keys about another machine; none when `address` is not there.
    pub(super) fn read(root: &Path, table: &mut Table<'_>) -> Option<Self> {
        let is_remote = table.has("address");
        let out_of_place: &[&str] = if is_remote {
            &OF_PROCESSES
        } else {
            &OF_ADDRESSES
        };
        for key in out_of_place.iter().filter(|key| table.has(key)) {
            let path = table.key(key);
            table.problem(if is_remote {
                format!("`{path}` is about processes of this machine, and `address` names another machine; remove one of them")
            } else {
                format!("`{path}` is about another machine, and there is no `address`; remove it")
            });
        }
        let shows_none = !table.has("client_certificate") && !table.has("client_key");
        let address = table.text_at(ADDRESS);
        let read = Self {
            address: String::new(),
            host: String::new(),
            connections: count(table.number(CONNECTIONS, 4, 1..=256)),
            connect_timeout: table.time(
                CONNECT_TIMEOUT,
                Duration::from_secs(2),
                millis(10)..=Duration::from_secs(60),
            ),
            ca_file: table.text(CA_FILE).map(|path| root.join(path)),
            client_certificate: ClientCertificate::read(root, table),
        };
        let (at, address) = address?;
        let host = address.rsplit_once(':').and_then(|(host, port)| {
            let is_whole = !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok();
            is_whole.then(|| host.to_owned())
        });
        if host.is_none() {
            let key = table.key("address");
            table.problem_at(
                at,
                format!("`{key}` must be \"host:port\", such as \"legacy.internal:7443\""),
            );
        }
        if shows_none {
            table.problem(format!(
                "`{}` has an address and no certificate to show there; add client_certificate = \"FILE.pem\" and client_key = \"FILE.key\"",
                table.path
            ));
        }
        Some(Self {
            host: host.unwrap_or_default(),
            address,
            ..read
        })
    }
}
