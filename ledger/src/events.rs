//! Events as the catalogue keeps them. A row carries a revision: whoever changes one says which
//! revision they read, and a cached copy with an older one is stale.

use domain::{
    event::{Event, EventStatus, Queue, Sale},
    id::{EventId, EventNumber, OrderId},
    money::{Currency, MinorUnits},
    seat::AreaIndex,
    time::Timestamp,
};
use futures_util::FutureExt;
use std::collections::BTreeMap;

use crate::{
    Ledger, areas, charts,
    db::{Reads, Tx},
    dialect::{Sql, locking, sharing},
    error::Error,
    idempotency::{self, Kept, KeptAnswer},
    line_acts::{self, NewAct},
    row::{Row, args},
    writer::Outcome,
};

/// An event to be. Its number, revision and time of creation are the ledger's to give.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: EventId,
    pub slug: String,
    pub name: String,
    pub description: Option<String>,
    pub starts_at: Timestamp,
    pub currency: Currency,
    pub prices: BTreeMap<String, MinorUnits>,
    pub sale: Sale,
    pub queue: Queue,
    /// The source of the chart, as JSON text; never changes.
    pub chart: String,
    /// Capacity of every area, by index.
    pub areas: Vec<(AreaIndex, u32)>,
    /// Kept under its key in the same transaction.
    pub answer: Option<KeptAnswer>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum InsertEvent {
    Inserted(Event),
    SlugTaken,
    /// The key of the answer is known, and so is the body.
    Replayed(KeptAnswer),
    KeyReused,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum UpdateQueue {
    Updated(Event),
    /// The event has another revision than the expected one: read again.
    OtherRevision,
    /// A completed or cancelled event keeps its rules.
    Ended,
    UnknownEvent,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, number, slug, status, name, description, starts_at, currency, prices, \
             sale, queue, created_at, published_at, revision FROM events ",
            $rest
        )
    };
}

impl Ledger {
    /// Writes a draft with its chart.
    pub async fn insert_event(&self, new: NewEvent) -> Result<InsertEvent, Error> {
        self.write(new, |tx, new| insert(tx, new).boxed()).await
    }

    pub async fn event(&self, id: &EventId) -> Result<Option<Event>, Error> {
        find(&mut self.read(), select!("WHERE id = $1"), id.as_str()).await
    }

    pub async fn event_by_slug(&self, slug: &str) -> Result<Option<Event>, Error> {
        find(&mut self.read(), select!("WHERE slug = $1"), slug).await
    }

    pub async fn event_by_number(&self, number: EventNumber) -> Result<Option<Event>, Error> {
        let row = self.read().row(select!("WHERE number = $1"), args![number]).await?;
        row.map(|row| event_of(&row)).transpose()
    }

    /// Events of any of `statuses` (at most four) with an id above `after`, in id order, which is
    /// the order of creation.
    pub async fn list_events(
        &self,
        statuses: &[EventStatus],
        after: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        let status = |index: usize| statuses.get(index).map_or("", |status| status.as_str());
        let after = after.map_or("", EventId::as_str);
        let rows = self
            .read()
            .rows(
                select!("WHERE status IN ($1, $2, $3, $4) AND id > $5 ORDER BY id LIMIT $6"),
                args![status(0), status(1), status(2), status(3), after, limit],
            )
            .await?;
        rows.iter().map(event_of).collect()
    }

    /// Writes all of the event but its id, number and creation time, if the row still has the
    /// revision that `event` was read with. `false`: somebody was faster, read again.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`crate::Rule::OneEventASlug`] when the slug is another's.
    pub async fn update_event(&self, event: &Event) -> Result<bool, Error> {
        self.write(event.clone(), |tx, event| {
            async move {
                let changed = tx
                    .run(
                        "UPDATE events SET slug = $3, status = $4, name = $5, description = $6, \
                         starts_at = $7, currency = $8, prices = $9, sale = $10, queue = $11, \
                         queue_enabled = $13, published_at = $12, revision = revision + 1 \
                         WHERE id = $1 AND revision = $2",
                        args![
                            &event.id,
                            event.revision,
                            &event.slug,
                            event.status.as_str(),
                            &event.name,
                            event.description.as_deref(),
                            event.starts_at,
                            event.currency.as_str(),
                            json(&event.prices)?,
                            json(&event.sale)?,
                            json(&event.queue)?,
                            event.published_at,
                            event.queue.enabled,
                        ],
                    )
                    .await?;
                Ok(Outcome::Keep(changed == 1))
            }
            .boxed()
        })
        .await
    }

    /// Replaces the rules of the waiting room, of a draft or published event only, and keeps the
    /// act with its reason in the same transaction. The event's revision grows, so that cached
    /// copies are told from it. `expected`: the revision that the change was made for, if it matters.
    pub async fn update_queue(
        &self,
        event: &EventId,
        queue: Queue,
        expected: Option<i64>,
        act: Option<NewAct>,
    ) -> Result<UpdateQueue, Error> {
        self.write((event.clone(), queue, expected, act), |tx, (event, queue, expected, act)| {
            replace_queue(tx, event, queue, *expected, act.as_ref()).boxed()
        })
        .await
    }
}

