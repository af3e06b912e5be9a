//! One click, one trace: from the request through Redis, SQL, the outbox and the calls to Stripe to
//! the frames of the live map, as a collector gets it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    Buyer, Combination, Hold, Order, Server, ServerOptions, Stores, event, wait_for,
};

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

    /// What has come until now.
    fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("no thread panics with it").clone()
    }

    fn of_trace(&self, trace: &str) -> Vec<Span> {
        let of_trace = |span: &Span| hex(&span.trace_id) == trace;
        self.spans().into_iter().filter(of_trace).collect()
    }

    /// Until spans of all these names are in a trace.
    async fn expect(&self, trace: &str, names: &[&str]) {
        let wanted: BTreeSet<&str> = names.iter().copied().collect();
        wait_for(&format!("{wanted:?}"), 20, || async {
            let spans = self.of_trace(trace);
            let seen = spans.iter().map(|span| span.name.as_str()).collect();
            wanted.is_subset(&seen).then_some(())
        })
        .await;
    }

    /// The first span of this name that has one of `above` among its ancestors.
    async fn below(&self, name: &str, above: &str) -> Span {
        wait_for(&format!("{name} below {above}"), 20, || async {
            let spans = self.spans();
            let named = spans.iter().filter(|span| span.name == name);
            let mut below = named.filter(|span| ancestors(&spans, span).any(|a| a.name == above));
            below.next().cloned()
        })
        .await
    }
}

fn ancestors<'a>(spans: &'a [Span], span: &'a Span) -> impl Iterator<Item = &'a Span> {
    let parent = |of: &&'a Span| {
        let is_parent =
            |other: &&Span| (&other.trace_id, &other.span_id) == (&of.trace_id, &of.parent_span_id);
        spans.iter().find(is_parent)
    };
    std::iter::successors(Some(span), parent).skip(1)
}

/// An attribute as text.
fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

fn number(span: &Span, key: &str) -> u64 {
    attribute(span, key).expect("an attribute").parse().expect("a number")
}

