//! `release_hold`: everything of a hold is free again.

use domain::id::HoldKey;

use crate::{
    Error, Partition, Reply, Store, epoch,
    scripts::{Call, RELEASE_HOLD},
};

/// What became of a release. Only `Released` changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseReply {
    Released {
        version: u64,
    },
    /// Released or expired before.
    AlreadyEnded,
    Missing,
    /// Under an order's claim, or sold: only the ledger ends that.
    InPayment,
}

impl Store {
    /// Ends an active hold.
    pub async fn release_hold(
        &self,
        partition: &Partition,
        epoch: u64,
        key: &HoldKey,
    ) -> Result<Reply<ReleaseReply>, Error> {
        let mut call = Call::new(&RELEASE_HOLD, partition);
        epoch::writing(&mut call, epoch);
        call.argument("key", &key.0);
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        Ok(Reply::Done(match answer.bytes()?.as_slice() {
            b"released" => ReleaseReply::Released { version: answer.position()?.1 },
            b"already_ended" => ReleaseReply::AlreadyEnded,
            b"missing" => ReleaseReply::Missing,
            b"in_payment" => ReleaseReply::InPayment,
            _ => return Err(answer.malformed()),
        }))
    }
}
