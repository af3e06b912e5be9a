//! The draw at opening: who stands where, from a secret that was committed to before.
//!
//! Before the sale the commitment is published; at opening the entries are closed under their
//! roots, secret, roots and (where configured) a public beacon's value give the seed, and the seed
//! gives every index its position. One small record therefore draws a line of any length, anybody
//! can compute any position from it, and nobody can choose the outcome: the organiser is bound by
//! the commitment, and buyers do not know the secret. The rules, byte by byte, and what they do not
//! prove: `docs/draw.md`.
//!
//! Relies on the caller for a random secret that is kept until the draw. Never draws twice: that
//! one event has one draw is the ledger's rule.

mod hex;
mod merkle;
mod permutation;
mod siphash;
mod verify;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::{
    hex::Hex,
    merkle::{BLOCK_ENTRIES, ENTRY_BYTES, Hash, Tree, TreeBuilder, leaf, root_of_path},
    permutation::Permutation,
    verify::{CheckedDraw, Tamper, Witness, verify_draw, verify_proof},
};
use crate::{
    hold::CustomerKey,
    id::EventId,
    queue::lane::{Lane, Place},
};

/// The rules that this module knows, as a draw names them.
pub const RULES: &str = "holdfast-draw-1";

/// Entries of one lane: a half of the permutation fits in the 32 bits that a round hashes.
pub const ENTRIES_MAX: u64 = u32::MAX as u64;

/// A beacon's round: a JSON number that every reader holds exactly.
pub const BEACON_ROUND_MAX: u64 = (1 << 53) - 1;

/// Bytes of a beacon's name, and of its value.
pub const BEACON_BYTES_MAX: usize = 255;

/// What is published before the draw: SHA-256 of a label, the event and the secret.
pub fn commitment(event: &EventId, secret: &[u8; 32]) -> Hash {
    let mut sha = Sha256::new();
    sha.update(b"holdfast-commitment-1\0");
    sha.update(event.as_str());
    sha.update(b"\0");
    sha.update(secret);
    sha.finalize().into()
}

/// A round of a public source of randomness, named before the draw and not known to anybody then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// Which beacon: at most [`BEACON_BYTES_MAX`] bytes.
    pub source: String,
    /// At most [`BEACON_ROUND_MAX`].
    pub round: u64,
    /// At most [`BEACON_BYTES_MAX`] bytes.
    #[serde(with = "hex::bytes")]
    pub randomness: Vec<u8>,
}

/// A beacon that was to go into the draw and did not. It is the server's word, no part of the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconMissed {
    pub source: String,
    /// The round that was named; `None`: the beacon did not say which rounds it has.
    pub round: Option<u64>,
}

/// How many entries a lane had when it was closed, and the root over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedLane {
    pub size: u64,
    pub root: Hex<32>,
}

impl From<&Tree> for ClosedLane {
    fn from(tree: &Tree) -> Self {
        Self { size: tree.size(), root: Hex(tree.root()) }
    }
}

/// The lanes beside the general one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherLanes {
    pub priority: ClosedLane,
}

/// A draw as it is published. What is read from elsewhere says nothing before [`verify_draw`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub commitment: Hex<32>,
    /// Entries of the general lane.
    pub size: u64,
    /// The general lane's root.
    pub root: Hex<32>,
    pub secret: Hex<32>,
    pub beacon: Option<Beacon>,
    /// Why there is none although one was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon_missed: Option<BeaconMissed>,
    pub seed: Hex<32>,
    pub rules: String,
    pub event: EventId,
    pub lanes: FurtherLanes,
}

impl Draw {
    /// Draws. The lanes are closed; the beacon, if any, is the one announced, within its limits.
    pub fn hold(
        event: EventId,
        secret: [u8; 32],
        general: ClosedLane,
        priority: ClosedLane,
        beacon: Option<Beacon>,
    ) -> Self {
        let mut draw = Self {
            commitment: Hex(commitment(&event, &secret)),
            size: general.size,
            root: general.root,
            secret: Hex(secret),
            beacon,
            beacon_missed: None,
            seed: Hex([0; 32]),
            rules: RULES.to_owned(),
            event,
            lanes: FurtherLanes { priority },
        };
        draw.seed = Hex(draw.derived_seed());
        draw
    }

