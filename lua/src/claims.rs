//! `promote_holds`, `commit_claims`, `release_claims`: what the ledger has decided about seats.
//!
//! A claim overrules every hold: the ledger decides who has a seat, the store only who may try.
//! Between two claims the higher number wins, so that calls may come late, twice and in any order.

use domain::{
    hold::CustomerKey,
    id::HoldKey,
    seat::{AreaQuantity, SeatIndex},
    time::Timestamp,
};

use crate::{
    Error, Partition, Reply, Store, epoch,
    record::{self, Head},
    runs,
    scripts::{COMMIT_CLAIMS, Call, PROMOTE_HOLDS, RELEASE_CLAIMS, Script},
};

/// Highest claim number that a record can carry.
const CLAIM_NUMBER_MAX: u64 = 9_007_199_254_740_991;
/// Claims of one call.
const CLAIMS_PER_CALL_MAX: usize = 1_024;

/// An order's durable right to seats and places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Of the hold it came from.
    pub key: HoldKey,
    /// When that hold was made.
    pub created: Timestamp,
    /// From the ledger; at least 1.
    pub claim_number: u64,
    pub customer: CustomerKey,
    pub seats: Vec<SeatIndex>,
    pub areas: Vec<AreaQuantity>,
}

/// What became of a claim that was told. Only `Changed` changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimReply {
    Changed,
    /// It stood so before, or further on.
    Already,
    /// A claim with a higher number has the key or a seat, or this one has been released.
    Stale,
    /// Of a promotion: the owner of its hold has given it back before. The claim is to be released.
    HoldReleased,
}

impl Store {
    /// Lays live claims: their seats have no deadline any more. Whatever hold stands on one of
    /// them expires as a whole. Works without the hold's record as well. A claim whose own hold was
    /// given back by its owner is not laid: that was answered before.
    ///
    /// # Errors
    /// `OutOfBounds` for more than 1,024 claims.
    pub async fn promote_holds(
        &self,
        partition: &Partition,
        epoch: u64,
        claims: &[Claim],
    ) -> Result<Reply<Vec<ClaimReply>>, Error> {
        self.tell(&PROMOTE_HOLDS, partition, epoch, claims).await
    }

    /// Marks claims as sold, also when they were never promoted.
    ///
    /// # Errors
    /// `OutOfBounds` for more than 1,024 claims.
    pub async fn commit_claims(
        &self,
        partition: &Partition,
        epoch: u64,
        claims: &[Claim],
    ) -> Result<Reply<Vec<ClaimReply>>, Error> {
        self.tell(&COMMIT_CLAIMS, partition, epoch, claims).await
    }

    /// Frees what claims have, live or sold, and nothing that belongs to somebody else by now. A
    /// hold whose claim was never promoted ends as well.
    ///
    /// # Errors
    /// `OutOfBounds` for more than 1,024 claims.
    pub async fn release_claims(
        &self,
        partition: &Partition,
        epoch: u64,
        claims: &[Claim],
    ) -> Result<Reply<Vec<ClaimReply>>, Error> {
        self.tell(&RELEASE_CLAIMS, partition, epoch, claims).await
    }

    async fn tell(
        &self,
        script: &'static Script,
        partition: &Partition,
        epoch: u64,
        claims: &[Claim],
    ) -> Result<Reply<Vec<ClaimReply>>, Error> {
        if claims.len() > CLAIMS_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of claims" });
        }
        let mut call = Call::new(script, partition);
        epoch::writing(&mut call, epoch);
        for claim in claims {
            write_claim(&mut call, claim)?;
        }
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        answer.done()?;
        let mut replies = Vec::with_capacity(claims.len());
        for _ in claims {
            replies.push(match answer.integer()? {
                1 => ClaimReply::Changed,
                0 => ClaimReply::Already,
                -1 => ClaimReply::Stale,
                -2 => ClaimReply::HoldReleased,
                _ => return Err(answer.malformed()),
            });
        }
        Ok(Reply::Done(replies))
    }
}

/// Four arguments: the key, bytes 15 to 86 of the record, runs, areas.
pub(crate) fn write_claim(call: &mut Call, claim: &Claim) -> Result<(), Error> {
    if claim.claim_number == 0 || claim.claim_number > CLAIM_NUMBER_MAX {
        return Err(Error::OutOfBounds { what: "claim number" });
    }
    let places: u64 = claim.areas.iter().map(|area| u64::from(area.quantity)).sum();
    let runs = runs::runs(&claim.seats);
    let count = places + runs.iter().map(|run| u64::from(run.length)).sum::<u64>();
    if count > u64::from(record::QUANTITY_MAX) {
        return Err(Error::OutOfBounds { what: "size of a claim" });
    }
    let head = Head {
        created: claim.created,
        fingerprint: &[0; 8],
        customer: claim.customer,
        address: None,
        claim_number: claim.claim_number,
        count: count as u32,
    };
    call.rest(&claim.key.0);
    call.rest_written(|out| head.write(out));
    call.rest_written(|out| record::write_runs(&runs, out));
    call.rest_written(|out| record::write_areas(&claim.areas, out));
    Ok(())
}
