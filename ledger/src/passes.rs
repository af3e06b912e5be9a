//! Passes: who was let in through a line. One a place, by primary key, so that nobody is admitted
//! twice for one place, whatever Redis forgot.
//!
//! Never decides whose turn it is: the caller has checked that. Redis has what changes with every
//! request; here are entering, renewing now and then, and the end.

pub use domain::queue::PassEnd;
use domain::{hold::CustomerKey, id::EventId, queue::Lane, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger, customer_of, customer_text,
    db::{Reads, Tx},
    error::Error,
    row::{Row, args, count},
    writer::Outcome,
};

/// A pass. Its place is what it was given for; a person who joins again after its end has another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRow {
    pub person: CustomerKey,
    pub lane: Lane,
    pub index: u64,
    pub entered_at: Timestamp,
    /// As of the last renewal that was told here.
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<PassEnd>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertPass {
    Inserted(PassRow),
    /// This person entered with this place before; perhaps the pass has ended since.
    Known(PassRow),
    /// Somebody else entered with this place.
    OtherPerson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewPass {
    /// Until when it lives now; never shortened.
    Renewed {
        expires_at: Timestamp,
    },
    Ended(PassEnd),
    /// This person never entered with this place.
    Unknown,
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " lane, place, person, entered_at, expires_at, ended_at, end_reason ",
            $after
        )
    };
}

impl Ledger {
    /// Writes the pass of a place, once.
    pub async fn insert_pass(
        &self,
        event: &EventId,
        person: CustomerKey,
        lane: Lane,
        index: u64,
        expires_at: Timestamp,
    ) -> Result<InsertPass, Error> {
        let place = Entrant::of(event, person, lane, index)?;
        self.write((place, expires_at), |tx, (place, expires_at)| {
            insert(tx, place, *expires_at).boxed()
        })
        .await
    }

    /// Lets a pass live longer, unless it has ended.
    pub async fn renew_pass(
        &self,
        event: &EventId,
        person: CustomerKey,
        lane: Lane,
        index: u64,
        expires_at: Timestamp,
    ) -> Result<RenewPass, Error> {
        let place = Entrant::of(event, person, lane, index)?;
        self.write((place, expires_at), |tx, (place, expires_at)| {
            renew(tx, place, *expires_at).boxed()
        })
        .await
    }

    /// Ends the pass of one place; `false`: it has ended already, or there is none.
    pub async fn end_pass(
        &self,
        event: &EventId,
        person: CustomerKey,
        lane: Lane,
        index: u64,
        reason: PassEnd,
    ) -> Result<bool, Error> {
        let place = Entrant::of(event, person, lane, index)?;
        self.write((place, reason), |tx, (place, reason)| {
            async move {
                let ended = tx
                    .run(
                        "UPDATE passes SET ended_at = $5, end_reason = $6 WHERE event_id = $1 \
                         AND lane = $2 AND place = $3 AND person = $4 AND ended_at IS NULL",
                        args![
                            &place.event,
                            place.lane,
                            place.index,
                            &place.person,
                            tx.now(),
                            reason.as_str()
                        ],
                    )
                    .await?;
                Ok(Outcome::Keep(ended == 1))
            }
            .boxed()
        })
        .await
    }

    /// Ends whatever passes of these persons have not ended; how many.
    pub async fn end_passes(
        &self,
        event: &EventId,
        persons: &[CustomerKey],
        reason: PassEnd,
    ) -> Result<u64, Error> {
        // In the order in which every transaction locks them.
        let mut persons = persons.to_vec();
        persons.sort_unstable();
        persons.dedup();
        self.write((event.clone(), persons, reason), |tx, (event, persons, reason)| {
            async move {
                let mut ended = 0;
                for person in persons {
                    ended += tx
                        .run(
                            "UPDATE passes SET ended_at = $3, end_reason = $4 \
                             WHERE event_id = $1 AND person = $2 AND ended_at IS NULL",
                            args![event, customer_text(*person), tx.now(), reason.as_str()],
                        )
                        .await?;
                }
                Ok(Outcome::Keep(ended))
            }
            .boxed()
        })
        .await
    }

    /// The pass of a place, whoever entered with it.
    pub async fn pass(
        &self,
        event: &EventId,
        lane: Lane,
        index: u64,
    ) -> Result<Option<PassRow>, Error> {
        let row = self
            .read()
            .row(
                columns!("SELECT", "FROM passes WHERE event_id = $1 AND lane = $2 AND place = $3"),
                args![event, column_of(lane), count(index)?],
            )
            .await?;
        row.map(|row| pass_of(&row)).transpose()
    }

