//! The frames that a shard writes, as traces tell them: over which versions they lead, to how many
//! sockets, and after which clicks.
//!
//! One span a pass, however many channels and sockets; a pass that leads nowhere has none. Costs
//! nothing where traces go nowhere.

use tracing::{Level, Span, field::Empty, level_filters::LevelFilter};

use crate::{beat::Beat, hub::Hub};

/// How far a shard has told its sockets.
#[derive(Default)]
pub(crate) struct Told {
    /// Epoch and version. None: nobody was there.
    position: Option<(u64, u64)>,
}

impl Told {
    /// The span of a pass that tells `beats`: in the trace of the first click whose change it
    /// tells, if this process knows one, else in one of its own.
    pub(crate) fn span<'a>(
        &mut self,
        hub: &Hub,
        beats: impl Iterator<Item = &'a Beat> + Clone,
    ) -> Span {
        // `enabled!` would ask the layers' filters, and spoil what they say of the next event.
        if LevelFilter::current() < Level::DEBUG {
            return Span::none();
        }
        let Some((epoch, from, version)) = self.advance(beats) else {
            return Span::none();
        };
        let span = tracing::debug_span!(
            parent: None,
            "frame",
            otel.kind = "producer",
            event = %hub.event_id(),
            epoch = epoch.cast_signed(),
            from = from.cast_signed(),
            version = version.cast_signed(),
            sockets = Empty,
        );
        hub.continue_clicks(&span, epoch, from, version);
        span
    }

    /// Epoch and versions over which the beats lead; none when nothing new is among them.
    fn advance<'a>(
        &mut self,
        beats: impl Iterator<Item = &'a Beat> + Clone,
    ) -> Option<(u64, u64, u64)> {
        let (epoch, version) = beats.clone().map(|beat| (beat.epoch, beat.version)).max()?;
        if self.position >= Some((epoch, version)) {
            return None;
        }
        let from = match self.position.replace((epoch, version)) {
            Some((told_epoch, told)) if told_epoch == epoch => told,
            // Whoever comes from nowhere, or from another epoch, is told everything.
            _ => beats.filter(|beat| beat.epoch == epoch).map(|beat| beat.from).min()?,
        };
        (from < version).then_some((epoch, from, version))
    }

    /// Nobody is left: what comes meanwhile is told to nobody.
    pub(crate) fn forget(&mut self) {
        self.position = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(epoch: u64, from: u64, version: u64) -> Beat {
        Beat { epoch, from, version, ..Beat::default() }
    }

    #[test]
    fn a_pass_leads_on_from_the_one_before() {
        let mut told = Told::default();
        let first = [beat(1, 10, 11)];
        assert_eq!(told.advance(first.iter()), Some((1, 10, 11)));
        let (narrow, all) = (beat(1, 5, 13), beat(1, 12, 13));
        assert_eq!(told.advance([narrow, all].iter()), Some((1, 11, 13)), "none is missed");
        let (heartbeat, newcomer) = (beat(1, 13, 13), beat(1, 5, 5));
        assert_eq!(told.advance([heartbeat].iter()), None);
        assert_eq!(told.advance([newcomer].iter()), None);
        assert_eq!(told.advance([beat(1, 13, 14)].iter()), Some((1, 13, 14)));
        let nothing: [Beat; 0] = [];
        assert_eq!(told.advance(nothing.iter()), None);
    }

    #[test]
    fn after_nobody_was_there_and_under_a_new_epoch_a_pass_begins_where_its_beats_do() {
        let mut told = Told::default();
        let first = [beat(1, 10, 11)];
        told.advance(first.iter());
        told.forget();
        let much_later = [beat(1, 500, 501)];
        assert_eq!(told.advance(much_later.iter()), Some((1, 500, 501)));
        let anew = [beat(2, u64::MAX, 3)];
        assert_eq!(told.advance(anew.iter()), None, "everything is told, and no way to it");
        let next = [beat(2, 3, 4)];
        assert_eq!(told.advance(next.iter()), Some((2, 3, 4)));
    }
}
