//! A stage: one inventory at one place, and short words for what buyers do.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{
    hold::{CustomerKey, HoldStatus},
    id::{EventId, HoldKey},
    seat::{AreaQuantity, SeatIndex},
    time::{Clock, Timestamp},
};
use lua::{
    Blocked, ChangeReply, Claim, ClaimReply, Delta, ExtendReply, HoldChange, HoldRecord, HoldReply,
    HoldRequest, Operation, Partition, Rebuild, ReleaseReply, Reply, Snapshot, Store, Swept,
    keyspace::Keyspace,
};
use testkit::SettableClock;

pub const EPOCH: u64 = 7;
pub const TTL_MS: i64 = 600_000;

/// One inventory under [`EPOCH`]: 100 seats and two areas of 10 and 4 places.
pub struct Stage {
    pub store: Store,
    pub partition: Partition,
    pub clock: SettableClock,
}

impl Stage {
    /// In process, at a time that stands still.
    pub async fn new() -> Self {
        let clock = SettableClock::default();
        Self::at(Store::in_process(clock.shared()), clock).await
    }

    /// At any place; the clock is of no use at Redis.
    pub async fn at(store: Store, clock: SettableClock) -> Self {
        let stage = Self { store, partition: partition(), clock };
        stage.rebuild(EPOCH, Vec::new()).await;
        stage
    }

    pub async fn rebuild(&self, epoch: u64, claims: Vec<(Claim, bool)>) -> lua::Rebuilt {
        let rebuild = Rebuild {
            epoch,
            seats: 100,
            capacities: vec![10, 4],
            blocked: vec![99],
            claims,
            require_pass: false,
        };
        done(self.store.rebuild(&self.partition, &rebuild).await.unwrap())
    }

    pub async fn hold(&self, request: HoldRequest) -> HoldReply {
        self.hold_all(&[request]).await.remove(0)
    }

    pub async fn hold_all(&self, requests: &[HoldRequest]) -> Vec<HoldReply> {
        done(self.store.hold_seats(&self.partition, EPOCH, requests).await.unwrap()).replies
    }

    /// Everything that is kept; in process only.
    pub fn dump(&self) -> Keyspace {
        self.store.simulation().expect("an in-process place").keyspace()
    }

    /// What `run` gives; it must leave every key as it was.
    pub async fn unchanged<T>(&self, run: impl Future<Output = T>) -> T {
        let before = self.dump();
        let value = run.await;
        assert!(self.dump() == before, "a refusal has written");
        value
    }

    /// The hold that a request must get.
    pub async fn held(&self, request: HoldRequest) -> HoldRecord {
        match self.hold(request).await {
            HoldReply::Held { record } => record,
            other => panic!("not held: {other:?}"),
        }
    }

    pub async fn read(&self, number: u8) -> Option<HoldRecord> {
        done(self.store.read_hold(&self.partition, EPOCH, &key(number)).await.unwrap())
    }

    /// The status of a hold that must be there.
    pub async fn status(&self, number: u8) -> HoldStatus {
        self.read(number).await.expect("a record").status
    }

    pub async fn change(&self, number: u8, change: &HoldChange) -> ChangeReply {
        done(self.store.change_hold(&self.partition, EPOCH, &key(number), change).await.unwrap())
    }

    /// By a minute, at most `max` times.
    pub async fn extend(&self, number: u8, max: u32, operation: Operation) -> ExtendReply {
        let key = key(number);
        let extended =
            self.store.extend_hold(&self.partition, EPOCH, &key, 60_000, max, &operation);
        done(extended.await.unwrap())
    }

    pub async fn release(&self, number: u8) -> ReleaseReply {
        done(self.store.release_hold(&self.partition, EPOCH, &key(number)).await.unwrap())
    }

    pub async fn promote(&self, claim: Claim) -> ClaimReply {
        done(self.store.promote_holds(&self.partition, EPOCH, &[claim]).await.unwrap())[0]
    }

