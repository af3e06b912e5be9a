//! Wires the roles together, serves them on one listener, and ends them in order.

use std::{fs::File, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use axum::{
    extract::{Query, State},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::get,
};
use domain::time::Clock;
use ledger::Ledger;
use platform::{
    Keys, Settings, SystemClock, Tasks,
    health::Health,
    http::{
        Edge, EdgeSettings, FromMemory, IpNetwork, Json, MemoryReads, Organizer, Problem,
        device_cookie,
    },
    serve::{ServeLimits, Site},
    shutdown::wait_for_signal,
    telemetry::{self, Telemetry},
};
use seatmap_ws::SeatmapWs;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting_room::WaitingRoom;

use crate::{
    address::reachable,
    audit::{self, Seats},
    demo,
    parts::{self, Parts},
    payment::{self, SANDBOX_PATH},
    roles::{Role, Roles},
    stores::Stores,
    sums,
};

/// After the listener has drained: how long background work may take to end.
const TASKS_END_WITHIN: Duration = Duration::from_secs(8);

/// A process whose maps are older tells its viewers something that may no longer be so.
const MAP_AGE_MAX: Duration = Duration::from_secs(10);

/// Answered however many connections there are: the webhook, and whoever judges this process.
const VITAL: &[&str] = &["/v1/stripe/webhook", "/livez", "/readyz", "/metrics"];

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

/// Runs `roles` until SIGTERM or SIGINT.
pub async fn serve(settings: Settings, roles: Roles) -> Result<()> {
    let telemetry = telemetry::init(&settings)?;
    Service::start(settings, roles, telemetry).await?.until_signal().await
}

/// Runs everything with the payment sandbox, loads the sample sale, prints where it is.
pub async fn demo(settings: Settings) -> Result<()> {
    let telemetry = telemetry::init(&settings)?;
    let token = settings.organizer_token()?;
    let data_dir = settings.data_dir.clone();
    let service = Service::start(settings, Roles::new(&[]), telemetry).await?;
    let base = service.base();
    demo::load_sample_sale(&base, token.expose(), SystemClock.now()).await?;
    print_welcome(&base, token.expose(), &data_dir);
    service.until_signal().await
}

/// Loads the sample sale into a server that runs already; what is there stays.
pub async fn seed(settings: &Settings) -> Result<()> {
    let token = settings.organizer_token()?;
    let base = format!("http://{}", reachable(settings.listen));
    demo::load_sample_sale(&base, token.expose(), SystemClock.now()).await?;
    println!("The sample sale is at {base}/events/theatre and {base}/events/club-night");
    Ok(())
}

fn print_welcome(base: &str, organizer_token: &str, data_dir: &Path) {
    println!(
        "Holdfast is running a sample sale.\n\
         \n\
         \x20 Open this       {base}/\n\
         \x20 A theatre       {base}/events/theatre\n\
         \x20 A club night    {base}/events/club-night\n\
         \x20 API, to browse  {base}/docs\n\
         \x20 Stripe sandbox  {base}{SANDBOX_PATH}\n\
         \x20 Organizer token {organizer_token}\n\
         \x20 Data            {}\n\
         \n\
         Ctrl-C ends it; started again, it goes on where it was.",
        data_dir.display()
    );
}

/// A process at work.
struct Service {
    settings: Settings,
    health: Health,
    /// Background work that platform's own parts started.
    tasks: Tasks,
    telemetry: Telemetry,
    /// Background work and money operations of the roles.
    tracker: TaskTracker,
    /// Ends the roles' background work.
    ending: CancellationToken,
    /// Ends the listener.
    draining: CancellationToken,
    listener: tokio::task::JoinHandle<()>,
    waiting_room: Option<Arc<WaitingRoom>>,
    /// Given back by the end of the process, however it ends.
    _data_dir_lock: Option<File>,
}

impl Service {
    async fn start(settings: Settings, roles: Roles, telemetry: Telemetry) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::new(&settings.signing_keys()?)?;
        let edge = Arc::new(Edge::new(
            EdgeSettings::new(&settings, settings.organizer_token()?),
            clock.clone(),
        ));
        let payments_settings = match roles.has(Role::Payments) {
            true => Some(payment::settings(&settings)?),
            false => None,
        };
        let stores = Stores::connect(&settings, clock.clone()).await?;
        ensure!(
            roles.are_all() || !stores.seats.is_in_process(),
            "the in-process store serves one process with all roles; set HOLDFAST_REDIS_URL to run \
             {roles} alone"
        );
        let data_dir_lock = stores.lock_data_dir(&settings)?;
        stores.ledger.check_durability().await.context("money is not served")?;

        let mut parts = Parts::new(&settings, &stores, clock.clone(), keys);
        parts.inventory.spawn_tasks(parts.ending.clone(), &parts.tracker);
        if roles.has(Role::Engine) {
            parts.add_engine();
        }
        if roles.has(Role::WaitingRoom) {
            parts.add_waiting_room();
        }
        if roles.has(Role::SeatmapWs) {
            parts.add_seatmap_ws();
        }
        if let Some(payments_settings) = &payments_settings {
            parts.add_payments(payments_settings)?;
        }
        let Parts { router, tracker, ending, draining, waiting_room, maps, .. } = parts;
        let seats = Arc::new(Seats::At(stores.seats.clone()));
        if roles.has(Role::Payments) {
            let (ledger, clock) = (stores.ledger.clone(), clock.clone());
            tracker.spawn(audit::task::run(ledger, seats.clone(), clock, ending.clone()));
        }
        let auditor = Auditor { ledger: stores.ledger.clone(), seats, clock: clock.clone() };
        let health = health(&stores, maps);
        let router = router
            .route("/v1/audit", get(answer_audit).with_state(auditor))
            .merge(parts::documents(roles.has(Role::SeatmapWs)))
            .merge(health.clone().router())
            .merge(telemetry.router())
            .merge(web::router().layer(from_fn(device_cookie)))
            .fallback(web::not_found);

        let tasks = Tasks::new();
        edge.spawn_tasks(&tasks);
        telemetry.spawn_tasks(&tasks);
        if let Some(limiter) = edge.limiter().filter(|_| !stores.seats.is_in_process()) {
            let exchange = sums::exchange(stores.seats.clone(), limiter.clone());
            tasks.spawn("rate_limit_sums", exchange);
        }
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("{} cannot be listened on", settings.listen))?;
        let reads = waiting_room.iter().map(|room| room.clone() as Arc<dyn FromMemory>);
        let from_memory = MemoryReads::new(edge.clone(), reads.collect());
        let site = Site {
            router: edge.wrap(router),
            from_memory: Some(from_memory),
            vital: VITAL,
            uncounted: uncounted(&settings),
        };
        let (limits, stopping) = (limits(&settings), draining.clone());
        let listener = tokio::spawn(async move {
            platform::serve::serve(listener, site, limits, stopping).await;
        });
        tracing::info!(address = %settings.listen, %roles, "serving");
        Ok(Self {
            settings,
            health,
            tasks,
            telemetry,
            tracker,
            ending,
            draining,
            listener,
            waiting_room,
            _data_dir_lock: data_dir_lock,
        })
    }

    fn base(&self) -> String {
        format!("http://{}", reachable(self.settings.listen))
    }

    /// Serves until a signal, then ends in order: readiness off, listener drained, background work
    /// ended after the step it is in.
    async fn until_signal(self) -> Result<()> {
        wait_for_signal().await?;
        tracing::info!("ending");
        self.health.set_draining();
        self.draining.cancel();
        if let Some(room) = &self.waiting_room {
            room.end_streams();
        }
        let _ = self.listener.await;
        self.ending.cancel();
        self.tracker.close();
        if tokio::time::timeout(TASKS_END_WITHIN, self.tracker.wait()).await.is_err() {
            tracing::warn!("background work was cut off");
        }
        self.tasks.shut_down(TASKS_END_WITHIN).await;
        self.telemetry.shut_down().await;
        Ok(())
    }
}

