//! The draw of each line, computed anew: whether what is published follows from the secret, and
//! whether everybody who was let in stood where the cursor had come.

use anyhow::Result;
use domain::{
    event::Event,
    queue::{
        Lane, Place,
        draw::{Draw, Order, Witness, commitment, verify_draw},
    },
};
use ledger::{Ledger, Line};

use super::report::Finding;

const PASSES_PER_PAGE: u32 = 1_000;

/// Draws that do not follow from what the ledger keeps of their line.
pub async fn draws(ledger: &Ledger, events: &[Event]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for event in events {
        let Some(line) = ledger.line(&event.id).await? else { continue };
        if let Some(Err(detail)) = order(&line) {
            findings.push(finding(event, "draw".to_owned(), detail));
        }
    }
    Ok(findings)
}

/// Passes for places whose position was not released. Places that came after the draw, and lines
/// without one, are the ledger's own question.
pub async fn passes(ledger: &Ledger, events: &[Event]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for event in events {
        let Some(line) = ledger.line(&event.id).await? else { continue };
        let (Some(Ok(order)), Some(sizes)) = (order(&line), line.sizes) else { continue };
        let mut after = None;
        loop {
            let page = ledger.passes(&event.id, after, PASSES_PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.lane, last.index));
            for pass in page {
                let place = Place { lane: pass.lane, index: pass.index };
                let (lane, position) = (pass.lane.number(), order.position(place));
                if pass.index < sizes[lane] && position >= line.cursors[lane] {
                    let subject = format!("place {} of lane {lane}", pass.index);
                    // Without the cursor, which moves between two looks.
                    let detail = format!("a pass at position {position}, which was not released");
                    findings.push(finding(event, subject, detail));
                }
            }
        }
    }
    Ok(findings)
}

/// Who stands where by the line's draw, or why it is none; `None` before it.
fn order(line: &Line) -> Option<Result<Order, String>> {
    line.draw.as_deref().map(|text| {
        let draw: Draw = serde_json::from_str(text).map_err(|_| "not a draw".to_owned())?;
        let seen = commitment(&line.event, &line.secret);
        let witness = Witness { commitment: Some(seen), event: Some(&line.event) };
        verify_draw(&draw, witness).map_err(|tamper| tamper.to_string())?;
        let sizes = Lane::ALL.map(|lane| draw.lane(lane).size);
        if line.sizes != Some(sizes) {
            return Err("size: not that of the line".to_owned());
        }
        Ok(draw.order())
    })
}

fn finding(event: &Event, subject: String, detail: String) -> Finding {
    Finding { event: event.id.to_string(), subject, detail }
}

#[cfg(test)]
mod tests {
    use domain::{
        hold::CustomerKey,
        id::EventId,
        queue::draw::{ClosedLane, TreeBuilder},
        time::Timestamp,
    };
    use ledger::StoreDraw;
    use testkit::SettableClock;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    struct World {
        ledger: Ledger,
        event: Event,
        _folder: tempfile::TempDir,
    }

    fn event() -> Event {
        Event {
            id: EventId::new(Timestamp(1_790_000_000_000), [1; 12]),
            number: 1,
            slug: "gala".to_owned(),
            status: domain::event::EventStatus::Published,
            name: "Gala".to_owned(),
            description: None,
            starts_at: Timestamp(1_790_086_400_000),
            currency: "EUR".parse().expect("a currency"),
            prices: Default::default(),
            sale: Default::default(),
            queue: Default::default(),
            created_at: Timestamp(1_790_000_000_000),
            published_at: None,
            revision: 1,
        }
    }

    fn closed(lane: Lane, size: u8) -> ClosedLane {
        let mut tree = TreeBuilder::new(lane);
        (0..size).for_each(|number| tree.push(CustomerKey([number; 12])));
        ClosedLane::from(&tree.finish())
    }

    fn draw(event: &Event, secret: [u8; 32]) -> Draw {
        let lanes = (closed(Lane::General, 100), closed(Lane::Priority, 10));
        Draw::hold(event.id.clone(), secret, lanes.0, lanes.1, None)
    }

