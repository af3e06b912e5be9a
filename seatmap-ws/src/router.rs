//! All routes of the role on one page. [`platform::http::Edge`] surrounds them in the binary.

use std::sync::Arc;

use axum::{Router, body::Bytes, http::header, routing::get};

use crate::{SeatmapWs, asyncapi, handlers::live};

pub fn router(maps: Arc<SeatmapWs>) -> Router {
    let document = Bytes::from(asyncapi().to_string());
    let document = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    Router::new()
        .route("/v1/events/{event}/live", get(live::open))
        .route("/asyncapi.json", get(document))
        .with_state(maps)
}
