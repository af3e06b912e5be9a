//! `renew_pass`: somebody inside is active.

use domain::hold::CustomerKey;

use super::{
    Entered, enter_line,
    termed::{self, Termed},
};
use crate::{
    Error, Partition, Store,
    scripts::{Call, RENEW_PASS},
};

impl Store {
    /// A later deadline for a live pass, never an earlier one.
    ///
    /// # Errors
    /// `OutOfBounds` for a life of less than a millisecond or more than a day.
    pub async fn renew_pass(
        &self,
        partition: &Partition,
        term: u64,
        person: CustomerKey,
        pass_ms: i64,
    ) -> Result<Termed<Entered>, Error> {
        let mut call = Call::new(&RENEW_PASS, partition);
        termed::term(&mut call, term);
        call.argument("person", &person.0);
        termed::pass_ms(&mut call, pass_ms)?;
        match self.run_in_term(&call).await? {
            Termed::Done(answer) => enter_line::read(answer).map(Termed::Done),
            Termed::OtherTerm { current } => Ok(Termed::OtherTerm { current }),
        }
    }
}
