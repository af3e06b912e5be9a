//! A closed-loop HTTP generator on keep-alive connections to this machine.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One request of a run.
pub struct Call {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// Sends `count` calls with `in_flight` at any time, one connection each; every answer must have
/// `status`.
pub async fn run(
    address: SocketAddr,
    in_flight: usize,
    count: usize,
    status: StatusCode,
    call: impl Fn(usize) -> Call,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let one = async || -> Result<()> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            let Call { path, headers, body } = call(number);
            let mut request = Request::post(path)
                .header("host", "127.0.0.1")
                .header("content-type", "application/json");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            sender.ready().await?;
            let answer = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
            let found = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            ensure!(found == status, "{found}: {}", String::from_utf8_lossy(&body));
        }
    };
    try_join_all((0..in_flight).map(|_| one())).await?;
    Ok(())
}
