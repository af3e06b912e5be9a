//! The names of this crate's metrics, in one place. Counters that thousands of sockets share are
//! looked up once.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// Why a socket may not be opened.
const REFUSALS: [&str; 5] = ["address", "channels", "device", "process", "upgrade_rate"];

pub(crate) struct Meters {
    pub sockets: Gauge,
    /// Whole writes: a delta with what goes along with it.
    pub frames: Counter,
    pub snapshots: Counter,
    /// Frames for one socket that had missed others: one exact delta instead of them.
    pub conflations: Counter,
    /// Sockets that came with a version and were told the rest.
    pub resumes: Counter,
    /// Sockets that came with a version and needed a snapshot all the same.
    pub resyncs: Counter,
    pub cuts: Counter,
    /// Ticks at which the way from the last version was not known: everybody gets a snapshot.
    pub breaks: Counter,
    /// The most that a change can have taken from the store to the sockets of a channel.
    pub update_seconds: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        // There from the start: a series that begins is no increase.
        REFUSALS.iter().for_each(|why| Self::count_refused(why, 0));
        Self {
            sockets: gauge!("holdfast_live_sockets"),
            frames: counter!("holdfast_live_frames_total"),
            snapshots: counter!("holdfast_live_snapshots_total"),
            conflations: counter!("holdfast_live_conflations_total"),
            resumes: counter!("holdfast_live_resumes_total"),
            resyncs: counter!("holdfast_live_resyncs_total"),
            cuts: counter!("holdfast_live_slow_readers_cut_total"),
            breaks: counter!("holdfast_live_breaks_total"),
            update_seconds: histogram!("holdfast_live_update_seconds"),
        }
    }

    pub(crate) fn refused(why: &'static str) {
        Self::count_refused(why, 1);
    }

    fn count_refused(why: &'static str, sockets: u64) {
        counter!("holdfast_live_refused_total", "why" => why).increment(sockets);
    }

    pub(crate) fn closed(code: u16) {
        counter!("holdfast_live_closed_total", "code" => code.to_string()).increment(1);
    }
}
