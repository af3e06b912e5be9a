//! The only door to Redis: who holds which seat of an event and who stands where in its line,
//! decided by scripts.
//!
//! One event's inventory is a *partition*: six keys in one slot ([`keys`]), so that one script
//! sees all of it. The event's line, if its queue is on, stands beside it, in the same slot: its
//! keys are told in `line/mod.rs`.
//!
//! | key | |
//! |---|---|
//! | `seats` | string: a head of 40 digits (epoch 16, life of its holds 8, seats 8, areas 4, layout 4), then a byte a seat: `0` free, `1` held, `2` claimed, `3` sold, `4` blocked |
//! | `owners` | string: 12 bytes a seat, the key of the hold or claim that has it; means nothing for a free seat |
//! | `records` | hash: hold key (12 bytes) → record (`record.rs`); `c` or `a` and a customer's or address's key (13 bytes) → the keys of their holds; `g` and an area's index → `capacity,held,sold` |
//! | `queue` | list: deadline, then the keys of the holds made in one call; in order, because all have one life |
//! | `deadlines` | sorted set: hold keys whose time to be looked at is another: extended, of another life, ended and to be forgotten |
//! | `deltas` | stream: what each call changed, under `<epoch>-<version>`, about the last 10,000 |
//!
//! The `queue` is one of holds, not of people; it exists because a sorted set costs a lone hold a
//! quarter of all. The first digit of the life is 2 or 3 where new holds need a pass, 0 or 1 where
//! they do not: one comparison tells the epoch, the life and that.
//!
//! A hold past its deadline counts nowhere, swept or not: deadlines are judged by the one clock
//! that the script reads on its first line. A script compares the epoch before anything else (one
//! of the line its term), decides everything, appends the delta, and only then writes; a refusal
//! writes nothing. All scripts may be repeated.
//!
//! The same script files run in Redis (standalone, behind Sentinels, in a cluster) and in process,
//! by an embedded Lua of the language level that Redis uses, over a keyspace with a closed list of
//! commands. `scripts/prelude.lua` is put before each of them as text: Redis has no modules, and
//! one reading of a record is better than ten.
//!
//! Relies on `domain` for ids, times and statuses. Never decides what a refusal means to a buyer,
//! never talks SQL or HTTP, and never reads a wall clock.

mod answer;
mod block_seats;
mod change_hold;
mod claims;
mod delta;
mod epoch;
mod error;
mod extend_hold;
mod hold_seats;
pub mod keys;
pub mod keyspace;
mod line;
mod notices;
pub mod place;
mod read_deltas;
mod read_hold;
mod read_snapshot;
mod rebuild;
mod record;
mod release_hold;
mod require_pass;
mod runs;
pub mod scripts;
mod states;
mod store;
mod sweep_expired;

pub use answer::Value;
pub use block_seats::Blocked;
pub use change_hold::{ChangeReply, HoldChange, Operation};
pub use claims::{Claim, ClaimReply};
pub use delta::{Delta, SeatChange};
pub use error::Error;
pub use extend_hold::ExtendReply;
pub use hold_seats::{HoldReply, HoldRequest, HoldSeats};
pub use keys::Partition;
pub use line::{
    Admitted, BatchMark, Controlled, EndedMark, Entered, EnteredMark, EnteredWay, GraceWish,
    Graced, Join, JoinReply, Joined, Laid, LayLine, Laying, Left, LineField, LinePhase, LinePlace,
    LineRead, ListPart, ListPositions, PassEnd, PassRecord, Reader, Termed, Way,
};
pub use notices::Notices;
pub use read_deltas::Deltas;
pub use read_snapshot::Snapshot;
pub use rebuild::{Rebuild, Rebuilt};
pub use record::HoldRecord;
pub use release_hold::ReleaseReply;
pub use states::{AreaCounts, CellState};
pub use store::{Reply, Store};
pub use sweep_expired::Swept;
