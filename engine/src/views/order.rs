//! An order as its owner sees it.

use domain::{money::MinorUnits, order::OrderState, time::Timestamp};
use ledger::{Order, OrderLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seats under a durable claim, and the money asked for them.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    #[schema(example = "ord_06gk2v9v5g0n6tq1r8s4c2m9e0p4a")]
    pub id: String,
    pub event_id: String,
    pub hold_id: String,
    pub status: OrderStatus,
    /// Minor units: the prices of the moment at which the order was made.
    #[schema(value_type = i64)]
    pub amount: MinorUnits,
    pub currency: String,
    pub lines: Vec<LineView>,
    /// When an unpaid order starts to be cancelled.
    #[schema(value_type = String, format = DateTime)]
    pub pay_before: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Owns the order: send it as `Holdfast-Order`.
    pub token: String,
}

/// One seat, or some places of one area.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderLine)]
pub struct LineView {
    /// The seat's label. Absent for places of an area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// The area's name. Absent for a seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    pub category: String,
    pub quantity: u32,
    /// Of each.
    #[schema(value_type = i64)]
    pub price: MinorUnits,
}

/// `confirmed` means: tickets exist, and the availability says sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    AwaitingPayment,
    Processing,
    Confirmed,
    Cancelling,
    Expired,
    Cancelled,
    Refunding,
    Refunded,
}

impl OrderStatus {
    /// `inventory_settled`: the inventory was told all that the ledger decided.
    pub fn of(state: OrderState, inventory_settled: bool) -> Self {
        match state {
            OrderState::New | OrderState::Paying => Self::AwaitingPayment,
            OrderState::Committed => Self::Processing,
            OrderState::Ticketed if inventory_settled => Self::Confirmed,
            OrderState::Ticketed => Self::Processing,
            OrderState::Cancelling => Self::Cancelling,
            OrderState::Expired => Self::Expired,
            OrderState::Cancelled => Self::Cancelled,
            OrderState::Refunding => Self::Refunding,
            OrderState::Refunded => Self::Refunded,
        }
    }
}

impl OrderView {
    pub fn of(order: &Order, token: String) -> Self {
        Self {
            id: order.id.to_string(),
            event_id: order.event.to_string(),
            hold_id: order.hold.to_string(),
            status: OrderStatus::of(order.state, order.inventory_settled),
            amount: order.amount,
            currency: order.currency.to_string(),
            lines: order.lines.iter().map(LineView::of).collect(),
            pay_before: order.pay_before,
            created_at: order.created_at,
            token,
        }
    }
}

impl LineView {
    pub fn of(line: &OrderLine) -> Self {
        let (seat, area) = match line.seat {
            Some(_) => (Some(line.label.clone()), None),
            None => (None, Some(line.label.clone())),
        };
        Self {
            seat,
            area,
            category: line.category.clone(),
            quantity: line.quantity,
            price: line.price,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_confirmed_only_when_the_inventory_knows_it() {
        assert_eq!(OrderStatus::of(OrderState::Ticketed, false), OrderStatus::Processing);
        assert_eq!(OrderStatus::of(OrderState::Ticketed, true), OrderStatus::Confirmed);
        for state in OrderState::ALL {
            let settled = OrderStatus::of(state, true) == OrderStatus::Confirmed;
            assert_eq!(settled, state == OrderState::Ticketed);
        }
    }
}
