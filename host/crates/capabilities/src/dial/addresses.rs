//! Which addresses may be connected to, looked at when a name has become an address and before anything is sent there.
//!
//! A name of a service may come to point at what only this machine should reach: link-local addresses, above all those by which clouds
//! give machines their identity. They are refused however they are written, unless the operator lists them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds answer a machine's questions about itself, outside of the link-local range.
const METADATA_V4: [Ipv4Addr; 3] = [
    // Alibaba Cloud.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle Cloud.
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same for IPv6, of AWS.
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)];

/// Whether an address may not be connected to.
pub(super) fn is_refused(address: IpAddr, allowed: &[IpAddr]) -> bool {
    let address = meant(address);
    let is_special = match address {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || METADATA_V6.contains(&v6),
    };
    is_special && !allowed.iter().any(|listed| meant(*listed) == address)
}

/// The address that is reached: IPv4 inside IPv6 is IPv4, mapped (`::ffff:…`), compatible (`::…`), by NAT64 (`64:ff9b::…`) or by 6to4
/// (`2002:…`).
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // Not `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn refused(address: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<_> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        is_refused(address.parse().unwrap(), &allowed)
    }

    #[test]
    fn link_local_and_metadata_addresses_are_refused_however_they_are_written() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ] {
            assert!(refused(address, &[]), "{address}");
            assert!(!refused(address, &[address]), "{address}");
        }
        assert!(!refused("::ffff:169.254.169.254", &["169.254.169.254"]));
        assert!(refused("169.254.169.254", &["169.254.170.2"]));
    }

    #[test]
    fn other_addresses_are_not() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "::1",
            "::",
            "fd00:ec2::255",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(!refused(address, &[]), "{address}");
        }
    }
}
