//! What clients may take their time with, and the names they may use for this server: keys of `[server]`.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::key::Key;
use crate::reader::{Table, count};

pub(super) const HOSTS: Key<'_> = Key::new(
    "hosts",
    "The names clients may use for this server, each with or without a port.",
)
.or("any");

pub(super) const TRUSTED_PROXIES: Key<'_> = Key::new(
    "trusted_proxies",
    "Addresses, or networks such as \"10.0.0.0/8\", of proxies that add the address they were reached from to `X-Forwarded-For`. A client counts \
     by the last address that is not one of these.",
)
.or("none");

/// How long a client may keep a connection busy without getting anywhere.
///
/// A rate alone would give credit for bytes that came at once, and a total would cut off large bodies on slow lines. So bodies and
/// answers are measured in windows: in each window this many bytes have to move, or all that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clients {
    pub head_timeout: Duration,
    pub body_timeout: Duration,
    pub write_timeout: Duration,
    /// `idle_timeout`. Load balancers keep connections for 60 s, and should close them first.
    pub idle_timeout: Duration,
    /// `min_rate`, in bytes per second.
    pub min_rate_bytes: u64,
    pub max_streams: u32,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            min_rate_bytes: 1 << 10,
            max_streams: 64,
        }
    }
}

impl Clients {
    pub(super) fn read(table: &mut Table<'_>) -> Self {
        let default = Self::default();
        let mut time = |name: &str, doc, default: Duration| {
            table.time(
                Key::new(name, doc),
                default,
                Duration::from_millis(10)..=Duration::from_secs(3_600),
            )
        };
        Self {
            head_timeout: time(
                "head_timeout",
                "From accepting a connection, or the first byte of a further request, until its head has arrived.",
                default.head_timeout,
            ),
            body_timeout: time(
                "body_timeout",
                "The window of a body that arrives: in each, as many bytes as `min_rate` says have to arrive, or all that is left.",
                default.body_timeout,
            ),
            write_timeout: time(
                "write_timeout",
                "The window of an answer that is sent.",
                default.write_timeout,
            ),
            idle_timeout: time(
                "idle_timeout",
                "How long a connection stays open without a request under way; longer than load balancers keep theirs.",
                default.idle_timeout,
            ),
            min_rate_bytes: table.size(
                Key::new(
                    "min_rate",
                    "The bytes that have to move in each second of a window.",
                ),
                default.min_rate_bytes,
                1..=1 << 30,
            ),
            max_streams: u32::try_from(count(table.number(
                Key::new(
                    "max_streams",
                    "Requests under way on one HTTP/2 connection.",
                ),
                64,
                1..=1_000,
            )))
            .unwrap_or(default.max_streams),
        }
    }
}

/// A name of this server, as clients write it in `Host` or `:authority`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName {
    /// In lower case; an IPv6 address stands in brackets.
    pub name: String,
    /// The port clients have to name; any when none.
    pub port: Option<u16>,
}

impl HostName {
    /// Reads `name`, `name:port`, `[::1]` or `[::1]:port`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let after_address = text.rfind(']').map_or(0, |at| at + 1);
        let (name, port) = match text.get(after_address..)?.rfind(':') {
            Some(at) => {
                let (name, port) = text.split_at(after_address + at);
                let digits = port.get(1..)?;
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                (name, Some(digits.parse().ok()?))
            }
            None => (text, None),
        };
        let address = name.starts_with('[') && name.ends_with(']');
        let allowed = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || b"-._".contains(&byte)
                || (address && b"[]:".contains(&byte))
        };
        if name.is_empty() || !name.bytes().all(allowed) {
            return None;
        }
        Some(Self {
            name: name.to_ascii_lowercase(),
            port,
        })
    }

    /// Whether a client that wrote `said` means this name.
    #[must_use]
    pub fn covers(&self, said: &Self) -> bool {
        // A name may be written with the dot of the root.
        self.name.trim_end_matches('.') == said.name.trim_end_matches('.')
            && (self.port.is_none() || self.port == said.port)
    }
}

/// The names of this server at a key.
pub(super) fn host_names(table: &mut Table<'_>, key: Key<'_>) -> Vec<HostName> {
    let mut names = Vec::new();
    for (at, text) in table.texts(key) {
        match HostName::parse(&text) {
            Some(name) => names.push(name),
            None => table.problem_at(
                at,
                format!(
                    "`{}` has the invalid name \"{text}\"; write a host name such as \"api.example.org\" or \"localhost:8080\"",
                    table.key(key.name)
                ),
            ),
        }
    }
    names
}

/// The networks at a key.
pub(super) fn networks(table: &mut Table<'_>, key: Key<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (at, text) in table.texts(key) {
        let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = text.parse().ok().or_else(address);
        match network.and_then(canonical) {
            Some(network) => networks.push(network),
            None => table.problem_at(
                at,
                format!(
                    "`{}` has {text:?}, which is not an address or a network; write \"10.0.0.1\" or \"10.0.0.0/8\"",
                    table.key(key.name)
                ),
            ),
        }
    }
    networks
}

/// A network of IPv4 that is written as one of IPv6 (`::ffff:10.0.0.0/104`) as what it is, for addresses are compared as such; none when
/// there is more in it than IPv4.
fn canonical(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(mapped) = network else {
        return Some(network);
    };
    let Some(address) = mapped.addr().to_ipv4_mapped() else {
        return Some(network);
    };
    let length = mapped.prefix_len().checked_sub(MAPPED_PREFIX)?;
    IpNet::new(address.into(), length).ok()
}

/// The bits before an IPv4 address in an IPv6 address that stands for it (RFC 4291, 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_ipv4_are_known_as_such_however_they_are_written() {
        let canonical = |text: &str| {
            let network = text.parse().ok().and_then(canonical);
            network.map(|network| network.to_string())
        };
        for (text, expected) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("fd00::/8", Some("fd00::/8")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("::ffff:10.0.0.1/128", Some("10.0.0.1/32")),
            ("::ffff:0:0/96", Some("0.0.0.0/0")),
            ("::ffff:10.0.0.0/8", None),
        ] {
            assert_eq!(canonical(text).as_deref(), expected, "{text}");
        }
    }

    fn host(name: &str, port: Option<u16>) -> Option<HostName> {
        Some(HostName {
            name: name.to_owned(),
            port,
        })
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        let table = [
            ("api.example.org", host("api.example.org", None)),
            ("API.Example.org:443", host("api.example.org", Some(443))),
            ("127.0.0.1:8080", host("127.0.0.1", Some(8080))),
            ("[::1]", host("[::1]", None)),
            ("[::1]:8080", host("[::1]", Some(8080))),
            ("", None),
            (":80", None),
            ("::1", None),
            ("a b", None),
            ("a/b", None),
            ("a:80:80", None),
            ("a:99999", None),
            ("a:-1", None),
            ("user@a", None),
            ("http://a", None),
        ];
        for (text, expected) in table {
            assert_eq!(HostName::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_without_a_port_covers_every_port() {
        let table = [
            ("a.org", "a.org", true),
            ("a.org", "a.org:80", true),
            ("a.org", "a.org.", true),
            ("a.org:80", "a.org:80", true),
            ("a.org:80", "a.org", false),
            ("a.org:80", "a.org:81", false),
            ("a.org", "b.a.org", false),
        ];
        for (listed, said, expected) in table {
            let covers = HostName::parse(listed)
                .zip(HostName::parse(said))
                .is_some_and(|(listed, said)| listed.covers(&said));
            assert_eq!(covers, expected, "{listed} {said}");
        }
    }
}
