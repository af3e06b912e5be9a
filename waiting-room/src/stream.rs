//! The event stream: one frame, the same for everybody, from which a client works out where it
//! stands.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    queue::{Lane, Way},
    time::Timestamp,
};
use futures_util::{StreamExt, stream};
use lua::LinePhase;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::{lines::Line, open_streams::OpenStream, state::LineState};

/// A line at one moment, of its general lane unless it says otherwise.
#[derive(Serialize, ToSchema)]
pub struct Frame {
    /// `early`, `open`, `paused`, `draining`, `closed`
    pub phase: &'static str,
    /// Positions released: a position of 0 or more below it has had its turn.
    pub cursor: u64,
    /// Entries of the draw; indexes from here on are positions.
    pub size: u64,
    /// From which positions follow; null before the draw.
    pub seed: Option<String>,
    pub rate_per_minute: f64,
    /// Positions a minute between which four of five see the line move.
    pub pace: Option<PaceView>,
    /// By category.
    pub free: BTreeMap<String, u64>,
    pub per_buyer: PerBuyerView,
    /// Of the people whose turn comes, how many come.
    pub show_share: f64,
    /// What bounds the admissions.
    pub limited_by: String,
    pub lanes: LanesView,
    /// The store does not answer: this is the last that was known.
    pub stale: bool,
    #[schema(value_type = String)]
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct PaceView {
    pub low: f64,
    pub high: f64,
}

/// Seats that one buyer takes.
#[derive(Serialize, ToSchema)]
pub struct PerBuyerView {
    pub mean: f64,
    pub variance: f64,
}

/// The lanes, and their shares of all admissions so far.
#[derive(Serialize, ToSchema)]
pub struct LanesView {
    pub general: LaneView,
    pub priority: LaneView,
    pub grace: LaneView,
}

#[derive(Serialize, ToSchema)]
pub struct LaneView {
    pub cursor: u64,
    pub share: f64,
}

/// As server-sent events have it.
pub fn frame(line: &LineState, stale: bool, now: Timestamp) -> Bytes {
    let (notes, cursors) = (&line.notes, line.shown_cursors(now));
    let lane =
        |way: Way| LaneView { cursor: cursors[way.number()], share: notes.shares[way.number()] };
    let frame = Frame {
        phase: match line.phase {
            LinePhase::Drawing => LinePhase::Early.as_str(),
            phase => phase.as_str(),
        },
        cursor: cursors[Lane::General.number()],
        size: line.drawn.as_ref().map_or(0, |drawn| drawn.draw.size),
        seed: line.drawn.as_ref().map(|drawn| drawn.draw.seed.to_string()),
        rate_per_minute: notes.rate_per_minute,
        pace: notes.pace[Lane::General.number()].map(|(low, high)| PaceView { low, high }),
        free: notes.free.clone(),
        per_buyer: PerBuyerView { mean: notes.per_buyer_mean, variance: notes.per_buyer_variance },
        show_share: notes.show_share,
        limited_by: notes.limited_by.clone(),
        lanes: LanesView {
            general: lane(Way::General),
            priority: lane(Way::Priority),
            grace: lane(Way::Grace),
        },
        stale,
        at: now.plus_millis(line.clock_ahead_ms),
    };
    let text = serde_json::to_string(&frame).expect("a frame is plain data");
    Bytes::from(format!("data: {text}\n\n"))
}

/// The present frame, then each that follows; `open` is given back when the stream ends.
pub(crate) fn answer(
    line: &Arc<Line>,
    now: Timestamp,
    open: OpenStream,
    closing: CancellationToken,
) -> Response {
    let state = line.state();
    let first = frame(&state, line.is_stale(&state, now), now);
    let frames = line.frames.subscribe();
    let frames = stream::unfold((Some(first), frames, open), next);
    let body = frames.take_until(closing.cancelled_owned());
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that gather answers hold a stream back.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

type Frames = (Option<Bytes>, watch::Receiver<Bytes>, OpenStream);

async fn next((first, mut frames, open): Frames) -> Option<(Result<Bytes, Infallible>, Frames)> {
    if let Some(first) = first {
        return Some((Ok(first), (None, frames, open)));
    }
    frames.changed().await.ok()?;
    let frame = frames.borrow_and_update().clone();
    Some((Ok(frame), (None, frames, open)))
}
