//! The lines that this process works with.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::body::Bytes;
use dashmap::{DashMap, DashSet};
use domain::{event::EventStatus, hold::CustomerKey, id::EventId, time::Timestamp};
use inventory::EventAtWork;
use lua::{BatchMark, GraceWish, ListPositions, Partition};
use tokio::sync::{mpsc, watch};

use crate::{
    WaitingRoom,
    error::Refusal,
    joining::{self, Reserved, WaitingJoin},
    state::LineState,
};

/// A line that nobody has asked about for so long is no longer followed here.
const IN_USE_MS: i64 = 120_000;
/// Joins of one event waiting in this process; more are refused at once.
const WAITING_JOINS_MAX: usize = 65_536;
/// What was read longer ago is served as stale.
const FRESH_MS: i64 = 1_000;

pub(crate) type Lines = DashMap<EventId, Arc<Line>>;

/// One event's line, as this process knows it.
pub(crate) struct Line {
    pub partition: Partition,
    state: RwLock<Arc<LineState>>,
    reader: Mutex<LineReader>,
    /// Numbers in grace, by person.
    pub graced: DashMap<CustomerKey, u64>,
    /// Whose pass has ended, or who gave up, and the place's number. With the person: behind a
    /// fail-over two may have been given one number.
    pub ended: DashSet<(CustomerKey, u64)>,
    /// Who was seen here to have missed their turn, but has entered: their place's number, and how
    /// long their pass lives, by the store's clock.
    pub entered: DashMap<CustomerKey, (u64, Timestamp)>,
    /// People seen here whose turn has passed: to be put into grace.
    missed: Mutex<HashMap<CustomerKey, GraceWish>>,
    /// Of either lane, by this process.
    reserved: Mutex<[Option<Reserved>; 2]>,
    pub joins: mpsc::Sender<WaitingJoin>,
    /// The frame of the stream, the same for everybody.
    pub frames: watch::Sender<Bytes>,
    /// One laying at a time in this process.
    pub laying: tokio::sync::Mutex<()>,
    used_at: AtomicI64,
}

/// How far the follower has read.
#[derive(Default)]
pub(crate) struct LineReader {
    pub after: ListPositions,
    pub marks: Vec<BatchMark>,
}

impl Line {
    pub fn state(&self) -> Arc<LineState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_state(&self, state: LineState) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }

    pub fn reader(&self) -> MutexGuard<'_, LineReader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn reserved(&self) -> MutexGuard<'_, [Option<Reserved>; 2]> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn missed(&self) -> MutexGuard<'_, HashMap<CustomerKey, GraceWish>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when the pass of this place lives, as far as that was seen here.
    pub fn entered_until(&self, person: CustomerKey, place: u64) -> Option<Timestamp> {
        let entered = self.entered.get(&person)?;
        (entered.0 == place).then_some(entered.1)
    }

    pub fn is_stale(&self, state: &LineState, now: Timestamp) -> bool {
        (now.as_millis() - state.read_at.as_millis()).abs() > FRESH_MS
    }

    pub fn touch(&self, now: Timestamp) {
        // Written once a second: a value that all cores write is a value that all cores wait for.
        if (now.as_millis() - self.used_at.load(Ordering::Relaxed)).abs() > 1_000 {
            self.used_at.store(now.as_millis(), Ordering::Relaxed);
        }
    }

    pub fn in_use(&self, now: Timestamp) -> bool {
        let idle = now.as_millis() - self.used_at.load(Ordering::Relaxed);
        idle.abs() < IN_USE_MS || self.frames.receiver_count() > 0
    }

    /// To be put into grace with the next round, once.
    pub fn note_missed(&self, wish: GraceWish) {
        let mut missed = self.missed();
        if missed.len() < WAITING_JOINS_MAX {
            missed.insert(wish.person, wish);
        }
    }
}

impl WaitingRoom {
    /// The event of an id or slug, as the public sees it: a draft is not there.
    pub(crate) async fn event(&self, event: &str) -> Result<Arc<EventAtWork>, Refusal> {
        let at_work = self.inventory.event(event).await?.ok_or(Refusal::UnknownEvent)?;
        match at_work.event.status {
            EventStatus::Draft => Err(Refusal::UnknownEvent),
            _ => Ok(at_work),
        }
    }

    /// The line of an event, followed from now on; and whether it was followed already.
    fn followed(self: &Arc<Self>, event: &EventAtWork) -> (Arc<Line>, bool) {
        let now = self.clock.now();
        if let Some(line) = self.lines.get(&event.event.id) {
            let was_in_use = line.in_use(now);
            line.touch(now);
            return (line.clone(), was_in_use);
        }
        let start = || {
            let (joins, inbox) = mpsc::channel(WAITING_JOINS_MAX);
            let line = Arc::new(Line {
                partition: event.partition.clone(),
                state: RwLock::new(Arc::new(LineState::unread())),
                reader: Mutex::default(),
                graced: DashMap::new(),
                ended: DashSet::new(),
                entered: DashMap::new(),
                missed: Mutex::default(),
                reserved: Mutex::default(),
                joins,
                frames: watch::Sender::new(Bytes::new()),
                laying: tokio::sync::Mutex::default(),
                used_at: AtomicI64::new(now.as_millis()),
            });
            tokio::spawn(joining::run(Arc::downgrade(self), Arc::downgrade(&line), inbox));
            line
        };
        (self.lines.entry(event.event.id.clone()).or_insert_with(start).clone(), false)
    }

    /// The line, at most a second old: what was not followed is read now.
    ///
    /// # Errors
    /// When the store does not answer and nothing was ever read.
    pub(crate) async fn read_line(
        self: &Arc<Self>,
        event: &EventAtWork,
    ) -> Result<Arc<Line>, Refusal> {
        let (line, was_followed) = self.followed(event);
        let is_unread = line.state().term == 0;
        if is_unread || !was_followed {
            let read = self.follow(event, &line).await;
            if is_unread {
                read?;
            }
        }
        Ok(line)
    }

    /// A line that is followed already.
    pub(crate) fn line_in_memory(&self, event: &EventId) -> Option<Arc<Line>> {
        let line = self.lines.get(event)?.clone();
        let now = self.clock.now();
        if line.state().term == 0 || !line.in_use(now) {
            return None;
        }
        line.touch(now);
        Some(line)
    }

    /// The same, read after this call began: for whoever needs to know now.
    pub(crate) async fn read_line_now(
        self: &Arc<Self>,
        event: &EventAtWork,
    ) -> Result<Arc<Line>, Refusal> {
        let (line, _) = self.followed(event);
        self.follow(event, &line).await?;
        Ok(line)
    }
}

/// A place belongs to somebody: without a device key there is nobody.
pub(crate) fn device_needed() -> Refusal {
    Refusal::invalid("send Holdfast-Device: a device key, at least 128 random bits as base64url")
}
