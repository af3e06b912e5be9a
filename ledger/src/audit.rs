//! Whether the ledger keeps its invariants: one question each, answered with what breaks it.
//! Work in flight is no violation. Only reads.

use domain::{id::EventId, time::Timestamp};

use crate::{Ledger, db::Reads, error::Error, row::args};

/// Beyond `pay_before` an order has this long to reach its end.
const END_AFTER_MS: i64 = 60_000;
/// Violations told of one question.
const VIOLATIONS_MAX: u32 = 1_000;

/// An invariant that the ledger alone can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// At most one live or sold claim a seat.
    I1,
    /// A valid ticket exactly when its order is paid, in the same amount and currency.
    I2,
    /// No capture before the claim is sold.
    I3,
    /// No release without proof.
    I4,
    /// Every exposed intent ends in ticket, void or refund.
    I5,
    /// Money balances.
    I6,
    /// Every order reaches its end in time.
    I9,
    /// Nobody is let in beyond the places that were given out.
    Line1,
    /// One pass a place, and none for a place that was not released.
    Line2,
}

impl Invariant {
    pub const ALL: [Self; 9] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I9,
        Self::Line1,
        Self::Line2,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::I1 => "I1",
            Self::I2 => "I2",
            Self::I3 => "I3",
            Self::I4 => "I4",
            Self::I5 => "I5",
            Self::I6 => "I6",
            Self::I9 => "I9",
            Self::Line1 => "LINE-1",
            Self::Line2 => "LINE-2",
        }
    }

    /// Questions, each with columns event_id, subject, detail; `$1` an event or '', `$2` the
    /// latest `pay_before` that must have ended, `$3` how many rows.
    fn questions(self) -> &'static [&'static str] {
        match self {
            Self::I1 => &[DOUBLE_CLAIMS, DOUBLE_COUNTS],
            Self::I2 => &[TICKETS_WITHOUT_ORDER, TICKETS_MISSING, TICKETS_UNPAID],
            Self::I3 => &[CAPTURES_WITHOUT_SALE],
            Self::I4 => &[RELEASES_WITHOUT_PROOF, PROOFS_UNTRUE],
            Self::I5 => &[INTENTS_WITHOUT_END],
            Self::I6 => &[MONEY_OF_ORDERS, MONEY_STRAY, MONEY_OF_EVENTS],
            Self::I9 => &[ORDERS_WITHOUT_END],
            Self::Line1 => &[CURSORS_BEYOND],
            Self::Line2 => &[DOUBLE_PASSES, PASSES_UNRELEASED, PASSES_TOO_MANY],
        }
    }
}

/// What breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub event: String,
    /// The order, seat, ticket, intent, lane or place.
    pub subject: String,
    pub detail: String,
}

impl Ledger {
    /// Asks about every invariant; of one event, or of all.
    pub async fn audit(&self, event: Option<&EventId>) -> Result<Vec<Violation>, Error> {
        let mut violations = Vec::new();
        for invariant in Invariant::ALL {
            violations.extend(self.audit_invariant(invariant, event).await?);
        }
        Ok(violations)
    }

    /// Asks about one invariant; at most a thousand violations of each question.
    pub async fn audit_invariant(
        &self,
        invariant: Invariant,
        event: Option<&EventId>,
    ) -> Result<Vec<Violation>, Error> {
        let event = event.map_or("", EventId::as_str);
        let ended: Timestamp = self.inner.clock.now().plus_millis(-END_AFTER_MS);
        let mut violations = Vec::new();
        for question in invariant.questions() {
            for row in self.survey().rows(*question, args![event, ended, VIOLATIONS_MAX]).await? {
                violations.push(Violation {
                    invariant,
                    event: row.text("event_id")?,
                    subject: row.text("subject")?,
                    detail: row.text("detail")?,
                });
            }
        }
        Ok(violations)
    }
}

// Postgres wants every placeholder used: `$2 = $2` where a question has no use for the time.

const DOUBLE_CLAIMS: &str = "\
    SELECT event_id, CAST(seat AS TEXT) AS subject, \
           'live or sold claims: ' || CAST(COUNT(*) AS TEXT) AS detail \
    FROM claims WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND state IN ('live', 'sold') \
    GROUP BY event_id, seat HAVING COUNT(*) > 1 LIMIT $3";

/// Of areas: what is counted is what is claimed, and no more than there is.
const DOUBLE_COUNTS: &str = "\
    SELECT event_id, 'area ' || CAST(area AS TEXT) AS subject, \
           'counts differ from claims, or exceed the capacity' AS detail \
    FROM area_counts WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND ( \
        claimed + sold > capacity \
        OR claimed <> (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM area_claims \
            WHERE area_claims.event_id = area_counts.event_id \
            AND area_claims.area = area_counts.area AND state = 'live') \
        OR sold <> (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM area_claims \
            WHERE area_claims.event_id = area_counts.event_id \
            AND area_claims.area = area_counts.area AND state = 'sold')) LIMIT $3";

