//! What all people of the crowd share: where the sale is, when it ends, and what is counted while
//! it runs.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{figures::Verdict, hosts::Hosts, organizer::Sale};

/// One second of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    pub accepted: u32,
    pub refused: u32,
    pub errors: u32,
}

/// The sockets of the whole run.
#[derive(Debug, Default)]
pub struct Sockets {
    pub opened: AtomicU64,
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
}

pub struct Load {
    pub hosts: Hosts,
    pub sale: Sale,
    pub sockets: Sockets,
    /// Tickets that people of this run hold in their hands.
    pub tickets: AtomicU64,
    pub run_time: Duration,
    began: Instant,
    seconds: Mutex<Vec<Second>>,
}

impl Load {
    /// The run begins now.
    pub fn new(hosts: Hosts, sale: Sale, run_time: Duration) -> Self {
        Self {
            hosts,
            sale,
            sockets: Sockets::default(),
            tickets: AtomicU64::default(),
            run_time,
            began: Instant::now(),
            seconds: Mutex::default(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long people still stay; zero: they go home.
    pub fn time_left(&self) -> Duration {
        self.run_time.saturating_sub(self.elapsed())
    }

    pub fn count(&self, verdict: &Verdict) {
        let second = self.elapsed().as_secs() as usize;
        let mut seconds = self.lock();
        if seconds.len() <= second {
            seconds.resize(second + 1, Second::default());
        }
        let of = &mut seconds[second];
        match verdict {
            Verdict::Accepted => of.accepted += 1,
            Verdict::Refused(_) => of.refused += 1,
            Verdict::Failed(_) => of.errors += 1,
        }
    }

    /// Every second from the beginning to now.
    pub fn seconds(&self) -> Vec<Second> {
        self.lock().clone()
    }

    pub fn event_url(&self, rest: &str) -> String {
        self.hosts.url(&format!("/v1/events/{}{rest}", self.sale.slug))
    }

    pub fn sold(&self) -> u64 {
        self.tickets.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Second>> {
        // Whoever panicked with the lock held left a count, which is whole at every moment.
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
