//! How many of the connections one address may hold, so that whoever holds many cannot hold them all.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use dashmap::{DashMap, mapref::entry::Entry};

use crate::http::{ClientAddress, IpNetwork};

/// Counts connections by address, as the other limits know addresses.
#[derive(Clone)]
pub(super) struct Shares {
    /// 0: as many as there are.
    most: usize,
    /// Who speaks for many: proxies, and this machine.
    exempt: Arc<[IpNetwork]>,
    held: Arc<DashMap<IpAddr, usize>>,
}

/// One connection of an address; given back when dropped.
pub(super) struct Share(Option<(Arc<DashMap<IpAddr, usize>>, IpAddr)>);

impl Shares {
    pub(super) fn new(most: usize, exempt: Arc<[IpNetwork]>) -> Self {
        Self { most, exempt, held: Arc::default() }
    }

    /// None: the address has its share already.
    pub(super) fn take(&self, peer: SocketAddr) -> Option<Share> {
        let address = peer.ip().to_canonical();
        if self.most == 0 || self.exempt.iter().any(|network| network.contains(address)) {
            return Some(Share(None));
        }
        let bucket = ClientAddress(address).bucket();
        let mut held = self.held.entry(bucket).or_insert(0);
        if *held >= self.most {
            return None;
        }
        *held += 1;
        Some(Share(Some((self.held.clone(), bucket))))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((held, bucket)) = &self.0 else { return };
        if let Entry::Occupied(mut count) = held.entry(*bucket) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 4711)
    }

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let shares = Shares::new(2, Arc::new([]));
        let first = shares.take(peer("2001:db8:1:2::1")).expect("room");
        let _second = shares.take(peer("2001:db8:1:2::2")).expect("room");
        assert!(shares.take(peer("2001:db8:1:2::3")).is_none(), "one subscriber, one share");
        assert!(shares.take(peer("2001:db8:1:3::1")).is_some());
        drop(first);
        assert!(shares.take(peer("2001:db8:1:2::3")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let shares = Shares::new(1, Arc::new([]));
        drop(shares.take(peer("203.0.113.7")));
        assert!(shares.held.is_empty());
    }

    #[test]
    fn who_speaks_for_many_has_no_limit() {
        let shares = Shares::new(1, Arc::new(["10.0.0.0/8".parse().unwrap()]));
        let proxy: Vec<_> = (0..9).map(|_| shares.take(peer("::ffff:10.1.2.3"))).collect();
        assert!(proxy.iter().all(Option::is_some));
        let off = Shares::new(0, Arc::new([]));
        let anybody: Vec<_> = (0..9).map(|_| off.take(peer("203.0.113.7"))).collect();
        assert!(anybody.iter().all(Option::is_some));
    }
}
