//! An event's map as all its sockets see it at one moment: the seats, the channels, and what each
//! channel was told last. No I/O and no clock: the hub brings in the seats and the moments.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use domain::chart::Chart;
use inventory::FollowedSeats;
use tokio::{sync::watch, time::Instant};

use crate::{
    beat::{Beat, Content, Ending},
    delta::Lens,
    frames::{Delta, Format, Frame, Heartbeat},
    limits::{CATCH_UPS_KEPT_MAX, CHANNELS_PER_EVENT_MAX, RECONNECT_AFTER_MAX, SURELY_SMALL_BYTES},
    overview::{Counted, Tally},
    selection::Selection,
};

/// No socket is there: everybody has to ask.
const FROM_NOWHERE: u64 = u64::MAX;

/// All that is kept of what a socket was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// 0: nothing yet.
    pub(crate) epoch: u64,
    pub(crate) version: u64,
    pub(crate) overview_version: u64,
    /// Of the last beat that was handled.
    pub(crate) beat: u64,
}

/// How a socket that could not take the shared bytes was brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing was missing.
    Nothing,
    /// One exact delta over everything missed.
    Merged,
    /// The shorter way, though the missing changes are known.
    ShorterSnapshot,
    /// The missing changes are not known here.
    Snapshot,
}

/// The bytes that bring a socket up to date, and where it then is.
#[derive(Clone, Debug)]
pub(crate) struct CatchUp {
    pub(crate) bytes: Bytes,
    pub(crate) position: Position,
    pub(crate) way: Way,
}

struct Channel {
    lens: Arc<Lens>,
    /// The version up to which the channel was told.
    version: u64,
    beats: watch::Sender<Arc<Beat>>,
}

type CatchUpKey = (Selection, Format, u64, u64, u64);

pub(crate) struct Board {
    chart: Arc<Chart>,
    seats: FollowedSeats,
    channels: HashMap<Selection, Channel>,
    tally: OnceLock<Tally>,
    counted: Counted,
    catch_ups: HashMap<CatchUpKey, CatchUp>,
    snapshots: HashMap<(Selection, Format), Bytes>,
}

impl Board {
    pub(crate) fn new(chart: Arc<Chart>, seats: FollowedSeats) -> Self {
        Self {
            chart,
            seats,
            channels: HashMap::new(),
            tally: OnceLock::new(),
            counted: Counted::default(),
            catch_ups: HashMap::new(),
            snapshots: HashMap::new(),
        }
    }

    pub(crate) fn position(&self) -> (u64, u64) {
        (self.seats.epoch, self.seats.version)
    }

    /// None: too many different selections are in use.
    pub(crate) fn join(&mut self, selection: &Selection) -> Option<watch::Receiver<Arc<Beat>>> {
        if let Some(channel) = self.channels.get(selection) {
            return Some(channel.beats.subscribe());
        }
        if self.channels.len() >= CHANNELS_PER_EVENT_MAX {
            self.drop_empty_channels();
            if self.channels.len() >= CHANNELS_PER_EVENT_MAX {
                return None;
            }
        }
        let lens = Arc::new(Lens::new(selection.clone(), &self.chart));
        if selection.overview && self.counted.epoch == 0 {
            self.counted = self.tally.get_or_init(|| Tally::new(&self.chart)).count(&self.seats);
        }
        let beat = Beat {
            number: 1,
            epoch: self.seats.epoch,
            from: self.seats.version,
            version: self.seats.version,
            overview_version: self.counted.version,
            ..Beat::default()
        };
        let (beats, receiver) = watch::channel(Arc::new(beat));
        self.channels
            .insert(selection.clone(), Channel { lens, version: self.seats.version, beats });
        Some(receiver)
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.channels.values().any(|channel| channel.beats.receiver_count() > 0)
    }

    pub(crate) fn sockets(&self) -> usize {
        self.channels.values().map(|channel| channel.beats.receiver_count()).sum()
    }

