//! Orders whose turn has come: to be asked about at the provider, or past their deadline. Together
//! they bring every order to its end when no notification ever arrives (I9).

use domain::{id::OrderId, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger, Order,
    db::{Reads, Tx},
    dialect::taking,
    error::Error,
    orders,
    row::args,
    writer::Outcome,
};

/// After a change of state a notification is expected sooner than this.
pub(crate) const CHECK_FIRST_AFTER_MS: i64 = 3_000;

impl Ledger {
    /// Takes orders that are paying, cancelling, committed or refunding and were not looked at for
    /// a while; each will be due again at `now` + `again_after_ms`.
    pub async fn due_orders(
        &self,
        now: Timestamp,
        limit: u32,
        again_after_ms: i64,
    ) -> Result<Vec<Order>, Error> {
        let due = self
            .read()
            .row("SELECT id FROM orders WHERE next_check_at <= $1 LIMIT 1", args![now])
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        self.write((now, limit, now.plus_millis(again_after_ms)), |tx, (now, limit, again)| {
            take(tx, *now, *limit, *again).boxed()
        })
        .await
    }

    /// New and paying orders past `pay_before`, the longest past first. Nothing is changed: the
    /// caller lets the ledger learn [`domain::order::Fact::DeadlinePassed`].
    pub async fn expired_orders(&self, now: Timestamp, limit: u32) -> Result<Vec<OrderId>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT id FROM orders WHERE state IN ('new', 'paying') AND pay_before <= $1 \
                 ORDER BY pay_before LIMIT $2",
                args![now, limit],
            )
            .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    /// Makes an order due at once, for example when its buyer waits for the answer.
    pub async fn check_soon(&self, order: &OrderId) -> Result<(), Error> {
        self.write(order.clone(), |tx, order| {
            async move {
                tx.run(
                    "UPDATE orders SET next_check_at = $2 \
                     WHERE id = $1 AND next_check_at IS NOT NULL AND next_check_at > $2",
                    args![order, tx.now()],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }
}

async fn take(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
    again: Timestamp,
) -> Result<Outcome<Vec<Order>>, Error> {
    let rows = tx
        .rows(
            taking!(
                "SELECT id FROM orders WHERE next_check_at <= $1 \
                 ORDER BY next_check_at LIMIT $2",
                "UPDATE orders SET next_check_at = $3 \
                 WHERE id IN (SELECT id FROM picked) AND next_check_at <= $1 RETURNING id"
            ),
            args![now, limit, again],
        )
        .await?;
    let ids = rows.iter().map(|row| row.parsed("id")).collect::<Result<Vec<OrderId>, _>>()?;
    let mut taken = orders::load_many(tx, &ids.iter().collect::<Vec<_>>()).await?;
    taken.sort_by_key(|order: &Order| order.created_at);
    Ok(Outcome::Keep(taken))
}