    /// Passes of an event by lane and index, ended ones too: at most `limit` after the given place.
    /// A person may have several; of these only the one entered last can still live.
    pub async fn passes(
        &self,
        event: &EventId,
        after: Option<(Lane, u64)>,
        limit: u32,
    ) -> Result<Vec<PassRow>, Error> {
        let (lane, index) = match after {
            Some((lane, index)) => (column_of(lane), count(index)?),
            None => (-1, 0),
        };
        let rows = self
            .read()
            .rows(
                columns!(
                    "SELECT",
                    "FROM passes WHERE event_id = $1 AND (lane > $2 OR (lane = $2 AND place > $3)) \
                     ORDER BY lane, place LIMIT $4"
                ),
                args![event, lane, index, limit],
            )
            .await?;
        rows.iter().map(pass_of).collect()
    }
}

/// A place and who stands there, as the columns have it.
struct Entrant {
    event: EventId,
    person: String,
    lane: i64,
    index: i64,
}

impl Entrant {
    fn of(event: &EventId, person: CustomerKey, lane: Lane, index: u64) -> Result<Self, Error> {
        Ok(Self {
            event: event.clone(),
            person: customer_text(person),
            lane: column_of(lane),
            index: count(index)?,
        })
    }

    /// The row of the place, whoever entered with it.
    async fn read(&self, tx: &mut Tx) -> Result<Option<PassRow>, Error> {
        let row = tx
            .row(
                columns!("SELECT", "FROM passes WHERE event_id = $1 AND lane = $2 AND place = $3"),
                args![&self.event, self.lane, self.index],
            )
            .await?;
        row.map(|row| pass_of(&row)).transpose()
    }
}

fn column_of(lane: Lane) -> i64 {
    match lane {
        Lane::General => 0,
        Lane::Priority => 1,
    }
}

async fn insert(
    tx: &mut Tx,
    place: &Entrant,
    expires_at: Timestamp,
) -> Result<Outcome<InsertPass>, Error> {
    let inserted = tx
        .row(
            columns!(
                "INSERT INTO passes (event_id, lane, place, person, entered_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (event_id, lane, place) DO NOTHING RETURNING",
                ""
            ),
            args![&place.event, place.lane, place.index, &place.person, tx.now(), expires_at],
        )
        .await?;
    if let Some(row) = inserted {
        return Ok(Outcome::Keep(InsertPass::Inserted(pass_of(&row)?)));
    }
    let standing = place.read(tx).await?.ok_or(Error::Corrupt("a pass that is and is not"))?;
    Ok(Outcome::Undo(if customer_text(standing.person) == place.person {
        InsertPass::Known(standing)
    } else {
        InsertPass::OtherPerson
    }))
}

async fn renew(
    tx: &mut Tx,
    place: &Entrant,
    expires_at: Timestamp,
) -> Result<Outcome<RenewPass>, Error> {
    let renewed = tx
        .row(
            "UPDATE passes SET \
             expires_at = CASE WHEN expires_at < $5 THEN $5 ELSE expires_at END \
             WHERE event_id = $1 AND lane = $2 AND place = $3 AND person = $4 \
             AND ended_at IS NULL RETURNING expires_at",
            args![&place.event, place.lane, place.index, &place.person, expires_at],
        )
        .await?;
    if let Some(row) = renewed {
        let expires_at = row.time("expires_at")?;
        return Ok(Outcome::Keep(RenewPass::Renewed { expires_at }));
    }
    let standing = place.read(tx).await?;
    let own = standing.filter(|pass| customer_text(pass.person) == place.person);
    Ok(Outcome::Undo(match own.and_then(|pass| pass.end_reason) {
        Some(reason) => RenewPass::Ended(reason),
        None => RenewPass::Unknown,
    }))
}

fn pass_of(row: &Row) -> Result<PassRow, Error> {
    let reason = row.text_or_null("end_reason")?;
    let end_reason = reason
        .map(|text| PassEnd::parse(&text).ok_or(Error::Corrupt("a pass's end")))
        .transpose()?;
    Ok(PassRow {
        person: customer_of(&row.text("person")?)?,
        lane: Lane::from_number(row.small("lane")?).ok_or(Error::Corrupt("a pass's lane"))?,
        index: row.small("place")?,
        entered_at: row.time("entered_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.time_or_null("ended_at")?,
        end_reason,
    })
}
