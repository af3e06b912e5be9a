//! `read_line`: a line as it stands, and what its lists have got since a reader looked.

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};

use super::{
    LinePhase, LinePlace, PassEnd, pass,
    termed::{number, person},
};
use crate::{
    Error, Partition, Store,
    answer::{Answer, Value},
    runs,
    scripts::{Call, READ_LINE},
};

/// What a reader knows already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// The term of what it knows; under another one everything is told from the beginning.
    pub term: Option<u64>,
    pub after: ListPositions,
    /// Leaves `draw` out.
    pub has_draw: bool,
    /// Only who leads the line needs to know who entered.
    pub wants_entered: bool,
}

/// Items known of each list, from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListPositions {
    pub batches: u64,
    pub graced: u64,
    pub ended: u64,
    pub entered: u64,
}

/// A stretch of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPart<T> {
    /// Items in all. Fewer than the reader knew: the list went back, and nothing is told.
    pub total: u64,
    /// Position of the first of `items`.
    pub from: u64,
    /// At most 5,000; the reader asks again for the rest.
    pub items: Vec<T>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRead {
    /// The store's clock.
    pub now: Timestamp,
    pub term: u64,
    pub fence: u64,
    pub phase: LinePhase,
    /// By lane: the next index.
    pub joined: [u64; 2],
    /// By lane: indexes below may be given out.
    pub ceiling: [u64; 2],
    /// By lane: entries at the draw.
    pub size: [u64; 2],
    /// Positions released: general, priority, grace.
    pub cursors: [u64; 3],
    /// People who may wait; 0: any number.
    pub waiting_max: u64,
    /// Live passes; those past their deadline count until an admission has ended them.
    pub inside: u64,
    /// None when the reader has it, or there is none.
    pub draw: Option<String>,
    pub notes: Option<String>,
    pub batches: ListPart<BatchMark>,
    pub graced: ListPart<CustomerKey>,
    pub ended: ListPart<EndedMark>,
    /// Empty unless it was wanted.
    pub entered: ListPart<EnteredMark>,
}

/// How far the line had moved at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMark {
    pub at: Timestamp,
    pub cursors: [u64; 3],
}

/// A pass that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedMark {
    pub person: CustomerKey,
    /// For which it was given.
    pub place: LinePlace,
    pub reason: PassEnd,
}

/// Somebody who came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnteredMark {
    pub way: EnteredWay,
    /// In the lane, or the grace number.
    pub position: u64,
    pub at: Timestamp,
}

/// By what somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnteredWay {
    Lane(Lane),
    Grace,
}

impl Store {
    /// The line under whatever term it has. None: there is none.
    pub async fn read_line(
        &self,
        partition: &Partition,
        reader: &Reader,
    ) -> Result<Option<LineRead>, Error> {
        let mut call = Call::new(&READ_LINE, partition);
        number(&mut call, "term", reader.term.unwrap_or(0));
        let ListPositions { batches, graced, ended, entered } = reader.after;
        number(&mut call, "batches_after", batches);
        number(&mut call, "graced_after", graced);
        number(&mut call, "ended_after", ended);
        number(&mut call, "entered_after", entered);
        let wanted = u64::from(!reader.has_draw) + 2 * u64::from(reader.wants_entered);
        number(&mut call, "wanted", wanted);
        let mut answer = self.run(&call).await?;
        if answer.split_off(b"missing")?.is_some() {
            return Ok(None);
        }
        read(answer).map(Some)
    }
}

fn read(mut answer: Answer) -> Result<LineRead, Error> {
    let now = answer.done_at()?;
    let [term, fence] = answer.each_number()?;
    let phase = std::str::from_utf8(&answer.bytes()?).ok().and_then(LinePhase::parse);
    let phase = phase.ok_or_else(|| answer.malformed())?;
    let joined = answer.each_number()?;
    let ceiling = answer.each_number()?;
    let size = answer.each_number()?;
    let cursors = answer.each_number()?;
    let [waiting_max] = answer.each_number()?;
    let inside = answer.integer()?.unsigned_abs();
    let draw = text(&mut answer)?;
    let notes = text(&mut answer)?;
    Ok(LineRead {
        now,
        term,
        fence,
        phase,
        joined,
        ceiling,
        size,
        cursors,
        waiting_max,
        inside,
        draw,
        notes,
        batches: part(&mut answer, batch_mark)?,
        graced: part(&mut answer, person)?,
        ended: part(&mut answer, ended_mark)?,
        entered: part(&mut answer, entered_mark)?,
    })
}

/// None when it is empty.
fn text(answer: &mut Answer) -> Result<Option<String>, Error> {
    let text = String::from_utf8(answer.bytes()?).map_err(|_| answer.malformed())?;
    Ok((!text.is_empty()).then_some(text))
}

/// `{total, from, item, …}`
fn part<T>(answer: &mut Answer, read: impl Fn(&[u8]) -> Option<T>) -> Result<ListPart<T>, Error> {
    let mut list = answer.list()?;
    let (total, from) = (list.integer()?.unsigned_abs(), list.integer()?.unsigned_abs());
    let mut items = Vec::new();
    while !list.is_empty() {
        let Value::Bytes(item) = list.value()? else { return Err(list.malformed()) };
        items.push(read(&item).ok_or_else(|| list.malformed())?);
    }
    Ok(ListPart { total, from, items })
}

fn colon(text: &[u8]) -> impl Iterator<Item = Option<u64>> {
    text.split(|byte| *byte == b':').map(runs::number)
}

fn batch_mark(text: &[u8]) -> Option<BatchMark> {
    let mut parts = colon(text);
    let at = Timestamp(parts.next()??.try_into().ok()?);
    Some(BatchMark { at, cursors: [parts.next()??, parts.next()??, parts.next()??] })
}

fn ended_mark(text: &[u8]) -> Option<EndedMark> {
    let (letter, rest) = text.split_first()?;
    let (whom, place) = rest.split_at_checked(12)?;
    Some(EndedMark {
        person: person(whom)?,
        place: LinePlace::from_number(runs::number(place)?),
        reason: pass::end_of(*letter)?,
    })
}

fn entered_mark(text: &[u8]) -> Option<EnteredMark> {
    let mut parts = colon(text);
    let way = match parts.next()?? {
        2 => EnteredWay::Grace,
        lane => EnteredWay::Lane(Lane::from_number(lane)?),
    };
    let position = parts.next()??;
    Some(EnteredMark { way, position, at: Timestamp(parts.next()??.try_into().ok()?) })
}