    /// A line with a hundred people drawn in one lane and ten in the other, and `text` as its draw.
    async fn world(text: &str) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger =
            Ledger::connect("", folder.path(), SettableClock::default().shared()).await.unwrap();
        ledger.migrate().await.unwrap();
        let event = event();
        ledger.ensure_line(&event.id, SECRET).await.unwrap();
        for lane in Lane::ALL {
            ledger.reserve_ceiling(&event.id, lane, 0, 200).await.unwrap();
        }
        let stored = ledger.store_draw(&event.id, 1, [100, 10], text).await.unwrap();
        assert!(matches!(stored, StoreDraw::Stored(_)));
        World { ledger, event, _folder: folder }
    }

    fn text(draw: &Draw) -> String {
        serde_json::to_string(draw).expect("JSON")
    }

    async fn tampered(draw: &Draw) -> String {
        let world = world(&text(draw)).await;
        let found = draws(&world.ledger, std::slice::from_ref(&world.event)).await.unwrap();
        assert_eq!(found.len(), 1);
        found[0].detail.clone()
    }

    #[tokio::test]
    async fn an_honest_draw_is_found_good() {
        let world = world(&text(&draw(&event(), SECRET))).await;
        let events = [world.event.clone()];
        assert_eq!(draws(&world.ledger, &events).await.unwrap(), []);
        assert_eq!(passes(&world.ledger, &events).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_line_before_its_draw_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger =
            Ledger::connect("", folder.path(), SettableClock::default().shared()).await.unwrap();
        ledger.migrate().await.unwrap();
        let events = [event()];
        assert_eq!(draws(&ledger, &events).await.unwrap(), []);
        ledger.ensure_line(&events[0].id, SECRET).await.unwrap();
        assert_eq!(draws(&ledger, &events).await.unwrap(), []);
        assert_eq!(passes(&ledger, &events).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_draw_that_was_tampered_with_is_named_by_its_part() {
        let honest = draw(&event(), SECRET);
        let mut other = honest.clone();
        other.seed.0[0] ^= 1;
        assert!(tampered(&other).await.starts_with("seed"));
        let other = draw(&event(), [8; 32]);
        assert!(
            tampered(&other).await.starts_with("commitment"),
            "another secret was committed to"
        );
        let elsewhere =
            Event { id: EventId::new(Timestamp(1_790_000_000_000), [2; 12]), ..event() };
        assert!(tampered(&draw(&elsewhere, SECRET)).await.starts_with("event"));
        let fewer = Draw::hold(
            event().id,
            SECRET,
            closed(Lane::General, 99),
            closed(Lane::Priority, 10),
            None,
        );
        assert!(tampered(&fewer).await.starts_with("size"));
        let world = world("[]").await;
        let found = draws(&world.ledger, std::slice::from_ref(&world.event)).await.unwrap();
        assert_eq!(found[0].detail, "not a draw");
    }

    #[tokio::test]
    async fn a_pass_at_a_position_beyond_the_cursor_is_found() {
        let draw = draw(&event(), SECRET);
        let world = world(&text(&draw)).await;
        let (ledger, event) = (&world.ledger, &world.event);
        ledger.move_cursors(&event.id, 1, [50, 4, 0]).await.unwrap();
        let order = draw.order();
        let (until, mut number) = (Timestamp(1_790_000_600_000), 0);
        for (lane, position) in
            [(Lane::General, 0), (Lane::General, 49), (Lane::Priority, 3), (Lane::Priority, 4)]
        {
            let index = order.place(lane, position).index;
            number += 1;
            let person = CustomerKey([number; 12]);
            ledger.insert_pass(&event.id, person, lane, index, until).await.unwrap();
        }
        let found = passes(ledger, std::slice::from_ref(event)).await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let early = order.place(Lane::Priority, 4).index;
        assert_eq!(found[0].subject, format!("place {early} of lane 1"));
        ledger.move_cursors(&event.id, 1, [50, 5, 0]).await.unwrap();
        assert_eq!(passes(ledger, std::slice::from_ref(event)).await.unwrap(), []);
    }
}