    pub(crate) fn drop_empty_channels(&mut self) {
        self.channels.retain(|_, channel| channel.beats.receiver_count() > 0);
    }

    /// Whether sockets at the present version can be told exactly what `next` changed.
    pub(crate) fn knows_the_way_to(&self, next: &FollowedSeats) -> bool {
        let (epoch, version) = self.position();
        next.epoch == epoch && (next.changes.known_from..=next.version).contains(&version)
    }

    /// Takes newer seats and tells every channel that they concern. `next` has the old seats
    /// afterwards, for their memory. Whether the way from the version before was known.
    ///
    /// `since`: when the store is known to have had no more than the seats before.
    pub(crate) fn advance(&mut self, next: &mut FollowedSeats, since: Option<Instant>) -> bool {
        if (next.epoch, next.version) == self.position() {
            return true;
        }
        let is_known = self.knows_the_way_to(next);
        std::mem::swap(&mut self.seats, next);
        self.catch_ups.clear();
        self.snapshots.clear();
        let seats = &self.seats;
        for channel in self.channels.values_mut() {
            let all = channel.lens.selection().parts.is_none();
            let delta = is_known.then(|| channel.lens.delta(seats, channel.version));
            let concerns = delta
                .as_ref()
                .is_none_or(|delta| all || !delta.changes.is_empty() || !delta.areas.is_empty());
            if concerns {
                let content = Content { delta, ..Content::default() };
                let from = if is_known { channel.version } else { FROM_NOWHERE };
                channel.tell_change(seats, from, self.counted.version, since, content);
            }
        }
        is_known
    }

    /// Tells overview channels what has changed since their last overview.
    pub(crate) fn advance_overview(&mut self) {
        let is_wanted = |channel: &Channel| channel.lens.selection().overview;
        if self.counted.version == self.seats.version && self.counted.epoch == self.seats.epoch
            || !self.channels.values().any(is_wanted)
        {
            return;
        }
        let tally = self.tally.get_or_init(|| Tally::new(&self.chart));
        let now = tally.count(&self.seats);
        let changes = tally.changes(&self.counted, &now);
        let is_new_epoch = now.epoch != self.counted.epoch;
        self.counted = now;
        self.catch_ups.clear();
        let overview = if is_new_epoch { Some(tally.complete(&self.counted)) } else { changes };
        for channel in self.channels.values_mut().filter(|channel| is_wanted(channel)) {
            let delta = channel.step(&self.seats);
            let content = Content { delta, overview: overview.clone(), ..Content::default() };
            channel.tell(&self.seats, channel.version, self.counted.version, content);
        }
    }

    /// Tells every channel that the map lives.
    pub(crate) fn heartbeat(&mut self, ping: bool) {
        self.drop_empty_channels();
        let (epoch, version) = self.position();
        for channel in self.channels.values_mut() {
            let delta = channel.step(&self.seats);
            let heartbeat = Some(Heartbeat { epoch, version });
            let content = Content { delta, overview: None, heartbeat, ping };
            channel.tell(&self.seats, channel.version, self.counted.version, content);
        }
    }

    /// The last beat of every channel.
    pub(crate) fn end(&mut self, ending: Ending) {
        for channel in self.channels.values_mut() {
            let last = channel.beats.borrow().clone();
            let beat = Beat {
                number: last.number + 1,
                epoch: last.epoch,
                from: last.version,
                version: last.version,
                overview_version: last.overview_version,
                ending: Some(ending),
                ..Beat::default()
            };
            channel.beats.send_replace(Arc::new(beat));
        }
    }

