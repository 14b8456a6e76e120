//! Which address a request comes from, where proxies stand before this server.
//!
//! Each proxy adds to `X-Forwarded-For` the address it was connected to from, on the right. What a client wrote there itself is on the
//! left, and so is what others than our proxies added; so the list is read from the right, and the first address that is not of a proxy
//! that the operator trusts is the one that is known for certain.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The header with the list.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses of the list that are looked at, at most: nobody has as many proxies.
const MAX_HOPS: usize = 32;

/// Who counts as one: an IPv4 address, or the /64 that a subscriber has of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Address(IpAddr),
    /// The system does not say.
    Unknown,
}

impl Origin {
    /// Who sent a request, by the connection it came on and what our proxies say.
    pub(super) fn of(peer: Option<SocketAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let Some(peer) = peer else {
            return Self::Unknown;
        };
        let mut address = peer.ip().to_canonical();
        let lists = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lists
            .flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','))
            .take(MAX_HOPS);
        for hop in hops {
            if !trusted.iter().any(|network| network.contains(&address)) {
                break;
            }
            // What is not an address was not written by a proxy of ours, or says nothing.
            let Some(before) = str::from_utf8(hop).ok().and_then(read) else {
                break;
            };
            address = before;
        }
        Self::Address(as_one(address))
    }
}

/// An address, with a port or without.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text
        .parse()
        .ok()
        .or_else(|| {
            text.parse()
                .ok()
                .map(|with_port: SocketAddr| with_port.ip())
        })
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address: IpAddr| address.to_canonical())
}

fn as_one(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    fn of(peer: &str, lists: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED_FOR, list.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        match Origin::of(Some(peer.parse().unwrap()), &headers, &trusted) {
            Origin::Address(address) => address.to_string(),
            Origin::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_counts() {
        for (peer, lists, expected) in [
            ("203.0.113.9:4000", &[][..], "203.0.113.9"),
            // Who is no proxy says what it likes.
            ("203.0.113.9:4000", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1:4000", &[][..], "10.0.0.1"),
            ("10.0.0.1:4000", &["198.51.100.1"][..], "198.51.100.1"),
            (
                "10.0.0.1:4000",
                &["1.1.1.1, 198.51.100.1"][..],
                "198.51.100.1",
            ),
            (
                "10.0.0.1:4000",
                &["1.1.1.1, 198.51.100.1, 10.0.0.2"][..],
                "198.51.100.1",
            ),
            // Several headers are one list.
            (
                "10.0.0.1:4000",
                &["1.1.1.1", "198.51.100.1", "10.0.0.2"][..],
                "198.51.100.1",
            ),
            // Who writes a trusted address gets no further than what our proxy saw.
            (
                "10.0.0.1:4000",
                &["10.0.0.9, 198.51.100.1"][..],
                "198.51.100.1",
            ),
            ("10.0.0.1:4000", &["198.51.100.1, nonsense"][..], "10.0.0.1"),
            ("10.0.0.1:4000", &[""][..], "10.0.0.1"),
            ("10.0.0.1:4000", &["198.51.100.1:5000"][..], "198.51.100.1"),
            (
                "10.0.0.1:4000",
                &["[2001:db8:1:2:3::4]:5000"][..],
                "2001:db8:1:2::",
            ),
            (
                "10.0.0.1:4000",
                &["[2001:db8:1:2:3::4]"][..],
                "2001:db8:1:2::",
            ),
            (
                "[fd00::1]:4000",
                &["2001:db8:1:2:ffff::4"][..],
                "2001:db8:1:2::",
            ),
            (
                "[::ffff:10.0.0.1]:4000",
                &["::ffff:198.51.100.1"][..],
                "198.51.100.1",
            ),
            ("10.0.0.1:4000", &["10.0.0.3, 10.0.0.2"][..], "10.0.0.3"),
        ] {
            assert_eq!(of(peer, lists), expected, "{peer} {lists:?}");
        }
        let long = "10.0.0.2,".repeat(10_000) + "10.0.0.2";
        assert_eq!(of("10.0.0.1:4000", &[&long]), "10.0.0.2");
    }
}
