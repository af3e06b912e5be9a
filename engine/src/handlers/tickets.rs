//! Tickets: what a paid order gives. They belong to whoever owns the order.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::id::TicketId;
use ledger::Ticket;
use platform::http::{Json, OrderToken, PathParams, ProblemBody, QueryParams};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Deserialize;

use crate::{
    Engine,
    error::Refusal,
    views::ticket::{TicketList, TicketView, code},
};

/// Pixels of the image's sides, at least.
const IMAGE_SIZE_MIN: u32 = 320;

/// The tickets of an order
///
/// Empty as long as it is not paid.
#[utoipa::path(
    get,
    path = "/v1/orders/{order}/tickets",
    operation_id = "list_tickets",
    tag = "tickets",
    params(("order" = String, Path)),
    security(("order" = [])),
    responses(
        (status = 200, body = TicketList, description = "By line of the order, void ones too"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_order`, also for a missing or wrong token"),
    ),
)]
pub async fn list(
    State(engine): State<Arc<Engine>>,
    PathParams(order): PathParams<String>,
    token: OrderToken,
) -> Result<Json<TicketList>, Refusal> {
    let order = engine.owned_order(&order, &token).await?;
    let tickets = engine.ledger.tickets_of_order(&order.id).await?;
    let views = tickets.iter().map(|ticket| TicketView::of(ticket, &engine.ticket_key));
    Ok(Json(TicketList { data: views.collect() }))
}

/// For an image, which cannot send a header.
#[derive(Deserialize)]
pub struct TokenQuery {
    token: Option<String>,
}

/// `{ticket}` or `{ticket}.svg`: the router knows one name for a part of the path.
pub async fn read_or_draw(
    engine: State<Arc<Engine>>,
    PathParams(ticket): PathParams<String>,
    token: OrderToken,
    query: QueryParams<TokenQuery>,
) -> Result<Response, Refusal> {
    match ticket.strip_suffix(".svg") {
        Some(id) => image(engine, id, token, query).await,
        None => read(engine, &ticket, token).await,
    }
}

/// One ticket
#[utoipa::path(
    get,
    path = "/v1/tickets/{ticket}",
    operation_id = "read_ticket",
    tag = "tickets",
    params(("ticket" = String, Path)),
    security(("order" = [])),
    responses(
        (status = 200, body = TicketView, description = "The ticket"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_ticket`, also for a missing or wrong token"),
    ),
)]
pub async fn read(
    State(engine): State<Arc<Engine>>,
    id: &str,
    token: OrderToken,
) -> Result<Response, Refusal> {
    let ticket = owned_ticket(&engine, id, &token).await?;
    Ok(Json(TicketView::of(&ticket, &engine.ticket_key)).into_response())
}

/// The ticket's code as a QR
#[utoipa::path(
    get,
    path = "/v1/tickets/{ticket}.svg",
    operation_id = "draw_ticket",
    tag = "tickets",
    params(
        ("ticket" = String, Path),
        ("token" = Option<String>, Query, description = "In place of `Holdfast-Order`"),
    ),
    security(("order" = []), ()),
    responses(
        (status = 200, body = String, content_type = "image/svg+xml", description = "The image"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_ticket`, also for a missing or wrong token"),
    ),
)]
pub async fn image(
    State(engine): State<Arc<Engine>>,
    id: &str,
    token: OrderToken,
    QueryParams(query): QueryParams<TokenQuery>,
) -> Result<Response, Refusal> {
    let token = if token.expose().is_some() { token } else { OrderToken::new(query.token) };
    let ticket = owned_ticket(&engine, id, &token).await?;
    let code = code(&ticket, &engine.ticket_key);
    let qr = QrCode::with_error_correction_level(code.as_bytes(), EcLevel::M);
    let qr = qr.map_err(|_| Refusal::Internal)?;
    let image = qr.render::<svg::Color>().min_dimensions(IMAGE_SIZE_MIN, IMAGE_SIZE_MIN).build();
    let mut response = image.into_response();
    let media_type = HeaderValue::from_static("image/svg+xml");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// A malformed id, an unknown one and another's are one refusal.
async fn owned_ticket(engine: &Engine, id: &str, token: &OrderToken) -> Result<Ticket, Refusal> {
    let id: TicketId = id.parse().map_err(|_| Refusal::UnknownTicket)?;
    let ticket = engine.ledger.ticket(&id).await?.ok_or(Refusal::UnknownTicket)?;
    if !token.owns(&engine.keys, &ticket.order) {
        return Err(Refusal::UnknownTicket);
    }
    Ok(ticket)
}
