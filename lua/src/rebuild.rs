//! `rebuild`: the inventory laid anew from the ledger over whatever survives.

use domain::seat::SeatIndex;

use crate::{
    Claim, Error, Partition, Reply, Store,
    claims::write_claim,
    epoch::{self, EPOCH_MAX},
    hold_seats::{PASS_REQUIRED, SEATS_HEAD},
    keys::LAYOUT,
    runs,
    scripts::{Call, REBUILD},
    states::{AreaCounts, CellState},
};

/// Seats of one partition.
const SEATS_MAX: u32 = 1_000_000;
/// Areas of one partition.
const AREAS_MAX: usize = 1_000;

/// What the ledger knows of an event's seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// The new one, from the ledger's counter; at least 1.
    pub epoch: u64,
    pub seats: u32,
    /// By area index.
    pub capacities: Vec<u32>,
    pub blocked: Vec<SeatIndex>,
    /// Each with whether it is sold. No two have a seat in common.
    pub claims: Vec<(Claim, bool)>,
    /// Whether new holds need a pass.
    pub require_pass: bool,
}

/// What a rebuild found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    pub version: u64,
    /// Live holds that go on.
    pub holds_kept: u32,
    /// Live holds that expired because a claim or a block has one of their seats, or the areas
    /// have no room for them.
    pub holds_displaced: u32,
}

impl Store {
    /// Lays an inventory: claims and blocks from the ledger, live holds from what is there, nothing
    /// else. Refused when an inventory with this epoch or a later one is there.
    ///
    /// # Errors
    /// `OutOfBounds` for an epoch, a size or a seat that cannot be.
    pub async fn rebuild(
        &self,
        partition: &Partition,
        rebuild: &Rebuild,
    ) -> Result<Reply<Rebuilt>, Error> {
        if rebuild.epoch == 0 || rebuild.epoch > EPOCH_MAX {
            return Err(Error::OutOfBounds { what: "epoch" });
        }
        if rebuild.seats > SEATS_MAX || rebuild.capacities.len() > AREAS_MAX {
            return Err(Error::OutOfBounds { what: "size of an inventory" });
        }
        let base = Base::new(rebuild)?;
        let mut call = Call::new(&REBUILD, partition);
        call.argument("epoch", &epoch::padded(rebuild.epoch));
        call.argument("first_id", format!("{}-1", rebuild.epoch).as_bytes());
        call.argument("seats", &base.seats);
        call.argument("owners", &base.owners);
        call.argument("areas", &base.areas());
        for (claim, sold) in &rebuild.claims {
            call.rest(if *sold { b"S" } else { b"P" });
            write_claim(&mut call, claim)?;
        }
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        let (version, _) = answer.done()?;
        let mut holds = || u32::try_from(answer.integer()?).map_err(|_| answer.malformed());
        let (holds_kept, holds_displaced) = (holds()?, holds()?);
        Ok(Reply::Done(Rebuilt { version, holds_kept, holds_displaced }))
    }
}

/// The strings and counts before any hold is laid over them.
struct Base {
    seats: Vec<u8>,
    owners: Vec<u8>,
    counts: Vec<AreaCounts>,
}

impl Base {
    fn new(rebuild: &Rebuild) -> Result<Self, Error> {
        let mut seats = epoch::padded(rebuild.epoch);
        // The life of its holds: the first one tells.
        let life = if rebuild.require_pass { PASS_REQUIRED } else { 0 };
        runs::write_padded(life, 8, &mut seats);
        runs::write_padded(u64::from(rebuild.seats), 8, &mut seats);
        runs::write_padded(rebuild.capacities.len() as u64, 4, &mut seats);
        runs::write_padded(u64::from(LAYOUT), 4, &mut seats);
        debug_assert_eq!(seats.len(), SEATS_HEAD as usize);
        seats.resize(seats.len() + rebuild.seats as usize, CellState::Free.byte());
        let owners = vec![0; rebuild.seats as usize * 12];
        let count = |capacity: &u32| AreaCounts { capacity: *capacity, ..AreaCounts::default() };
        let counts = rebuild.capacities.iter().map(count).collect();
        let mut base = Self { seats, owners, counts };
        for seat in &rebuild.blocked {
            *base.cell(*seat)? = CellState::Blocked.byte();
        }
        for (claim, sold) in &rebuild.claims {
            base.lay(claim, *sold)?;
        }
        Ok(base)
    }

    fn lay(&mut self, claim: &Claim, sold: bool) -> Result<(), Error> {
        let state = if sold { CellState::Sold } else { CellState::Claimed };
        for seat in &claim.seats {
            *self.cell(*seat)? = state.byte();
            let at = *seat as usize * 12;
            self.owners[at..at + 12].copy_from_slice(&claim.key.0);
        }
        for area in &claim.areas {
            let counts = self.counts.get_mut(usize::from(area.area));
            let counts = counts.ok_or(Error::OutOfBounds { what: "area of a claim" })?;
            let taken = if sold { &mut counts.sold } else { &mut counts.held };
            *taken = taken.saturating_add(area.quantity);
        }
        Ok(())
    }

    fn cell(&mut self, seat: SeatIndex) -> Result<&mut u8, Error> {
        let at = SEATS_HEAD as usize + seat as usize;
        self.seats.get_mut(at).ok_or(Error::OutOfBounds { what: "seat of a rebuild" })
    }

    /// `capacity,held,sold` of each area, `|` after each.
    fn areas(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for counts in &self.counts {
            for (number, end) in [(counts.capacity, b','), (counts.held, b','), (counts.sold, b'|')]
            {
                runs::write_number(u64::from(number), &mut text);
                text.push(end);
            }
        }
        text
    }
}