/// A socket that was told the map.
async fn watch(server: &Server, event: &str) -> TcpStream {
    let address = server.base.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "GET /v1/events/{event}/live HTTP/1.1\r\nhost: viewer\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.expect("a request");
    let mut answer = Vec::new();
    let whole = |answer: &[u8]| {
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        end.is_some_and(|end| answer.len() > end + 4)
    };
    while !whole(&answer) {
        assert!(socket.read_buf(&mut answer).await.expect("an answer") > 0, "no socket");
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    socket
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

fn told_to(address: &str) -> ServerOptions {
    ServerOptions::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        .with("OTEL_BSP_SCHEDULE_DELAY", "100")
}

/// A sale with a collector beside it.
async fn traced(combination: Combination) -> (Collector, Server, String) {
    let (collector, address) = Collector::start().await;
    let server = Server::start(Stores::start(combination), told_to(&address)).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    (collector, server, id)
}

/// A hold of these seats, by a click of this trace.
async fn hold(buyer: &Buyer, event: &str, seats: &[&str], trace: &str) -> Hold {
    let headers = [("traceparent", &*traceparent(trace))];
    let path = format!("/v1/events/{event}/holds");
    Hold::read(buyer.post(&path, &headers, json!({ "seats": seats })).await.expect(201))
}

#[tokio::test]
async fn a_click_is_one_trace_through_all_parts() {
    let (collector, server, id) = traced(Combination::RedisAndPostgres).await;
    let buyer = Buyer::new(&server);
    let socket = watch(&server, &id).await;

    let (held, bought) = ("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c");
    let hold = hold(&buyer, &id, &["A-1", "A-2"], held).await;
    let clicks = traceparent(bought);
    let headers = [("traceparent", &*clicks), ("holdfast-hold", &*hold.token)];
    let body = json!({"hold_id": hold.id, "email": "buyer@example.org"});
    let body = buyer.post("/v1/orders", &headers, body).await.expect(201);
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    let order = Order { id: text("id"), token: text("token") };
    let headers = [("traceparent", &*clicks), ("holdfast-order", &*order.token)];
    let path = format!("/v1/orders/{}/payment", order.id);
    let payment = buyer.post(&path, &headers, json!({})).await.expect(201);
    assert_eq!(buyer.confirm(&payment, "pm_card_visa").await, 200);
    buyer.wait_for_order(&order, &["confirmed"], 20).await;

    let hold_request = "POST /v1/events/{event}/holds";
    collector.expect(held, &[hold_request, "hold together", "EVALSHA", "frame"]).await;
    let (ordered, pressed) = ("POST /v1/orders", "POST /v1/orders/{order}/payment");
    collector.expect(bought, &[ordered, "transaction", "EVALSHA"]).await;
    collector.expect(bought, &[pressed, "create_intent", "POST /v1/payment_intents"]).await;

    let frame = collector.below("frame", hold_request).await;
    let spans = collector.of_trace(held);
    let request = spans.iter().find(|span| span.name == hold_request).expect("a request");
    for key in ["event", "epoch", "version"] {
        assert!(attribute(&frame, key).is_some(), "{key}");
    }
    assert_eq!(attribute(&frame, "event"), attribute(request, "event"));
    let version = number(request, "version");
    assert!((number(&frame, "from") + 1..=number(&frame, "version")).contains(&version));

    let created = collector.below("POST /v1/payment_intents", pressed).await;
    assert_eq!(attribute(&created, "http.response.status_code").as_deref(), Some("200"));
    let route = "POST /v1/payment_intents/{intent}/capture";
    let capture = collector.below(route, "outbox").await;
    assert_eq!(attribute(&capture, "http.request.method").as_deref(), Some("POST"));
    assert_eq!(
        hex(&capture.trace_id),
        bought,
        "Stripe's webhook knows of no trace, the order does"
    );

    drop(socket);
    let logged = r#""route":"/v1/events/{event}/holds""#;
    wait_for("the log line beside the trace", 20, || async {
        server.log_tail().contains(logged).then_some(())
    })
    .await;
    let text = format!("{:?}", collector.spans());
    let secrets = ["client_secret", "payment_intent"].map(|name| payment[name].as_str());
    let secrets = secrets.map(|text| text.expect("a text"));
    for hidden in [secrets[0], secrets[1], &hold.token, &order.token, "buyer@example.org"] {
        assert!(!text.contains(hidden), "{hidden} in a trace");
    }
}

#[tokio::test]
async fn a_cancel_that_stripe_refuses_is_an_error_in_the_trace_of_its_click() {
    let (collector, server, id) = traced(Combination::InProcessAndSqlite).await;
    let buyer = Buyer::new(&server);
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    buyer.start_payment(&order).await;
    server.misbehave(json!({"answers": {"status": 500, "share": 1.0}})).await;

    let cancelled = "7c91a35b1d0f4e6b8f2d3c4b5a697887";
    let headers = [("traceparent", &*traceparent(cancelled)), ("holdfast-order", &*order.token)];
    let path = format!("/v1/orders/{}/cancel", order.id);
    buyer.post(&path, &headers, json!({})).await.expect(200);

    let route = "POST /v1/payment_intents/{intent}/cancel";
    collector.expect(cancelled, &["POST /v1/orders/{order}/cancel", "outbox", route]).await;
    let refused = collector.below(route, "outbox").await;
    assert_eq!(hex(&refused.trace_id), cancelled);
    assert_eq!(refused.status.as_ref().map(|status| status.code()), Some(StatusCode::Error));
    assert_eq!(attribute(&refused, "http.response.status_code").as_deref(), Some("500"));
    assert_eq!(attribute(&refused, "error.type").as_deref(), Some("failed"));
}

#[tokio::test]
async fn a_frame_of_many_changes_refers_to_every_click() {
    let (collector, server, id) = traced(Combination::InProcessAndSqlite).await;
    let _socket = watch(&server, &id).await;
    let traces: Vec<String> = (1..=10).map(|number| format!("{number:032x}")).collect();
    let clicks = traces.iter().enumerate().map(|(number, trace)| {
        let (buyer, seat) = (Buyer::new(&server), format!("A-{}", number + 1));
        let id = &id;
        async move { hold(&buyer, id, &[&seat], trace).await }
    });
    futures_util::future::join_all(clicks).await;

    wait_for("a frame for every click", 20, || async {
        let spans = collector.spans();
        let frames = spans.iter().filter(|span| span.name == "frame");
        let told: BTreeSet<String> = frames
            .flat_map(|frame| {
                let links = frame.links.iter().map(|link| hex(&link.trace_id));
                links.chain([hex(&frame.trace_id)])
            })
            .collect();
        traces.iter().all(|trace| told.contains(trace)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_another_process_is_found_by_its_versions() {
    let (collector, address) = Collector::start().await;
    let stores = Stores::start(Combination::RedisAndPostgres);
    let server = Server::start(stores, told_to(&address)).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let gateway = server.beside(told_to(&address)).await;
    let _socket = watch(&gateway, &id).await;

    let held = "4bf92f3577b34da6a3ce929d0e0e4736";
    hold(&Buyer::new(&server), &id, &["A-1"], held).await;
    let click = "POST /v1/events/{event}/holds";
    collector.expect(held, &[click]).await;
    let spans = collector.of_trace(held);
    let request = spans.iter().find(|span| span.name == click).expect("a request");
    let frame = wait_for("the frame", 20, || async {
        let spans = collector.spans();
        let mut frames = spans.into_iter().filter(|span| span.name == "frame");
        frames.find(|frame| {
            let same = |key| attribute(frame, key) == attribute(request, key);
            let versions = number(frame, "from") + 1..=number(frame, "version");
            same("event") && same("epoch") && versions.contains(&number(request, "version"))
        })
    })
    .await;
    assert!(frame.parent_span_id.is_empty() && frame.links.is_empty(), "another process's");
}
