//! The steps of a line's life that are taken once: close the entries, name the beacon's round, hold
//! the draw, open.
//!
//! Each may be cut anywhere and is taken up again by whoever leads the line then: the ledger says how
//! far it came, and what it has of a draw stays.

use std::sync::Arc;

use domain::{
    event::Event,
    id::EventId,
    queue::{
        Lane,
        draw::{Beacon, BeaconMissed, ClosedLane, Draw, Hex, Tree, TreeBuilder},
    },
    time::Timestamp,
};
use inventory::EventAtWork;
use ledger::{
    ClosedEntries, DrawStep, NamedRound,
    line_acts::NewAct,
    line_steps::{SetPhase, StoreDraw},
    lines::{Line as LedgerLine, LinePhase},
};
use lua::{Controlled, LineField};
use platform::failpoint;

use crate::{WaitingRoom, beacon, error::Refusal, lines::Line};

/// Entries read in one call: 1.2 MB.
const ENTRIES_PER_READ: u64 = 100_000;
/// For so long a process asks a beacon in vain; then the draw is held on the secret and the entries
/// alone, and says so.
const PATIENCE_MS: i64 = 10_000;

/// The time has come.
pub(super) async fn begin(
    room: &WaitingRoom,
    event: &Event,
    fence: u64,
) -> Result<LedgerLine, Refusal> {
    let act = act("open", "opens_at has come");
    let from = [LinePhase::Early];
    let to = LinePhase::Drawing;
    match room.ledger.set_phase(&event.id, Some(fence), &from, to, act).await? {
        SetPhase::Set(line) => Ok(*line),
        SetPhase::Wrong { .. } | SetPhase::Fenced { .. } => Err(Refusal::RequestInProgress),
    }
}

/// The sale is over.
pub(super) async fn close(room: &WaitingRoom, event: &Event, fence: u64) -> Result<(), Refusal> {
    let from = LinePhase::ALL;
    let to = LinePhase::Closed;
    let act = act("close", "the sale is over");
    room.ledger.set_phase(&event.id, Some(fence), &from, to, act).await?;
    Ok(())
}

/// Closes the entries, forms the seed, keeps the draw, and shows it: one write, however many entries.
/// Does nothing more while the beacon's round is awaited: the next second tries again.
pub(super) async fn hold(
    room: &Arc<WaitingRoom>,
    event: &EventAtWork,
    line: &Line,
    stored: &LedgerLine,
    fence: u64,
) -> Result<(), Refusal> {
    let id = &event.event.id;
    let closed = match &stored.closed {
        Some(closed) => closed.clone(),
        None => close_entries(room, id, line, fence).await?,
    };
    let lane = |lane: Lane| ClosedLane {
        size: closed.sizes[lane.number()],
        root: Hex(closed.roots[lane.number()]),
    };
    let draw = |beacon| {
        let (general, priority) = (lane(Lane::General), lane(Lane::Priority));
        Draw::hold(id.clone(), stored.secret, general, priority, beacon)
    };
    let draw = match randomness(room, stored, &closed, fence).await? {
        Randomness::Awaited => return Ok(()),
        Randomness::Unannounced => draw(None),
        Randomness::There(beacon) => draw(Some(beacon)),
        Randomness::Missed(beacon) => {
            let (source, round) = (&beacon.source, beacon.round);
            tracing::error!(event = %id, source, round, "the draw is held without its beacon");
            draw(None).missing(beacon)
        }
    };
    let text = serde_json::to_string(&draw).map_err(|_| Refusal::Internal)?;
    let text = match room.ledger.store_draw(id, fence, closed.sizes, &text).await? {
        StoreDraw::Stored(_) => text,
        StoreDraw::Already(text) => text,
        StoreDraw::Wrong { .. } | StoreDraw::Fenced { .. } => {
            return Err(Refusal::RequestInProgress);
        }
    };
    failpoint("draw_stored");
    tracing::info!(event = %id, entries = ?closed.sizes, "the draw was held");
    let fields = [(LineField::Draw, text), (LineField::Phase, LinePhase::Open.as_str().to_owned())];
    set(room, line, fence, &fields).await?;
    failpoint("draw_shown");
    Ok(())
}

/// What joins from now on is not in the draw.
async fn close_entries(
    room: &Arc<WaitingRoom>,
    id: &EventId,
    line: &Line,
    fence: u64,
) -> Result<ClosedEntries, Refusal> {
    failpoint("line_drawing");
    let state = line.state();
    if state.phase == LinePhase::Drawing && state.sizes == [0; 2] && state.joined != [0; 2] {
        // The store forgot the line, and that it was closed: it was laid without sizes.
        let early = LinePhase::Early.as_str().to_owned();
        set(room, line, fence, &[(LineField::Phase, early)]).await?;
    }
    let closed = room.store.close_entries(&line.partition, state.term, fence).await?;
    let Controlled::Done(sizes) = closed else { return Err(Refusal::RequestInProgress) };
    failpoint("entries_closed");
    let mut roots = [[0; 32]; 2];
    for lane in Lane::ALL {
        let number = lane.number();
        roots[number] = read_tree(room, line, lane, sizes[number]).await?.root();
    }
    let closed = standing(room.ledger.close_entries(id, fence, sizes, roots).await?)?;
    failpoint("closing_stored");
    Ok(closed)
}

