//! One socket from its upgrade to its end.
//!
//! A task per socket that sleeps while its client keeps up: then a shard writes. The task hears the
//! client, writes whatever concerns this socket alone, and whatever did not go through at once.
//! Frames are encoded with their WebSocket head once for all; writing one is one system call on the
//! connection itself, which costs what a bare write costs. A library that frames and buffers for
//! each connection copies every frame; the reading side is `incoming`.
//!
//! A reader that is slow is not queued for: while its frame is being written the others go on, and
//! then it gets one exact delta over all it has missed. When one frame takes too long, it is cut.

use std::{
    future::{Future, poll_fn},
    io,
    net::Shutdown,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};

use crate::{
    beat::{Ending, gone_frame},
    close::{Close, DRAINING, GONE, SILENT, TOO_SLOW},
    frames::close_frame,
    limits::{READ_BYTES, RECONNECT_AFTER_MIN},
    listener::Listener,
    meters::Meters,
    outlet::{End, Flush, Outlet},
};

/// Serves a socket until it is closed from either end.
///
/// `early`: what came right behind the handshake. `since`: the epoch and version that the client
/// has. `lot`: from 0 to 1, evenly; when this one of many is closed, and comes back.
pub(crate) async fn serve(outlet: Arc<Outlet>, early: Bytes, since: Option<(u64, u64)>, lot: f64) {
    let mut socket = Socket { outlet, listener: Listener::new(), stall: None, lot };
    socket.outlet.begin(since);
    socket.outlet.hub.open(&socket.outlet);
    let early_close = socket.listener.listen(&early);
    // Not kept: it may be the last reference to the buffer of the whole request.
    drop(early);
    let close = match early_close {
        Some(close) => Ok(close),
        None => socket.run().await,
    };
    // A broken connection leaves nobody to tell.
    if let Ok(close) = close {
        Meters::closed(close.code);
        let within = socket.outlet.hub.timing().close_within;
        let _ = timeout(within, socket.close(close)).await;
    }
}

struct Socket {
    outlet: Arc<Outlet>,
    listener: Listener,
    /// Runs while a frame waits to be written.
    stall: Option<Pin<Box<Sleep>>>,
    lot: f64,
}

/// What a socket's task wakes for.
enum Event {
    /// Something was written or heard.
    Progress,
    Close(Close),
    Stalled,
}

impl Socket {
    /// Until somebody ends it; how it is to be closed.
    async fn run(&mut self) -> io::Result<Close> {
        loop {
            match self.outlet.go_on(&mut self.listener.pong) {
                None => {}
                Some(End::Silent) => return Ok(Close::now(SILENT)),
                Some(End::Ending(ending)) => return Ok(self.end(ending).await),
            }
            match self.next_event().await? {
                Event::Progress => {}
                Event::Close(close) => return Ok(close),
                Event::Stalled => {
                    self.outlet.hub.meters().cuts.increment(1);
                    return Ok(Close::after(TOO_SLOW, RECONNECT_AFTER_MIN));
                }
            }
        }
    }

    /// Waits for whatever is next. May be dropped at any moment: nothing is lost.
    async fn next_event(&mut self) -> io::Result<Event> {
        let Self { outlet, listener, stall, .. } = self;
        poll_fn(|context| {
            let is_blocked = match outlet.poll_flush(context)? {
                Flush::Done => {
                    *stall = None;
                    return Poll::Ready(Ok(Event::Progress));
                }
                Flush::Blocked => true,
                Flush::NotMine => false,
            };
            if let Poll::Ready(event) = poll_read(outlet, listener, context) {
                return Poll::Ready(event);
            }
            if !is_blocked {
                *stall = None;
                return Poll::Pending;
            }
            let patience = || Box::pin(sleep(outlet.hub.timing().stall_max));
            ready!(stall.get_or_insert_with(patience).as_mut().poll(context));
            Poll::Ready(Ok(Event::Stalled))
        })
        .await
    }

    /// The end that everybody has.
    async fn end(&mut self, ending: Ending) -> Close {
        match ending {
            Ending::Gone(reason) => {
                self.outlet.end_with(&gone_frame(reason, self.outlet.format));
                Close::now(GONE)
            }
            Ending::Drain { close_over, return_over } => {
                sleep(close_over.mul_f64(self.lot)).await;
                // Who is closed last comes back last, too.
                Close::after(DRAINING, RECONNECT_AFTER_MIN + return_over.mul_f64(self.lot))
            }
        }
    }

    /// Finishes the frame under way, says why, and waits for the client's own close frame.
    async fn close(&mut self, close: Close) -> io::Result<()> {
        let Self { outlet, listener, .. } = self;
        outlet.end_with(&close_frame(&close));
        poll_fn(|context| match outlet.poll_flush(context) {
            Ok(Flush::Done) => Poll::Ready(Ok(())),
            Ok(Flush::Blocked | Flush::NotMine) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        })
        .await?;
        if !close.is_of_client {
            poll_fn(|context| poll_until_close(&outlet.stream, listener, context)).await?;
        }
        SockRef::from(&outlet.stream).shutdown(Shutdown::Write)
    }
}

/// Hears what there is; ready when there is something to do about it.
fn poll_read(
    outlet: &Outlet,
    listener: &mut Listener,
    context: &mut Context<'_>,
) -> Poll<io::Result<Event>> {
    loop {
        let mut buffer = [0; READ_BYTES];
        let bytes = ready!(poll_bytes(&outlet.stream, &mut buffer, context))?;
        if bytes.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        outlet.heard();
        if let Some(close) = listener.listen(bytes) {
            return Poll::Ready(Ok(Event::Close(close)));
        }
        if listener.pong.is_some() {
            return Poll::Ready(Ok(Event::Progress));
        }
    }
}

fn poll_until_close(
    stream: &TcpStream,
    listener: &mut Listener,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let mut buffer = [0; READ_BYTES];
        let bytes = ready!(poll_bytes(stream, &mut buffer, context))?;
        if bytes.is_empty() || listener.hears_close(bytes) {
            return Poll::Ready(Ok(()));
        }
    }
}

/// Some bytes; none at the end.
fn poll_bytes<'a>(
    stream: &TcpStream,
    buffer: &'a mut [u8],
    context: &mut Context<'_>,
) -> Poll<io::Result<&'a [u8]>> {
    loop {
        ready!(stream.poll_read_ready(context))?;
        match stream.try_read(buffer) {
            Ok(read) => return Poll::Ready(Ok(&buffer[..read])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}
