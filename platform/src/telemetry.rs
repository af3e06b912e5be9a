//! Logs and metrics of the process.
//!
//! Logs go to standard error: for people on a terminal, as JSON elsewhere. Metrics are read at
//! `/metrics` in Prometheus's text format. Neither ever holds a token, a key or an e-mail address.

use std::{io::IsTerminal, time::Duration};

use axum::{Router, http::header, routing::get};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{Settings, Tasks};

/// Upper bounds of histograms of seconds: from a script call to a slow payment.
const SECONDS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];
/// Histograms grow until somebody folds them, with or without a scrape.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("HOLDFAST_LOG: not a filter such as info or info,ledger=debug")]
    Filter,
    #[error("logging is already set up")]
    AlreadySet,
    #[error("metrics cannot be recorded")]
    Metrics(#[from] BuildError),
}

/// The recorder behind `/metrics`.
#[derive(Clone)]
pub struct Telemetry {
    recorder: PrometheusHandle,
}

/// Sets up logs, metrics and the panic hook, once per process.
pub fn init(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    init_logs(&settings.log)?;
    if settings.otlp_endpoint.is_some() {
        tracing::warn!("OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are not exported yet");
    }
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?;
    Ok(Telemetry { recorder })
}

/// Logs and the panic hook only: for commands that serve nothing.
pub fn init_logs(filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|_| TelemetryError::Filter)?;
    let is_terminal = std::io::stderr().is_terminal();
    let (text, json) = if is_terminal {
        (Some(fmt::layer().with_writer(std::io::stderr)), None)
    } else {
        (None, Some(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)))
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(text)
        .with(json)
        .try_init()
        .map_err(|_| TelemetryError::AlreadySet)?;
    log_panics();
    Ok(())
}

/// A panic is one log record with the place. Its message stays out: it may quote data.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(place, thread, "panic");
    }));
}

impl Telemetry {
    /// All metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.recorder.render()
    }

    /// Folds histograms every five seconds.
    pub fn spawn_tasks(&self, tasks: &Tasks) {
        let recorder = self.recorder.clone();
        tasks.spawn("metrics_upkeep", async move {
            let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
            loop {
                ticks.tick().await;
                recorder.run_upkeep();
            }
        });
    }

    /// `GET /metrics`
    pub fn router(&self) -> Router {
        let telemetry = self.clone();
        let media_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        Router::new()
            .route("/metrics", get(move || async move { (media_type, telemetry.render()) }))
    }
}
