//! Where a request comes from: the peer, or what a trusted proxy says.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, request::Parts},
};

use super::{Edge, Problem, names::FORWARDED_FOR};

/// The other end of the connection; put into each request by [`crate::serve`].
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// The client's address, as limits know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What shares one limit: an IPv4 address, or the /64 of an IPv6 address.
    pub fn bucket(&self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        }
    }

    /// Walks `X-Forwarded-For` from its right end for as long as who wrote an entry is trusted;
    /// anything further left is hearsay.
    pub(super) fn read(extensions: &Extensions, headers: &HeaderMap, edge: &Edge) -> Self {
        let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        // Without a peer (a router called without a server) everybody is one client.
        let mut address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for entry in entries.iter().rev() {
            if !edge.trusts(address) {
                break;
            }
            match parse_entry(entry.trim()) {
                Some(next) => address = next.to_canonical(),
                None => break,
            }
        }
        Self(address)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let edge = parts.extensions.get::<Arc<Edge>>().ok_or_else(Problem::internal)?;
        Ok(Self::read(&parts.extensions, &parts.headers, edge))
    }
}

/// An address, with or without a port.
fn parse_entry(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// An address, or a network as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an IP address nor a network such as 10.0.0.0/8")]
pub struct AddressError;

impl IpNetwork {
    pub fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for IpNetwork {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| AddressError)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), |p| p.parse().map_err(|_| AddressError))?;
        if prefix > bits { Err(AddressError) } else { Ok(Self { address, prefix }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::EdgeSettings;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let edge = Edge::new(
            EdgeSettings {
                trusted_proxies: trusted.iter().map(|text| text.parse().unwrap()).collect(),
                ..EdgeSettings::default()
            },
            Arc::new(testkit::SettableClock::default()),
        );
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        ClientAddress::read(&extensions, &headers, &edge).0.to_string()
    }

    #[test]
    fn a_stranger_cannot_speak_for_another_address() {
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"], &[]), "203.0.113.7");
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.7");
    }

    #[test]
    fn a_trusted_proxy_tells_the_client_and_what_the_client_claims_is_ignored() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(seen("10.1.2.3", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(
            seen("10.1.2.3", &["6.6.6.6, 198.51.100.1:4711, 10.9.9.9"], &trusted),
            "198.51.100.1"
        );
        assert_eq!(seen("10.1.2.3", &["6.6.6.6", "[2001:db8::1]:80"], &trusted), "2001:db8::1");
        assert_eq!(seen("10.1.2.3", &["6.6.6.6, unknown"], &trusted), "10.1.2.3");
        assert_eq!(seen("10.1.2.3", &[], &trusted), "10.1.2.3");
        assert_eq!(seen("::ffff:10.1.2.3", &["198.51.100.1"], &trusted), "198.51.100.1");
    }

    #[test]
    fn addresses_of_one_subscriber_share_a_bucket() {
        let bucket = |text: &str| ClientAddress(text.parse().unwrap()).bucket().to_string();
        assert_eq!(bucket("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(bucket("198.51.100.1"), "198.51.100.1");
        assert_eq!(bucket("::ffff:198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn networks_are_read_and_compared() {
        let network = |text: &str| text.parse::<IpNetwork>();
        let all = network("0.0.0.0/0").unwrap();
        assert!(all.contains("203.0.113.7".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
        assert!(network("::/0").unwrap().contains("2001:db8::1".parse().unwrap()));
        assert!(!network("10.0.0.0/9").unwrap().contains("10.128.0.0".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/x", "::/129", "proxy"] {
            assert_eq!(network(wrong), Err(AddressError), "{wrong:?}");
        }
    }
}
