//! The gateway under test, in the benchmark's own process: the routes of the role behind a listener
//! that keeps a copy of each connection, so that a bare write can go the same way.

use std::{
    collections::BTreeMap,
    io::Write,
    net::{SocketAddr, TcpStream as StdStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use axum::{Router, body::Body, extract::Request};
use domain::{
    event::{EventStatus, Sale},
    id::EventId,
    time::Clock,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use inventory::{Inventory, InventorySettings};
use ledger::{InsertEvent, Ledger, NewEvent};
use lua::Store;
use platform::{
    SystemClock,
    http::{Edge, EdgeSettings, PeerAddress},
    serve::StallGuard,
};
use seatmap_ws::{SeatmapWs, SeatmapWsSettings};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    time::interval,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::SEATS;

pub struct Gateway {
    pub address: SocketAddr,
    pub event: EventId,
    connections: Arc<Mutex<Vec<StdStream>>>,
    _data: TempDir,
}

impl Gateway {
    /// Serves one hall until the process ends.
    pub async fn start(redis_url: &str) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::connect(redis_url, clock.clone()).await?;
        let data = tempfile::tempdir()?;
        let ledger = Ledger::connect("", data.path(), clock.clone()).await?;
        ledger.migrate().await?;
        let event = publish_hall(&ledger, clock.as_ref()).await?;
        let inventory = Inventory::new(store, ledger, clock.clone(), InventorySettings::default());
        inventory.spawn_tasks(CancellationToken::new(), &TaskTracker::new());
        let settings =
            SeatmapWsSettings { limits_addresses: false, ..SeatmapWsSettings::default() };
        let maps = SeatmapWs::new(inventory.clone(), clock.clone(), settings);
        let at_work = inventory.event(event.as_str()).await?.context("no event")?;
        inventory.view(&at_work).await?;
        let edge = Arc::new(Edge::new(EdgeSettings::default(), clock));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let connections = Arc::default();
        tokio::spawn(serve(
            listener,
            edge.wrap(seatmap_ws::router(maps)),
            Arc::clone(&connections),
        ));
        Ok(Self { address, event, connections, _data: data })
    }

    /// So many times, a bare non-blocking write of `bytes` to every connection.
    pub async fn write(&self, bytes: Vec<u8>, times: u32, pause: Duration) -> Result<()> {
        let bytes: Arc<[u8]> = bytes.into();
        let mut pace = interval(pause);
        for _ in 0..times {
            pace.tick().await;
            let (connections, bytes) = (self.connections.clone(), bytes.clone());
            let write = move || {
                let connections = connections.lock().expect("no thread panics with it");
                connections.iter().all(|mut stream| {
                    stream.write(&bytes).is_ok_and(|written| written == bytes.len())
                })
            };
            let is_written = tokio::task::spawn_blocking(write).await?;
            ensure!(is_written, "a bare write did not go through");
        }
        Ok(())
    }

    /// Connections are the gateway's alone from here on.
    pub fn forget_connections(&self) {
        self.connections.lock().expect("no thread panics with it").clear();
    }
}

async fn serve(listener: TcpListener, router: Router, kept: Arc<Mutex<Vec<StdStream>>>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let Ok(stream) = stream.into_std() else { continue };
        if let Ok(copy) = stream.try_clone() {
            kept.lock().expect("no thread panics with it").push(copy);
        }
        let Ok(stream) = TcpStream::from_std(stream) else { continue };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(PeerAddress(peer));
            router.clone().oneshot(request)
        });
        let stream = TokioIo::new(StallGuard::new(stream, Duration::from_secs(30)));
        let connection = http1::Builder::new().serve_connection(stream, service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn publish_hall(ledger: &Ledger, clock: &dyn Clock) -> Result<EventId> {
    let seat = |row: u32, number: u32| {
        json!({
            "seat_guid": format!("{row}-{number}"), "seat_number": number.to_string(),
            "position": { "x": number * 20, "y": 0 }, "category": "stalls",
        })
    };
    let row = |row: u32| {
        let seats: Vec<_> = (0..100).map(|number| seat(row, number)).collect();
        let position = json!({ "x": 0, "y": row * 20 });
        json!({ "row_number": row.to_string(), "position": position, "seats": seats })
    };
    let rows: Vec<_> = (0..SEATS / 100).map(row).collect();
    let zone = json!({ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": rows });
    let plan = json!({ "name": "Hall", "categories": [{ "name": "stalls" }], "zones": [zone] });
    let id = EventId::new(clock.now(), [1; 12]);
    let new = NewEvent {
        id: id.clone(),
        slug: "hall".to_owned(),
        name: "Hall".to_owned(),
        description: None,
        starts_at: clock.now().plus_seconds(86_400),
        currency: "EUR".parse().ok().context("a currency")?,
        prices: BTreeMap::from([("stalls".to_owned(), 2_500)]),
        sale: Sale::default(),
        queue: Default::default(),
        chart: json!({ "seating_plan": plan }).to_string(),
        areas: Vec::new(),
        answer: None,
    };
    let InsertEvent::Inserted(mut event) = ledger.insert_event(new).await? else {
        bail!("no event");
    };
    event.status = EventStatus::Published;
    event.published_at = Some(clock.now());
    ledger.update_event(&event).await?;
    Ok(id)
}
