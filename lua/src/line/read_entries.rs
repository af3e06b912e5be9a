//! `read_entries`: who stands at which index.

use domain::queue::Lane;

use super::{place::INDEX_MAX, termed::number};
use crate::{
    Error, Partition, Store,
    scripts::{Call, READ_ENTRIES},
};

/// Indexes of one call.
const ENTRIES_PER_CALL_MAX: u64 = 100_000;

impl Store {
    /// Twelve bytes for each index from `from` on, at most `count`: the person, or zeros for
    /// nobody. Shorter where the entries end.
    ///
    /// # Errors
    /// `OutOfBounds` for none or more than 100,000 at once.
    pub async fn read_entries(
        &self,
        partition: &Partition,
        lane: Lane,
        from: u64,
        count: u64,
    ) -> Result<Vec<u8>, Error> {
        if count == 0 || count > ENTRIES_PER_CALL_MAX || from > INDEX_MAX {
            return Err(Error::OutOfBounds { what: "number of entries" });
        }
        let mut call = Call::new(&READ_ENTRIES, partition);
        number(&mut call, "lane", lane.number() as u64);
        number(&mut call, "first", from * 12);
        number(&mut call, "last", (from + count) * 12 - 1);
        let mut answer = self.run(&call).await?;
        answer.done_at()?;
        answer.bytes()
    }
}
