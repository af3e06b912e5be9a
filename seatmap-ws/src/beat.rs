//! What a hub tells all sockets of one channel at one moment, encoded once for each format.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::frames::{Delta, Format, Frame, Gone, GoneReason, Heartbeat, Overview, ping_frame};

/// One step of a channel.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Counts the channel's beats.
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    /// The version that a socket must have been sent to take this beat as it is; another one, or
    /// one of another epoch, asks its hub.
    pub(crate) from: u64,
    pub(crate) version: u64,
    /// Of the newest overview.
    pub(crate) overview_version: u64,
    /// What is new in it has happened since, by the store.
    pub(crate) since: Option<Instant>,
    pub(crate) content: Content,
    pub(crate) ending: Option<Ending>,
    /// Made by the first socket of each format.
    pub(crate) encoded: [OnceLock<Bytes>; 2],
}

/// In this order in one write.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) delta: Option<Delta>,
    pub(crate) overview: Option<Overview>,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) ping: bool,
}

/// The last beat of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The event is not on sale any more.
    Gone(GoneReason),
    /// The process ends; all sockets are closed over this time and come back over a longer one.
    Drain { close_over: Duration, return_over: Duration },
}

impl Beat {
    /// Everything of this beat for a socket that has missed nothing; may be empty.
    pub(crate) fn bytes(&self, format: Format) -> &Bytes {
        self.encoded[format as usize].get_or_init(|| self.content.encode(format))
    }

    /// What every socket gets with this beat, whatever it has missed.
    pub(crate) fn signs_of_life(&self, format: Format) -> Bytes {
        let Content { heartbeat, ping, .. } = &self.content;
        let content = Content { heartbeat: heartbeat.clone(), ping: *ping, ..Content::default() };
        content.encode(format)
    }
}

impl Content {
    fn encode(&self, format: Format) -> Bytes {
        let mut bytes = Vec::new();
        let Self { delta, overview, heartbeat, ping } = self;
        if let Some(delta) = delta {
            Frame::Delta(delta.clone()).write(format, &mut bytes);
        }
        if let Some(overview) = overview {
            Frame::Overview(overview.clone()).write(format, &mut bytes);
        }
        if let Some(heartbeat) = heartbeat {
            Frame::Heartbeat(heartbeat.clone()).write(format, &mut bytes);
        }
        if *ping {
            ping_frame(&mut bytes);
        }
        bytes.into()
    }
}

/// The frame that goes before the close of a map that is over.
pub(crate) fn gone_frame(reason: GoneReason, format: Format) -> Bytes {
    Frame::Gone(Gone { reason }).bytes(format)
}
