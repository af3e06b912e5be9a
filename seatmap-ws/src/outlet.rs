//! The writing end of one socket: the connection, where its client is in the map, and whose turn it
//! is to write.
//!
//! As long as a client keeps up, a shard writes to it, which wakes nobody. Whatever does not go
//! through at once, and whatever concerns this socket alone, is left to the socket's own task, and
//! the shard passes it by until the task hands it back. Nothing is queued: while a frame waits,
//! beats are not even looked at, and then one exact delta leads over all of them.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use tokio::{net::TcpStream, sync::watch, time::Instant};

use crate::{
    beat::{Beat, Ending},
    board::{Position, Way},
    frames::{Delta, Format, Frame},
    hub::Hub,
    selection::Selection,
};

pub(crate) type Beats = watch::Receiver<Arc<Beat>>;

/// Shared by the socket's task, which owns it, and a shard.
pub(crate) struct Outlet {
    pub(crate) stream: TcpStream,
    pub(crate) hub: Arc<Hub>,
    pub(crate) selection: Selection,
    pub(crate) format: Format,
    /// One of these lives as long as the socket: the board counts them.
    pub(crate) beats: Beats,
    state: Mutex<State>,
}

struct State {
    turn: Turn,
    position: Position,
    /// What is still to be written of a frame. Empty at the shard's turn.
    outgoing: Bytes,
    heard: Instant,
    /// The task, while it waits for its turn.
    task: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Shard,
    Task,
}

/// What the task can do about the frame under way.
pub(crate) enum Flush {
    /// Nothing is under way any more.
    Done,
    /// The connection takes no more for now.
    Blocked,
    /// The shard writes.
    NotMine,
}

/// Why a socket ends from this side.
pub(crate) enum End {
    Silent,
    Ending(Ending),
}

