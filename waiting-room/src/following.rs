//! Keeping what this process knows of a line up with the store.

use std::sync::Arc;

use domain::{id::EventId, time::Timestamp};
use inventory::EventAtWork;
use lua::{BatchMark, LineRead, Reader};

use crate::{
    WaitingRoom,
    error::Refusal,
    lines::{Line, LineReader},
    state::{Drawn, LineState, Notes},
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
            // Before the reading: what is given meanwhile need not be in it.
            let given = line.given(&known);
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
            if self.went_back(&known, &given, &read) {
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

    /// Under the same term nothing gets less.
    fn went_back(&self, known: &LineState, given: &[u64; 2], read: &LineRead) -> bool {
        let less = |ours: &[u64], theirs: &[u64]| ours.iter().zip(theirs).any(|(a, b)| b < a);
        read.term < known.term
            || (read.term == known.term
                && (less(given, &read.joined) || less(&known.cursors, &read.cursors)))
    }

    /// Makes a state of what was read; whether that was all.
    fn take(&self, event: &EventId, line: &Line, known: &LineState, read: LineRead) -> bool {
        let now = self.clock.now();
        let mut reader = line.reader();
        if read.term != known.term {
            *reader = LineReader::default();
            line.graced.clear();
            line.ended.clear();
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
        let marks = match same_term && read.batches.items.is_empty() {
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
            read_at: now,
            clock_ahead_ms: read.now.as_millis() - now.as_millis(),
        });
        complete
    }
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

/// What a turn can no longer depend on; the last such mark stays, as the beginning.
fn forget_old(marks: &mut Vec<BatchMark>, now: Timestamp) {
    let oldest = now.plus_millis(-MARKS_KEPT_MS);
    let old = marks.partition_point(|mark| mark.at < oldest);
    if old > 1_000 {
        marks.drain(..old - 1);
    }
}
