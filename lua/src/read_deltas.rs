//! `read_deltas`: what changed after a version.

use domain::time::Timestamp;

use crate::{
    Error, Partition, Store,
    change_hold::number,
    delta::Delta,
    scripts::{Call, READ_DELTAS},
};

/// Deltas of one call.
const DELTAS_PER_CALL_MAX: u32 = 10_000;

/// A stretch of the delta stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deltas {
    /// That stands now; 0: the inventory is missing, and there is a gap.
    pub epoch: u64,
    /// In order, without a hole.
    pub deltas: Vec<Delta>,
    /// What followed the version asked for is not kept any more, or belongs to another epoch: read
    /// a snapshot. No deltas come then.
    pub gap: bool,
    /// The store's clock.
    pub now: Timestamp,
}

impl Store {
    /// Up to `limit` deltas (10,000 at most) after `(epoch, version)`; without it, from the first
    /// that is kept. Fewer than the limit: there are no more.
    pub async fn read_deltas(
        &self,
        partition: &Partition,
        after: Option<(u64, u64)>,
        limit: u32,
    ) -> Result<Deltas, Error> {
        let limit = limit.clamp(1, DELTAS_PER_CALL_MAX);
        let mut call = Call::new(&READ_DELTAS, partition);
        // The delta asked from is read as well: as long as it is kept, so is what follows it.
        let (from, count) = match after {
            Some((epoch, version)) => (format!("{epoch}-{version}"), limit + 1),
            None => ("-".to_owned(), limit),
        };
        call.argument("after", from.as_bytes());
        call.argument("count", &number(count));
        let mut answer = self.run(&call).await?;
        if answer.split_off_epoch()?.is_some() {
            let now = answer.time()?;
            return Ok(Deltas { epoch: 0, deltas: Vec::new(), gap: true, now });
        }
        let outcome = answer.bytes()?;
        let now = answer.time()?;
        let epoch: u64 = answer.number()?;
        let mut deltas = Vec::new();
        let mut expected = after;
        let mut gap = outcome != b"done" || after.is_some_and(|(asked, _)| asked != epoch);
        while !gap && !answer.is_empty() {
            let (of, version) = answer.position()?;
            let text = answer.bytes()?;
            match expected.take() {
                Some(asked) => gap = asked != (of, version),
                None => {
                    let delta = Delta::read(version, &text);
                    deltas.push(delta.ok_or_else(|| answer.malformed())?);
                }
            }
        }
        if gap || expected.is_some() {
            return Ok(Deltas { epoch, deltas: Vec::new(), gap: true, now });
        }
        Ok(Deltas { epoch, deltas, gap: false, now })
    }
}
