//! The OpenAPI document of this role, generated from its handlers, and the pages that show a
//! document. Everything is served from inside the binary: no page loads anything from elsewhere.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use platform::http::{Problem, ProblemBody};
use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_swagger_ui::Config;

use crate::handlers::{events, holds, orders, seats, tickets};

/// Paths and shapes of the catalogue, holds, orders and tickets. The binary merges the documents of
/// all roles.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components
        .add_security_scheme("organizer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for (name, header) in [
        ("device", "Holdfast-Device"),
        ("hold", "Holdfast-Hold"),
        ("order", "Holdfast-Order"),
        ("pass", "Holdfast-Pass"),
    ] {
        let key = ApiKey::Header(ApiKeyValue::new(header));
        components.add_security_scheme(name, SecurityScheme::ApiKey(key));
    }
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast",
        description = "Sells seats when everybody comes at once: catalogue, holds, orders, tickets.",
        version = "1",
    ),
    tags(
        (name = "events", description = "The catalogue"),
        (name = "seats", description = "Charts and what is free"),
        (name = "holds", description = "Seats reserved until a deadline"),
        (name = "orders", description = "Seats under a durable claim"),
        (name = "tickets", description = "What a paid order gives"),
    ),
    paths(
        events::list,
        events::read,
        events::create,
        events::change,
        events::publish,
        events::cancel,
        seats::change_blocks,
        seats::chart,
        seats::availability,
        seats::read,
        holds::create,
        holds::read,
        holds::change,
        holds::extend,
        holds::release,
        orders::create,
        orders::read,
        orders::cancel,
        tickets::list,
        tickets::read,
        tickets::image,
    ),
    components(schemas(ProblemBody)),
)]
struct Document;

/// `/openapi.json` and `/docs` for a document.
pub fn openapi_router(document: utoipa::openapi::OpenApi) -> Router {
    let text = Bytes::from(document.to_json().expect("the document is JSON"));
    let json = move || async move { ([(header::CONTENT_TYPE, "application/json")], text) };
    let config = Arc::new(Config::from("/openapi.json").try_it_out_enabled(true));
    let root = config.clone();
    Router::new()
        .route("/openapi.json", get(json))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move || async move { page("", root) }))
        .route(
            "/docs/{*file}",
            get(move |Path(file): Path<String>| async move { page(&file, config) }),
        )
}

fn page(file: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(file)) => {
            ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response()
        }
        _ => Problem::unknown_route().into_response(),
    }
}
