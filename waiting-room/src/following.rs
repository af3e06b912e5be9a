//! Keeping what this process knows of a line up with the store.

use std::sync::Arc;

use domain::{id::EventId, time::Timestamp};
use inventory::EventAtWork;
use lua::{BatchMark, LineRead, Reader};

use crate::{
    WaitingRoom,
    error::Refusal,
    lines::{Line, LineReader},
    state::{Drawn, LineState, Notes, SHOWN_AFTER_MS},
};

/// Marks older than any turn are not kept.
const MARKS_KEPT_MS: i64 = 3_700_000;
/// Reads that one round may take to catch up.
const READS_MAX: u32 = 100;

impl WaitingRoom {
    /// Reads the line; lays it when there is none, or one that went back.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        event: &EventAtWork,
        line: &Line,
    ) -> Result<(), Refusal> {
        for _ in 0..READS_MAX {
            let known = line.state();
            let reader = Reader {
                term: (known.term > 0).then_some(known.term),
                after: line.reader().after,
                has_draw: known.drawn.is_some(),
                wants_entered: false,
            };
            let read = self.store.read_line(&line.partition, &reader).await?;
            let Some(read) = read else {
                self.lay(event, line).await?;
                continue;
            };
            if went_back(&known, &read) {
                tracing::warn!(event = %event.event.id, "the line lost acknowledged writes");
                self.lay(event, line).await?;
                continue;
            }
            if self.take(&event.event.id, line, &known, read) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes a state of what was read; whether that was all.
    fn take(&self, event: &EventId, line: &Line, known: &LineState, read: LineRead) -> bool {
        let now = self.clock.now();
        let mut reader = line.reader();
        if read.term != known.term {
            *reader = LineReader::default();
            line.graced.clear();
            line.ended.clear();
            line.entered.clear();
        }
        for (number, person) in (read.graced.from..).zip(&read.graced.items) {
            line.graced.insert(*person, number);
        }
        for mark in &read.ended.items {
            line.ended.insert((mark.person, mark.place.number()));
        }
        reader.after.graced = read.graced.from + read.graced.items.len() as u64;
        reader.after.ended = read.ended.from + read.ended.items.len() as u64;
        reader.after.batches = read.batches.from + read.batches.items.len() as u64;
        reader.marks.extend_from_slice(&read.batches.items);
        let was_set_back = set_back(&mut reader.marks, read.now);
        forget_old(&mut reader.marks, read.now);
        let complete = reader.after.graced >= read.graced.total
            && reader.after.ended >= read.ended.total
            && reader.after.batches >= read.batches.total;

        let same_term = read.term == known.term;
        let drawn = match read.draw {
            Some(text) => drawn(event, text),
            // An event has one draw, whatever its line was laid anew for.
            None => known.drawn.clone(),
        };
        let marks = match same_term && read.batches.items.is_empty() && !was_set_back {
            true => known.marks.clone(),
            false => Arc::new(reader.marks.clone()),
        };
        line.set_state(LineState {
            term: read.term,
            phase: read.phase,
            joined: read.joined,
            sizes: read.size,
            cursors: read.cursors,
            inside: read.inside,
            drawn,
            notes: notes(read.notes.as_deref()),
            marks,
            shown: known.shown_cursors(now),
            read_at: now,
            clock_ahead_ms: read.now.as_millis() - now.as_millis(),
        });
        complete
    }
}

/// Under the same term nothing gets less.
fn went_back(known: &LineState, read: &LineRead) -> bool {
    let less = |ours: &[u64], theirs: &[u64]| ours.iter().zip(theirs).any(|(a, b)| b < a);
    read.term < known.term
        || (read.term == known.term
            && (less(&known.joined, &read.joined) || less(&known.cursors, &read.cursors)))
}

fn drawn(event: &EventId, text: String) -> Option<Arc<Drawn>> {
    match Drawn::new(text) {
        Ok(drawn) => Some(Arc::new(drawn)),
        Err(error) => {
            tracing::error!(%event, %error, "the stored draw cannot be read");
            None
        }
    }
}

fn notes(text: Option<&str>) -> Notes {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The store's clock may be set back: whatever was released then is shown by now, in the order in
/// which it was, and not hidden again until the clock reaches it. Whether a mark was changed.
fn set_back(marks: &mut [BatchMark], now: Timestamp) -> bool {
    let (mut latest, mut changed) = (now, false);
    for mark in marks.iter_mut().rev() {
        if mark.at > latest {
            mark.at = latest.plus_millis(-SHOWN_AFTER_MS);
            changed = true;
        }
        latest = mark.at;
    }
    changed
}

/// What a turn can no longer depend on; the last such mark stays, as the beginning.
fn forget_old(marks: &mut Vec<BatchMark>, now: Timestamp) {
    let oldest = now.plus_millis(-MARKS_KEPT_MS);
    let old = marks.partition_point(|mark| mark.at < oldest);
    if old > 1_000 {
        marks.drain(..old - 1);
    }
}
