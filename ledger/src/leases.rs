//! Whose turn it is, among processes: a name, an owner, a time, and a number that grows with every
//! change of owner, so that a late writer can be told from the present one.

use futures_util::FutureExt;

use crate::{Ledger, db::Reads, error::Error, row::args, writer::Outcome};

impl Ledger {
    /// Takes or renews the lease for `ttl_ms`; its fencing number, or `None` while another has it.
    pub async fn acquire_lease(
        &self,
        name: &str,
        owner: &str,
        ttl_ms: i64,
    ) -> Result<Option<u64>, Error> {
        self.write((name.to_owned(), owner.to_owned(), ttl_ms), |tx, (name, owner, ttl_ms)| {
            async move {
                let now = tx.now();
                let row = tx
                    .row(
                        "INSERT INTO leases (name, owner, until, fence) VALUES ($1, $2, $3, 1) \
                         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, \
                         until = excluded.until, fence = leases.fence + \
                         CASE WHEN leases.owner = excluded.owner AND leases.until > $4 \
                              THEN 0 ELSE 1 END \
                         WHERE leases.owner = excluded.owner OR leases.until <= $4 \
                         RETURNING fence",
                        args![name, owner, now.plus_millis(*ttl_ms), now],
                    )
                    .await?;
                Ok(Outcome::Keep(row.map(|row| row.small("fence")).transpose()?))
            }
            .boxed()
        })
        .await
    }

    /// Gives the lease back, if `owner` has it.
    pub async fn release_lease(&self, name: &str, owner: &str) -> Result<(), Error> {
        self.write((name.to_owned(), owner.to_owned()), |tx, (name, owner)| {
            async move {
                tx.run(
                    "UPDATE leases SET until = 0 WHERE name = $1 AND owner = $2",
                    args![name, owner],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }
}
