//! `read_hold`: one hold as it is now.

use domain::id::HoldKey;

use crate::{
    Error, Partition, Reply, Store,
    change_hold::read_record,
    epoch,
    record::HoldRecord,
    scripts::{Call, READ_HOLD},
};

impl Store {
    /// The record under a key, judged now. None: there is none, or it ended more than fifteen
    /// minutes ago.
    pub async fn read_hold(
        &self,
        partition: &Partition,
        epoch: u64,
        key: &HoldKey,
    ) -> Result<Reply<Option<HoldRecord>>, Error> {
        let mut call = Call::new(&READ_HOLD, partition);
        epoch::reading(&mut call, epoch);
        call.argument("key", &key.0);
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        let (outcome, now) = (answer.bytes()?, answer.time()?);
        match outcome.as_slice() {
            b"missing" => Ok(Reply::Done(None)),
            b"done" => read_record(*key, &mut answer, now).map(|record| Reply::Done(Some(record))),
            _ => Err(answer.malformed()),
        }
    }
}
