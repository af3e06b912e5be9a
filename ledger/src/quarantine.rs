//! What cannot be true of an order and waits for a person. The same oddity is one row.

use domain::{id::OrderId, time::Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    row::args,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub order: Option<OrderId>,
    /// Who reported it: `webhook`, `poller`.
    pub source: String,
    /// The provider's identifier of what it is about.
    pub reference: Option<String>,
    pub reason: String,
    pub at: Timestamp,
}

impl Ledger {
    /// The newest rows first.
    pub async fn quarantined(&self, limit: u32) -> Result<Vec<Quarantined>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT order_id, source, reference, reason, at FROM quarantine \
                 ORDER BY at DESC, id LIMIT $1",
                args![limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Quarantined {
                    order: row.text_or_null("order_id")?.and_then(|text| text.parse().ok()),
                    source: row.text("source")?,
                    reference: row.text_or_null("reference")?,
                    reason: row.text("reason")?,
                    at: row.time("at")?,
                })
            })
            .collect()
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    order: &OrderId,
    source: &str,
    reference: Option<&str>,
    reason: &str,
) -> Result<(), Error> {
    let mut digest = Sha256::new();
    for part in [order.as_str(), reference.unwrap_or_default(), reason] {
        digest.update(part);
        digest.update([0]);
    }
    let id = data_encoding::HEXLOWER.encode(&digest.finalize()[..16]);
    tx.run(
        "INSERT INTO quarantine (id, order_id, source, reference, reason, at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        args![id, order, source, reference, reason, tx.now()],
    )
    .await?;
    count(1);
    tracing::error!(order = %order, source, reason, "quarantined: a person has to look");
    Ok(())
}

/// 0 as well: a series that is there from the start shows its first increase.
pub(crate) fn count(rows: u64) {
    metrics::counter!("holdfast_ledger_quarantined_total").increment(rows);
}
