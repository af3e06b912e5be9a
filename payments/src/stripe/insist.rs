//! Sending one operation until Stripe has decided about it: which errors are sent again under the
//! same idempotency key, which make a look at the object necessary, and when the key changes.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use super::Error;

/// Keys that one operation uses after stored errors.
const KEYS_MAX: u32 = 4;
/// One operation is given up after this; whoever wants it asks again later.
const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Sends until there is an answer that decides, for at most [`PATIENCE`].
///
/// What may pass is sent again under the same key. After the second 5xx of a key, or when the
/// object is in the wrong state, `look` reads whether the effect is there; if it is not, the next
/// key is `{key}:r1`, `{key}:r2` and so on: derived, so that another process which insists on the
/// same operation goes the same way. Two earlier calls (`tried`) without an end are one key.
pub(super) async fn insist<T, Sending, Looking>(
    key: &str,
    tried: u32,
    send: impl Fn(String) -> Sending,
    look: impl Fn() -> Looking,
) -> Result<T, Error>
where
    Sending: Future<Output = Result<T, Error>>,
    Looking: Future<Output = Result<Option<T>, Error>>,
{
    let started = Instant::now();
    let mut pause = PAUSE_FIRST;
    let first = tried / 2;
    let (mut number, mut failures) = (first, 0);
    loop {
        let numbered = if number == 0 { key.to_owned() } else { format!("{key}:r{number}") };
        let error = match send(numbered).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match &error {
            Error::Failed { repeat: Some(false), .. } | Error::UnexpectedState { .. } => {
                failures += 2;
            }
            Error::Failed { .. } => failures += 1,
            error if error.may_pass() => {}
            _ => return Err(error),
        }
        if failures >= 2 {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => (number, failures) = (number + 1, 0),
                // Not known: the key stays until it is.
                Err(_) => {}
            }
        }
        if number - first >= KEYS_MAX || started.elapsed() + pause > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn failed() -> Error {
        Error::Failed { status: 500, repeat: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stored_error_is_read_twice_before_the_key_changes() {
        let keys = Mutex::new(Vec::new());
        let looked = Mutex::new(0);
        let answer = insist(
            "pi:o:capture",
            0,
            |key| {
                keys.lock().unwrap().push(key.clone());
                async move { if key.ends_with(":r1") { Ok("done") } else { Err(failed()) } }
            },
            || {
                *looked.lock().unwrap() += 1;
                async { Ok(None) }
            },
        )
        .await;
        assert_eq!(answer.unwrap(), "done");
        assert_eq!(*keys.lock().unwrap(), ["pi:o:capture", "pi:o:capture", "pi:o:capture:r1"]);
        assert_eq!(*looked.lock().unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_effect_behind_an_error_is_adopted() {
        let answer =
            insist("k", 0, |_| async { Err(failed()) }, || async { Ok(Some("it happened")) }).await;
        assert_eq!(answer.unwrap(), "it happened");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_effect_keeps_its_key_and_is_given_up_in_time() {
        let keys = Mutex::new(Vec::new());
        let answer: Result<(), Error> = insist(
            "k",
            0,
            |key| {
                keys.lock().unwrap().push(key);
                async { Err(Error::UnknownEffect) }
            },
            || async { Ok(None) },
        )
        .await;
        assert!(matches!(answer, Err(Error::UnknownEffect)));
        assert!(keys.lock().unwrap().iter().all(|key| key == "k"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_sent_again() {
        let sent = Mutex::new(0);
        let answer: Result<(), Error> = insist(
            "k",
            0,
            |_| {
                *sent.lock().unwrap() += 1;
                async { Err(Error::NotFound) }
            },
            || async { Ok(None) },
        )
        .await;
        assert!(matches!(answer, Err(Error::NotFound)));
        assert_eq!(*sent.lock().unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_state_that_has_passed_gets_a_new_key() {
        let answer = insist(
            "k",
            2,
            |key| async move {
                match key.as_str() {
                    "k:r2" => Ok("done"),
                    _ => Err(Error::UnexpectedState { code: String::new(), intent: None }),
                }
            },
            || async { Ok(None) },
        )
        .await;
        assert_eq!(answer.unwrap(), "done");
    }
}