    /// The same draw, held without the beacon that was to go into it.
    pub fn missing(self, beacon: BeaconMissed) -> Self {
        Self { beacon_missed: Some(beacon), ..self }
    }

    /// HMAC-SHA256 under the secret of everything that the draw rests on.
    fn derived_seed(&self) -> Hash {
        let mut mac = hmac(&self.secret.0);
        mac.update(RULES.as_bytes());
        mac.update(b"\0");
        mac.update(self.event.as_str().as_bytes());
        mac.update(b"\0");
        for lane in Lane::ALL {
            mac.update(&self.lane(lane).size.to_be_bytes());
        }
        for lane in Lane::ALL {
            mac.update(&self.lane(lane).root.0);
        }
        if let Some(beacon) = &self.beacon {
            mac.update(&(beacon.source.len() as u16).to_be_bytes());
            mac.update(beacon.source.as_bytes());
            mac.update(&beacon.round.to_be_bytes());
            mac.update(&(beacon.randomness.len() as u16).to_be_bytes());
            mac.update(&beacon.randomness);
        }
        mac.finalize().into_bytes().into()
    }

    pub fn lane(&self, lane: Lane) -> ClosedLane {
        match lane {
            Lane::General => ClosedLane { size: self.size, root: self.root },
            Lane::Priority => self.lanes.priority,
        }
    }

    /// Every position, computed from the seed as it stands here.
    pub fn order(&self) -> Order {
        Order::drawn(&self.seed.0, Lane::ALL.map(|lane| self.lane(lane).size))
    }

    /// The evidence for one place: `block_entries` are the stored entries of [`Tree::block`].
    /// `None` when the index came after the draw or the entries are not the tree's.
    pub fn prove(&self, tree: &Tree, index: u64, block_entries: &[u8]) -> Option<Proof> {
        let lane = tree.lane();
        let path = tree.path(index, block_entries)?;
        let at = (index - tree.block(index).start) as usize * ENTRY_BYTES;
        let identity: [u8; ENTRY_BYTES] =
            block_entries.get(at..at + ENTRY_BYTES)?.try_into().ok()?;
        Some(Proof {
            lane,
            index,
            leaf: Hex(leaf(lane, index, CustomerKey(identity))),
            path: path.into_iter().map(Hex).collect(),
            identity: Hex(identity),
            position: self.order().position(Place { lane, index }),
        })
    }
}

/// That one entry was in the draw, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub lane: Lane,
    pub index: u64,
    pub leaf: Hex<32>,
    /// Nearest to the leaf first.
    pub path: Vec<Hex<32>>,
    /// The digest under which the person joined.
    pub identity: Hex<ENTRY_BYTES>,
    /// From 0.
    pub position: u64,
}

/// Positions in both lanes. Small, and cheap to copy into whatever answers status requests.
#[derive(Clone, Copy)]
pub struct Order([Permutation; 2]);

impl Order {
    /// Before the draw: everybody stands where they joined, and nobody is released.
    pub fn undrawn() -> Self {
        Self::drawn(&[0; 32], [0, 0])
    }

    /// `sizes` by [`Lane::number`], each at most [`ENTRIES_MAX`].
    pub fn drawn(seed: &[u8; 32], sizes: [u64; 2]) -> Self {
        Self(Lane::ALL.map(|lane| Permutation::new(lane_key(seed, lane), sizes[lane.number()])))
    }

    /// From 0; below the lane's cursor the turn has come.
    pub fn position(&self, place: Place) -> u64 {
        self.0[place.lane.number()].position(place.index)
    }

    /// Who stands at a position.
    pub fn place(&self, lane: Lane, position: u64) -> Place {
        Place { lane, index: self.0[lane.number()].index(position) }
    }
}

/// The key of a lane's permutation.
fn lane_key(seed: &[u8; 32], lane: Lane) -> [u8; 16] {
    let mut mac = hmac(seed);
    mac.update(RULES.as_bytes());
    mac.update(b"\0");
    mac.update(lane.as_str().as_bytes());
    let bytes: [u8; 32] = mac.finalize().into_bytes().into();
    std::array::from_fn(|at| bytes[at])
}

fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}
