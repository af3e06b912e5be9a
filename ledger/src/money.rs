//! Money entries: each moves an amount from one account to another, so that it balances in itself.
//! Append-only, kept so by the database. A payment or refund is known by the provider's reference,
//! and entered once.

use domain::{
    id::{EventId, OrderId},
    money::{Currency, MinorUnits},
};

use crate::{db::Tx, error::Error, row::args};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// The order's money came.
    Payment,
    /// It went back.
    Refund,
    /// Money came through an intent that was not the order's; it has to go back.
    StrayPayment,
    StrayRefund,
}

impl EntryKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::StrayPayment => "stray_payment",
            Self::StrayRefund => "stray_refund",
        }
    }

    fn accounts(self) -> (&'static str, &'static str) {
        match self {
            Self::Payment => ("buyer", "organizer"),
            Self::Refund => ("organizer", "buyer"),
            Self::StrayPayment => ("buyer", "stray"),
            Self::StrayRefund => ("stray", "buyer"),
        }
    }
}

pub(crate) struct Entry<'a> {
    pub kind: EntryKind,
    pub reference: &'a str,
    pub order: &'a OrderId,
    pub event: &'a EventId,
    pub amount: MinorUnits,
    pub currency: Currency,
}

/// Enters once; `false`: the reference was entered before.
pub(crate) async fn enter(tx: &mut Tx, entry: Entry<'_>) -> Result<bool, Error> {
    let (from, to) = entry.kind.accounts();
    let entered = tx
        .run(
            "INSERT INTO money_entries (reference, kind, order_id, event_id, from_account, \
             to_account, amount, currency, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (reference, kind) DO NOTHING",
            args![
                entry.reference,
                entry.kind.as_str(),
                entry.order,
                entry.event,
                from,
                to,
                entry.amount,
                entry.currency.as_str(),
                tx.now()
            ],
        )
        .await?;
    Ok(entered == 1)
}
