//! A ticket as the owner of its order sees it.

use domain::ticket::{TicketCode, TicketKey, TicketPlace};
use ledger::{Ticket, TicketStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// One seat or one place of an area.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub struct TicketView {
    #[schema(example = "tkt_06gk2v9v5g0n6tq1r8s4c2m9e0p4a")]
    pub id: String,
    pub order_id: String,
    pub event_id: String,
    /// The seat's label. Absent for a place of an area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// The area's name. Absent for a seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    pub category: String,
    pub status: TicketStatusView,
    /// Signed; the image shows it as a QR.
    pub code: String,
    /// The name given with the order.
    pub holder: Option<String>,
}

/// A void ticket lets nobody in.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = TicketStatus)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatusView {
    Valid,
    Void,
}

/// All tickets of an order, void ones too.
#[derive(Serialize, ToSchema)]
#[schema(as = Tickets)]
pub struct TicketList {
    pub data: Vec<TicketView>,
}

impl TicketView {
    pub fn of(ticket: &Ticket, key: &TicketKey) -> Self {
        let is_seat = ticket.seat.is_some();
        let label = || ticket.label.clone();
        Self {
            id: ticket.id.to_string(),
            order_id: ticket.order.to_string(),
            event_id: ticket.event.to_string(),
            seat: is_seat.then(label),
            area: (!is_seat).then(label),
            category: ticket.category.clone(),
            status: match ticket.status {
                TicketStatus::Valid => TicketStatusView::Valid,
                TicketStatus::Void => TicketStatusView::Void,
            },
            code: code(ticket, key),
            holder: ticket.holder.clone(),
        }
    }
}

/// What the gate reads.
pub fn code(ticket: &Ticket, key: &TicketKey) -> String {
    let label = ticket.label.clone();
    key.sign(&TicketCode {
        event: ticket.event.clone(),
        ticket: ticket.id.clone(),
        place: match ticket.seat {
            Some(_) => TicketPlace::Seat(label),
            None => TicketPlace::Area(label),
        },
        category: ticket.category.clone(),
    })
}
