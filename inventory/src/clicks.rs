//! Which request made which version, for traces: whoever tells a change to others can do it in the
//! trace of the click that made it.
//!
//! Kept in this process only, only of requests whose trace is recorded, and only the newest: what
//! was made elsewhere or is forgotten has the attributes alone. Nothing is asked or told outside,
//! and where traces go nowhere nothing is done.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use tracing::{Level, Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{Following, partition::PartitionAtWork};

/// More than any frame leads over while changes come as fast as one store makes them.
const KEPT_MAX: usize = 512;

/// The newest clicks of one partition.
#[derive(Default)]
pub(crate) struct Clicks(Mutex<VecDeque<Click>>);

struct Click {
    epoch: u64,
    version: u64,
    span: SpanContext,
}

impl Clicks {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Click>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, click: Click) {
        let mut kept = self.kept();
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(click);
    }

    /// Those that made a version after `from` and up to `version`.
    fn between(&self, epoch: u64, from: u64, version: u64) -> Vec<SpanContext> {
        let is_meant =
            |click: &&Click| click.epoch == epoch && (from + 1..=version).contains(&click.version);
        self.kept().iter().filter(is_meant).map(|click| click.span.clone()).collect()
    }
}

impl PartitionAtWork {
    /// The request of `span` made this version: noted, and said on the span itself.
    pub(crate) fn note_click(&self, epoch: u64, version: u64, span: impl FnOnce() -> Span) {
        // `enabled!` would ask the layers' filters, and spoil what they say of the next event.
        if LevelFilter::current() < Level::DEBUG {
            return;
        }
        let span = span();
        let context = span.context().span().span_context().clone();
        if !context.is_sampled() {
            return;
        }
        span.set_attribute("event", self.partition.event.to_string());
        span.set_attribute("epoch", epoch.cast_signed());
        span.set_attribute("version", version.cast_signed());
        self.clicks.keep(Click { epoch, version, span: context });
    }
}

impl Following {
    /// Puts `span`, which is new and has no parent, into the trace of the first click known here
    /// that made a version after `from` and up to `version`, with links to those of the others.
    pub fn continue_clicks(&self, span: &Span, epoch: u64, from: u64, version: u64) {
        if span.is_disabled() {
            return;
        }
        let clicks = self.work.clicks.between(epoch, from, version);
        let Some((first, others)) = clicks.split_first() else {
            return;
        };
        // A span that is not recorded has no parent to be given.
        let _ = span.set_parent(Context::new().with_remote_span_context(first.clone()));
        others.iter().for_each(|other| span.add_link(other.clone()));
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

    use super::*;

    fn click(epoch: u64, version: u64) -> Click {
        let (trace, span) = (TraceId::from(u128::from(version)), SpanId::from(version));
        let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
        Click { epoch, version, span }
    }

    fn versions(clicks: &Clicks, epoch: u64, from: u64, version: u64) -> Vec<u64> {
        let spans = clicks.between(epoch, from, version);
        spans.iter().map(|span| u64::from_be_bytes(span.span_id().to_bytes())).collect()
    }

    #[test]
    fn a_frame_finds_the_clicks_between_its_versions_under_its_epoch() {
        let clicks = Clicks::default();
        for version in [4, 5, 5, 7] {
            clicks.keep(click(1, version));
        }
        clicks.keep(click(2, 5));
        assert_eq!(versions(&clicks, 1, 4, 6), [5, 5]);
        assert_eq!(versions(&clicks, 2, 0, 9), [5]);
        assert_eq!(versions(&clicks, 1, 7, 9), [] as [u64; 0]);
    }

    #[test]
    fn the_oldest_click_is_forgotten_first() {
        let clicks = Clicks::default();
        (1..=KEPT_MAX as u64 + 1).for_each(|version| clicks.keep(click(1, version)));
        assert_eq!(versions(&clicks, 1, 0, 2), [2]);
        assert_eq!(clicks.kept().len(), KEPT_MAX);
    }
}