const TICKETS_WITHOUT_ORDER: &str = "\
    SELECT tickets.event_id, tickets.id AS subject, \
           'valid, but its order is ' || orders.state AS detail \
    FROM tickets JOIN orders ON orders.id = tickets.order_id \
    WHERE ($1 = '' OR tickets.event_id = $1) AND $2 = $2 \
    AND tickets.status = 'valid' AND orders.state <> 'ticketed' LIMIT $3";

const TICKETS_MISSING: &str = "\
    SELECT event_id, id AS subject, 'valid tickets differ from the lines' AS detail \
    FROM orders WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND state = 'ticketed' AND \
    (SELECT COUNT(*) FROM tickets WHERE tickets.order_id = orders.id AND status = 'valid') <> \
    (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM order_lines \
     WHERE order_lines.order_id = orders.id) LIMIT $3";

const TICKETS_UNPAID: &str = "\
    SELECT event_id, id AS subject, 'captured less refunded is not the amount' AS detail \
    FROM orders WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND state = 'ticketed' AND amount <> \
    (SELECT CAST(COALESCE(SUM(CASE kind WHEN 'payment' THEN amount ELSE -amount END), 0) \
            AS BIGINT) FROM money_entries WHERE money_entries.order_id = orders.id \
     AND money_entries.currency = orders.currency AND kind IN ('payment', 'refund')) LIMIT $3";

const CAPTURES_WITHOUT_SALE: &str = "\
    SELECT outbox.event_id, outbox.order_id AS subject, \
           'a capture is queued or done beside a claim that is not sold' AS detail \
    FROM outbox WHERE ($1 = '' OR outbox.event_id = $1) AND $2 = $2 \
    AND kind = 'capture' AND state IN ('waiting', 'done') AND ( \
        EXISTS (SELECT 1 FROM claims WHERE claims.order_id = outbox.order_id \
            AND (claims.state = 'live' \
                 OR (claims.state = 'released' AND outbox.state = 'waiting'))) \
        OR EXISTS (SELECT 1 FROM area_claims WHERE area_claims.order_id = outbox.order_id \
            AND (area_claims.state = 'live' \
                 OR (area_claims.state = 'released' AND outbox.state = 'waiting')))) LIMIT $3";

const RELEASES_WITHOUT_PROOF: &str = "\
    SELECT event_id, id AS subject, 'a claim is released without proof' AS detail \
    FROM orders WHERE ($1 = '' OR event_id = $1) AND $2 = $2 \
    AND NOT EXISTS (SELECT 1 FROM release_proofs WHERE release_proofs.order_id = orders.id) \
    AND (EXISTS (SELECT 1 FROM claims WHERE claims.order_id = orders.id \
             AND claims.state = 'released') \
         OR EXISTS (SELECT 1 FROM area_claims WHERE area_claims.order_id = orders.id \
             AND area_claims.state = 'released')) LIMIT $3";

const PROOFS_UNTRUE: &str = "\
    SELECT event_id, id AS subject, 'released as never payable, but an intent was shown' AS detail \
    FROM orders JOIN release_proofs ON release_proofs.order_id = orders.id \
    WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND proof = 'no_intent' AND intent_exposed = 1 \
    LIMIT $3";

/// Of orders that have ended: every intent that was shown is paid (with a ticket), void or
/// refunded; of orders that go on, only the current one may be open.
const INTENTS_WITHOUT_END: &str = "\
    SELECT orders.event_id, COALESCE(intents.intent_id, '') AS subject, \
           'an intent of a ' || orders.state || ' order is ' || intents.state AS detail \
    FROM intents JOIN orders ON orders.id = intents.order_id \
    WHERE ($1 = '' OR orders.event_id = $1) AND $2 = $2 \
    AND intents.state IN ('stored', 'authorised', 'paid') AND NOT ( \
        (orders.state = 'ticketed' AND intents.state = 'paid' \
            AND intents.intent_id = orders.intent_id) \
        OR (orders.state IN ('paying', 'cancelling', 'committed', 'refunding') \
            AND intents.intent_id = orders.intent_id) \
        OR EXISTS (SELECT 1 FROM outbox WHERE outbox.order_id = orders.id \
            AND outbox.intent = intents.intent_id AND outbox.kind IN ('cancel', 'refund') \
            AND outbox.state = 'waiting')) LIMIT $3";

const MONEY_OF_ORDERS: &str = "\
    SELECT event_id, id AS subject, \
           'money of a ' || state || ' order does not balance' AS detail \
    FROM orders WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND \
    CASE WHEN state IN ('ticketed', 'refunding') THEN amount ELSE 0 END <> \
    (SELECT CAST(COALESCE(SUM(CASE kind WHEN 'payment' THEN amount ELSE -amount END), 0) \
            AS BIGINT) FROM money_entries \
     WHERE money_entries.order_id = orders.id AND kind IN ('payment', 'refund')) LIMIT $3";

