//! `read_snapshot`: all seats and areas at one version.

use domain::time::Timestamp;

use crate::{
    Error, Partition, Store,
    answer::Value,
    delta::read_counts,
    hold_seats::{PASS_REQUIRED, SEATS_HEAD},
    runs,
    scripts::{Call, READ_SNAPSHOT},
    states::{AreaCounts, CellState},
};

/// An event's whole inventory. Exactly what the deltas up to `version` add up to: a hold past its
/// deadline still counts as held until a call has expired it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub epoch: u64,
    pub version: u64,
    /// The store's clock.
    pub now: Timestamp,
    /// By seat index.
    pub states: Vec<CellState>,
    /// By area index.
    pub areas: Vec<AreaCounts>,
    /// Whether new holds need a pass.
    pub requires_pass: bool,
}

impl Store {
    /// The inventory under whatever epoch it has. None: there is none.
    pub async fn read_snapshot(&self, partition: &Partition) -> Result<Option<Snapshot>, Error> {
        let mut answer = self.run(&Call::new(&READ_SNAPSHOT, partition)).await?;
        if answer.split_off_epoch()?.is_some() {
            return Ok(None);
        }
        let (version, now) = answer.done()?;
        let seats = answer.bytes()?;
        let malformed = answer.malformed();
        let read = |text: Option<&[u8]>| text.and_then(runs::number::<u64>);
        let epoch = read(seats.get(..16)).ok_or(malformed)?;
        let life = read(seats.get(16..24)).ok_or_else(|| answer.malformed())?;
        let requires_pass = life >= PASS_REQUIRED;
        let cells = seats.get(SEATS_HEAD as usize..).unwrap_or_default();
        let states: Option<Vec<_>> = cells.iter().map(|byte| CellState::read(*byte)).collect();
        let states = states.ok_or_else(|| answer.malformed())?;
        let Value::List(areas) = answer.value()? else {
            return Err(answer.malformed());
        };
        let counts = |value: &Value| match value {
            // Lost beside the rest: nothing can be had there until the inventory is laid anew.
            Value::Bytes(text) if text.is_empty() => Some(AreaCounts::default()),
            Value::Bytes(text) => read_counts(text),
            _ => None,
        };
        let areas: Option<Vec<_>> = areas.iter().map(counts).collect();
        let areas = areas.ok_or_else(|| answer.malformed())?;
        Ok(Some(Snapshot { epoch, version, now, states, areas, requires_pass }))
    }
}
