//! The role `seatmap-ws`: live maps of seats over many sockets.
//!
//! [`mod@router`] has the routes; a `hub` follows one event and tells its `board`, which encodes
//! each channel's frames once; its `shard`s write them to the sockets' `outlet`s, which keep only
//! where each is; a `socket` is the task of one connection. Relies on `inventory` for what the seats are. Decides nothing about a seat: a map is a hint, the hold is
//! the truth. `docs/live-map.md` has every byte that goes over a socket.

mod admission;
mod asyncapi;
mod beat;
mod board;
mod delta;
mod error;
mod frames;
mod handlers;
mod handshake;
mod hub;
mod hubs;
mod incoming;
mod listener;
mod meters;
mod outlet;
mod overview;
mod selection;
mod shard;
mod socket;
mod traces;
mod wish;

pub mod close;
pub mod limits;
pub mod router;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::time::Clock;
use inventory::Inventory;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use asyncapi::asyncapi;
pub use frames::{Delta, Format, Frame, Gone, GoneReason, Heartbeat, Overview, Snapshot, States};
pub use router::router;

/// Whether pages of this origin, as `https://tickets.example.org`, may open sockets. Those of the
/// socket's own host may always.
pub type OriginRule = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What an operator may set.
#[derive(Clone)]
pub struct SeatmapWsSettings {
    pub allows_origin: OriginRule,
    /// Off where limits per address are switched off.
    pub limits_addresses: bool,
    pub timing: Timing,
}

/// What a test may want quicker; the defaults stand in [`limits`].
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub heartbeat_every: Duration,
    pub silence_max: Duration,
    pub stall_max: Duration,
    pub close_within: Duration,
    pub unwatched_max: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat_every: limits::HEARTBEAT_EVERY,
            silence_max: limits::SILENCE_MAX,
            stall_max: limits::STALL_MAX,
            close_within: limits::CLOSE_WITHIN,
            unwatched_max: limits::UNWATCHED_MAX,
        }
    }
}

impl Default for SeatmapWsSettings {
    fn default() -> Self {
        Self {
            allows_origin: Arc::new(|_| false),
            limits_addresses: true,
            timing: Timing::default(),
        }
    }
}

/// All live maps of one process.
pub struct SeatmapWs {
    inventory: Inventory,
    settings: SeatmapWsSettings,
    admission: admission::Admission,
    hubs: hubs::Hubs,
    meters: Arc<meters::Meters>,
    /// Sockets and hubs.
    tasks: TaskTracker,
    ending: CancellationToken,
    opened: AtomicU64,
}

impl SeatmapWs {
    /// Follows nothing until the first socket.
    pub fn new(
        inventory: Inventory,
        clock: Arc<dyn Clock>,
        settings: SeatmapWsSettings,
    ) -> Arc<Self> {
        let meters = Arc::new(meters::Meters::new());
        let gauge = meters.sockets.clone();
        Arc::new(Self {
            inventory,
            admission: admission::Admission::new(clock, settings.limits_addresses, gauge),
            settings,
            hubs: hubs::Hubs::default(),
            meters,
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            opened: AtomicU64::new(0),
        })
    }

    /// From `ending` on, no socket is opened, and those that are open are closed one after the
    /// other, within [`limits::DRAIN_WITHIN`] and [`limits::CLOSE_WITHIN`], each with a delay of
    /// its own after which the client comes back. `tasks` waits for the last of them.
    pub fn spawn_tasks(self: &Arc<Self>, ending: CancellationToken, tasks: &TaskTracker) {
        let maps = self.clone();
        tasks.spawn(async move {
            ending.cancelled().await;
            maps.ending.cancel();
            maps.tasks.close();
            maps.tasks.wait().await;
        });
    }

    /// Sockets that are open now.
    pub fn sockets(&self) -> usize {
        self.admission.sockets()
    }

    /// How long ago the oldest of the watched maps was known to be what the store has; for
    /// readiness. None: nobody watches.
    pub fn oldest_map_age(&self) -> Option<Duration> {
        let ages = self.hubs.all().into_iter().map(|hub| hub.age_ms());
        ages.max().map(|age| Duration::from_millis(u64::try_from(age).unwrap_or(0)))
    }

    /// From 0 to 1, as evenly as may be for any number of consecutive sockets.
    fn next_lot(&self) -> f64 {
        // Multiples of the golden ratio, modulo 1.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        number.wrapping_mul(STEP) as f64 / u64::MAX as f64
    }
}

impl std::fmt::Debug for SeatmapWs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeatmapWs")
    }
}
