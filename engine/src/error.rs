//! Why an operation did not happen, and the one table that says how that looks from outside.
//!
//! A refusal changed nothing. Its public text never tells internals; a fault of a store is logged
//! here or in the inventory, once.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{chart::Chart, seat::SeatIndex};
use inventory::{Part, Unavailable};
use platform::http::Problem;

/// Everything but success.
#[derive(Debug)]
pub enum Refusal {
    /// The request is understood and wrong; the text names the field.
    Invalid(String),
    /// Labels that the chart lacks.
    UnknownSeats(Vec<String>),
    UnknownArea,
    UnknownEvent,
    UnknownHold,
    UnknownOrder,
    UnknownTicket,
    SaleNotOpen,
    SaleClosed,
    PassRequired,
    /// A token that nobody here has issued.
    TokenInvalid,
    /// A genuine pass without the device key it is bound to.
    PassBound,
    /// A genuine pass that has ended.
    PassExpired,
    CustomerLimit,
    AddressLimit,
    SeatsUnavailable {
        seats: Vec<String>,
        version: u64,
    },
    NotEnoughAdjacentSeats {
        version: u64,
    },
    SoldOut {
        version: u64,
    },
    /// Expired, released (also while its order was being made), or gone with the store.
    HoldExpired,
    HoldInPayment,
    ExtensionLimit,
    OrderExists,
    OrderClosed,
    AlreadyPaid,
    SlugTaken,
    HasSoldTickets,
    InvalidTransition,
    CapacityBelowSold,
    KeyReused,
    RequestInProgress,
    InventoryUnavailable,
    DatabaseUnavailable,
    /// A defect of ours, logged where it was met.
    Internal,
}

impl Refusal {
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid(detail.into())
    }

    /// A conflict over seats of `chart`.
    pub fn seats_unavailable(chart: &Chart, seats: &[SeatIndex], version: u64) -> Self {
        let labels = seats.iter().filter_map(|&seat| chart.seat(seat));
        Self::SeatsUnavailable { seats: labels.map(|seat| seat.label.clone()).collect(), version }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// Status, code, title.
    fn row(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid(_) => (422, "invalid_request", "The request is not valid"),
            Self::UnknownSeats(_) => (422, "unknown_seat", "The chart has no such seat"),
            Self::UnknownArea => (422, "unknown_area", "The chart has no such area"),
            Self::UnknownEvent => (404, "unknown_event", "There is no such event"),
            Self::UnknownHold => (404, "unknown_hold", "There is no such hold"),
            Self::UnknownOrder => (404, "unknown_order", "There is no such order"),
            Self::UnknownTicket => (404, "unknown_ticket", "There is no such ticket"),
            Self::SaleNotOpen => (403, "sale_not_open", "The sale is not open yet"),
            Self::SaleClosed => (403, "sale_closed", "The sale is closed"),
            Self::PassRequired => (401, "pass_required", "A pass of the waiting room is needed"),
            Self::TokenInvalid => (401, "token_invalid", "A valid token is needed"),
            Self::PassBound => {
                (401, "pass_bound", "The pass is bound to a device key that did not come along")
            }
            Self::PassExpired => (403, "pass_expired", "The pass has ended"),
            Self::CustomerLimit => {
                (409, "customer_limit_reached", "One customer may not have more seats")
            }
            Self::AddressLimit => (429, "rate_limited", "Too many seats are held from one address"),
            Self::SeatsUnavailable { .. } => {
                (409, "seats_unavailable", "Not all of the seats are available")
            }
            Self::NotEnoughAdjacentSeats { .. } => {
                (409, "not_enough_adjacent_seats", "No such seats are free side by side")
            }
            Self::SoldOut { .. } => (409, "sold_out", "Not enough seats or places are free"),
            Self::HoldExpired => (410, "hold_expired", "The hold has ended"),
            Self::HoldInPayment => (409, "hold_in_payment", "The hold belongs to an order"),
            Self::ExtensionLimit => (409, "extension_limit", "The hold cannot be extended again"),
            Self::OrderExists => (409, "order_exists", "The hold has an order already"),
            Self::OrderClosed => (409, "order_closed", "The order has ended"),
            Self::AlreadyPaid => (409, "already_paid", "The order is paid"),
            Self::SlugTaken => (409, "slug_taken", "Another event has this slug"),
            Self::HasSoldTickets => (409, "has_sold_tickets", "The event has sold tickets"),
            Self::InvalidTransition => {
                (409, "invalid_transition", "The event's status does not allow this")
            }
            Self::CapacityBelowSold => {
                (409, "capacity_below_sold", "More places are sold or claimed than would remain")
            }
            Self::KeyReused => (
                422,
                "idempotency_key_reused",
                "The Idempotency-Key was used before with another request",
            ),
            Self::RequestInProgress => (
                409,
                "request_in_progress",
                "The first request under this Idempotency-Key still runs",
            ),
            Self::InventoryUnavailable => {
                (503, "inventory_unavailable", "The inventory does not answer")
            }
            Self::DatabaseUnavailable => {
                (503, "database_unavailable", "The database does not answer")
            }
            Self::Internal => (500, "internal_error", "Something went wrong on our side"),
        }
    }

    /// Seconds after which trying again makes sense.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::InventoryUnavailable | Self::DatabaseUnavailable | Self::RequestInProgress => {
                Some(1)
            }
            Self::AddressLimit => Some(10),
            _ => None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code, title) = refusal.row();
        let status = StatusCode::from_u16(status).expect("the table has statuses");
        let mut problem = Problem::new(status, code, title);
        problem.retry_after = refusal.retry_after();
        match refusal {
            Refusal::Invalid(detail) => problem.with_detail(detail),
            Refusal::UnknownSeats(seats) => {
                problem.seats = Some(seats);
                problem
            }
            Refusal::SeatsUnavailable { seats, version } => problem.with_seats(seats, version),
            Refusal::NotEnoughAdjacentSeats { version } | Refusal::SoldOut { version } => {
                problem.version = Some(version);
                problem
            }
            _ => problem,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable.part {
            Part::Database => Self::DatabaseUnavailable,
            Part::Redis | Part::Inventory => Self::InventoryUnavailable,
        }
    }
}

impl From<ledger::Error> for Refusal {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Unavailable(_) | ledger::Error::GaveWay(_) => {
                tracing::warn!(%error, "the ledger failed");
                Self::DatabaseUnavailable
            }
            _ => {
                tracing::error!(%error, "the ledger failed");
                Self::Internal
            }
        }
    }
}
