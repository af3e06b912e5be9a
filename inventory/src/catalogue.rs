//! Events as this process knows them: the row at most a second old, the chart parsed once.
//!
//! A row is read again by one run for all who wait. A chart costs a good part of a second of
//! computing for a stadium: it is built off the runtime, once, and kept. Only the capacities of its
//! areas may change; they are read with the row.

use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use domain::{
    best_available::SeatMap,
    chart::{Chart, ChartSource},
    event::Event,
    id::{EventId, EventNumber},
    seat::AreaIndex,
    time::Timestamp,
};
use futures_util::future::BoxFuture;
use ledger::Ledger;
use lua::Partition;

use crate::{Core, Inventory, Unavailable, shared::Shared};

/// How old a row may be when it is handed out.
const ROW_AGE_MS_MAX: i64 = 1_000;

/// An event with everything that deciding about its seats needs.
#[derive(Debug)]
pub struct EventAtWork {
    pub event: Event,
    /// With the capacities of now.
    pub chart: Arc<Chart>,
    pub partition: Partition,
    /// All taken: what a mirror starts from.
    pub(crate) seats: Arc<SeatMap>,
}

type Answer = Result<Option<Arc<EventAtWork>>, Unavailable>;

#[derive(Default)]
struct Entry {
    latest: Mutex<Option<(Timestamp, Arc<EventAtWork>)>>,
    reading: Shared<Answer>,
}

impl Entry {
    fn latest(&self) -> Option<Arc<EventAtWork>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        Some(latest.as_ref()?.1.clone())
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<EventAtWork>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, at_work) = latest.as_ref()?;
        // A clock that was set back makes every row old.
        let age = now.as_millis() - read_at.as_millis();
        (0..ROW_AGE_MS_MAX).contains(&age).then(|| at_work.clone())
    }
}

#[derive(Clone)]
struct Charted {
    chart: Arc<Chart>,
    seats: Arc<SeatMap>,
}

#[derive(Default)]
pub(crate) struct Catalogue {
    entries: DashMap<EventId, Arc<Entry>>,
    charts: DashMap<EventId, Charted>,
    slugs: DashMap<String, EventId>,
    numbers: DashMap<EventNumber, EventId>,
}

impl Inventory {
    /// The event of an identifier or a slug; none when there is no such event.
    pub async fn event(&self, id_or_slug: &str) -> Answer {
        if let Ok(id) = id_or_slug.parse::<EventId>() {
            return self.event_by_id(&id).await;
        }
        let known = self.core.catalogue.slugs.get(id_or_slug).map(|id| id.clone());
        if let Some(id) = known
            && let Some(at_work) = self.event_by_id(&id).await?
            && at_work.event.slug == id_or_slug
        {
            return Ok(Some(at_work));
        }
        let found = self.core.stores.ledger.event_by_slug(id_or_slug).await;
        let Some(event) = found.map_err(|error| Unavailable::database("read an event", error))?
        else {
            return Ok(None);
        };
        self.core.catalogue.slugs.insert(event.slug.clone(), event.id.clone());
        self.event_by_id(&event.id).await
    }

    /// The event of an identifier or a slug, as this process read it last, however long ago; none
    /// when it never did.
    pub fn event_in_memory(&self, id_or_slug: &str) -> Option<Arc<EventAtWork>> {
        let catalogue = &self.core.catalogue;
        if let Some(entry) = catalogue.entries.get(id_or_slug) {
            return entry.latest();
        }
        let at_work = catalogue.entries.get(&*catalogue.slugs.get(id_or_slug)?)?.latest()?;
        (at_work.event.slug == id_or_slug).then_some(at_work)
    }

    /// The event of the number that hold identifiers carry.
    pub async fn event_by_number(&self, number: EventNumber) -> Answer {
        let known = self.core.catalogue.numbers.get(&number).map(|id| id.clone());
        if let Some(id) = known {
            return self.event_by_id(&id).await;
        }
        let found = self.core.stores.ledger.event_by_number(number).await;
        let Some(event) = found.map_err(|error| Unavailable::database("read an event", error))?
        else {
            return Ok(None);
        };
        self.core.catalogue.numbers.insert(number, event.id.clone());
        self.event_by_id(&event.id).await
    }

