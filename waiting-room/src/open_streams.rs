//! How many event streams are open: from an address, and in this process.
//!
//! A stream costs no store anything, but a connection and a task for as long as it lasts, and the
//! limiter of requests sees it only once. Whoever gets none asks for the status instead, which tells
//! the same.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use dashmap::{DashMap, mapref::entry::Entry};

use crate::error::Refusal;

/// From one address, or one /64 of IPv6: the people of an office or a household behind it.
const OF_ADDRESS_MAX: u32 = 100;
/// At 10 KB each, half a gigabyte.
const OF_PROCESS_MAX: usize = 50_000;

/// Counts the streams of one process.
#[derive(Default)]
pub(crate) struct OpenStreams {
    addresses: DashMap<IpAddr, u32>,
    all: AtomicUsize,
}

/// The right to one stream; given back when dropped.
pub(crate) struct OpenStream {
    streams: Arc<OpenStreams>,
    address: Option<IpAddr>,
}

impl OpenStreams {
    /// `address`: what shares one limit; `None`: addresses are not limited.
    ///
    /// # Errors
    /// 429 when there are too many.
    pub fn open(self: &Arc<Self>, address: Option<IpAddr>) -> Result<OpenStream, Refusal> {
        if self.all.fetch_add(1, Ordering::Relaxed) >= OF_PROCESS_MAX {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::RateLimited(
                "this process has no more streams; ask for the status",
            ));
        }
        // From here on it is given back, whatever comes.
        let mut stream = OpenStream { streams: self.clone(), address: None };
        if let Some(address) = address {
            let mut of_address = self.addresses.entry(address).or_default();
            if *of_address >= OF_ADDRESS_MAX {
                return Err(Refusal::RateLimited("too many streams are open from this address"));
            }
            *of_address += 1;
            stream.address = Some(address);
        }
        Ok(stream)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.streams.all.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut of_address) = self.streams.addresses.entry(address) {
            *of_address.get_mut() -= 1;
            if *of_address.get() == 0 {
                of_address.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_process_has_so_many_streams_and_gets_each_back() {
        let streams = Arc::new(OpenStreams::default());
        let open: Vec<_> = (0..OF_PROCESS_MAX).map(|_| streams.open(None).ok()).collect();
        assert!(open.iter().all(Option::is_some));
        assert!(matches!(streams.open(None), Err(Refusal::RateLimited(_))));
        drop(open);
        assert!(streams.open(None).is_ok());
        assert_eq!(streams.all.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_address_that_has_no_stream_is_forgotten() {
        let streams = Arc::new(OpenStreams::default());
        let address = |last| Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        let open: Vec<_> = (0..OF_ADDRESS_MAX).map(|_| streams.open(address(1)).ok()).collect();
        assert!(open.iter().all(Option::is_some));
        assert!(matches!(streams.open(address(1)), Err(Refusal::RateLimited(_))));
        assert!(streams.open(address(2)).is_ok(), "another address has its own");
        assert_eq!(streams.all.load(Ordering::Relaxed), OF_ADDRESS_MAX as usize);
        drop(open);
        assert!(streams.addresses.is_empty());
    }
}
