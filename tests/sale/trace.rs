//! One click, one trace: from the request through Redis, SQL and the outbox, as a collector gets it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span,
};
use prost::Message;
use serde_json::json;

use crate::support::{Buyer, Combination, Server, ServerOptions, Stores, event, wait_for};

/// What takes spans.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    /// Names of the spans of a trace.
    fn names(&self, trace: &str) -> BTreeSet<String> {
        let spans = self.spans.lock().expect("no thread panics with it");
        let of_trace = |span: &&Span| hex(&span.trace_id) == trace;
        spans.iter().filter(of_trace).map(|span| span.name.clone()).collect()
    }
}

async fn take(State(collector): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    collector.spans.lock().expect("no thread panics with it").extend(spans);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-00f067aa0ba902b7-01")
}

#[tokio::test]
async fn a_click_is_one_trace_through_all_parts() {
    let (collector, address) = Collector::start().await;
    let options = ServerOptions::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &address)
        .with("OTEL_BSP_SCHEDULE_DELAY", "100");
    let server = Server::start(Stores::start(Combination::RedisAndPostgres), options).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let buyer = Buyer::new(&server);

    let (held, ordered) = ("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c");
    let path = format!("/v1/events/{id}/holds");
    let seats = json!({"seats": ["A-1", "A-2"]});
    let hold = buyer.post(&path, &[("traceparent", &traceparent(held))], seats).await.expect(201);
    let token = hold["token"].as_str().expect("a token");
    let headers = [("traceparent", &*traceparent(ordered)), ("holdfast-hold", token)];
    let order = json!({"hold_id": hold["id"], "email": "buyer@example.org"});
    buyer.post("/v1/orders", &headers, order).await.expect(201);

    let expect = async |trace: &str, names: &[&str]| {
        let wanted: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
        let seen = async || wanted.is_subset(&collector.names(trace)).then_some(());
        wait_for(&format!("{wanted:?}"), 20, seen).await;
    };
    expect(held, &["POST /v1/events/{event}/holds", "hold together", "EVALSHA"]).await;
    expect(ordered, &["POST /v1/orders", "transaction", "outbox", "EVALSHA"]).await;
    let spans = collector.spans.lock().expect("no thread panics with it").clone();
    let text = format!("{spans:?}");
    assert!(
        !text.contains("buyer@example.org") && !text.contains(token),
        "personal data in a trace"
    );
}
