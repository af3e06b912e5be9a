//! Checks a published draw and one place in it. What fails is named by the part that was altered,
//! or by the first part that no longer follows from the others.

use super::{
    BEACON_BYTES_MAX, BEACON_ROUND_MAX, Draw, ENTRIES_MAX, Hash, Order, Proof, RULES, commitment,
    leaf, root_of_path,
};
use crate::{
    hold::CustomerKey,
    id::EventId,
    queue::lane::{Lane, Place},
};

/// What whoever checks knows from elsewhere. A draw alone can only be checked against itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Witness<'a> {
    /// The commitment, as it was seen before the draw.
    pub commitment: Option<Hash>,
    /// The event that the draw has to be of.
    pub event: Option<&'a EventId>,
}

/// Why a draw or a proof is not what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tamper {
    #[error("rules: only {RULES} is known here")]
    Rules,
    #[error("event: this draw belongs to another event")]
    Event,
    #[error("size: more than {ENTRIES_MAX} entries in a lane")]
    Size,
    #[error("beacon: its name, round or value is out of bounds")]
    Beacon,
    #[error("commitment: not the one that was published before the draw")]
    Commitment,
    #[error("secret: the commitment was not made for this secret and event")]
    Secret,
    #[error("seed: it does not follow from secret, event, sizes, roots and beacon")]
    Seed,
    #[error("index: the lane had fewer entries in the draw")]
    Index,
    #[error("leaf: it is not that of lane, index and identity")]
    Leaf,
    #[error("path: it does not lead to the lane's root")]
    Path,
    #[error("position: the draw gave another one to this index")]
    Position,
}

impl Tamper {
    /// The field that the error text begins with.
    pub fn part(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Event => "event",
            Self::Size => "size",
            Self::Beacon => "beacon",
            Self::Commitment => "commitment",
            Self::Secret => "secret",
            Self::Seed => "seed",
            Self::Index => "index",
            Self::Leaf => "leaf",
            Self::Path => "path",
            Self::Position => "position",
        }
    }
}

/// A draw that has been found good.
#[derive(Clone)]
pub struct CheckedDraw<'a> {
    draw: &'a Draw,
    order: Order,
}

impl CheckedDraw<'_> {
    /// From 0. Places after the draw stand where they joined.
    pub fn position(&self, place: Place) -> u64 {
        self.order.position(place)
    }
}

/// Recomputes everything that a draw says of itself, and compares it with what is known besides.
pub fn verify_draw<'a>(draw: &'a Draw, witness: Witness<'_>) -> Result<CheckedDraw<'a>, Tamper> {
    if draw.rules != RULES {
        return Err(Tamper::Rules);
    }
    if witness.event.is_some_and(|event| *event != draw.event) {
        return Err(Tamper::Event);
    }
    if Lane::ALL.iter().any(|lane| draw.lane(*lane).size > ENTRIES_MAX) {
        return Err(Tamper::Size);
    }
    if draw.beacon.as_ref().is_some_and(|beacon| {
        beacon.source.len() > BEACON_BYTES_MAX
            || beacon.randomness.len() > BEACON_BYTES_MAX
            || beacon.round > BEACON_ROUND_MAX
    }) {
        return Err(Tamper::Beacon);
    }
    if witness.commitment.is_some_and(|seen| seen != draw.commitment.0) {
        return Err(Tamper::Commitment);
    }
    if commitment(&draw.event, &draw.secret.0) != draw.commitment.0 {
        return Err(Tamper::Secret);
    }
    if draw.derived_seed() != draw.seed.0 {
        return Err(Tamper::Seed);
    }
    Ok(CheckedDraw { draw, order: draw.order() })
}

/// Checks that the entry was in the draw and stands where the proof says.
pub fn verify_proof(checked: &CheckedDraw<'_>, proof: &Proof) -> Result<(), Tamper> {
    let lane = checked.draw.lane(proof.lane);
    if proof.index >= lane.size {
        return Err(Tamper::Index);
    }
    if leaf(proof.lane, proof.index, CustomerKey(proof.identity.0)) != proof.leaf.0 {
        return Err(Tamper::Leaf);
    }
    let path: Vec<Hash> = proof.path.iter().map(|hash| hash.0).collect();
    if root_of_path(proof.index, lane.size, proof.leaf.0, &path) != Some(lane.root.0) {
        return Err(Tamper::Path);
    }
    let place = Place { lane: proof.lane, index: proof.index };
    if checked.position(place) != proof.position {
        return Err(Tamper::Position);
    }
    Ok(())
}
