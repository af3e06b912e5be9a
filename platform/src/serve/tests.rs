//! What the listener does with clients that no HTTP library would imitate.

use std::sync::Arc;

use axum::{
    Json,
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    task::JoinHandle,
};

use super::*;
use crate::http::{ClientAddress, Edge, EdgeSettings, JsonBody, Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: String,
}

async fn echo(body: JsonBody<Echo, 1000>) -> Json<usize> {
    Json(body.value.text.len())
}

async fn large() -> impl IntoResponse {
    vec![b'x'; 64 * 1024 * 1024]
}

async fn whoami(address: ClientAddress) -> String {
    address.0.to_string()
}

struct Running {
    address: SocketAddr,
    stopping: CancellationToken,
    server: JoinHandle<()>,
    /// Told when a request is inside `/wait`.
    entered: Arc<Notify>,
    /// Lets it go on.
    release: Arc<Notify>,
}

async fn start(limits: ServeLimits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waiting = (entered.clone(), release.clone());
    let router = Router::new()
        .route("/echo", post(echo))
        .route("/large", get(large))
        .route("/whoami", get(whoami))
        .route("/broken", get(async || -> Problem { panic!("on purpose") }))
        .route(
            "/wait",
            get(async move || {
                waiting.0.notify_one();
                waiting.1.notified().await;
                "waited"
            }),
        );
    let clock = Arc::new(crate::SystemClock);
    let router = Arc::new(Edge::new(EdgeSettings::default(), clock)).wrap(router);
    let stopping = CancellationToken::new();
    let site = Site { vital: &["/echo"], ..Site::from(router) };
    let server = tokio::spawn(serve(listener, site, limits, stopping.clone()));
    Running { address, stopping, server, entered, release }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read_to_end(&mut stream).await
    }
}

/// What comes until the server closes, in whichever way.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn impatient() -> ServeLimits {
    ServeLimits {
        head_timeout: Duration::from_millis(200),
        write_timeout: Duration::from_millis(200),
        drain_timeout: Duration::from_millis(200),
        ..ServeLimits::default()
    }
}

#[tokio::test]
async fn a_plain_request_is_answered() {
    let server = start(ServeLimits::default()).await;
    let answer =
        server.exchange(b"GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_crowd_of_connections_leaves_room_for_what_is_vital() {
    let limits = ServeLimits { connections_max: 2, ..ServeLimits::default() };
    let server = start(limits).await;
    let mut crowd = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        crowd.push(stream);
    }
    let refused = server.exchange(b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("\"overloaded\"") && refused.contains("retry-after"), "{refused}");
    let vital = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 14\r\n\r\n{\"text\":\"abc\"}";
    let answered = server.exchange(vital).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    drop(crowd);
    // Until the server has seen that they are gone.
    loop {
        let request = b"GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        if server.exchange(request).await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
}

#[tokio::test]
async fn nobody_sits_on_the_places_that_are_kept_for_what_is_vital() {
    let limits =
        ServeLimits { connections_max: 1, vital_connections_max: 2, ..ServeLimits::default() };
    let server = start(limits).await;
    let mut crowd = Vec::new();
    let slow_body = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 14\r\n\r\n{";
    for sent in ["", "", "", "", slow_body, slow_body, slow_body, "", ""] {
        let mut stream = server.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        crowd.push(stream);
        let vital = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
            Content-Length: 14\r\n\r\n{\"text\":\"abc\"}";
        let answered = server.exchange(vital).await;
        assert!(answered.starts_with("HTTP/1.1 200"), "{} before: {answered}", crowd.len());
    }
}

#[tokio::test]
async fn a_slow_head_ends_the_connection() {
    let server = start(impatient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /whoami HTTP/1.1\r\nHost:").await.unwrap();
    assert!(!read_to_end(&mut stream).await.contains("200 OK"));
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = start(impatient()).await;
    assert_eq!(server.exchange(b"").await, "");
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let server = start(impatient()).await;
    let mut stream = server.connect().await;
    let request = b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream.write_all(request).await.unwrap();
    let rest = read_to_end(&mut stream).await;
    assert_eq!(
        rest.matches("HTTP/1.1 200 OK").count(),
        1,
        "the second answer, and the end: {rest}"
    );
}

#[tokio::test]
async fn too_many_and_too_long_headers_are_refused() {
    let server = start(ServeLimits::default()).await;
    let many: String = (0..101).map(|n| format!("X-{n}: 1\r\n")).collect();
    let answer = server.exchange(format!("GET /whoami HTTP/1.1\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(17 * 1024);
    let head = format!("GET /whoami HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
    let answer = server.exchange(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn ambiguous_framing_is_refused_and_the_connection_closed() {
    let server = start(ServeLimits::default()).await;
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: x\r\n",
        "X-Folded: a\r\n b\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Host: y\r\n",
    ] {
        let head = format!("POST /echo HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let answer = server.exchange(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers:?}: {answer}");
    }
    let answer = server.exchange(b"GET /whoami HTTP/1.1\r\nAccept: */*\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "no host: {answer}");
    // With both lengths the chunked one counts, and nothing may follow on this connection.
    let both = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
        d\r\n{\"text\":\"abc\"\r\n1\r\n}\r\n0\r\n\r\nGET /whoami HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = server.exchange(both.as_bytes()).await;
    assert!(answer.matches("HTTP/1.1").count() <= 1, "{answer}");
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_it_is_read() {
    let server = start(ServeLimits::default()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 1000000000\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"body_too_large""#), "{answer}");

    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(format!("{head}{chunk}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let server = start(ServeLimits::default()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 20\r\n\r\n{";
    let answer = server.exchange(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let limits = ServeLimits { connections_max: 1, vital_connections_max: 0, ..impatient() };
    let server = start(limits).await;
    let mut stalled = server.connect().await;
    stalled.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // There is room for one connection: this one is served only when the other has been cut off.
    let answer =
        server.exchange(b"GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_panic_costs_only_its_own_request() {
    let server = start(ServeLimits::default()).await;
    let answer = server
        .exchange(
            b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n\
              GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains(r#""code":"internal_error""#), "{answer}");
    assert!(!answer.contains("on purpose"), "{answer}");
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_request_under_way_is_answered_while_the_server_drains() {
    let server = start(ServeLimits::default()).await;
    let mut waiting = server.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    server.stopping.cancel();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.release.notify_one();
    let answer = read_to_end(&mut waiting).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("waited"), "{answer}");
    server.server.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off_when_draining() {
    let server = start(impatient()).await;
    let mut waiting = server.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    server.stopping.cancel();
    server.server.await.unwrap();
    assert_eq!(read_to_end(&mut waiting).await, "");
}
