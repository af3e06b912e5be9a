//! Random sequences of operations from a seed that is printed and can be set by `HOLDFAST_SEED`.

use domain::{hold::CustomerKey, id::HoldKey, seat::SeatIndex, time::Timestamp};
use lua::{Claim, HoldChange, HoldRequest, Operation};

use crate::support::places;

/// SplitMix64: good enough to reach odd corners, and the same everywhere.
pub struct Random(u64);

impl Random {
    /// From the environment, else from the time and place of this run.
    pub fn seeded(test: &str) -> Self {
        let set = std::env::var("HOLDFAST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = set.unwrap_or_else(|| {
            let here = Box::new(0_u8);
            let address = std::ptr::from_ref(&*here) as u64;
            address ^ (u64::from(std::process::id()) << 32)
        });
        println!("{test}: HOLDFAST_SEED={seed}");
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// One operation. Few keys, seats and customers, so that they meet often.
#[derive(Clone, Debug)]
pub enum Step {
    Hold(Vec<HoldRequest>),
    Read(HoldKey),
    Change(HoldKey, HoldChange),
    Extend(HoldKey, i64, u32, Operation),
    Release(HoldKey),
    Promote(Vec<Claim>),
    Commit(Vec<Claim>),
    Unclaim(Vec<Claim>),
    Sweep(u32),
    Block(Vec<SeatIndex>, Vec<SeatIndex>),
    /// To the next epoch, with these claims.
    Rebuild(Vec<(Claim, bool)>),
}

/// Seats of the inventory that the steps are about.
pub const SEATS: u32 = 24;
const KEYS: u64 = 12;

pub struct Steps {
    pub random: Random,
    /// Lives of holds, in ms.
    pub lives: Vec<i64>,
    claim_number: u64,
}

impl Steps {
    pub fn new(random: Random, lives: &[i64]) -> Self {
        Self { random, lives: lives.to_vec(), claim_number: 0 }
    }

    pub fn next(&mut self) -> Step {
        match self.random.below(100) {
            0..40 => {
                let many = if self.random.chance(50) { 1 } else { 1 + self.random.below(6) };
                Step::Hold((0..many).map(|_| self.request()).collect())
            }
            40..46 => Step::Read(self.key()),
            46..56 => Step::Change(self.key(), self.change()),
            56..62 => {
                let (key, extension) = (self.key(), 1 + self.random.below(40) as i64);
                Step::Extend(key, extension, 2, self.operation())
            }
            62..70 => Step::Release(self.key()),
            70..76 => Step::Promote(self.claims()),
            76..80 => Step::Commit(self.claims()),
            80..88 => Step::Unclaim(self.claims()),
            88..94 => Step::Sweep(1 + self.random.below(6) as u32),
            94..99 => Step::Block(self.seats(2), self.seats(2)),
            _ => {
                // Disjoint, as the ledger's are.
                let mut claims = Vec::new();
                for at in 0..self.random.below(3) as u32 {
                    let mut claim = self.claim();
                    claim.key = HoldKey([200 + at as u8; 12]);
                    claim.seats = vec![at * 5, at * 5 + 2];
                    claims.push((claim, self.random.chance(50)));
                }
                Step::Rebuild(claims)
            }
        }
    }

    fn key(&mut self) -> HoldKey {
        HoldKey([1 + self.random.below(KEYS) as u8; 12])
    }

    fn operation(&mut self) -> Operation {
        let key = [self.random.below(20) as u8; 8];
        Operation { key, fingerprint: [self.random.below(2) as u8; 8] }
    }

    fn seats(&mut self, most: u64) -> Vec<SeatIndex> {
        let mut seats: Vec<SeatIndex> = Vec::new();
        for _ in 0..self.random.below(most + 1) {
            let beside = seats.last().map(|last| last + 1).filter(|seat| *seat < SEATS);
            let anywhere = self.random.below(u64::from(SEATS)) as SeatIndex;
            let seat = if self.random.chance(60) { beside.unwrap_or(anywhere) } else { anywhere };
            if !seats.contains(&seat) {
                seats.push(seat);
            }
        }
        seats
    }

    fn request(&mut self) -> HoldRequest {
        let key = self.key();
        let size = self.random.below(4) as usize;
        let candidates = match size {
            0 => vec![],
            size => {
                (0..1 + self.random.below(3)).filter_map(|_| self.seats_exactly(size)).collect()
            }
        };
        let mut areas = vec![];
        if candidates.is_empty() || self.random.chance(20) {
            areas.push(places(self.random.below(3) as u16, 1 + self.random.below(3) as u32));
        }
        let address = self.random.chance(50).then(|| (self.customer(), 5));
        let life = self.random.below(self.lives.len() as u64) as usize;
        // A key belongs to one customer most of the time.
        let customer = if self.random.chance(90) {
            CustomerKey([100 + key.0[0] / 3; 12])
        } else {
            self.customer()
        };
        HoldRequest {
            key,
            created: Timestamp(1_790_000_000_000 + self.random.below(3) as i64),
            ttl_ms: if self.random.chance(90) { self.lives[0] } else { self.lives[life] },
            fingerprint: [u8::from(self.random.chance(10)); 8],
            customer,
            customer_limit: 6,
            address,
            candidates,
            areas,
            has_pass: self.random.chance(50),
        }
    }

    fn seats_exactly(&mut self, size: usize) -> Option<Vec<SeatIndex>> {
        (0..20).map(|_| self.seats(size as u64)).find(|seats| seats.len() == size)
    }

    fn customer(&mut self) -> CustomerKey {
        CustomerKey([100 + self.random.below(5) as u8; 12])
    }

    fn change(&mut self) -> HoldChange {
        let mut areas = vec![];
        if self.random.chance(30) {
            areas.push(places(self.random.below(2) as u16, self.random.below(4) as u32));
        }
        let (add, remove) = (self.seats(2), self.seats(1));
        HoldChange { add, remove, areas, customer_limit: 6, operation: self.operation() }
    }

    fn claim(&mut self) -> Claim {
        let key = self.key();
        let claim_number = match self.random.below(4) {
            0 if self.claim_number > 1 => 1 + self.random.below(self.claim_number),
            1 | 2 if self.claim_number > 0 => self.claim_number,
            _ => {
                self.claim_number += 1;
                self.claim_number
            }
        };
        let mut areas = vec![];
        if self.random.chance(20) {
            areas.push(places(self.random.below(2) as u16, 1 + self.random.below(2) as u32));
        }
        Claim {
            key,
            created: Timestamp(1_790_000_000_000 + self.random.below(3) as i64),
            claim_number,
            customer: CustomerKey([100 + key.0[0] / 3; 12]),
            seats: self.seats(3),
            areas,
        }
    }

    fn claims(&mut self) -> Vec<Claim> {
        (0..1 + self.random.below(3)).map(|_| self.claim()).collect()
    }
}