const MONEY_STRAY: &str = "\
    SELECT event_id, reference AS subject, 'stray money is not on its way back' AS detail \
    FROM money_entries WHERE ($1 = '' OR event_id = $1) AND $2 = $2 AND kind = 'stray_payment' \
    AND NOT EXISTS (SELECT 1 FROM money_entries AS back WHERE back.kind = 'stray_refund' \
        AND back.reference = money_entries.reference AND back.amount = money_entries.amount) \
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.kind = 'refund' \
        AND outbox.intent = money_entries.reference AND outbox.state IN ('waiting', 'done')) \
    LIMIT $3";

/// In all: what the organizer got is what the units of valid tickets cost, and what is being given
/// back. Asked through the tickets and lines, not through the amounts of the orders.
const MONEY_OF_EVENTS: &str = "\
    SELECT event_id, subject, detail FROM ( \
        SELECT event_id, 'all orders' AS subject, \
               'captured less refunded is not the value of the valid tickets' AS detail, \
               SUM(value) AS difference FROM ( \
            SELECT event_id, CASE kind WHEN 'payment' THEN amount ELSE -amount END AS value \
            FROM money_entries WHERE kind IN ('payment', 'refund') \
            UNION ALL \
            SELECT tickets.event_id, -order_lines.price AS value FROM tickets \
            JOIN order_lines ON order_lines.order_id = tickets.order_id \
                AND order_lines.number = tickets.line WHERE tickets.status = 'valid' \
            UNION ALL \
            SELECT event_id, -amount AS value FROM orders WHERE state = 'refunding' \
        ) AS movements WHERE ($1 = '' OR event_id = $1) AND $2 = $2 GROUP BY event_id \
    ) AS sums WHERE difference <> 0 LIMIT $3";

/// An order that moved a moment ago, however late, is at work.
const ORDERS_WITHOUT_END: &str = "\
    SELECT event_id, id AS subject, 'still ' || state || ' long after its time to pay' AS detail \
    FROM orders WHERE ($1 = '' OR event_id = $1) AND pay_before < $2 AND updated_at < $2 \
    AND state NOT IN ('ticketed', 'expired', 'cancelled', 'refunded') \
    ORDER BY pay_before LIMIT $3";

const CURSORS_BEYOND: &str = "\
    SELECT event_id, subject, CASE WHEN undrawn = 1 THEN 'released before the draw' \
        ELSE 'released or drawn beyond the reserved places' END AS detail FROM ( \
        SELECT event_id, 'general lane' AS subject, cursor_general AS released, \
            COALESCE(size_general, 0) AS drawn, ceiling_general AS reserved, \
            CASE WHEN draw IS NULL THEN 1 ELSE 0 END AS undrawn FROM lines \
        UNION ALL \
        SELECT event_id, 'priority lane' AS subject, cursor_priority AS released, \
            COALESCE(size_priority, 0) AS drawn, ceiling_priority AS reserved, \
            CASE WHEN draw IS NULL THEN 1 ELSE 0 END AS undrawn FROM lines \
    ) AS lanes WHERE ($1 = '' OR event_id = $1) AND $2 = $2 \
    AND (released > reserved OR drawn > reserved OR (undrawn = 1 AND released > 0)) LIMIT $3";

const DOUBLE_PASSES: &str = "\
    SELECT event_id, 'place ' || CAST(place AS TEXT) || ' of lane ' || CAST(lane AS TEXT) \
        AS subject, 'passes: ' || CAST(COUNT(*) AS TEXT) AS detail \
    FROM passes WHERE ($1 = '' OR event_id = $1) AND $2 = $2 \
    GROUP BY event_id, lane, place HAVING COUNT(*) > 1 LIMIT $3";

/// What can be told without the permutation: a place that was never reserved, or any before the
/// draw; a latecomer's, whose position is its index, not released.
const PASSES_UNRELEASED: &str = "\
    SELECT passes.event_id, 'place ' || CAST(place AS TEXT) || ' of lane ' || CAST(lane AS TEXT) \
        AS subject, 'a pass for a place that was not released' AS detail \
    FROM passes LEFT JOIN lines ON lines.event_id = passes.event_id \
    WHERE ($1 = '' OR passes.event_id = $1) AND $2 = $2 AND (draw IS NULL \
        OR (lane = 0 AND (place >= ceiling_general \
            OR (place >= size_general AND place >= cursor_general))) \
        OR (lane = 1 AND (place >= ceiling_priority \
            OR (place >= size_priority AND place >= cursor_priority)))) LIMIT $3";

const PASSES_TOO_MANY: &str = "\
    SELECT event_id, 'lane ' || CAST(lane AS TEXT) AS subject, \
        'more passes than released places' AS detail \
    FROM ( \
        SELECT passes.event_id, lane, COUNT(*) AS entered, \
            MAX(CASE lane WHEN 0 THEN cursor_general ELSE cursor_priority END) AS released \
        FROM passes JOIN lines ON lines.event_id = passes.event_id \
        WHERE ($1 = '' OR passes.event_id = $1) AND $2 = $2 GROUP BY passes.event_id, lane \
    ) AS counts WHERE entered > released LIMIT $3";
