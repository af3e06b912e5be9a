//! What is counted of every request, by route, method and status.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use axum::http::Method;
use metrics::{Counter, Gauge, Histogram};

/// Handles, each looked up in the recorder once.
pub(super) struct Meters {
    routes: RwLock<HashMap<String, OfRoute>>,
    in_flight: Gauge,
    pub(super) panics: Counter,
}

/// A request whose answer has not begun; it ends as well when its caller goes away.
pub(super) struct InFlight<'a>(&'a Gauge);

type OfRoute = HashMap<(&'static str, u16), Meter>;

struct Meter {
    seconds: Histogram,
    requests: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        let panics = metrics::counter!("holdfast_http_panics_total");
        // Rare, and therefore there from the start: a series that begins is no increase.
        panics.increment(0);
        Self {
            routes: RwLock::default(),
            in_flight: metrics::gauge!("holdfast_http_requests_in_flight"),
            panics,
        }
    }

    pub(super) fn begin(&self) -> InFlight<'_> {
        self.in_flight.increment(1.0);
        InFlight(&self.in_flight)
    }

    /// `route` is a template: whoever asks for invented paths makes no series.
    pub(super) fn record(&self, method: &Method, route: &str, status: u16, seconds: f64) {
        let method = label(method);
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = known.get(route).and_then(|meters| meters.get(&(method, status))) {
            return meter.record(seconds);
        }
        drop(known);
        let mut all = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let meters = all.entry(route.to_owned()).or_default();
        let make = || Meter::new(method, route, status);
        meters.entry((method, status)).or_insert_with(make).record(seconds);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Meter {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        let route = route.to_owned();
        let labels = [("method", method.to_owned()), ("route", route.clone())];
        let seconds = metrics::histogram!("holdfast_http_request_seconds", &labels);
        let status = status.to_string();
        let requests = metrics::counter!(
            "holdfast_http_requests_total", "method" => method, "route" => route, "status" => status
        );
        Self { seconds, requests }
    }

    fn record(&self, seconds: f64) {
        self.seconds.record(seconds);
        self.requests.increment(1);
    }
}

/// A caller can invent methods; a metric must not have a series for each.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
