//! How many sockets there may be: of a device, from an address, in this process, in a second.

use std::{
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use dashmap::{DashMap, mapref::entry::Entry};
use domain::time::Clock;
use metrics::Gauge;
use platform::http::{DeviceKey, Problem};

use crate::{
    error,
    limits::{
        SOCKETS_MAX, SOCKETS_PER_ADDRESS_MAX, SOCKETS_PER_DEVICE_MAX, UPGRADES_PER_SECOND_MAX,
    },
    meters::Meters,
};

/// Seconds after which somebody with too many sockets may ask again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Counts the sockets of one process.
pub(crate) struct Admission {
    clock: Arc<dyn Clock>,
    counts_addresses: bool,
    devices: Arc<DashMap<DeviceKey, u32>>,
    addresses: Arc<DashMap<IpAddr, u32>>,
    sockets: Arc<AtomicUsize>,
    gauge: Gauge,
    /// Second, and upgrades in it.
    upgrades: Mutex<(i64, u32)>,
}

/// The right to one socket; given back when dropped.
pub(crate) struct Admitted {
    _device: Option<Counted<DeviceKey>>,
    _address: Option<Counted<IpAddr>>,
    sockets: Arc<AtomicUsize>,
    gauge: Gauge,
}

/// One of a few.
struct Counted<K: Eq + Hash + Clone> {
    counts: Arc<DashMap<K, u32>>,
    key: K,
}

impl Admission {
    pub(crate) fn new(clock: Arc<dyn Clock>, counts_addresses: bool, gauge: Gauge) -> Self {
        Self {
            clock,
            counts_addresses,
            devices: Arc::default(),
            addresses: Arc::default(),
            sockets: Arc::default(),
            gauge,
            upgrades: Mutex::default(),
        }
    }

    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    pub(crate) fn admit(
        &self,
        device: Option<DeviceKey>,
        address: IpAddr,
    ) -> Result<Admitted, Problem> {
        let device = device.map(|key| Counted::take(&self.devices, key, SOCKETS_PER_DEVICE_MAX));
        let device = device.transpose().map_err(|full| full.problem("device"))?;
        let address = self
            .counts_addresses
            .then(|| Counted::take(&self.addresses, address, SOCKETS_PER_ADDRESS_MAX));
        let address = address.transpose().map_err(|full| full.problem("address"))?;
        if !self.count_upgrade() {
            Meters::refused("upgrade_rate");
            return Err(error::sockets_unavailable(1));
        }
        if self.sockets.fetch_add(1, Ordering::Relaxed) >= SOCKETS_MAX {
            self.sockets.fetch_sub(1, Ordering::Relaxed);
            Meters::refused("process");
            return Err(error::sockets_unavailable(RETRY_AFTER_SECONDS));
        }
        self.gauge.increment(1);
        let (sockets, gauge) = (self.sockets.clone(), self.gauge.clone());
        Ok(Admitted { _device: device, _address: address, sockets, gauge })
    }

    fn count_upgrade(&self) -> bool {
        let second = self.clock.now().as_millis().div_euclid(1000);
        let mut upgrades = self.upgrades.lock().unwrap_or_else(PoisonError::into_inner);
        if upgrades.0 != second {
            *upgrades = (second, 0);
        }
        upgrades.1 += 1;
        upgrades.1 <= UPGRADES_PER_SECOND_MAX
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
        self.gauge.decrement(1);
    }
}

/// The limit is reached.
struct Full;

impl Full {
    fn problem(self, why: &'static str) -> Problem {
        Meters::refused(why);
        error::too_many_sockets(RETRY_AFTER_SECONDS)
    }
}

impl<K: Eq + Hash + Clone> Counted<K> {
    fn take(counts: &Arc<DashMap<K, u32>>, key: K, limit: u32) -> Result<Self, Full> {
        let mut count = counts.entry(key.clone()).or_default();
        if *count >= limit {
            return Err(Full);
        }
        *count += 1;
        drop(count);
        Ok(Self { counts: counts.clone(), key })
    }
}

impl<K: Eq + Hash + Clone> Drop for Counted<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.counts.entry(self.key.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use domain::time::Timestamp;

    use super::*;

    /// Stands still until it is set.
    #[derive(Default)]
    struct StoppedClock(AtomicI64);

    impl Clock for StoppedClock {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }
    }

    fn admission() -> (Admission, Arc<StoppedClock>) {
        let clock = Arc::new(StoppedClock::default());
        (Admission::new(clock.clone(), false, Gauge::noop()), clock)
    }

    fn admit(admission: &Admission) -> Result<Admitted, Problem> {
        admission.admit(None, IpAddr::from([127, 0, 0, 1]))
    }

    #[test]
    fn a_second_has_so_many_upgrades_and_the_next_has_as_many_again() {
        let (admission, clock) = admission();
        for _ in 0..UPGRADES_PER_SECOND_MAX {
            assert!(admit(&admission).is_ok());
        }
        let Err(refusal) = admit(&admission) else { panic!("one too many") };
        assert_eq!((refusal.status.as_u16(), refusal.code), (503, "sockets_unavailable"));
        clock.0.store(1_000, Ordering::Relaxed);
        assert!(admit(&admission).is_ok());
        assert_eq!(admission.sockets(), 0, "each right was given back");
    }

    #[test]
    fn a_process_has_so_many_sockets_and_one_that_ends_makes_room() {
        let (admission, clock) = admission();
        let mut open = Vec::new();
        while open.len() < SOCKETS_MAX {
            clock.0.fetch_add(1, Ordering::Relaxed);
            open.extend(admit(&admission).ok());
        }
        clock.0.fetch_add(1_000, Ordering::Relaxed);
        let Err(refusal) = admit(&admission) else { panic!("one too many") };
        assert_eq!((refusal.status.as_u16(), refusal.code), (503, "sockets_unavailable"));
        assert_eq!(admission.sockets(), SOCKETS_MAX);
        drop(open.pop());
        assert!(admit(&admission).is_ok());
    }
}
