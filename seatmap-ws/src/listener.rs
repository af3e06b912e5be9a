//! The hearing half of a socket: what the client says, and how often.

use bytes::Bytes;
use tokio::time::{Duration, Instant};

use crate::{
    close::{Close, NORMAL, TOO_MANY},
    frames::pong_frame,
    incoming::{Heard, Incoming},
    limits::{FRAMES_PER_MINUTE_MAX, FRAMES_PER_SECOND_MAX},
};

pub(crate) struct Listener {
    incoming: Incoming,
    /// Answer to the last ping; earlier ones need none (RFC 6455, 5.5.3).
    pub(crate) pong: Option<Bytes>,
    second: Window,
    minute: Window,
}

/// Frames since a moment.
struct Window {
    began: Instant,
    frames: u32,
}

impl Listener {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let window = || Window { began: now, frames: 0 };
        let incoming = Incoming::default();
        Self { incoming, pong: None, second: window(), minute: window() }
    }

    /// Takes all of `bytes`; how to close, if they ask for it or are wrong.
    pub(crate) fn listen(&mut self, mut bytes: &[u8]) -> Option<Close> {
        let now = Instant::now();
        loop {
            let heard = match self.incoming.hear(&mut bytes) {
                Ok(Some(heard)) => heard,
                Ok(None) => return None,
                Err(close) => return Some(close),
            };
            let fits = self.second.count(now, Duration::from_secs(1), FRAMES_PER_SECOND_MAX)
                && self.minute.count(now, Duration::from_secs(60), FRAMES_PER_MINUTE_MAX);
            match heard {
                Heard::Close(code) => return Some(Close::of_client(code.unwrap_or(NORMAL))),
                _ if !fits => return Some(Close::now(TOO_MANY)),
                Heard::Ping(payload) => self.pong = Some(pong_frame(&payload)),
                Heard::Pong | Heard::Data => {}
            }
        }
    }

    /// Whether these bytes hold the client's close frame, or nothing more can be understood.
    pub(crate) fn hears_close(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            match self.incoming.hear(&mut bytes) {
                Ok(Some(Heard::Close(_))) | Err(_) => return true,
                Ok(Some(_)) => {}
                Ok(None) => return false,
            }
        }
    }
}

impl Window {
    /// False: one too many.
    fn count(&mut self, now: Instant, length: Duration, most: u32) -> bool {
        if now - self.began >= length {
            (self.began, self.frames) = (now, 0);
        }
        self.frames += 1;
        self.frames <= most
    }
}
