//! Traces, sent to a collector by OTLP over HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` names one.
//!
//! A request continues the trace of its `traceparent`, or begins one. Spans of the parts below are of
//! level debug: without a collector they cost nothing. Which traces are kept is the SDK's affair
//! (`OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`); a collector that is away costs spans, never a
//! request.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use opentelemetry::{
    propagation::TextMapPropagator,
    trace::{Status, TraceContextExt, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, Tracer},
};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TelemetryError;

/// For the collector to take a batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

static ARE_EXPORTED: AtomicBool = AtomicBool::new(false);

/// Begins to export to the collector at `endpoint`, without `/v1/traces`.
pub(super) fn start(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let client = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).build();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client {
            client: client.map_err(|_| TelemetryError::Traces)?,
            runtime: Handle::current(),
        })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|_| TelemetryError::Traces)?;
    let resource = Resource::builder().with_service_name("holdfast").build();
    ARE_EXPORTED.store(true, Ordering::Relaxed);
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

pub(super) fn tracer(provider: &SdkTracerProvider) -> Tracer {
    provider.tracer("holdfast")
}

fn are_exported() -> bool {
    ARE_EXPORTED.load(Ordering::Relaxed)
}

/// Makes `span` that of a request: it continues the caller's trace, if there is one, and its logs
/// name the trace.
pub(crate) fn begin_request(span: &Span, method: &Method, route: &str, headers: &HeaderMap) {
    if !are_exported() {
        return;
    }
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // A span that is not recorded has no parent to be given.
    let _ = span.set_parent(caller);
    span.record("otel.kind", "server");
    span.record("otel.name", format!("{method} {route}"));
    span.set_attribute("http.request.method", method.to_string());
    span.set_attribute("http.route", route.to_owned());
    let trace = span.context().span().span_context().trace_id();
    span.record("trace_id", trace.to_string());
}

pub(crate) fn end_request(span: &Span, status: StatusCode) {
    if !are_exported() {
        return;
    }
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// Carries batches from the exporter's thread onto the runtime.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> Result<axum::http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = axum::http::Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, reqwest::Error>(response)
        });
        Ok(sent.await??)
    }
}
