//! Answers kept under their idempotency key: the same key and body get the same answer (I8).
//!
//! Two ways in. An operation that writes its effect here keeps its answer in the same transaction
//! (`keep`). Any other begins with a short lease, acts, and finishes; if it dies in between, the
//! lease ends and a repetition acts again.

use std::collections::{HashMap, HashSet};

use domain::limits::IDEMPOTENCY_KEPT_MS;
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::locking,
    error::Error,
    row::{Arg, Row, args},
    together::Kind,
    values::insert_rows,
    writer::Outcome,
};

/// An answer as it was given. Only 2xx answers are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Digest of who asked, the route and the key.
    pub key: String,
    /// Digest of the request's body.
    pub fingerprint: String,
    pub status: u16,
    /// May contain an owner token: never logged.
    pub body: String,
}

impl std::fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What a key is, when a request with it begins.
#[derive(Debug, PartialEq, Eq)]
pub enum Begin {
    /// Go on, then finish or forget.
    Fresh,
    Replay(KeptAnswer),
    /// Known with another body.
    KeyReused,
    /// The first request with it still runs.
    InProgress,
}

/// The same for an operation that keeps its answer itself.
pub(crate) enum Kept {
    Now,
    Before(KeptAnswer),
    Other,
}

impl Ledger {
    /// Takes the key for `lease_ms`.
    pub async fn idempotency_begin(
        &self,
        key: &str,
        fingerprint: &str,
        lease_ms: i64,
    ) -> Result<Begin, Error> {
        let (key, fingerprint) = (key.to_owned(), fingerprint.to_owned());
        self.inner.keys.write(NewKey { key, fingerprint, lease_ms }).await
    }

    /// Keeps the answer of a request that began.
    pub async fn idempotency_finish(&self, answer: KeptAnswer) -> Result<(), Error> {
        self.inner.answers.write(answer).await
    }

