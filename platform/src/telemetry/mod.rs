//! Logs, metrics and traces of the process.
//!
//! Logs go to standard error: for people on a terminal, as JSON elsewhere. Metrics are read at
//! `/metrics` in Prometheus's text format. Traces go to a collector, when there is one. None ever
//! holds a token, a key or an e-mail address.

mod buckets;
mod descriptions;
mod logs;
mod process;
pub(crate) mod traces;

use std::{io::IsTerminal, thread, time::Duration};

use axum::{Router, http::header, routing::get};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{Settings, Tasks};

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
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: not the address of a collector")]
    Traces,
}

/// The recorder behind `/metrics`, and what sends traces.
#[derive(Clone)]
pub struct Telemetry {
    recorder: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Sets up logs, metrics, traces and the panic hook, once per process, on the runtime that serves.
pub fn init(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let traces = settings.otlp_endpoint.as_deref().map(traces::start).transpose()?;
    init_subscriber(&settings.log, traces.as_ref())?;
    let recorder = buckets::set(PrometheusBuilder::new())?.install_recorder()?;
    descriptions::describe();
    metrics::gauge!("holdfast_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(Telemetry { recorder, traces })
}

fn init_subscriber(filter: &str, traces: Option<&SdkTracerProvider>) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|_| TelemetryError::Filter)?;
    let registry = tracing_subscriber::registry();
    let outcome = match traces {
        None => registry.with(filter).with(log_layer()).try_init(),
        Some(provider) => {
            let traces = tracing_opentelemetry::layer().with_tracer(traces::tracer(provider));
            let traces = traces.with_location(false).with_threads(false);
            let traces = traces.with_filter(LevelFilter::DEBUG);
            registry.with(traces).with(log_layer().with_filter(filter)).try_init()
        }
    };
    outcome.map_err(|_| TelemetryError::AlreadySet)?;
    // A thread of its own: what the runtime's last words were is written, too.
    let flushing = thread::Builder::new().name("logs".to_owned());
    let flushing = flushing.spawn(|| {
        loop {
            thread::sleep(logs::FLUSH_INTERVAL);
            logs::flush();
        }
    });
    flushing.map_err(|_| TelemetryError::AlreadySet)?;
    log_panics();
    Ok(())
}

fn log_layer<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match std::io::stderr().is_terminal() {
        true => fmt::layer().with_writer(logs::Logs).boxed(),
        false => fmt::layer().json().flatten_event(true).with_writer(logs::Logs).boxed(),
    }
}

/// Writes what waits to be logged: at the end of the process, however it ends.
pub fn flush_logs() {
    logs::flush();
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
        let mut text = self.recorder.render();
        process::render(&mut text);
        text
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

    /// Sends what is left, at the end of the process.
    pub async fn shut_down(self) {
        if let Some(traces) = self.traces {
            // It waits for the collector.
            let _ = tokio::task::spawn_blocking(move || traces.shutdown()).await;
        }
    }

    /// `GET /metrics`
    pub fn router(&self) -> Router {
        let telemetry = self.clone();
        let media_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        Router::new()
            .route("/metrics", get(move || async move { (media_type, telemetry.render()) }))
    }
}
