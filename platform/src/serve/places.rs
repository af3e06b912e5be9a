//! Who has a place on the listener.
//!
//! When a crowd has taken the usual places, newcomers get one of a few that are kept for what is
//! vital. Nobody can sit on those: when they are taken as well, one of the guests that came first
//! gives way to the next newcomer, rather one that has asked nothing yet. Whoever has something vital
//! to say says it at once, and says it again when it was cut off.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::ServeLimits;

/// Files that a process keeps for its stores, its own calls and its data: more than it ever has open.
const OWN_FILES: usize = 256;

/// The places of one listener.
pub(super) struct Places {
    usual: Arc<Semaphore>,
    vital: Arc<Semaphore>,
    /// In vital places, in the order in which they came; some may have left.
    guests: Mutex<VecDeque<Weak<Guest>>>,
}

/// Given back with the value.
pub(super) struct Place {
    guest: Option<Arc<Guest>>,
    _permit: OwnedSemaphorePermit,
}

/// Who is in a vital place.
#[derive(Default)]
pub(super) struct Guest {
    has_asked: AtomicBool,
    displaced: CancellationToken,
}

impl Guest {
    /// The head of its request is there.
    pub(super) fn has_asked(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
    }
}

impl Place {
    /// `None` in a usual place.
    pub(super) fn guest(&self) -> Option<Arc<Guest>> {
        self.guest.clone()
    }

    /// Comes when the place is needed for another.
    pub(super) async fn displaced(&self) {
        match &self.guest {
            Some(guest) => guest.displaced.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

impl Places {
    pub(super) fn new(limits: &ServeLimits) -> Self {
        let usual = usual_places(limits, files_max());
        if usual < limits.connections_max {
            tracing::warn!(connections = usual, "the limit of open files allows no more");
        }
        Self {
            usual: Arc::new(Semaphore::new(usual)),
            vital: Arc::new(Semaphore::new(limits.vital_connections_max)),
            guests: Mutex::default(),
        }
    }

    /// A place for a connection that is there. Waits only for who gives way, or where no place is
    /// vital. `None` never comes: the semaphores are not closed.
    pub(super) async fn take(&self) -> Option<Place> {
        if let Ok(permit) = self.usual.clone().try_acquire_owned() {
            return Some(Place { guest: None, _permit: permit });
        }
        if let Ok(permit) = self.vital.clone().try_acquire_owned() {
            return Some(self.welcome(permit));
        }
        self.displace();
        tokio::select! {
            biased;
            permit = self.usual.clone().acquire_owned() => {
                Some(Place { guest: None, _permit: permit.ok()? })
            }
            permit = self.vital.clone().acquire_owned() => Some(self.welcome(permit.ok()?)),
        }
    }

    fn welcome(&self, permit: OwnedSemaphorePermit) -> Place {
        let guest = Arc::new(Guest::default());
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.retain(|guest| guest.strong_count() > 0);
        guests.push_back(Arc::downgrade(&guest));
        Place { guest: Some(guest), _permit: permit }
    }

    fn displace(&self) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.retain(|guest| guest.strong_count() > 0);
        let is_silent = |guest: &Weak<Guest>| {
            guest.upgrade().is_some_and(|guest| !guest.has_asked.load(Ordering::Relaxed))
        };
        // Of the newer half nobody: they have hardly had the time to speak.
        let mut older = guests.iter().take(guests.len().div_ceil(2));
        let who = older.position(is_silent).unwrap_or(0);
        if let Some(guest) = guests.remove(who).and_then(|guest| guest.upgrade()) {
            guest.displaced.cancel();
        }
    }
}

/// With so many files allowed; of few, half are for connections.
fn usual_places(limits: &ServeLimits, files_max: Option<usize>) -> usize {
    let Some(files) = files_max else { return limits.connections_max };
    let kept = (limits.vital_connections_max + OWN_FILES).min(files / 2);
    limits.connections_max.min(files - kept)
}

/// Files that this process may have open at once: as many as it is allowed to ask for, which it asks
/// for here. `None`: there is no limit.
fn files_max() -> Option<usize> {
    let limit = getrlimit(Resource::Nofile);
    let asked = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, asked) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    files.and_then(|files| usize::try_from(files).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_stores() {
        let limits = ServeLimits::default();
        for (files, places) in [
            (None, 10_000),
            (Some(65_536), 10_000),
            (Some(10_320), 10_000),
            (Some(1_024), 704),
            (Some(100), 50),
        ] {
            assert_eq!(usual_places(&limits, files), places, "{files:?}");
        }
    }

    /// The guest gives its place to the next who comes.
    async fn is_displaced(places: &Places, guest: Place) -> Place {
        let (newcomer, ()) = tokio::join!(places.take(), async {
            guest.displaced().await;
            drop(guest);
        });
        newcomer.unwrap()
    }

    #[tokio::test]
    async fn of_those_who_came_first_one_that_has_asked_nothing_gives_way() {
        let limits =
            ServeLimits { connections_max: 1, vital_connections_max: 4, ..ServeLimits::default() };
        let places = Places::new(&limits);
        let usual = places.take().await.unwrap();
        assert!(usual.guest().is_none());
        let mut guests = Vec::new();
        for has_asked in [true, false, true, false] {
            let place = places.take().await.unwrap();
            if has_asked {
                place.guest().unwrap().has_asked();
            }
            guests.push(place);
        }
        let newcomer = is_displaced(&places, guests.remove(1)).await;
        // Of the two that are first now, both have asked.
        let another = is_displaced(&places, guests.remove(0)).await;
        assert!(newcomer.guest().is_some() && another.guest().is_some());
    }
}
