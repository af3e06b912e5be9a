//! A closed-loop HTTP generator on keep-alive connections to this machine.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One request of a run.
pub struct Call {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// Posts `count` calls with `in_flight` at any time, one connection each; every answer must have
/// `status`.
pub async fn run(
    address: SocketAddr,
    in_flight: usize,
    count: usize,
    status: StatusCode,
    call: impl Fn(usize) -> Call,
) -> Result<()> {
    run_as(Method::POST, address, in_flight, count, status, call).await
}

/// The same with another method.
pub async fn run_as(
    method: Method,
    address: SocketAddr,
    in_flight: usize,
    count: usize,
    status: StatusCode,
    call: impl Fn(usize) -> Call,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let one = async || -> Result<()> {
        let mut sender = connect(address).await?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            send(&mut sender, &method, call(number), status).await?;
        }
    };
    try_join_all((0..in_flight).map(|_| one())).await?;
    Ok(())
}

/// One call on a connection of its own; the answer's body.
pub async fn ask(
    method: Method,
    address: SocketAddr,
    status: StatusCode,
    call: Call,
) -> Result<Bytes> {
    send(&mut connect(address).await?, &method, call, status).await
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    method: &Method,
    call: Call,
    status: StatusCode,
) -> Result<Bytes> {
    let Call { path, headers, body } = call;
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    sender.ready().await?;
    let answer = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
    let found = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(found == status, "{found}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}
