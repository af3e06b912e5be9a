//! `pass_state`: one record.

use domain::{hold::CustomerKey, time::Timestamp};

use super::{
    PassRecord,
    termed::{self, Termed},
};
use crate::{
    Error, Partition, Store,
    scripts::{Call, PASS_STATE},
};

impl Store {
    /// How a person stands to the inside, none if they never did, and the store's clock to judge a
    /// deadline by.
    pub async fn pass_state(
        &self,
        partition: &Partition,
        term: u64,
        person: CustomerKey,
    ) -> Result<Termed<(Timestamp, Option<PassRecord>)>, Error> {
        let mut call = Call::new(&PASS_STATE, partition);
        termed::term(&mut call, term);
        call.argument("person", &person.0);
        let mut answer = match self.run_in_term(&call).await? {
            Termed::Done(answer) => answer,
            Termed::OtherTerm { current } => return Ok(Termed::OtherTerm { current }),
        };
        let now = answer.done_at()?;
        let record = match answer.bytes()?.as_slice() {
            b"" => None,
            text => Some(PassRecord::read(text).ok_or_else(|| answer.malformed())?),
        };
        Ok(Termed::Done((now, record)))
    }
}