impl Outlet {
    /// At the task's turn, with nothing to write.
    pub(crate) fn new(
        stream: TcpStream,
        hub: Arc<Hub>,
        selection: Selection,
        format: Format,
        beats: Beats,
    ) -> Self {
        let state = State {
            turn: Turn::Task,
            position: Position::default(),
            outgoing: Bytes::new(),
            heard: Instant::now(),
            task: None,
        };
        Self { stream, hub, selection, format, beats, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task's first frames: everything, or what was missed since the epoch and version that the
    /// client has.
    pub(crate) fn begin(&self, since: Option<(u64, u64)>) {
        let mut state = self.state();
        let (epoch, version) = since.unwrap_or_default();
        let at = Position { epoch, version, overview_version: u64::MAX, beat: 0 };
        let beat = self.beats.borrow().clone();
        let caught_up = self.hub.catch_up(&self.selection, self.format, at);
        let meters = self.hub.meters();
        match (since, caught_up.way) {
            (None, _) => {}
            (Some(_), Way::Snapshot) => meters.resyncs.increment(1),
            (Some(_), _) => meters.resumes.increment(1),
        }
        // An end that came in between is still to be seen.
        let beat = beat.number - u64::from(beat.ending.is_some());
        state.position = Position { beat, ..caught_up.position };
        // Who has missed nothing is told so.
        let nothing = || Frame::Delta(Delta::nothing(epoch, version)).bytes(self.format);
        state.outgoing = if caught_up.bytes.is_empty() { nothing() } else { caught_up.bytes };
        meters.frames.increment(1);
    }

    /// The shard writes what a beat brings, when it is its turn. Whether it did.
    pub(crate) fn tell(&self, beat: &Beat) -> bool {
        let mut state = self.state();
        if state.turn == Turn::Task || beat.number <= state.position.beat {
            return false;
        }
        if beat.ending.is_some() || self.is_silent(&state, beat) {
            state.leave_to_task();
            return false;
        }
        let own;
        let bytes = if state.takes(beat) {
            beat.bytes(self.format)
        } else {
            own = self.catch_up(&mut state, beat);
            &own
        };
        if bytes.is_empty() {
            return false;
        }
        // A connection that is broken shows that to the task as well.
        let written = self.stream.try_write(bytes).unwrap_or(0);
        if written < bytes.len() {
            state.outgoing = bytes.slice(written..);
            state.leave_to_task();
        }
        true
    }

    /// Finds what the task is to write next, when nothing is under way; the turn is the shard's
    /// when there is nothing.
    pub(crate) fn go_on(&self, pong: &mut Option<Bytes>) -> Option<End> {
        let mut state = self.state();
        if !state.outgoing.is_empty() {
            return None;
        }
        if let Some(pong) = pong.take() {
            (state.turn, state.outgoing) = (Turn::Task, pong);
            return None;
        }
        if state.turn == Turn::Shard {
            return None;
        }
        // Looked at under the lock: what is told from here on finds the shard's turn.
        let beat = self.beats.borrow().clone();
        if beat.number == state.position.beat {
            state.turn = Turn::Shard;
            return None;
        }
        if let Some(ending) = beat.ending {
            return Some(End::Ending(ending));
        }
        if self.is_silent(&state, &beat) {
            return Some(End::Silent);
        }
        state.outgoing = match state.takes(&beat) {
            true => beat.bytes(self.format).clone(),
            false => self.catch_up(&mut state, &beat),
        };
        self.hub.meters().frames.increment(u64::from(!state.outgoing.is_empty()));
        None
    }

    /// Takes the turn for good, and adds a last frame to what is under way.
    pub(crate) fn end_with(&self, last: &[u8]) {
        let mut state = self.state();
        state.turn = Turn::Task;
        state.outgoing = [&state.outgoing, last].concat().into();
    }

    /// Writes as much as goes of the frame under way; wakes when more goes, or at its turn.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> io::Result<Flush> {
        let mut state = self.state();
        if state.turn == Turn::Shard {
            state.task = Some(context.waker().clone());
            return Ok(Flush::NotMine);
        }
        match self.poll_write(&mut state.outgoing, context) {
            Poll::Pending => Ok(Flush::Blocked),
            Poll::Ready(result) => result.map(|()| Flush::Done),
        }
    }

    fn poll_write(&self, outgoing: &mut Bytes, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !outgoing.is_empty() {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write(outgoing) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => outgoing.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        // What is written is not kept: it may be the last reference to a snapshot.
        *outgoing = Bytes::new();
        Poll::Ready(Ok(()))
    }

    /// The client said something.
    pub(crate) fn heard(&self) {
        self.state().heard = Instant::now();
    }

    /// Whether nothing was heard of the client for too long; asked with each heartbeat.
    fn is_silent(&self, state: &State, beat: &Beat) -> bool {
        beat.content.heartbeat.is_some() && state.heard.elapsed() > self.hub.timing().silence_max
    }

    /// What brings a socket up to date that cannot take the shared bytes.
    fn catch_up(&self, state: &mut State, beat: &Beat) -> Bytes {
        if beat.number != state.position.beat + 1 {
            self.hub.meters().conflations.increment(1);
        }
        let caught_up = self.hub.catch_up(&self.selection, self.format, state.position);
        state.position = Position { beat: beat.number, ..caught_up.position };
        let signs = beat.signs_of_life(self.format);
        match signs.is_empty() {
            true => caught_up.bytes,
            false => [caught_up.bytes, signs].concat().into(),
        }
    }
}

impl State {
    /// Whether the shared bytes of a beat lead on from here; then it is there.
    fn takes(&mut self, beat: &Beat) -> bool {
        let at = self.position;
        let leads_on =
            beat.number == at.beat + 1 && (beat.epoch, beat.from) == (at.epoch, at.version);
        if leads_on {
            self.position = Position {
                epoch: beat.epoch,
                version: beat.version,
                overview_version: beat.overview_version,
                beat: beat.number,
            };
        }
        leads_on
    }

    fn leave_to_task(&mut self) {
        self.turn = Turn::Task;
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}
