//! The roles of a process, made of its stores and put onto one router.

use std::sync::Arc;

use anyhow::Result;
use axum::{Router, routing::get};
use domain::time::Clock;
use engine::{Engine, EngineSettings};
use inventory::Inventory;
use payments::Payments;
use platform::{Keys, Settings, config::StripeRate, http::Json};
use seatmap_ws::{SeatmapWs, SeatmapWsSettings};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting_room::{WaitingRoom, WaitingRoomSettings};

use crate::{
    payment::{self, SANDBOX_PATH},
    stores::Stores,
};

/// What roles are made of, and what they have added so far.
pub struct Parts<'a> {
    settings: &'a Settings,
    stores: &'a Stores,
    clock: Arc<dyn Clock>,
    keys: Keys,
    pub inventory: Inventory,
    pub router: Router,
    /// Background work and money operations of the roles.
    pub tracker: TaskTracker,
    /// Ends that work.
    pub ending: CancellationToken,
    /// Ends what is served: the listener, and what would keep its connections open.
    pub draining: CancellationToken,
    pub waiting_room: Option<Arc<WaitingRoom>>,
    pub maps: Option<Arc<SeatmapWs>>,
}

impl<'a> Parts<'a> {
    pub fn new(
        settings: &'a Settings,
        stores: &'a Stores,
        clock: Arc<dyn Clock>,
        keys: Keys,
    ) -> Self {
        Self {
            settings,
            stores,
            clock,
            keys,
            inventory: stores.inventory(),
            router: Router::new(),
            tracker: TaskTracker::new(),
            ending: CancellationToken::new(),
            draining: CancellationToken::new(),
            waiting_room: None,
            maps: None,
        }
    }

    pub fn add_engine(&mut self) {
        let engine = Engine::new(
            self.inventory.clone(),
            self.stores.ledger.clone(),
            self.clock.clone(),
            self.keys.clone(),
            EngineSettings { held_seats_per_address: self.settings.held_seats_per_address },
        );
        engine.spawn_tasks(self.ending.clone(), &self.tracker);
        self.merge(engine::router(engine));
    }

    pub fn add_waiting_room(&mut self) {
        let room = WaitingRoom::new(
            self.inventory.clone(),
            self.stores.ledger.clone(),
            self.stores.seats.clone(),
            self.clock.clone(),
            self.keys.clone(),
            waiting_room_settings(self.settings),
        );
        room.spawn_tasks(self.ending.clone(), &self.tracker);
        self.merge(waiting_room::router(room.clone()));
        self.waiting_room = Some(room);
    }

    pub fn add_seatmap_ws(&mut self) {
        let origins = self.settings.cors_origins.clone();
        let maps = SeatmapWs::new(
            self.inventory.clone(),
            self.clock.clone(),
            SeatmapWsSettings {
                allows_origin: Arc::new(move |origin| origins.allows(origin)),
                limits_addresses: self.settings.rate_limit_per_minute > 0,
                timing: seatmap_ws::Timing::default(),
            },
        );
        // Sockets are told to come back elsewhere while the listener drains.
        maps.spawn_tasks(self.draining.clone(), &self.tracker);
        self.merge(seatmap_ws::router(maps.clone()));
        self.maps = Some(maps);
    }

    pub fn add_payments(&mut self, settings: &payments::PaymentsSettings) -> Result<()> {
        let payments = Payments::new(
            self.stores.ledger.clone(),
            self.keys.clone(),
            self.clock.clone(),
            settings,
            self.tracker.clone(),
        )?;
        payments.spawn_tasks(&self.ending);
        self.merge(payments::router(payments));
        if self.settings.sandbox {
            let sandbox = payment::open_sandbox(self.settings, settings, self.clock.clone())?;
            let router = std::mem::take(&mut self.router);
            self.router = router.nest(SANDBOX_PATH, sandbox.router());
            let ending = self.ending.clone();
            self.tracker.spawn(async move { sandbox.run(ending).await });
        }
        Ok(())
    }

    fn merge(&mut self, router: Router) {
        self.router = std::mem::take(&mut self.router).merge(router);
    }
}

/// What every role tells of the whole API, as one document each.
pub fn documents(has_live_map: bool) -> Router {
    let mut openapi = engine::openapi();
    openapi.merge(waiting_room::openapi());
    openapi.merge(payments::openapi());
    let router = engine::openapi_router(openapi);
    match has_live_map {
        // The role's own router has it.
        true => router,
        false => router.route("/asyncapi.json", get(|| async { Json(seatmap_ws::asyncapi()) })),
    }
}

fn waiting_room_settings(settings: &Settings) -> WaitingRoomSettings {
    // An order costs the account some four calls, of which one endpoint sees one.
    const CALLS_PER_ORDER: u32 = 4;
    let orders_per_second = |rate: StripeRate| rate.endpoint.min(rate.account / CALLS_PER_ORDER);
    WaitingRoomSettings {
        proof_of_work: settings.proof_of_work,
        draw_beacon: settings.draw_beacon.clone(),
        payments_per_minute: settings
            .stripe
            .rate
            .map(|rate| f64::from(orders_per_second(rate).max(1)) * 60.0),
    }
}