/// Whoever runs without limits per address has none here either.
fn limits(settings: &Settings) -> ServeLimits {
    match settings.rate_limit_per_minute {
        0 => ServeLimits { connections_per_address_max: 0, ..ServeLimits::default() },
        _ => ServeLimits::default(),
    }
}

/// Who opens connections for others: the trusted proxies, and what else runs on this machine.
fn uncounted(settings: &Settings) -> Arc<[IpNetwork]> {
    let loopback = LOOPBACK.iter().map(|text| text.parse().expect("a network"));
    loopback.chain(settings.trusted_proxies.iter().copied()).collect()
}

fn health(stores: &Stores, maps: Option<Arc<SeatmapWs>>) -> Health {
    let (seats, ledger) = (stores.seats.clone(), stores.ledger.clone());
    let is_current = move || {
        let age = maps.as_ref().and_then(|maps| maps.oldest_map_age());
        async move { if age > Some(MAP_AGE_MAX) { Err(age) } else { Ok(()) } }
    };
    Health::new()
        .with_probe("live_map", is_current)
        .with_probe("redis", move || {
            let seats = seats.clone();
            async move { seats.ping().await }
        })
        .with_probe("database", move || {
            let ledger = ledger.clone();
            async move { ledger.ping().await }
        })
}

/// What `GET /v1/audit` works with.
#[derive(Clone)]
struct Auditor {
    ledger: Ledger,
    seats: Arc<Seats>,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    event: Option<String>,
}

/// The organiser's audit, as `holdfast audit` asks for it.
async fn answer_audit(
    _: Organizer,
    State(auditor): State<Auditor>,
    Query(query): Query<AuditQuery>,
) -> Response {
    let event = query.event.as_deref();
    match audit::audit(&auditor.ledger, &auditor.seats, event, &*auditor.clock).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the audit could not be made");
            Problem::unavailable("audit_unavailable").into_response()
        }
    }
}
