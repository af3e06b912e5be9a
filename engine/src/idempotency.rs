//! The same key and body get the same answer (I8), for operations whose own store does not keep it:
//! changes of events, and the end of orders. Holds keep their operations in their record, and new
//! events and orders keep their answer in the transaction that makes them.

use ledger::{Begin, KeptAnswer};
use platform::http::{BodyDigest, IdempotencyKey};
use serde::Serialize;

use crate::{
    Engine,
    error::Refusal,
    replies::{JsonText, Once},
};

/// Longer than an operation takes. A request that died with its process blocks its key so long.
const LEASE_MS: i64 = 30_000;

/// One request under its key.
pub struct Request {
    key: String,
    fingerprint: String,
}

impl Request {
    /// `operation` tells operations and their subjects apart: `POST /v1/events/evt_…/publish`.
    pub fn new(key: &IdempotencyKey, operation: &str, body: &BodyDigest) -> Self {
        Self { key: key.digest(operation), fingerprint: data_encoding::HEXLOWER.encode(body) }
    }

    pub fn answered(self, status: u16, body: String) -> KeptAnswer {
        KeptAnswer { key: self.key, fingerprint: self.fingerprint, status, body }
    }
}

/// Runs `work` unless its answer is known. A refusal is not kept: the next attempt runs anew. To be
/// called in a detached task: cut off in the middle, it would leave the key taken.
pub async fn once<T: Serialize>(
    engine: &Engine,
    request: Request,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<Once<JsonText>, Refusal> {
    let ledger = &engine.ledger;
    match ledger.idempotency_begin(&request.key, &request.fingerprint, LEASE_MS).await? {
        Begin::Fresh => {}
        Begin::Replay(kept) => return Ok(Once::Replayed(JsonText(kept.body))),
        Begin::KeyReused => return Err(Refusal::KeyReused),
        Begin::InProgress => return Err(Refusal::RequestInProgress),
    }
    match work.await {
        Ok(answer) => {
            let text = serde_json::to_string(&answer).map_err(|_| Refusal::Internal)?;
            ledger.idempotency_finish(request.answered(200, text.clone())).await?;
            Ok(Once::First(JsonText(text)))
        }
        Err(refusal) => {
            // When this fails too, the lease ends by itself.
            let _ = ledger.idempotency_forget(&request.key).await;
            Err(refusal)
        }
    }
}

/// The answer kept for a request whose effect is known to exist; none when it was another's.
pub async fn kept(engine: &Engine, request: &Request) -> Result<Option<KeptAnswer>, Refusal> {
    let ledger = &engine.ledger;
    match ledger.idempotency_begin(&request.key, &request.fingerprint, LEASE_MS).await? {
        Begin::Replay(kept) => Ok(Some(kept)),
        Begin::KeyReused => Err(Refusal::KeyReused),
        Begin::InProgress => Err(Refusal::RequestInProgress),
        Begin::Fresh => {
            ledger.idempotency_forget(&request.key).await?;
            Ok(None)
        }
    }
}
