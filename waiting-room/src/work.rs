//! When joining costs computing, and how much: nothing on an ordinary day, more the more people
//! join at once and the more new places one address takes.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use dashmap::DashMap;
use domain::{
    id::EventId,
    queue::work::{self, ALGORITHM},
    time::Timestamp,
};
use platform::{
    Keys,
    http::{ClientAddress, DeviceKey},
};

use crate::error::{Refusal, Task};

/// A task can be handed in for one to two of these.
const WINDOW_MS: i64 = 120_000;
/// Over which an address's new places are counted.
const ADDRESS_WINDOW_MS: i64 = 60_000;
/// So many joins a second cost nobody anything.
const FREE_JOINS_PER_SECOND: f64 = 2_000.0;
/// So many new places of one address within its window: a household, an office behind one address.
const FREE_OF_ADDRESS: u32 = 50;
/// Addresses counted before old ones are forgotten.
const ADDRESSES_MAX: usize = 100_000;

/// Joins of this process, counted. Approximate on purpose: it only sets a price.
#[derive(Default)]
pub struct Load {
    second: AtomicI64,
    this_second: AtomicU64,
    last_second: AtomicU64,
    addresses: DashMap<IpAddr, (i64, u32)>,
}

impl Load {
    /// The price of the next join from here.
    pub fn bits(&self, address: &ClientAddress, now: Timestamp) -> u32 {
        let places = self.addresses.get(&address.bucket()).map_or(0, |entry| {
            let (since, places) = *entry;
            if now.as_millis() - since < ADDRESS_WINDOW_MS { places } else { 0 }
        });
        work::difficulty(&work::Load {
            joins_per_second: self.joins_per_second(now) as f64,
            free_joins_per_second: FREE_JOINS_PER_SECOND,
            recent_of_address: places,
            free_of_address: FREE_OF_ADDRESS,
        })
    }

    /// A new place was given.
    pub fn count(&self, address: &ClientAddress, now: Timestamp) {
        let second = now.as_millis().div_euclid(1_000);
        let former = self.second.swap(second, Ordering::Relaxed);
        if former != second {
            let counted = self.this_second.swap(0, Ordering::Relaxed);
            self.last_second
                .store(if former + 1 == second { counted } else { 0 }, Ordering::Relaxed);
        }
        self.this_second.fetch_add(1, Ordering::Relaxed);
        if self.addresses.len() > ADDRESSES_MAX {
            self.addresses.retain(|_, (since, _)| now.as_millis() - *since < ADDRESS_WINDOW_MS);
        }
        let mut entry = self.addresses.entry(address.bucket()).or_insert((now.as_millis(), 0));
        if now.as_millis() - entry.0 >= ADDRESS_WINDOW_MS {
            *entry = (now.as_millis(), 0);
        }
        entry.1 += 1;
    }

    fn joins_per_second(&self, now: Timestamp) -> u64 {
        let second = now.as_millis().div_euclid(1_000);
        let age = second - self.second.load(Ordering::Relaxed);
        let this = self.this_second.load(Ordering::Relaxed);
        match age {
            0 => this.max(self.last_second.load(Ordering::Relaxed)),
            1 => this,
            _ => 0,
        }
    }
}

/// Whether the work that came along is what this join costs.
///
/// # Errors
/// 428 with the task, also when what came along solves another one.
pub fn require(
    keys: &Keys,
    event: &EventId,
    device: &DeviceKey,
    given: Option<&str>,
    bits: u32,
    now: Timestamp,
) -> Result<(), Refusal> {
    if bits == 0 {
        return Ok(());
    }
    let window = now.as_millis().div_euclid(WINDOW_MS);
    let salt = |window: i64| keys.work_salt(&format!("{event}\0{}\0{window}", device.expose()));
    let solves = |answer: &str| {
        let (given_salt, nonce) = answer.split_once(':')?;
        let known = given_salt == salt(window) || given_salt == salt(window - 1);
        // A price that rose meanwhile by little is not asked for twice.
        (known && work::is_answer(given_salt, nonce, bits.saturating_sub(2))).then_some(())
    };
    match given.and_then(solves) {
        Some(()) => Ok(()),
        None => Err(Refusal::WorkRequired(Task { algorithm: ALGORITHM, salt: salt(window), bits })),
    }
}