    pub async fn commit(&self, claim: Claim) -> ClaimReply {
        done(self.store.commit_claims(&self.partition, EPOCH, &[claim]).await.unwrap())[0]
    }

    pub async fn unclaim(&self, claim: Claim) -> ClaimReply {
        done(self.store.release_claims(&self.partition, EPOCH, &[claim]).await.unwrap())[0]
    }

    pub async fn sweep(&self, limit: u32) -> Swept {
        done(self.store.sweep_expired(&self.partition, EPOCH, limit).await.unwrap())
    }

    pub async fn block(&self, block: &[SeatIndex], unblock: &[SeatIndex]) -> Blocked {
        done(self.store.block_seats(&self.partition, EPOCH, block, unblock).await.unwrap())
    }

    pub async fn snapshot(&self) -> Snapshot {
        self.store.read_snapshot(&self.partition).await.unwrap().expect("an inventory")
    }

    pub async fn version(&self) -> u64 {
        self.snapshot().await.version
    }

    /// What followed a version, all of it.
    pub async fn deltas_after(&self, version: u64) -> Vec<Delta> {
        let after = Some((EPOCH, version));
        let read = self.store.read_deltas(&self.partition, after, 10_000).await.unwrap();
        assert!(!read.gap);
        read.deltas
    }

    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets so much time pass.
    pub fn pass_time(&self, millis: i64) {
        self.clock.advance_millis(millis);
    }

    /// The first letter of each seat's state: Free, Held, Claimed, Sold, Blocked.
    pub async fn states(&self) -> String {
        let snapshot = self.store.read_snapshot(&self.partition).await.unwrap().unwrap();
        snapshot.states.iter().map(|state| format!("{state:?}").remove(0)).collect()
    }
}

/// An event of its own for every stage.
pub fn partition() -> Partition {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 12];
    random[..4].copy_from_slice(&std::process::id().to_be_bytes());
    random[4..8].copy_from_slice(&number.to_be_bytes());
    Partition { event: EventId::new(Timestamp(1_790_000_000_000), random), index: 0 }
}

pub fn done<T>(reply: Reply<T>) -> T {
    match reply {
        Reply::Done(done) => done,
        Reply::OtherEpoch { current } => panic!("another epoch: {current:?}"),
    }
}

pub fn key(number: u8) -> HoldKey {
    HoldKey([number; 12])
}

pub fn customer(number: u8) -> CustomerKey {
    CustomerKey([number; 12])
}

/// A request of the customer with the same number as the key.
pub fn wants(number: u8, seats: &[SeatIndex]) -> HoldRequest {
    HoldRequest {
        key: key(number),
        created: Timestamp(1_790_000_000_000 + i64::from(number)),
        ttl_ms: TTL_MS,
        fingerprint: [number; 8],
        customer: customer(number),
        customer_limit: 8,
        address: None,
        candidates: if seats.is_empty() { vec![] } else { vec![seats.to_vec()] },
        areas: vec![],
        has_pass: false,
    }
}

pub fn places(area: u16, quantity: u32) -> AreaQuantity {
    AreaQuantity { area, quantity }
}

pub fn operation(number: u8) -> Operation {
    Operation { key: [number; 8], fingerprint: [number; 8] }
}

pub fn change(number: u8, add: &[SeatIndex], remove: &[SeatIndex]) -> HoldChange {
    HoldChange {
        add: add.to_vec(),
        remove: remove.to_vec(),
        areas: vec![],
        customer_limit: 8,
        operation: operation(number),
    }
}

/// The claim of an order made from the hold of the same number.
pub fn claim(number: u8, claim_number: u64, seats: &[SeatIndex]) -> Claim {
    Claim {
        key: key(number),
        created: Timestamp(1_790_000_000_000 + i64::from(number)),
        claim_number,
        customer: customer(number),
        seats: seats.to_vec(),
        areas: vec![],
    }
}
