//! One socket from its upgrade to its end.
//!
//! A task per socket that keeps where it is in the map, a half-written frame that all sockets
//! share, and no buffer. Frames are encoded with their WebSocket head once for all; writing one is
//! one system call on the connection itself, which costs what a bare write costs. A library that
//! frames and buffers for each connection copies every frame; the reading side is `incoming`.
//!
//! A reader that is slow is not queued for: while its frame is being written the others go on, and
//! then it gets one exact delta over all it has missed. When one frame takes too long, it is cut.

use std::{
    future::{Future, poll_fn},
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::watch,
    time::{Sleep, sleep, timeout},
};

use crate::{
    Timing,
    admission::Admitted,
    beat::{Beat, Ending, gone_frame},
    board::{Position, Way},
    close::{Close, DRAINING, GONE, SILENT, TOO_SLOW},
    frames::{Delta, Format, Frame, close_frame},
    hub::Hub,
    limits::{READ_BYTES, RECONNECT_AFTER_MIN},
    listener::Listener,
    meters::Meters,
    selection::Selection,
};

pub(crate) type Beats = watch::Receiver<Arc<Beat>>;

/// What a socket was opened for.
pub(crate) struct Subscription {
    pub(crate) hub: Arc<Hub>,
    pub(crate) selection: Selection,
    pub(crate) format: Format,
    pub(crate) beats: Beats,
    /// The epoch and version that the client has.
    pub(crate) since: Option<(u64, u64)>,
    /// From 0 to 1, evenly: when this one of many is closed, and comes back.
    pub(crate) lot: f64,
    /// Held as long as the socket lives.
    pub(crate) _admitted: Admitted,
    pub(crate) meters: Arc<Meters>,
    pub(crate) timing: Timing,
}

/// Serves a socket until it is closed from either end. `early`: what came right behind the
/// handshake.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    early: Bytes,
    subscription: Subscription,
) {
    let mut socket = Socket {
        stream,
        listener: Listener::new(),
        outgoing: Bytes::new(),
        stall: None,
        is_told: true,
        position: Position::default(),
        subscription,
    };
    // A broken connection leaves nobody to tell.
    if let Ok(close) = socket.run(&early).await {
        Meters::closed(close.code);
        let within = socket.subscription.timing.close_within;
        let _ = timeout(within, socket.close(close)).await;
    }
}

struct Socket<S> {
    stream: S,
    listener: Listener,
    /// What is still to be written of a frame.
    outgoing: Bytes,
    /// Runs while a frame waits to be written.
    stall: Option<Pin<Box<Sleep>>>,
    /// There may be a beat that was not looked at.
    is_told: bool,
    position: Position,
    subscription: Subscription,
}

/// What a socket wakes for.
enum Event {
    /// Something was written or heard.
    Progress,
    Beat,
    Close(Close),
    Stalled,
}

/// Why a socket ends from this side.
enum End {
    Silent,
    Ending(Ending),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Until somebody ends it; how it is to be closed.
    async fn run(&mut self, early: &[u8]) -> io::Result<Close> {
        self.begin();
        if let Some(close) = self.listener.listen(early) {
            return Ok(close);
        }
        loop {
            match self.go_on() {
                None => {}
                Some(End::Silent) => return Ok(Close::now(SILENT)),
                Some(End::Ending(ending)) => return Ok(self.end(ending).await),
            }
            match self.next_event().await? {
                Event::Progress => {}
                Event::Beat => self.is_told = true,
                Event::Close(close) => return Ok(close),
                Event::Stalled => {
                    self.subscription.meters.cuts.increment(1);
                    return Ok(Close::after(TOO_SLOW, RECONNECT_AFTER_MIN));
                }
            }
        }
    }

    /// The first frames.
    fn begin(&mut self) {
        let Subscription { hub, selection, format, beats, since, meters, .. } =
            &mut self.subscription;
        let (epoch, version) = since.unwrap_or_default();
        let at = Position { epoch, version, overview_version: u64::MAX, beat: 0 };
        let beat = beats.borrow_and_update().clone();
        let caught_up = hub.catch_up(selection, *format, at);
        match (*since, caught_up.way) {
            (None, _) => {}
            (Some(_), Way::Snapshot) => meters.resyncs.increment(1),
            (Some(_), _) => meters.resumes.increment(1),
        }
        // An end that came in between is still to be seen.
        let beat = beat.number - u64::from(beat.ending.is_some());
        self.position = Position { beat, ..caught_up.position };
        // Who has missed nothing is told so.
        let nothing = || Frame::Delta(Delta::nothing(epoch, version)).bytes(*format);
        let first = if caught_up.bytes.is_empty() { nothing() } else { caught_up.bytes };
        self.send(first);
    }