async fn replace_queue(
    tx: &mut Tx,
    id: &EventId,
    queue: &Queue,
    expected: Option<i64>,
    act: Option<&NewAct>,
) -> Result<Outcome<UpdateQueue>, Error> {
    // Revisions begin at 1: 0 stands for any.
    let updated = tx
        .row(
            "UPDATE events SET queue = $2, queue_enabled = $3, revision = revision + 1 \
             WHERE id = $1 AND status IN ('draft', 'published') AND ($4 = 0 OR revision = $4) \
             RETURNING id, number, slug, status, name, description, starts_at, currency, prices, \
             sale, queue, created_at, published_at, revision",
            args![id, json(queue)?, queue.enabled, expected.unwrap_or(0)],
        )
        .await?;
    if let Some(row) = updated {
        if let Some(act) = act {
            line_acts::insert(tx, id, act).await?;
        }
        return Ok(Outcome::Keep(UpdateQueue::Updated(event_of(&row)?)));
    }
    let standing = find(tx, select!("WHERE id = $1"), id.as_str()).await?;
    Ok(Outcome::Undo(match standing.map(|event| event.status) {
        None => UpdateQueue::UnknownEvent,
        Some(EventStatus::Completed | EventStatus::Cancelled) => UpdateQueue::Ended,
        Some(EventStatus::Draft | EventStatus::Published) => UpdateQueue::OtherRevision,
    }))
}

/// Published events whose queue is on, in id order.
pub(crate) async fn queued(source: &mut impl Reads) -> Result<Vec<Event>, Error> {
    let rows = source
        .rows(select!("WHERE queue_enabled = 1 AND status = 'published' ORDER BY id"), &[])
        .await?;
    rows.iter().map(event_of).collect()
}

/// The row, taken until the transaction ends from all who take or share it.
pub(crate) async fn lock(tx: &mut Tx, id: &EventId) -> Result<Option<Event>, Error> {
    find(
        tx,
        locking!(
            "SELECT id, number, slug, status, name, description, starts_at, currency, prices, \
             sale, queue, created_at, published_at, revision FROM events WHERE id = $1"
        ),
        id.as_str(),
    )
    .await
}

/// The status, of which it is sure until the transaction ends that it does not become cancelled.
pub(crate) async fn share(tx: &mut Tx, id: &EventId) -> Result<Option<EventStatus>, Error> {
    let row = tx.row(sharing!("SELECT status FROM events WHERE id = $1"), args![id]).await?;
    row.map(|row| status_of(&row)).transpose()
}

/// The same for the event of an order, whose own row is not locked.
pub(crate) async fn share_of_order(
    tx: &mut Tx,
    order: &OrderId,
) -> Result<Option<EventStatus>, Error> {
    let row = tx
        .row(
            sharing!(
                "SELECT status FROM events \
                 WHERE id = (SELECT event_id FROM orders WHERE id = $1)"
            ),
            args![order],
        )
        .await?;
    row.map(|row| status_of(&row)).transpose()
}

async fn find(
    source: &mut impl Reads,
    sql: impl Into<Sql>,
    key: &str,
) -> Result<Option<Event>, Error> {
    source.row(sql, args![key]).await?.map(|row| event_of(&row)).transpose()
}

async fn insert(tx: &mut Tx, new: &NewEvent) -> Result<Outcome<InsertEvent>, Error> {
    if let Some(answer) = &new.answer {
        match idempotency::keep(tx, answer).await? {
            Kept::Now => {}
            Kept::Before(answer) => return Ok(Outcome::Undo(InsertEvent::Replayed(answer))),
            Kept::Other => return Ok(Outcome::Undo(InsertEvent::KeyReused)),
        }
    }
    let number = tx
        .row(
            "UPDATE counters SET value = value + 1 WHERE name = 'event_number' RETURNING value",
            &[],
        )
        .await?
        .ok_or(Error::Corrupt("no counter of event numbers"))?
        .int("value")?;
    let inserted = tx
        .row(
            "INSERT INTO events (id, number, slug, status, name, description, starts_at, \
             currency, prices, sale, queue, queue_enabled, created_at, published_at, revision) \
             VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $12, $11, NULL, 1) \
             ON CONFLICT (slug) DO NOTHING \
             RETURNING id, number, slug, status, name, description, starts_at, currency, prices, \
             sale, queue, created_at, published_at, revision",
            args![
                &new.id,
                number,
                &new.slug,
                &new.name,
                new.description.as_deref(),
                new.starts_at,
                new.currency.as_str(),
                json(&new.prices)?,
                json(&new.sale)?,
                json(&new.queue)?,
                tx.now(),
                new.queue.enabled,
            ],
        )
        .await?;
    let Some(row) = inserted else { return Ok(Outcome::Undo(InsertEvent::SlugTaken)) };
    charts::insert(tx, &new.id, &new.chart).await?;
    areas::insert(tx, &new.id, &new.areas).await?;
    Ok(Outcome::Keep(InsertEvent::Inserted(event_of(&row)?)))
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::InvalidInput("not expressible as JSON"))
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    serde_json::from_str(&row.text(column)?).map_err(|_| Error::Corrupt("an event's rules"))
}

fn status_of(row: &Row) -> Result<EventStatus, Error> {
    let status = row.text("status")?;
    [EventStatus::Draft, EventStatus::Published, EventStatus::Completed, EventStatus::Cancelled]
        .into_iter()
        .find(|known| known.as_str() == status)
        .ok_or(Error::Corrupt("an event's status"))
}

fn event_of(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.parsed("id")?,
        number: row.small("number")?,
        slug: row.text("slug")?,
        status: status_of(row)?,
        name: row.text("name")?,
        description: row.text_or_null("description")?,
        starts_at: row.time("starts_at")?,
        currency: row.parsed("currency")?,
        prices: from_json(row, "prices")?,
        sale: from_json(row, "sale")?,
        queue: from_json(row, "queue")?,
        created_at: row.time("created_at")?,
        published_at: row.time_or_null("published_at")?,
        revision: row.int("revision")?,
    })
}
