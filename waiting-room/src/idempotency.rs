//! The same key and body get the same answer (I8), for what organisers do to a line.

use ledger::{Begin, KeptAnswer};
use platform::http::{BodyDigest, IdempotencyKey};
use serde::Serialize;

use crate::{WaitingRoom, error::Refusal};

/// Longer than an operation takes. A request that died with its process blocks its key so long.
const LEASE_MS: i64 = 30_000;

/// The text of an answer, and whether it was given before.
pub struct Answer {
    pub body: String,
    pub replayed: bool,
}

/// Runs `work` unless its answer is known. A refusal is not kept. To be called in a detached task.
pub async fn once<T: Serialize>(
    room: &WaitingRoom,
    key: &IdempotencyKey,
    operation: &str,
    digest: &BodyDigest,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<Answer, Refusal> {
    let key = key.digest(operation);
    let fingerprint = data_encoding::HEXLOWER.encode(digest);
    match room.ledger.idempotency_begin(&key, &fingerprint, LEASE_MS).await? {
        Begin::Fresh => {}
        Begin::Replay(kept) => return Ok(Answer { body: kept.body, replayed: true }),
        Begin::KeyReused => return Err(Refusal::KeyReused),
        Begin::InProgress => return Err(Refusal::RequestInProgress),
    }
    match work.await {
        Ok(answer) => {
            let body = serde_json::to_string(&answer).map_err(|_| Refusal::Internal)?;
            let kept = KeptAnswer { key, fingerprint, status: 200, body: body.clone() };
            room.ledger.idempotency_finish(kept).await?;
            Ok(Answer { body, replayed: false })
        }
        Err(refusal) => {
            // When this fails too, the lease ends by itself.
            let _ = room.ledger.idempotency_forget(&key).await;
            Err(refusal)
        }
    }
}
