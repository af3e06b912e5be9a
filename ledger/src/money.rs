//! Money entries: each moves an amount from one account to another, so that it balances in itself.
//! Append-only, kept so by the database. A payment or refund is known by the provider's reference,
//! and entered once.

use domain::{
    id::{EventId, OrderId},
    money::{Currency, MinorUnits},
};

use crate::{db::Tx, error::Error, row::Arg, values::insert_rows};

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

/// Enters each once; how many were not there before.
pub(crate) async fn enter(tx: &mut Tx, entries: &[Entry<'_>]) -> Result<usize, Error> {
    let now = tx.now();
    let rows: Vec<Vec<Arg<'_>>> = entries
        .iter()
        .map(|entry| {
            let (from, to) = entry.kind.accounts();
            vec![
                Arg::from(entry.reference),
                Arg::from(entry.kind.as_str()),
                Arg::from(entry.order),
                Arg::from(entry.event),
                Arg::from(from),
                Arg::from(to),
                Arg::from(entry.amount),
                Arg::from(entry.currency.as_str()),
                Arg::from(now),
            ]
        })
        .collect();
    let entered = insert_rows(
        tx,
        "INSERT INTO money_entries (reference, kind, order_id, event_id, from_account, \
         to_account, amount, currency, at)",
        rows,
        "ON CONFLICT (reference, kind) DO NOTHING RETURNING reference",
    )
    .await?;
    Ok(entered.len())
}
