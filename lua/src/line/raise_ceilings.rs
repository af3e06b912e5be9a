//! `raise_ceilings`: more indexes may be given out.

use super::termed::{self, Termed, number};
use crate::{
    Error, Partition, Store,
    scripts::{Call, RAISE_CEILINGS},
};

impl Store {
    /// Raises what the ledger has reserved, by lane; nothing is lowered. Answers what stands. Every
    /// process may do it: the ledger gives each block once.
    pub async fn raise_ceilings(
        &self,
        partition: &Partition,
        term: u64,
        ceilings: [u64; 2],
    ) -> Result<Termed<[u64; 2]>, Error> {
        let mut call = Call::new(&RAISE_CEILINGS, partition);
        termed::term(&mut call, term);
        number(&mut call, "ceiling", ceilings[0]);
        number(&mut call, "ceiling_priority", ceilings[1]);
        Ok(match self.run_in_term(&call).await? {
            Termed::Done(mut answer) => {
                answer.done_at()?;
                Termed::Done(answer.each_number()?)
            }
            Termed::OtherTerm { current } => Termed::OtherTerm { current },
        })
    }
}
