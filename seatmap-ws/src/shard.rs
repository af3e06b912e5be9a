//! One of the writers of a hub: a task that goes over its share of the sockets with each beat.
//!
//! One loop over many connections costs little more than the writes themselves; a task that is
//! woken for each frame of each socket costs half as much again. There are as many shards as the
//! runtime has threads. A shard waits for no socket and reads none: `outlet` says when it writes.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::{sync::Notify, task::yield_now};
use tracing::Instrument;

use crate::{
    beat::Beat, hub::Hub, limits::WRITES_PER_TURN, outlet::Outlet, selection::Selection,
    traces::Told,
};

#[derive(Default)]
pub(crate) struct Shard {
    /// Sockets that the next pass takes over.
    new: Mutex<Vec<Weak<Outlet>>>,
    told: Notify,
}

/// The sockets of one channel.
#[derive(Default)]
struct Group {
    outlets: Vec<Weak<Outlet>>,
    /// The beat of the last pass, by identity.
    last: Option<Arc<Beat>>,
}

impl Shard {
    /// A socket whose turn is still its task's.
    pub(crate) fn add(&self, outlet: &Arc<Outlet>) {
        self.new.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(outlet));
    }

    /// There is something to tell.
    pub(crate) fn wake(&self) {
        self.told.notify_one();
    }

    /// Until the hub is over and its last beat is told.
    pub(crate) async fn run(&self, hub: &Hub) {
        let (mut groups, mut told) = (HashMap::new(), Told::default());
        loop {
            self.told.notified().await;
            let is_last = hub.is_retired();
            let due = self.due(&mut groups);
            let span = told.span(hub, due.iter().map(|(_, beat)| &**beat));
            let mut sockets = 0;
            for (group, beat) in due {
                let written = group.tell(&beat).instrument(span.clone()).await;
                sockets += written;
                hub.meters().frames.increment(written);
                if let Some(since) = beat.since.filter(|_| written > 0) {
                    hub.meters().update_seconds.record(since.elapsed());
                }
                group.last = Some(beat);
            }
            span.record("sockets", sockets.cast_signed());
            if groups.is_empty() {
                told.forget();
            }
            if is_last {
                return;
            }
        }
    }

    /// The groups that have a new beat.
    fn due<'a>(
        &self,
        groups: &'a mut HashMap<Selection, Group>,
    ) -> Vec<(&'a mut Group, Arc<Beat>)> {
        // Beats are read before a look at the new sockets finds none: a socket that comes later
        // sees these beats itself before it leaves the turn to this shard.
        let mut beats: HashMap<Selection, Arc<Beat>>;
        loop {
            groups.retain(|_, group| group.beat().is_some());
            let now = groups.iter().filter_map(|(name, group)| Some((name.clone(), group.beat()?)));
            beats = now.collect();
            let new = mem::take(&mut *self.new.lock().unwrap_or_else(PoisonError::into_inner));
            if new.is_empty() {
                break;
            }
            for outlet in new {
                if let Some(selection) = outlet.upgrade().map(|outlet| outlet.selection.clone()) {
                    groups.entry(selection).or_default().outlets.push(outlet);
                }
            }
        }
        let due = groups.iter_mut().filter_map(|(name, group)| {
            let beat = beats.remove(name)?;
            let is_known = group.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &beat));
            (!is_known).then_some((group, beat))
        });
        due.collect()
    }
}

impl Group {
    /// The channel's newest beat. None: all of its sockets are gone.
    fn beat(&self) -> Option<Arc<Beat>> {
        let outlet = self.outlets.iter().find_map(Weak::upgrade)?;
        Some(outlet.beats.borrow().clone())
    }

    /// Tells a beat to all whose turn it is; how many.
    async fn tell(&mut self, beat: &Beat) -> u64 {
        self.outlets.retain(|outlet| outlet.strong_count() > 0);
        let mut written = 0;
        for some in self.outlets.chunks(WRITES_PER_TURN) {
            let open = some.iter().filter_map(Weak::upgrade);
            written += open.filter(|outlet| outlet.tell(beat)).count() as u64;
            // Requests and other sockets are served in between.
            yield_now().await;
        }
        written
    }
}