    /// The request was refused: the key is free again.
    pub async fn idempotency_forget(&self, key: &str) -> Result<(), Error> {
        self.write(key.to_owned(), |tx, key| {
            async move {
                tx.run("DELETE FROM idempotency WHERE key = $1 AND status IS NULL", args![key])
                    .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }

    /// Removes answers older than their time, at most `limit`; how many.
    pub async fn idempotency_sweep(&self, limit: u32) -> Result<u64, Error> {
        self.write(limit, |tx, limit| {
            async move {
                let before = tx.now().plus_millis(-IDEMPOTENCY_KEPT_MS);
                let gone = tx
                    .run(
                        "DELETE FROM idempotency WHERE created_at <= $1 AND key IN \
                         (SELECT key FROM idempotency WHERE created_at <= $1 LIMIT $2)",
                        args![before, *limit],
                    )
                    .await?;
                Ok(Outcome::Keep(gone))
            }
            .boxed()
        })
        .await
    }
}

/// A key that a request takes.
pub(crate) struct NewKey {
    key: String,
    fingerprint: String,
    lease_ms: i64,
}

pub(crate) const BEGIN: Kind<NewKey, Begin> = Kind {
    one: |tx, new| begin(tx, new).boxed(),
    many: |tx, all| {
        async move {
            let mut taken = take_new(tx, all).await?;
            // Of two requests with one key one is left for later: the other is stored with its body.
            let mut is_taken = |new: &NewKey| match taken.get(&new.key) {
                Some(fingerprint) if *fingerprint == new.fingerprint => {
                    taken.remove(&new.key).is_some()
                }
                _ => false,
            };
            let fresh = all.iter().map(|new| is_taken(new).then_some(Begin::Fresh)).collect();
            Ok(Outcome::Keep(fresh))
        }
        .boxed()
    },
};

pub(crate) const FINISH: Kind<KeptAnswer, ()> = Kind {
    one: |tx, answer| finish(tx, answer).boxed(),
    many: |tx, answers| {
        async move {
            let kept = insert_answers(tx, answers.iter(), FINISHED).await?;
            let done = answers.iter().map(|answer| kept.contains(&answer.key).then_some(()));
            Ok(Outcome::Keep(done.collect()))
        }
        .boxed()
    },
};

/// It began with this body, and nobody else finished it meanwhile.
const FINISHED: &str = "ON CONFLICT (key) DO UPDATE SET status = excluded.status, \
     body = excluded.body, created_at = excluded.created_at \
     WHERE idempotency.fingerprint = excluded.fingerprint AND idempotency.status IS NULL \
     RETURNING key";

async fn finish(tx: &mut Tx, answer: &KeptAnswer) -> Result<Outcome<()>, Error> {
    if insert_answers(tx, std::iter::once(answer), FINISHED).await?.is_empty() {
        keep(tx, answer).await?;
    }
    Ok(Outcome::Keep(()))
}

/// Takes the keys that are new; these, each with the fingerprint that was stored.
async fn take_new(tx: &mut Tx, all: &[NewKey]) -> Result<HashMap<String, String>, Error> {
    let now = tx.now();
    let mut all: Vec<&NewKey> = all.iter().collect();
    // In the order in which every transaction takes them.
    all.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let rows = all
        .iter()
        .map(|new| {
            vec![
                Arg::from(&new.key),
                Arg::from(&new.fingerprint),
                Arg::from(now.plus_millis(new.lease_ms)),
                Arg::from(now),
            ]
        })
        .collect();
    let taken = insert_rows(
        tx,
        "INSERT INTO idempotency (key, fingerprint, lease_until, created_at)",
        rows,
        "ON CONFLICT (key) DO NOTHING RETURNING key, fingerprint",
    )
    .await?;
    taken.iter().map(|row| Ok((row.text("key")?, row.text("fingerprint")?))).collect()
}

async fn begin(tx: &mut Tx, new: &NewKey) -> Result<Outcome<Begin>, Error> {
    if !take_new(tx, std::slice::from_ref(new)).await?.is_empty() {
        return Ok(Outcome::Keep(Begin::Fresh));
    }
    let NewKey { key, fingerprint, lease_ms } = new;
    let now = tx.now();
    let row = lock(tx, key).await?;
    if !outdated(tx, &row)? {
        if row.text("fingerprint")? != *fingerprint {
            return Ok(Outcome::Undo(Begin::KeyReused));
        }
        if let Some(answer) = answer_of(key, &row)? {
            return Ok(Outcome::Undo(Begin::Replay(answer)));
        }
        if row.time("lease_until")? > now {
            return Ok(Outcome::Undo(Begin::InProgress));
        }
    }
    tx.run(
        "UPDATE idempotency SET fingerprint = $2, status = NULL, body = NULL, \
         lease_until = $3, created_at = $4 WHERE key = $1",
        args![key, fingerprint, now.plus_millis(*lease_ms), now],
    )
    .await?;
    Ok(Outcome::Keep(Begin::Fresh))
}

/// Keeps `answer`, unless the key already has one.
pub(crate) async fn keep(tx: &mut Tx, answer: &KeptAnswer) -> Result<Kept, Error> {
    let now = tx.now();
    let inserted = tx
        .run(
            "INSERT INTO idempotency (key, fingerprint, status, body, lease_until, created_at) \
             VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (key) DO NOTHING",
            args![&answer.key, &answer.fingerprint, answer.status, &answer.body, now],
        )
        .await?;
    if inserted == 1 {
        return Ok(Kept::Now);
    }
    let row = lock(tx, &answer.key).await?;
    if !outdated(tx, &row)? {
        if row.text("fingerprint")? != answer.fingerprint {
            return Ok(Kept::Other);
        }
        if let Some(before) = answer_of(&answer.key, &row)? {
            return Ok(Kept::Before(before));
        }
    }
    tx.run(
        "UPDATE idempotency SET fingerprint = $2, status = $3, body = $4, created_at = $5 \
         WHERE key = $1",
        args![&answer.key, &answer.fingerprint, answer.status, &answer.body, now],
    )
    .await?;
    Ok(Kept::Now)
}

/// Keeps the answers whose keys are new; which these are.
pub(crate) async fn keep_new<'a>(
    tx: &mut Tx,
    answers: impl Iterator<Item = &'a KeptAnswer>,
) -> Result<HashSet<String>, Error> {
    insert_answers(tx, answers, "ON CONFLICT (key) DO NOTHING RETURNING key").await
}

/// Inserts answers, and at a conflict does as told; which keys were touched.
async fn insert_answers<'a>(
    tx: &mut Tx,
    answers: impl Iterator<Item = &'a KeptAnswer>,
    at_conflict: &'static str,
) -> Result<HashSet<String>, Error> {
    let now = tx.now();
    let mut answers: Vec<&KeptAnswer> = answers.collect();
    // In the order in which every transaction takes them.
    answers.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let rows: Vec<Vec<Arg<'_>>> = answers
        .iter()
        .map(|answer| {
            vec![
                Arg::from(&answer.key),
                Arg::from(&answer.fingerprint),
                Arg::from(answer.status),
                Arg::from(&answer.body),
                Arg::from(0_i64),
                Arg::from(now),
            ]
        })
        .collect();
    let inserted = insert_rows(
        tx,
        "INSERT INTO idempotency (key, fingerprint, status, body, lease_until, created_at)",
        rows,
        at_conflict,
    )
    .await?;
    inserted.iter().map(|row| row.text("key")).collect()
}

async fn lock(tx: &mut Tx, key: &str) -> Result<Row, Error> {
    tx.row(
        locking!(
            "SELECT fingerprint, status, body, lease_until, created_at FROM idempotency \
             WHERE key = $1"
        ),
        args![key],
    )
    .await?
    .ok_or_else(|| Error::GaveWay("an idempotency key was removed meanwhile".to_owned()))
}

fn outdated(tx: &Tx, row: &Row) -> Result<bool, Error> {
    Ok(row.time("created_at")?.plus_millis(IDEMPOTENCY_KEPT_MS) <= tx.now())
}

fn answer_of(key: &str, row: &Row) -> Result<Option<KeptAnswer>, Error> {
    let Some(status) = row.small_or_null("status")? else { return Ok(None) };
    Ok(Some(KeptAnswer {
        key: key.to_owned(),
        fingerprint: row.text("fingerprint")?,
        status,
        body: row.text_or_null("body")?.unwrap_or_default(),
    }))
}