/// What becomes of the beacon in a draw.
enum Randomness {
    /// Not before the next step.
    Awaited,
    Unannounced,
    There(Beacon),
    /// For as long as a draw waits the beacon did not say what it was asked.
    Missed(BeaconMissed),
}

async fn randomness(
    room: &WaitingRoom,
    stored: &LedgerLine,
    closed: &ClosedEntries,
    fence: u64,
) -> Result<Randomness, Refusal> {
    let (id, now) = (&stored.event, room.clock.now());
    let named = match (&stored.named, &room.settings.draw_beacon) {
        (Some(named), _) => named.clone(),
        (None, None) => return Ok(Randomness::Unannounced),
        (None, Some(url)) => {
            let source = beacon::source(url);
            // Whoever was cut may come back long after the entries were closed.
            match beacon::round_after(source, now.max(closed.at)).await {
                Ok(named) => {
                    room.unanswered.remove(id);
                    standing(room.ledger.name_round(id, fence, named).await?)?
                }
                Err(error) => {
                    tracing::warn!(event = %id, source, %error, "no round could be named");
                    let missed = BeaconMissed { source: source.to_owned(), round: None };
                    return Ok(awaited_or(room, id, missed, now));
                }
            }
        }
    };
    failpoint("round_named");
    // A clock that was set back says nothing about what is due.
    let was_set_back = now < closed.at.plus_millis(-PATIENCE_MS);
    if now < named.at && !was_set_back {
        return Ok(Randomness::Awaited);
    }
    let NamedRound { source, round, .. } = &named;
    match beacon::value(&named).await {
        Ok(beacon) => {
            room.unanswered.remove(id);
            Ok(Randomness::There(beacon))
        }
        Err(error) => {
            tracing::warn!(event = %id, source, round, %error, "the round was not told");
            let missed = BeaconMissed { source: source.clone(), round: Some(*round) };
            Ok(awaited_or(room, id, missed, now))
        }
    }
}

/// After one more question in vain.
fn awaited_or(
    room: &WaitingRoom,
    id: &EventId,
    missed: BeaconMissed,
    now: Timestamp,
) -> Randomness {
    let since = *room.unanswered.entry(id.clone()).or_insert(now);
    if (now.as_millis() - since.as_millis()).abs() < PATIENCE_MS {
        return Randomness::Awaited;
    }
    room.unanswered.remove(id);
    Randomness::Missed(missed)
}

/// What a step has kept, or one before it.
fn standing<T>(step: DrawStep<T>) -> Result<T, Refusal> {
    match step {
        DrawStep::Stands(value) => Ok(value),
        DrawStep::Wrong { .. } | DrawStep::Fenced { .. } => Err(Refusal::RequestInProgress),
    }
}

/// Makes the store show the ledger's phase, and the draw if there is one.
pub(super) async fn show(
    room: &WaitingRoom,
    line: &Line,
    stored: &LedgerLine,
    fence: u64,
) -> Result<(), Refusal> {
    let mut fields = vec![(LineField::Phase, stored.phase.as_str().to_owned())];
    if let Some(draw) = &stored.draw {
        fields.push((LineField::Draw, draw.clone()));
    }
    set(room, line, fence, &fields).await
}

pub(crate) async fn set(
    room: &WaitingRoom,
    line: &Line,
    fence: u64,
    fields: &[(LineField, String)],
) -> Result<(), Refusal> {
    let term = line.state().term;
    match room.store.set_line(&line.partition, term, fence, fields).await? {
        Controlled::Done(()) => Ok(()),
        Controlled::OtherTerm { .. } | Controlled::Fenced { .. } => Err(Refusal::RequestInProgress),
    }
}

/// The tree over a lane's first `size` entries.
pub(crate) async fn read_tree(
    room: &WaitingRoom,
    line: &Line,
    lane: Lane,
    size: u64,
) -> Result<Tree, Refusal> {
    let mut builder = TreeBuilder::new(lane);
    while builder.size() < size {
        let count = ENTRIES_PER_READ.min(size - builder.size());
        let from = builder.size();
        let mut entries = room.store.read_entries(&line.partition, lane, from, count).await?;
        // Where the store forgot: nobody.
        entries.resize(count as usize * 12, 0);
        // A hash an entry is a second and more for millions: not on a thread that answers.
        builder = tokio::task::spawn_blocking(move || {
            builder.extend(&entries);
            builder
        })
        .await
        .map_err(|_| Refusal::Internal)?;
    }
    Ok(builder.finish())
}

fn act(kind: &str, reason: &str) -> NewAct {
    NewAct { kind: kind.to_owned(), reason: reason.to_owned(), detail: None }
}
