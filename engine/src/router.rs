//! All routes of the role on one page. [`platform::http::Edge`] surrounds them in the binary.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, patch, post},
};

use crate::{
    Engine,
    handlers::{events, holds, orders, seats, tickets},
};

pub fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/v1/events", get(events::list).post(events::create))
        .route("/v1/events/{event}", get(events::read).merge(patch(events::change)))
        .route("/v1/events/{event}/publish", post(events::publish))
        .route("/v1/events/{event}/cancel", post(events::cancel))
        .route("/v1/events/{event}/blocks", post(seats::change_blocks))
        .route("/v1/events/{event}/chart", get(seats::chart))
        .route("/v1/events/{event}/availability", get(seats::availability))
        .route("/v1/events/{event}/seats", get(seats::read))
        .route("/v1/events/{event}/holds", post(holds::create))
        .route("/v1/holds/{hold}", get(holds::read).patch(holds::change).delete(holds::release))
        .route("/v1/holds/{hold}/extend", post(holds::extend))
        .route("/v1/orders", post(orders::create))
        .route("/v1/orders/{order}", get(orders::read))
        .route("/v1/orders/{order}/cancel", post(orders::cancel))
        .route("/v1/orders/{order}/tickets", get(tickets::list))
        // Also `/v1/tickets/{ticket}.svg`: a part of the path has one name.
        .route("/v1/tickets/{ticket}", get(tickets::read_or_draw))
        .with_state(engine)
}
