//! One event's live map in this process: follows the inventory, tells the board, paces the ticks.
//!
//! One task runs per hub, and one per shard, however many sockets there are. The hub's own never
//! writes to a socket and never waits for one.

use std::{
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{event::EventStatus, id::EventId};
use inventory::{EventAtWork, FollowedSeats, Following, Inventory, Unavailable};
use tokio::{
    runtime::Handle,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::{
    Timing,
    beat::Ending,
    board::{Board, CatchUp, Position, Way, spread},
    frames::{Format, GoneReason},
    limits::{
        CATCH_UP_WITHIN, DRAIN_PACE, DRAIN_WITHIN, HEARTBEATS_PER_PING, OVERVIEW_EVERY,
        RECONNECT_AFTER_MAX, RECONNECT_PACE, STATUS_EVERY, TICK, TICK_MAX, TICK_PER_SOCKET,
    },
    meters::Meters,
    outlet::{Beats, Outlet},
    selection::Selection,
    shard::Shard,
};

pub(crate) struct Hub {
    inventory: Inventory,
    following: Following,
    board: Mutex<Board>,
    /// Memory for the next copy of the seats.
    spare: Mutex<FollowedSeats>,
    /// The writers; sockets go to them in turn.
    shards: Vec<Arc<Shard>>,
    opened: AtomicUsize,
    /// Takes no more sockets: who comes makes a new hub.
    retired: AtomicBool,
    meters: Arc<Meters>,
    timing: Timing,
}

/// Why a socket cannot join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotJoined {
    Retired,
    TooManyChannels,
}

impl Hub {
    pub(crate) async fn start(
        inventory: &Inventory,
        event: &Arc<EventAtWork>,
        meters: Arc<Meters>,
        timing: Timing,
    ) -> Result<Arc<Self>, Unavailable> {
        let following = inventory.follow(event).await?;
        let mut seats = FollowedSeats::default();
        following.copy_to(&mut seats);
        Ok(Arc::new(Self {
            inventory: inventory.clone(),
            following,
            board: Mutex::new(Board::new(event.chart.clone(), seats)),
            spare: Mutex::default(),
            shards: (0..Handle::current().metrics().num_workers())
                .map(|_| Arc::default())
                .collect(),
            opened: AtomicUsize::new(0),
            retired: AtomicBool::new(false),
            meters,
            timing,
        }))
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spare(&self) -> MutexGuard<'_, FollowedSeats> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn event_id(&self) -> &EventId {
        self.following.event_id()
    }

    /// How long ago the map was known to be what the store has.
    pub(crate) fn age_ms(&self) -> i64 {
        self.following.age_ms()
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    pub(crate) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Puts the span of frames into the trace of the first click whose change they tell, with links
    /// to the others.
    pub(crate) fn continue_clicks(&self, span: &Span, epoch: u64, from: u64, version: u64) {
        self.following.continue_clicks(span, epoch, from, version);
    }

    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// Has a shard tell this socket what comes, when it is the shard's turn.
    pub(crate) fn open(&self, outlet: &Arc<Outlet>) {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        self.shards[number % self.shards.len()].add(outlet);
    }

    fn wake_shards(&self) {
        self.shards.iter().for_each(|shard| shard.wake());
    }

    pub(crate) fn join(&self, selection: &Selection) -> Result<Beats, NotJoined> {
        let mut board = self.board();
        // Under the board's lock, as the retirement is.
        if self.is_retired() {
            return Err(NotJoined::Retired);
        }
        board.join(selection).ok_or(NotJoined::TooManyChannels)
    }

    pub(crate) fn catch_up(&self, selection: &Selection, format: Format, at: Position) -> CatchUp {
        let catch_up = self.board().catch_up(selection, format, at);
        match catch_up.way {
            Way::Nothing | Way::Merged => {}
            Way::ShorterSnapshot | Way::Snapshot => self.meters.snapshots.increment(1),
        }
        catch_up
    }

    /// A client that comes from a process that was ahead waits a little for this one.
    pub(crate) async fn wait_for(&self, since: (u64, u64)) {
        if since <= self.board().position() {
            return;
        }
        // What is missing after that is told by a snapshot.
        if let Ok(Ok(())) = timeout(CATCH_UP_WITHIN, self.following.refresh()).await {
            self.advance(None).await;
        }
    }

    /// Until nobody watches, the event is gone, or `ending`.
    pub(crate) async fn run(self: Arc<Self>, ending: CancellationToken) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut advances = self.following.advances();
        let mut pace = Pace::new(self.timing);
        let mut gone = pin!(self.until_gone());
        loop {
            tokio::select! {
                () = ending.cancelled() => return self.drain(),
                reason = &mut gone => return self.end(Ending::Gone(reason)),
                _ = ticks.tick() => {
                    if !pace.is_dirty && !advances.has_changed().unwrap_or(false) {
                        pace.unchanged_at = self.read_at();
                    }
                    self.following.keep_fresh();
                    if self.keep_pace(&mut pace) {
                        return;
                    }
                }
                changed = advances.changed(), if !pace.is_dirty => {
                    if changed.is_err() {
                        return self.drain();
                    }
                    pace.is_dirty = true;
                }
                () = sleep_until(pace.next_advance), if pace.is_dirty => {
                    pace.is_dirty = false;
                    pace.next_advance = Instant::now() + self.pause();
                    let read_at = self.read_at();
                    self.advance(pace.unchanged_at).await;
                    // What that read brought is told now; what comes next was not in the store then.
                    pace.unchanged_at = read_at;
                }
            }
        }
    }

    /// When the read began that last told what the store has.
    fn read_at(&self) -> Option<Instant> {
        let age = Duration::from_millis(u64::try_from(self.following.age_ms()).ok()?);
        Instant::now().checked_sub(age)
    }

    /// Between two frames: a little less than ticks, so that what a tick brings is not late.
    fn pause(&self) -> Duration {
        let sockets = u32::try_from(self.board().sockets()).unwrap_or(u32::MAX);
        TICK_PER_SOCKET.saturating_mul(sockets).clamp(TICK, TICK_MAX) * 9 / 10
    }

    /// `since`: when nothing of what is new now was in the store yet.
    async fn advance(&self, since: Option<Instant>) {
        let mut next = mem::take(&mut *self.spare());
        self.following.copy_to(&mut next);
        if !self.board().knows_the_way_to(&next) {
            // The mirror was read anew: the kept log may tell what happened in between. When it
            // cannot be read, everybody gets a snapshot.
            let _ = self.following.read_log().await;
            self.following.copy_to(&mut next);
        }
        {
            let mut board = self.board();
            // Another advance may have been quicker.
            let is_newer = (next.epoch, next.version) > board.position();
            if is_newer && !board.advance(&mut next, since) {
                self.meters.breaks.increment(1);
            }
        }
        self.wake_shards();
        *self.spare() = next;
    }

    /// What is due besides changes. True: this hub is over.
    fn keep_pace(&self, pace: &mut Pace) -> bool {
        let now = Instant::now();
        if now >= pace.next_overview {
            pace.next_overview = now + OVERVIEW_EVERY;
            self.board().advance_overview();
            self.wake_shards();
        }
        if now >= pace.next_heartbeat {
            pace.next_heartbeat = now + self.timing.heartbeat_every;
            pace.heartbeats += 1;
            self.board().heartbeat(pace.heartbeats.is_multiple_of(HEARTBEATS_PER_PING));
            self.wake_shards();
        }
        let mut board = self.board();
        if board.is_watched() {
            pace.watched_at = now;
        } else if now - pace.watched_at > self.timing.unwatched_max {
            self.retired.store(true, Ordering::SeqCst);
            board.drop_empty_channels();
            self.wake_shards();
            return true;
        }
        false
    }

    /// Beside everything else: a ledger that is slow does not slow the map.
    async fn until_gone(&self) -> GoneReason {
        loop {
            sleep(STATUS_EVERY).await;
            if let Some(reason) = self.gone().await {
                return reason;
            }
        }
    }

    /// None: on sale, or nobody can tell.
    async fn gone(&self) -> Option<GoneReason> {
        let event = self.inventory.event_by_id(self.event_id()).await.ok()?;
        match event.map(|at_work| at_work.event.status) {
            Some(EventStatus::Published) => None,
            Some(EventStatus::Cancelled) => Some(GoneReason::Cancelled),
            Some(EventStatus::Completed) => Some(GoneReason::Completed),
            Some(EventStatus::Draft) | None => Some(GoneReason::Withdrawn),
        }
    }

    fn drain(&self) {
        let sockets = self.board().sockets();
        self.end(Ending::Drain {
            close_over: spread(sockets, DRAIN_PACE, DRAIN_WITHIN),
            return_over: spread(sockets, RECONNECT_PACE, RECONNECT_AFTER_MAX),
        });
    }

    fn end(&self, ending: Ending) {
        {
            let mut board = self.board();
            board.end(ending);
            // In this order: a shard that sees it sees the last beats, too.
            self.retired.store(true, Ordering::SeqCst);
        }
        self.wake_shards();
    }
}

/// When what is due next.
struct Pace {
    is_dirty: bool,
    /// When the store was last read of what it had then everything is told.
    unchanged_at: Option<Instant>,
    next_advance: Instant,
    next_overview: Instant,
    next_heartbeat: Instant,
    heartbeats: u64,
    watched_at: Instant,
}

impl Pace {
    fn new(timing: Timing) -> Self {
        let now = Instant::now();
        Self {
            is_dirty: false,
            unchanged_at: None,
            next_advance: now,
            next_overview: now + OVERVIEW_EVERY,
            next_heartbeat: now + timing.heartbeat_every,
            heartbeats: 0,
            watched_at: now,
        }
    }
}
