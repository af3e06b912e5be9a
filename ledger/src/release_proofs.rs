//! Why a claim may be released: no money can arrive, or it all went back (I4).

use domain::{id::OrderId, order::ReleaseProof};

use crate::{db::Tx, error::Error, row::args};

/// Records the proof; the first one stays.
pub(crate) async fn insert(
    tx: &mut Tx,
    order: &OrderId,
    proof: ReleaseProof,
    intent: Option<&str>,
) -> Result<(), Error> {
    tx.run(
        "INSERT INTO release_proofs (order_id, proof, intent, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (order_id) DO NOTHING",
        args![order, proof.as_str(), intent, tx.now()],
    )
    .await?;
    Ok(())
}