    /// Brings a socket of `selection` from its position to the present, in the fewest bytes.
    pub(crate) fn catch_up(
        &mut self,
        selection: &Selection,
        format: Format,
        at: Position,
    ) -> CatchUp {
        let key = (selection.clone(), format, at.epoch, at.version, at.overview_version);
        if let Some(known) = self.catch_ups.get(&key) {
            return known.clone();
        }
        let catch_up = self.make_catch_up(selection, format, at);
        if self.catch_ups.len() < CATCH_UPS_KEPT_MAX {
            self.catch_ups.insert(key, catch_up.clone());
        }
        catch_up
    }

    fn make_catch_up(&mut self, selection: &Selection, format: Format, at: Position) -> CatchUp {
        let (epoch, version) = self.position();
        let known = self.channels.get(selection).map(|channel| channel.lens.clone());
        let lens = known.unwrap_or_else(|| Arc::new(Lens::new(selection.clone(), &self.chart)));
        let (mut bytes, mut way) = (Vec::new(), Way::Nothing);
        if selection.shows_places() && (at.epoch, at.version) != (epoch, version) {
            let knows = at.epoch == epoch
                && (self.seats.changes.known_from..=version).contains(&at.version);
            (bytes, way) = self.places(&lens, format, knows.then_some(at.version));
        }
        let overview_at = (at.epoch == epoch).then_some(at.overview_version);
        if selection.overview && overview_at != Some(self.counted.version) {
            let tally = self.tally.get_or_init(|| Tally::new(&self.chart));
            Frame::Overview(tally.complete(&self.counted)).write(format, &mut bytes);
        }
        let position =
            Position { epoch, version, overview_version: self.counted.version, beat: at.beat };
        CatchUp { bytes: bytes.into(), position, way }
    }

    /// A delta from a version that is known, or a snapshot; whichever is shorter.
    fn places(&mut self, lens: &Lens, format: Format, from: Option<u64>) -> (Vec<u8>, Way) {
        let mut delta = Vec::new();
        if let Some(from) = from {
            Frame::Delta(lens.delta(&self.seats, from)).write(format, &mut delta);
            if delta.len() <= SURELY_SMALL_BYTES {
                return (delta, Way::Merged);
            }
        }
        let seats = &self.seats;
        let make = || Frame::Snapshot(lens.snapshot(seats)).bytes(format);
        let key = (lens.selection().clone(), format);
        let snapshot = self.snapshots.entry(key).or_insert_with(make);
        match from {
            Some(_) if delta.len() <= snapshot.len() => (delta, Way::Merged),
            Some(_) => (snapshot.to_vec(), Way::ShorterSnapshot),
            None => (snapshot.to_vec(), Way::Snapshot),
        }
    }
}

impl Channel {
    /// An empty delta up to the present where the channel was not told of ticks without a change
    /// for it.
    fn step(&self, seats: &FollowedSeats) -> Option<Delta> {
        let is_behind = self.beats.borrow().epoch == seats.epoch && self.version < seats.version;
        (is_behind && self.lens.selection().shows_places())
            .then(|| self.lens.delta(seats, self.version))
    }

    fn tell(&mut self, seats: &FollowedSeats, from: u64, overview_version: u64, content: Content) {
        self.tell_change(seats, from, overview_version, None, content);
    }

    fn tell_change(
        &mut self,
        seats: &FollowedSeats,
        from: u64,
        overview_version: u64,
        since: Option<Instant>,
        content: Content,
    ) {
        let last = self.beats.borrow().clone();
        if last.ending.is_some() {
            return;
        }
        let beat = Beat {
            number: last.number + 1,
            epoch: seats.epoch,
            from,
            version: seats.version,
            overview_version,
            since,
            content,
            ..Beat::default()
        };
        self.version = seats.version;
        self.beats.send_replace(Arc::new(beat));
    }
}

/// For how long the sockets of a drain may be told to stay away.
pub(crate) fn spread(sockets: usize, each: Duration, most: Duration) -> Duration {
    each.saturating_mul(u32::try_from(sockets).unwrap_or(u32::MAX))
        .min(most)
        .min(RECONNECT_AFTER_MAX)
}