    fn send(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.subscription.meters.frames.increment(1);
            self.outgoing = bytes;
        }
    }

    /// Waits for whatever is next. May be dropped at any moment: nothing is lost.
    async fn next_event(&mut self) -> io::Result<Event> {
        let Self { stream, listener, outgoing, stall, subscription, .. } = self;
        if outgoing.is_empty() {
            *stall = None;
            tokio::select! {
                biased;
                event = poll_fn(|context| poll_read(stream, listener, context)) => event,
                changed = subscription.beats.changed() => match changed {
                    Ok(()) => Ok(Event::Beat),
                    Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
                },
            }
        } else {
            // Beats are not even looked at meanwhile: they are conflated.
            poll_fn(|context| {
                if poll_write(stream, outgoing, context)?.is_ready() {
                    return Poll::Ready(Ok(Event::Progress));
                }
                if let Poll::Ready(event) = poll_read(stream, listener, context) {
                    return Poll::Ready(event);
                }
                let patience = || Box::pin(sleep(subscription.timing.stall_max));
                ready!(stall.get_or_insert_with(patience).as_mut().poll(context));
                Poll::Ready(Ok(Event::Stalled))
            })
            .await
        }
    }

    /// Finds what to write next, when nothing is being written.
    fn go_on(&mut self) -> Option<End> {
        if !self.outgoing.is_empty() {
            return None;
        }
        self.stall = None;
        if let Some(pong) = self.listener.pong.take() {
            self.outgoing = pong;
            return None;
        }
        // One load, where a look would be a lock that all sockets share.
        let is_told = mem::take(&mut self.is_told);
        if !is_told && !self.subscription.beats.has_changed().unwrap_or(false) {
            return None;
        }
        let beat = self.subscription.beats.borrow_and_update().clone();
        if beat.number == self.position.beat {
            return None;
        }
        if let Some(ending) = beat.ending {
            return Some(End::Ending(ending));
        }
        let is_heartbeat = beat.content.heartbeat.is_some();
        if is_heartbeat && self.listener.silent_for() > self.subscription.timing.silence_max {
            return Some(End::Silent);
        }
        self.take(&beat);
        None
    }

    /// The shared bytes for who has missed nothing, else what brings this socket up to date.
    fn take(&mut self, beat: &Beat) {
        let (at, format) = (self.position, self.subscription.format);
        let is_next = beat.number == at.beat + 1;
        if is_next && (beat.epoch, beat.from) == (at.epoch, at.version) {
            self.position = Position {
                epoch: beat.epoch,
                version: beat.version,
                overview_version: beat.overview_version,
                beat: beat.number,
            };
            return self.send(beat.bytes(format).clone());
        }
        let Subscription { hub, selection, meters, .. } = &self.subscription;
        if !is_next {
            meters.conflations.increment(1);
        }
        let caught_up = hub.catch_up(selection, format, at);
        self.position = Position { beat: beat.number, ..caught_up.position };
        let signs = beat.signs_of_life(format);
        self.send(match signs.is_empty() {
            true => caught_up.bytes,
            false => [caught_up.bytes, signs].concat().into(),
        });
    }

    /// The end that everybody has.
    async fn end(&mut self, ending: Ending) -> Close {
        match ending {
            Ending::Gone(reason) => {
                self.outgoing = gone_frame(reason, self.subscription.format);
                Close::now(GONE)
            }
            Ending::Drain { close_over, return_over } => {
                let lot = self.subscription.lot;
                sleep(close_over.mul_f64(lot)).await;
                // Who is closed last comes back last, too.
                Close::after(DRAINING, RECONNECT_AFTER_MIN + return_over.mul_f64(lot))
            }
        }
    }

    /// Finishes the frame under way, says why, and waits for the client's own close frame.
    async fn close(&mut self, close: Close) -> io::Result<()> {
        let Self { stream, listener, outgoing, .. } = self;
        stream.write_all_buf(outgoing).await?;
        stream.write_all_buf(&mut close_frame(&close)).await?;
        if close.is_of_client {
            return stream.shutdown().await;
        }
        poll_fn(|context| poll_until_close(stream, listener, context)).await?;
        stream.shutdown().await
    }
}

/// Writes as much as goes; ready when all is written.
fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    outgoing: &mut Bytes,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !outgoing.is_empty() {
        let written = ready!(Pin::new(&mut *stream).poll_write(context, outgoing))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        outgoing.advance(written);
    }
    // What is written is not kept: it may be the last reference to a snapshot.
    *outgoing = Bytes::new();
    Poll::Ready(Ok(()))
}

/// Hears what there is; ready when there is something to do about it.
fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    listener: &mut Listener,
    context: &mut Context<'_>,
) -> Poll<io::Result<Event>> {
    loop {
        let mut buffer = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(close) = listener.listen(buffer.filled()) {
            return Poll::Ready(Ok(Event::Close(close)));
        }
        if listener.pong.is_some() {
            return Poll::Ready(Ok(Event::Progress));
        }
    }
}

fn poll_until_close<S: AsyncRead + Unpin>(
    stream: &mut S,
    listener: &mut Listener,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let mut buffer = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        if buffer.filled().is_empty() || listener.hears_close(buffer.filled()) {
            return Poll::Ready(Ok(()));
        }
    }
}
