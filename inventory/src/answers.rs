//! What is asked of an event's inventory and what it answers. Seats and areas are indexes of the
//! event's chart; labels, tokens and HTTP are the caller's matter.

use std::sync::Arc;

pub use domain::best_available::Request as BestAvailable;
use domain::{
    hold::CustomerKey,
    id::HoldKey,
    seat::{AreaIndex, AreaQuantity, SeatIndex},
    time::Timestamp,
};
use lua::{AreaCounts, CellState, HoldRecord};

/// A hold that somebody wants. At least one seat or place; the caller has checked the bounds of
/// `domain::limits` and that every index exists.
#[derive(Clone, Debug)]
pub struct HoldWish {
    pub key: HoldKey,
    /// Becomes part of the hold's identifier.
    pub created: Timestamp,
    /// Digest of the request body.
    pub fingerprint: [u8; 8],
    pub customer: CustomerKey,
    pub customer_limit: u32,
    /// Whom the cap per address counts, and the cap; none for holds under a pass or an account.
    pub address: Option<(CustomerKey, u32)>,
    pub wish: SeatWish,
    pub areas: Vec<AreaQuantity>,
    /// Came with a pass of the customer whose signature and life were verified. Looked at only
    /// where the event requires one.
    pub has_pass: bool,
}

/// Which seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatWish {
    None,
    /// All of these or none; distinct.
    Seats(Vec<SeatIndex>),
    /// Neighbours of the inventory's choice.
    BestAvailable(BestAvailable),
}

/// What became of a wish. Only the first two hold anything; all others changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldAnswer {
    Held {
        version: u64,
        record: HoldRecord,
    },
    /// The same request was answered before; the hold as it is now.
    Replayed {
        version: u64,
        record: HoldRecord,
    },
    /// A live hold stands under this key for another body.
    KeyReused,
    SeatsTaken {
        version: u64,
        seats: Vec<SeatIndex>,
    },
    AreasShort {
        version: u64,
        areas: Vec<AreaIndex>,
    },
    /// Seats that fit the wish are free, but no such neighbours.
    NotEnoughAdjacent {
        version: u64,
    },
    /// Fewer seats that fit the wish are free than were asked for.
    SoldOut {
        version: u64,
    },
    CustomerLimit,
    AddressLimit,
    /// New holds need a pass, and none came along.
    PassRequired,
    /// The pass that came along has ended before its time: bought with, left, or idle.
    PassExpired,
}

/// A hold that was asked for by its identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadAnswer {
    /// The status is judged now; while paying or sold, `expires_at` is the order's `pay_before`.
    Found { version: u64, record: HoldRecord },
    /// Neither the store nor the ledger knows it (any more): it has expired long ago, was lost
    /// with the store, or another hold has replaced it.
    Gone,
}

/// What became of a change. Only `Changed` changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeAnswer {
    Changed {
        version: u64,
        record: HoldRecord,
    },
    Replayed {
        version: u64,
        record: HoldRecord,
    },
    KeyReused,
    /// As [`ReadAnswer::Gone`].
    Gone,
    Expired,
    Released,
    InPayment,
    NotInHold(Vec<SeatIndex>),
    /// A seat to be added is in the hold.
    AlreadyInHold,
    /// Nothing would be left: release it instead.
    Empty,
    SeatsTaken {
        version: u64,
        seats: Vec<SeatIndex>,
    },
    AreasShort {
        version: u64,
        areas: Vec<AreaIndex>,
    },
    CustomerLimit,
    AddressLimit,
}

/// What became of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendAnswer {
    Extended {
        version: u64,
        record: HoldRecord,
    },
    Replayed {
        version: u64,
        record: HoldRecord,
    },
    KeyReused,
    /// As [`ReadAnswer::Gone`].
    Gone,
    Expired,
    Released,
    InPayment,
    LimitReached,
}

/// What became of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseAnswer {
    Released {
        version: u64,
    },
    /// It is over already, or gone: the same outcome for whoever releases.
    AlreadyEnded,
    InPayment,
}

/// What became of a change of blocks: all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockAnswer {
    Changed {
        version: u64,
    },
    /// These are held or sold.
    SeatsTaken {
        version: u64,
        seats: Vec<SeatIndex>,
    },
}

/// Every seat and area of an event at one version.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub epoch: u64,
    pub version: u64,
    /// By seat index.
    pub states: Arc<[CellState]>,
    /// By area index.
    pub areas: Arc<[AreaCounts]>,
}
