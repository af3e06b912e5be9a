//! Letting people in, second by second: what the controller of one line remembers and does.

use std::collections::VecDeque;

use domain::{
    event::Queue,
    id::EventId,
    queue::{
        Lane, Way,
        admission::{Controller, Limit, Settings, Situation},
        pace::{Pace, Sight},
    },
    time::Timestamp,
};
use futures_util::future::try_join_all;
use inventory::EventAtWork;
use ledger::line_steps::{MoveCursors, Step};
use lua::{
    Controlled, EnteredMark, EnteredWay, LineField, LinePhase, LinePlace, LineRead, ListPositions,
    PassEnd, Reader,
};

use crate::{
    WaitingRoom,
    error::Refusal,
    free::{Free, free_seats},
    laying::STEPS_MAX,
    lines::Line,
    meters,
    state::{LineState, Notes},
    tasks::draw::set,
};

/// Passes that one step ends.
const SWEEP_MAX: u32 = 1_000;
/// Until buyers were seen: seats that one takes, and as how many buyers that counts.
const SEATS_PER_BUYER: f64 = 2.0;
const SEATS_PER_BUYER_WEIGHT: f64 = 20.0;
const MINUTE_MS: i64 = 60_000;
const PASSES_PER_READ: u32 = 5_000;
/// A new controller learns how fast the line moves from so much of the past.
const PACE_KNOWN_MS: i64 = 45 * MINUTE_MS;
/// Ends of passes that a new controller writes into the ledger again.
const ENDS_AGAIN_MAX: u64 = 2_000;

/// The controller of a line, at work.
pub(crate) struct Admitting {
    term: u64,
    queue: Queue,
    controller: Controller,
    pace: [Pace; 2],
    reader: Reader,
    entered: u64,
    /// Entries up to here are known from the ledger.
    known_until: Timestamp,
    /// Of the last minute: when, and how many were released by then and had entered.
    minute: VecDeque<(Timestamp, u64, u64)>,
}

impl Admitting {
    /// Learns from the ledger who was released and who entered, as its predecessor knew it; what
    /// comes after is told by the store's lists.
    pub async fn begin(
        room: &WaitingRoom,
        event: &EventAtWork,
        line: &Line,
    ) -> Result<Self, Refusal> {
        let (id, queue, state) = (&event.event.id, &event.event.queue, line.state());
        let mut reader = Reader {
            term: Some(state.term),
            has_draw: true,
            wants_entered: true,
            ..Reader::default()
        };
        let read = room.store.read_line(&line.partition, &reader).await?;
        let read = read.ok_or(Refusal::QueueUnavailable)?;
        reader.after = ListPositions {
            batches: read.batches.total,
            graced: read.graced.total,
            entered: read.entered.total,
            // The ends that a predecessor may not have written any more.
            ended: read.ended.total.saturating_sub(ENDS_AGAIN_MAX),
        };
        let steps = room.ledger.steps(id, STEPS_MAX).await?;
        let first = steps.first().filter(|_| steps.len() == STEPS_MAX as usize);
        let entries = entries(room, id, &state).await?;
        let settings = Settings {
            turn_ms: queue.turn_seconds * 1_000,
            priority_share: f64::from(queue.priority_share) / 100.0,
            ..Settings::default()
        };
        let mut controller =
            Controller::starting_at(settings, first.map_or([0; 3], |step| step.cursors));
        let mut entered = entries.iter().peekable();
        for step in &steps {
            while let Some(entry) = entered.next_if(|entry| entry.at < step.at) {
                controller.observe_entered(entry.way, entry.position, entry.at.as_millis());
            }
            controller.observe_batch(step.at.as_millis(), step.cursors);
        }
        for entry in entered {
            controller.observe_entered(entry.way, entry.position, entry.at.as_millis());
        }
        Ok(Self {
            term: state.term,
            queue: queue.clone(),
            controller,
            pace: Lane::ALL.map(|lane| pace(&steps, lane, &state, read.now)),
            reader,
            entered: entries.len() as u64,
            known_until: entries.last().map_or(Timestamp(0), |entry| entry.at),
            minute: VecDeque::new(),
        })
    }

    /// Whether what was learnt still holds.
    pub fn continues(&self, state: &LineState, queue: &Queue) -> bool {
        self.term == state.term
            && self.queue.turn_seconds == queue.turn_seconds
            && self.queue.priority_share == queue.priority_share
    }

