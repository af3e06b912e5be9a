//! Why a socket is not opened, and the one table that says how that looks from outside.

use axum::http::StatusCode;
use platform::http::Problem;

/// 404: there is no such event, or it is not published.
pub(crate) fn unknown_event() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_event", "There is no such event")
}

/// 400: a query ends in logs and histories.
pub(crate) fn secret_in_query() -> Problem {
    let title = "A secret does not belong into a query";
    Problem::new(StatusCode::BAD_REQUEST, "secret_in_query", title)
}

/// 426: the route is a socket's.
pub(crate) fn upgrade_required() -> Problem {
    let title = "This route speaks WebSocket, version 13";
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", title)
}

/// 400: an upgrade that breaks RFC 6455.
pub(crate) fn malformed_upgrade(detail: &str) -> Problem {
    let title = "The WebSocket handshake is not valid";
    Problem::new(StatusCode::BAD_REQUEST, "malformed_upgrade", title).with_detail(detail)
}

/// 403: a page of somebody else.
pub(crate) fn foreign_origin() -> Problem {
    let title = "Pages of this origin may not open sockets here";
    Problem::new(StatusCode::FORBIDDEN, "foreign_origin", title)
}

/// 429: as many sockets as one device or address may have.
pub(crate) fn too_many_sockets(seconds: u32) -> Problem {
    let title = "Too many sockets are open";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", title).with_retry_after(seconds)
}

/// 503: as many sockets as this process takes.
pub(crate) fn sockets_unavailable(seconds: u32) -> Problem {
    Problem::unavailable("sockets_unavailable").with_retry_after(seconds)
}

/// 503: a store does not answer.
pub(crate) fn unavailable(error: inventory::Unavailable) -> Problem {
    match error.part {
        inventory::Part::Database => Problem::unavailable("database_unavailable"),
        inventory::Part::Redis | inventory::Part::Inventory => {
            Problem::unavailable("inventory_unavailable")
        }
    }
}
