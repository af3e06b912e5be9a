//! `close_entries`: from here on who joins stands behind the draw.

use super::controlled::{Controlled, fenced};
use crate::{
    Error, Partition, Store,
    scripts::{CLOSE_ENTRIES, Call},
};

impl Store {
    /// Early becomes drawing, and the sizes of the draw are what has joined, by lane. In any other
    /// phase: the sizes as they stand.
    pub async fn close_entries(
        &self,
        partition: &Partition,
        term: u64,
        fence: u64,
    ) -> Result<Controlled<[u64; 2]>, Error> {
        let mut call = Call::new(&CLOSE_ENTRIES, partition);
        fenced(&mut call, term, fence);
        Ok(match self.run_fenced(&call).await? {
            Controlled::Done(mut answer) => {
                answer.done_at()?;
                Controlled::Done(answer.each_number()?)
            }
            Controlled::OtherTerm { current } => Controlled::OtherTerm { current },
            Controlled::Fenced { fence } => Controlled::Fenced { fence },
        })
    }
}