    /// One step: learn, decide, keep, show.
    pub async fn step(
        &mut self,
        room: &WaitingRoom,
        event: &EventAtWork,
        line: &Line,
        fence: u64,
    ) -> Result<(), Refusal> {
        self.queue = event.event.queue.clone();
        let read = self.learn(room, event, line).await?;
        let state = line.state();
        let free = free_seats(room, event).await?;
        let situation = self.situation(room, line, &read, &free);
        let release = self.controller.next(&situation);
        let opened = matches!(read.phase, LinePhase::Open | LinePhase::Draining);
        let mut cursors = read.cursors;
        if opened {
            for (cursor, people) in cursors.iter_mut().zip(release.lanes) {
                *cursor += people;
            }
            cursors = self.keep(room, event, fence, read.cursors, cursors).await?;
        }
        self.show(room, event, line, fence, cursors).await?;
        for lane in Lane::ALL {
            let number = lane.number();
            self.pace[number].observe(Sight {
                now_ms: situation.now_ms,
                cursor: cursors[number],
                waiting: read.joined[number].saturating_sub(cursors[number]),
                paused: situation.paused,
            });
        }
        let notes = self.notes(&free, release.limited_by, cursors, situation.now_ms);
        if notes != state.notes {
            let text = serde_json::to_string(&notes).map_err(|_| Refusal::Internal)?;
            set(room, line, fence, &[(LineField::Notes, text)]).await?;
        }
        self.set_waiting_max(room, line, fence, read.waiting_max).await?;
        self.measure(event, &read, cursors, &situation);
        Ok(())
    }

    /// Who was released, who entered, whose pass ended: everything since the last step.
    async fn learn(
        &mut self,
        room: &WaitingRoom,
        event: &EventAtWork,
        line: &Line,
    ) -> Result<LineRead, Refusal> {
        let id = &event.event.id;
        loop {
            let read = room.store.read_line(&line.partition, &self.reader).await?;
            let read = read.ok_or(Refusal::QueueUnavailable)?;
            if read.term != self.term {
                return Err(Refusal::RequestInProgress);
            }
            let after = &mut self.reader.after;
            after.batches = read.batches.from + read.batches.items.len() as u64;
            after.graced = read.graced.total;
            after.ended = read.ended.from + read.ended.items.len() as u64;
            after.entered = read.entered.from + read.entered.items.len() as u64;
            let complete = after.batches >= read.batches.total
                && after.ended >= read.ended.total
                && after.entered >= read.entered.total;
            for mark in &read.batches.items {
                self.controller.observe_batch(mark.at.as_millis(), mark.cursors);
            }
            let news = |mark: &&EnteredMark| mark.at > self.known_until;
            for mark in read.entered.items.iter().filter(news) {
                let way = match mark.way {
                    EnteredWay::Lane(lane) => Way::from(lane),
                    EnteredWay::Grace => Way::Grace,
                };
                self.controller.observe_entered(way, mark.position, mark.at.as_millis());
                self.entered += 1;
            }
            let ends = read.ended.items.iter().filter_map(|mark| {
                // Who left was written before the store was told.
                if mark.reason == PassEnd::Left {
                    return None;
                }
                let LinePlace { lane, index } = mark.place;
                Some(room.ledger.end_pass(id, mark.person, lane, index, mark.reason))
            });
            // Together: they share their commits.
            try_join_all(ends).await?;
            if complete {
                return Ok(read);
            }
        }
    }

    fn situation(
        &self,
        room: &WaitingRoom,
        line: &Line,
        read: &LineRead,
        free: &Free,
    ) -> Situation {
        let state = line.state();
        Situation {
            now_ms: read.now.as_millis(),
            waiting: state.waiting(read.graced.total),
            inside: read.inside,
            free_seats: Some(free.total),
            seats_per_buyer: self.seats_per_buyer(free),
            rate_per_minute: self.queue.admit_per_minute,
            max_inside: self.queue.max_inside,
            payments_per_minute: room.settings.payments_per_minute,
            paused: !matches!(read.phase, LinePhase::Open | LinePhase::Draining),
        }
    }

    fn seats_per_buyer(&self, free: &Free) -> f64 {
        let seen = free.taken as f64 + SEATS_PER_BUYER * SEATS_PER_BUYER_WEIGHT;
        (seen / (self.entered as f64 + SEATS_PER_BUYER_WEIGHT)).max(1.0)
    }

    /// In the ledger before anybody is shown it.
    async fn keep(
        &self,
        room: &WaitingRoom,
        event: &EventAtWork,
        fence: u64,
        from: [u64; 3],
        to: [u64; 3],
    ) -> Result<[u64; 3], Refusal> {
        if from == to {
            return Ok(to);
        }
        match room.ledger.move_cursors(&event.event.id, fence, to).await? {
            MoveCursors::Moved(cursors) => Ok(cursors),
            MoveCursors::Fenced { .. } => Err(Refusal::RequestInProgress),
        }
    }

