//! The part of the OpenAPI document that this role answers for, generated from its handlers.

use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};

use crate::handlers::{lines, places};

/// To be merged with those of the other roles.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let place = ApiKey::Header(ApiKeyValue::new("Holdfast-Place"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("place", SecurityScheme::ApiKey(place));
    document
}

#[derive(OpenApi)]
#[openapi(
    tags((name = "queue", description = "The waiting room")),
    paths(
        places::join,
        places::read,
        places::leave,
        places::enter,
        places::stream,
        places::draw,
        places::proof,
        lines::settings,
        lines::change_settings,
        lines::make_codes,
        lines::open,
        lines::pause,
        lines::resume,
        lines::drain,
        lines::close,
    ),
)]
struct Document;
