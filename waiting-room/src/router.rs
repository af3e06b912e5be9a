//! All routes of the role on one page. [`platform::http::Edge`] surrounds them in the binary.

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post},
};
use platform::http::device_cookie;

use crate::{
    WaitingRoom,
    handlers::{lines, pages, places},
};

pub fn router(room: Arc<WaitingRoom>) -> Router {
    let pages = Router::new()
        .route("/events/{event}/queue", get(pages::show))
        .route("/events/{event}/queue/join", post(pages::join))
        .route("/events/{event}/queue/enter", post(pages::enter))
        .route("/events/{event}/queue/leave", post(pages::leave))
        .layer(from_fn(device_cookie));
    Router::new()
        .route(
            "/v1/events/{event}/queue",
            get(places::read).post(places::join).delete(places::leave),
        )
        .route("/v1/events/{event}/queue/enter", post(places::enter))
        .route("/v1/events/{event}/queue/stream", get(places::stream))
        .route("/v1/events/{event}/queue/draw", get(places::draw))
        .route("/v1/events/{event}/queue/draw/proof", get(places::proof))
        .route(
            "/v1/events/{event}/queue/settings",
            get(lines::settings).put(lines::change_settings),
        )
        .route("/v1/events/{event}/queue/codes", post(lines::make_codes))
        .route("/v1/events/{event}/queue/open", post(lines::open))
        .route("/v1/events/{event}/queue/pause", post(lines::pause))
        .route("/v1/events/{event}/queue/resume", post(lines::resume))
        .route("/v1/events/{event}/queue/drain", post(lines::drain))
        .route("/v1/events/{event}/queue/close", post(lines::close))
        .merge(pages)
        .with_state(room)
}