    async fn show(
        &self,
        room: &WaitingRoom,
        event: &EventAtWork,
        line: &Line,
        fence: u64,
        cursors: [u64; 3],
    ) -> Result<(), Refusal> {
        let id = &event.event.id;
        let before = line.state().cursors;
        let admitted =
            room.store.admit(&line.partition, self.term, fence, cursors, SWEEP_MAX).await?;
        match admitted {
            Controlled::Done(_) => {
                for way in Way::ALL {
                    let released = cursors[way.number()].saturating_sub(before[way.number()]);
                    if released > 0 {
                        meters::released(id, way, released);
                    }
                }
                Ok(())
            }
            Controlled::OtherTerm { .. } | Controlled::Fenced { .. } => {
                Err(Refusal::RequestInProgress)
            }
        }
    }

    fn notes(&mut self, free: &Free, limit: Limit, cursors: [u64; 3], now_ms: i64) -> Notes {
        let admitted: u64 = cursors.iter().sum();
        let share = |way: Way| cursors[way.number()] as f64 / (admitted as f64).max(1.0);
        Notes {
            rate_per_minute: rounded(self.rate_per_minute(Timestamp(now_ms), admitted)),
            pace: Lane::ALL.map(|lane| {
                let frame = self.pace[lane.number()].published()?;
                Some((rounded(frame.low), rounded(frame.high)))
            }),
            show_share: rounded(self.controller.show_share()),
            limited_by: limit.as_str().to_owned(),
            shares: Way::ALL.map(|way| rounded(share(way))),
            per_buyer_mean: rounded(self.seats_per_buyer(free)),
            per_buyer_variance: 1.0,
            free: free.by_category.clone(),
        }
    }

    /// Released in the last minute, or per minute of a shorter time.
    fn rate_per_minute(&mut self, now: Timestamp, admitted: u64) -> f64 {
        self.minute.push_back((now, admitted, self.entered));
        while self.minute.len() > 2 && now.as_millis() - self.minute[0].0.as_millis() > MINUTE_MS {
            self.minute.pop_front();
        }
        let (since, before, _) = self.minute[0];
        let elapsed = (now.as_millis() - since.as_millis()).max(1_000);
        (admitted - before) as f64 * MINUTE_MS as f64 / elapsed as f64
    }

    async fn set_waiting_max(
        &self,
        room: &WaitingRoom,
        line: &Line,
        fence: u64,
        standing: u64,
    ) -> Result<(), Refusal> {
        let wanted = u64::from(self.queue.max_waiting.unwrap_or(0));
        if wanted == standing {
            return Ok(());
        }
        set(room, line, fence, &[(LineField::WaitingMax, wanted.to_string())]).await
    }

    fn measure(
        &self,
        event: &EventAtWork,
        read: &LineRead,
        cursors: [u64; 3],
        situation: &Situation,
    ) {
        let (_, _, before) = self.minute[0];
        let line = meters::LineMeters {
            joined: read.joined.iter().sum(),
            waiting: situation.waiting.iter().sum(),
            inside: read.inside,
            admitted: cursors.iter().sum(),
            show_share: self.controller.show_share(),
            arrivals_per_minute: (self.entered - before) as f64,
            target_per_minute: self.queue.admit_per_minute.map_or(0.0, f64::from),
        };
        meters::line(&event.event.id, &line);
    }
}

/// What the predecessor told of a lane was learned from its steps, and is learned from them again.
fn pace(steps: &[Step], lane: Lane, state: &LineState, now: Timestamp) -> Pace {
    let number = lane.number();
    let known_from = now.plus_millis(-PACE_KNOWN_MS);
    let recent = steps.iter().filter(|step| step.at >= known_from);
    let moves = recent.map(|step| (step.at.as_millis(), step.cursors[number]));
    Pace::from_steps(moves, state.joined[number], now.as_millis())
}

/// Somebody who entered.
struct Entry {
    at: Timestamp,
    way: Way,
    position: u64,
}

/// Everybody who entered, in order of time. By which way the ledger does not say: it was their
/// lane's turn or one in grace that came of it.
async fn entries(
    room: &WaitingRoom,
    event: &EventId,
    state: &LineState,
) -> Result<Vec<Entry>, Refusal> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let rows = room.ledger.passes(event, after, PASSES_PER_READ).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.lane, last.index));
        entries.extend(rows.iter().filter_map(|row| {
            let position = state.position(row.lane, row.index)?;
            Some(Entry { at: row.entered_at, way: row.lane.into(), position })
        }));
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

/// Three digits after the point: a frame is no place for seventeen.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
