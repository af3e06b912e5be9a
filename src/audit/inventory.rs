//! The inventory against the ledger, seat by seat and area by area.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use domain::{
    chart::{Chart, ChartSource},
    event::{Event, EventStatus},
    seat::SeatIndex,
};
use ledger::Ledger;
use lua::{CellState, Partition, Snapshot, Store};

use super::report::Finding;

/// Everything in which Redis and the ledger differ over `events`.
pub async fn differences(ledger: &Ledger, store: &Store, events: &[Event]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for event in events.iter().filter(|event| event.status == EventStatus::Published) {
        let partition = Partition { event: event.id.clone(), index: 0 };
        match store.read_snapshot(&partition).await? {
            Some(snapshot) => compare(ledger, event, &snapshot, &mut findings).await?,
            // Rebuilt from the ledger by the next operation that wants it; nothing is shown wrong.
            None => continue,
        }
    }
    Ok(findings)
}

async fn compare(
    ledger: &Ledger,
    event: &Event,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let claims = ledger.claims(&event.id).await?;
    let blocked: HashSet<SeatIndex> = ledger.blocks(&event.id).await?.into_iter().collect();
    let mut claimed: HashMap<SeatIndex, bool> = HashMap::new();
    let mut areas: HashMap<u16, (u32, u32)> = HashMap::new();
    for claim in &claims {
        claimed.extend(claim.seats.iter().map(|seat| (*seat, claim.sold)));
        for area in &claim.areas {
            let (live, sold) = areas.entry(area.area).or_default();
            *(if claim.sold { sold } else { live }) += area.quantity;
        }
    }

    let mut wrong = Vec::new();
    for (seat, state) in (0..).zip(&snapshot.states) {
        let expected = match claimed.get(&seat) {
            Some(true) => "sold",
            Some(false) => "claimed",
            None if blocked.contains(&seat) => "blocked",
            None => "free or held",
        };
        let shown = match state {
            CellState::Sold => "sold",
            CellState::Claimed => "claimed",
            CellState::Blocked => "blocked",
            CellState::Free | CellState::Held => "free or held",
        };
        if expected != shown {
            wrong.push((seat, format!("the ledger says {expected}, Redis shows {shown}")));
        }
    }
    if !wrong.is_empty() {
        let chart = chart(ledger, event).await?;
        findings.extend(wrong.into_iter().map(|(seat, detail)| {
            let label = chart.as_ref().and_then(|chart| chart.seats.get(seat as usize));
            let subject =
                label.map_or_else(|| format!("seat {seat}"), |seat| format!("seat {}", seat.label));
            Finding { event: event.id.to_string(), subject, detail }
        }));
    }
    for (area, shown) in (0..).zip(&snapshot.areas) {
        let (live, sold) = areas.get(&area).copied().unwrap_or_default();
        if shown.sold != sold || shown.held < live {
            findings.push(Finding {
                event: event.id.to_string(),
                subject: format!("area {area}"),
                detail: format!(
                    "the ledger says {sold} sold and {live} claimed, Redis shows {} sold and {} held",
                    shown.sold, shown.held
                ),
            });
        }
    }
    Ok(())
}

async fn chart(ledger: &Ledger, event: &Event) -> Result<Option<Chart>> {
    let Some(source) = ledger.chart_source(&event.id).await? else { return Ok(None) };
    let source: ChartSource = serde_json::from_str(&source)?;
    Ok(Chart::build(&source).ok())
}
