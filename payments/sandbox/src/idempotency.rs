//! Idempotency keys as Stripe keeps them: the first answer of a call that began to run is given again for a day,
//! declines and server errors included; refused parameters, rate limits and conflicts are not kept.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{account::Shared, failure::Failure, limits, state::Answer};

/// What is to be done for a call with a key.
pub(crate) enum Begin {
    /// It is the first: run it.
    Run(Running),
    /// It was answered before.
    Replay(Answer),
}

/// A key whose first call runs, until this is dropped.
pub(crate) struct Running {
    shared: Arc<Shared>,
    pub(crate) key: String,
    pub(crate) fingerprint: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.account().running_keys.remove(&self.key);
    }
}

/// What must be the same for a key to be used again: the path and all parameters, in any order.
pub(crate) fn fingerprint(path: &str, query: &str, body: &[u8]) -> String {
    let mut pairs: Vec<_> =
        form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body)).collect();
    pairs.retain(|(name, _)| name != "key");
    pairs.sort();
    let mut digest = Sha256::new().chain_update(path);
    for (name, value) in pairs {
        for text in [name, value] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    HEXLOWER.encode(&digest.finalize()[..16])
}

pub(crate) fn begin(
    shared: &Arc<Shared>,
    key: &str,
    fingerprint: String,
    now: i64,
) -> Result<Begin, Failure> {
    if key.chars().count() > limits::IDEMPOTENCY_KEY_CHARS_MAX {
        return Err(Failure::key_too_long(limits::IDEMPOTENCY_KEY_CHARS_MAX));
    }
    let mut account = shared.account();
    account.state.forget_answers(now);
    if let Some(answer) = account.state.answer(key, now) {
        if answer.fingerprint != fingerprint {
            return Err(Failure::key_reused(key));
        }
        let answer = answer.clone();
        account.counters.calls_replayed += 1;
        return Ok(Begin::Replay(answer));
    }
    if !account.running_keys.insert(key.to_owned()) {
        return Err(Failure::key_in_use(key));
    }
    Ok(Begin::Run(Running { shared: Arc::clone(shared), key: key.to_owned(), fingerprint }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_parameters_does_not_matter_and_their_values_do() {
        let one = fingerprint("/v1/refunds", "", b"a=1&b=2");
        assert_eq!(one, fingerprint("/v1/refunds", "", b"b=2&a=1&key=pk_test"));
        assert_ne!(one, fingerprint("/v1/refunds", "", b"b=2&a=2"));
        assert_ne!(one, fingerprint("/v1/charges", "", b"a=1&b=2"));
    }
}
