//! `lay_line`: a line from what the ledger knows, over what survives.

use domain::{hold::CustomerKey, time::Timestamp};

use super::{
    BatchMark, LinePhase, PassRecord,
    add_passes::{PASSES_PER_CALL_MAX, write_passes},
    place::INDEX_MAX,
    termed::{self, TERM_MAX, Termed},
};
use crate::{
    Error, Partition, Store,
    record::write_time,
    runs,
    scripts::{Call, LAY_LINE},
};

/// What the ledger knows of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayLine {
    /// The new one, from the ledger's counter; at least 1.
    pub term: u64,
    pub fence: u64,
    pub phase: LinePhase,
    /// By lane: indexes below may have been given out.
    pub joined: [u64; 2],
    pub ceiling: [u64; 2],
    pub size: [u64; 2],
    /// General, priority, grace.
    pub cursors: [u64; 3],
    /// 0: any number may wait.
    pub waiting_max: u64,
    /// Since when whoever was released has their turn, the oldest first, ending with `cursors`;
    /// where they end before, the rest has it from now on.
    pub batches: Vec<BatchMark>,
    pub draw: Option<String>,
    /// Live and ended ones; more of them by [`Store::begin_line`] and [`Store::add_passes`].
    pub passes: Vec<(CustomerKey, PassRecord)>,
}

/// Whether the line that is laid is one with this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Laying {
    /// More passes follow. Until the last of them nobody finds a line.
    Goes,
    Ends,
}

impl Laying {
    pub(super) fn more(self) -> u64 {
        u64::from(self == Self::Goes)
    }
}

/// A line that was laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Laid {
    /// The store's clock.
    pub now: Timestamp,
    /// By lane: the next index; above what was asked for where entries with higher ones survive.
    pub joined: [u64; 2],
}

impl Store {
    /// Lays a line: counters and passes as given, nothing of the former ones. The people and
    /// entries of the former term stay, because they are still true, and so does who waits in the
    /// grace. Refused when a line with this term or a later one is there.
    ///
    /// # Errors
    /// `OutOfBounds` for a term or a number that cannot be, or more than 20,000 passes.
    pub async fn lay_line(
        &self,
        partition: &Partition,
        line: &LayLine,
    ) -> Result<Termed<Laid>, Error> {
        self.lay(partition, line, Laying::Ends).await
    }

    /// As [`Self::lay_line`], but nobody finds the line before [`Store::add_passes`] has brought the
    /// last of its passes.
    ///
    /// # Errors
    /// As there.
    pub async fn begin_line(
        &self,
        partition: &Partition,
        line: &LayLine,
    ) -> Result<Termed<Laid>, Error> {
        self.lay(partition, line, Laying::Goes).await
    }

    async fn lay(
        &self,
        partition: &Partition,
        line: &LayLine,
        laying: Laying,
    ) -> Result<Termed<Laid>, Error> {
        if line.term == 0 || line.term > TERM_MAX || line.fence > TERM_MAX {
            return Err(Error::OutOfBounds { what: "term" });
        }
        if line.passes.len() > PASSES_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of passes" });
        }
        if line.joined.iter().chain(&line.cursors).any(|number| *number > INDEX_MAX) {
            return Err(Error::OutOfBounds { what: "size of a line" });
        }
        let mut call = Call::new(&LAY_LINE, partition);
        termed::term(&mut call, line.term);
        call.argument("values", &values(line, laying));
        call.argument("batches", &batches(line));
        write_passes(&mut call, &line.passes);
        Ok(match self.run_in_term(&call).await? {
            Termed::Done(mut answer) => {
                let now = answer.done_at()?;
                Termed::Done(Laid { now, joined: answer.each_number()? })
            }
            Termed::OtherTerm { current } => Termed::OtherTerm { current },
        })
    }
}

/// `<time>:<cursor0>:<cursor1>:<cursor2>,` for each.
fn batches(line: &LayLine) -> Vec<u8> {
    let mut text = Vec::new();
    for BatchMark { at, cursors } in &line.batches {
        write_time(*at, &mut text);
        for cursor in cursors {
            text.push(b':');
            runs::write_number(*cursor, &mut text);
        }
        text.push(b',');
    }
    text
}

/// Numbers and the phase, a comma after each; then the draw, which may be anything.
fn values(line: &LayLine, laying: Laying) -> Vec<u8> {
    let mut text = Vec::new();
    let numbers = [line.fence].into_iter().chain(line.joined).chain(line.ceiling);
    let numbers =
        numbers.chain(line.size).chain(line.cursors).chain([line.waiting_max, laying.more()]);
    for number in numbers {
        runs::write_number(number, &mut text);
        text.push(b',');
    }
    text.extend_from_slice(line.phase.as_str().as_bytes());
    text.push(b',');
    text.extend_from_slice(line.draw.as_deref().unwrap_or_default().as_bytes());
    text
}
