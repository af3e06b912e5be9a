//! Holds: seats reserved for one customer until a deadline.

use serde::{Deserialize, Serialize};

/// Whom the limit per customer counts: a digest of the account, else the person of the pass, else
/// the device, else the address. Also used, with a digest of its own, for the cap per address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerKey(pub [u8; 12]);

/// What a hold can be. `Paying`: an order has a durable claim on its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    Active,
    Paying,
    Released,
    Expired,
    Sold,
}