    pub async fn event_by_id(&self, id: &EventId) -> Answer {
        self.core.event(id).await
    }

    /// Reads the row anew at the next use; for whoever has just changed it here.
    pub fn forget(&self, id: &EventId) {
        self.core.catalogue.entries.remove(id);
    }
}

impl Core {
    pub(crate) async fn event(self: &Arc<Self>, id: &EventId) -> Answer {
        let entry = match self.catalogue.entries.get(id) {
            Some(entry) => entry.clone(),
            None => self.catalogue.entries.entry(id.clone()).or_default().clone(),
        };
        if let Some(at_work) = entry.fresh(self.stores.clock.now()) {
            return Ok(Some(at_work));
        }
        self.read(id.clone(), entry).await
    }

    /// Together with everybody else who asks for it now.
    fn read(self: &Arc<Self>, id: EventId, entry: Arc<Entry>) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let (core, reads) = (self.clone(), entry.clone());
            let read = move || core.clone().read_event(id.clone(), reads.clone());
            entry.reading.join(read).await.unwrap_or(Err(Unavailable::DATABASE))
        })
    }

    async fn read_event(self: Arc<Self>, id: EventId, entry: Arc<Entry>) -> Answer {
        let failed = |error| Unavailable::database("read an event", error);
        let began = self.stores.clock.now();
        let Some(event) = self.stores.ledger.event(&id).await.map_err(failed)? else {
            // Whoever asks for invented events fills no memory.
            self.catalogue.entries.remove_if(&id, |_, known| Arc::ptr_eq(known, &entry));
            return Ok(None);
        };
        let Charted { chart, seats } = self.charted(&id).await?;
        let partition = Partition { event: id.clone(), index: 0 };
        let at_work = Arc::new(EventAtWork { event, chart, partition, seats });
        *entry.latest.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((began, at_work.clone()));
        Ok(Some(at_work))
    }

    async fn charted(&self, id: &EventId) -> Result<Charted, Unavailable> {
        let known = self.catalogue.charts.get(id).map(|known| known.clone());
        let mut charted = match known {
            Some(known) => known,
            None => {
                let built = build_chart(&self.stores.ledger, id).await?;
                self.catalogue.charts.entry(id.clone()).or_insert(built).clone()
            }
        };
        if charted.chart.areas.is_empty() {
            return Ok(charted);
        }
        let capacities = self.stores.ledger.area_capacities(id).await;
        let capacities = capacities.map_err(|e| Unavailable::database("read capacities", e))?;
        if with_capacities(&mut charted.chart, &capacities) {
            self.catalogue.charts.insert(id.clone(), charted.clone());
        }
        Ok(charted)
    }
}

/// Whether that changed the chart.
fn with_capacities(chart: &mut Arc<Chart>, capacities: &[(AreaIndex, u32)]) -> bool {
    let same = |(area, capacity): &(AreaIndex, u32)| {
        chart.areas.get(usize::from(*area)).is_none_or(|area| area.capacity == *capacity)
    };
    if capacities.iter().all(same) {
        return false;
    }
    let chart = Arc::make_mut(chart);
    for (area, capacity) in capacities {
        if let Some(area) = chart.areas.get_mut(usize::from(*area)) {
            area.capacity = *capacity;
        }
    }
    true
}

async fn build_chart(ledger: &Ledger, id: &EventId) -> Result<Charted, Unavailable> {
    let source = ledger.chart_source(id).await;
    let source = source.map_err(|error| Unavailable::database("read a chart", error))?;
    let Some(source) = source else {
        tracing::error!(event = %id, "the event has no chart");
        return Err(Unavailable::DATABASE);
    };
    let built = tokio::task::spawn_blocking(move || {
        let source: ChartSource = serde_json::from_str(&source).map_err(|e| e.to_string())?;
        let chart = Chart::build(&source).map_err(|e| e.to_string())?;
        let seats = Arc::new(SeatMap::new(&chart));
        Ok::<_, String>(Charted { chart: Arc::new(chart), seats })
    });
    match built.await {
        Ok(Ok(charted)) => Ok(charted),
        Ok(Err(error)) => {
            tracing::error!(event = %id, error, "the stored chart cannot be read");
            Err(Unavailable::DATABASE)
        }
        Err(_) => Err(Unavailable::DATABASE),
    }
}
