//! HTTP on keep-alive connections to this machine: one at a time, or a closed loop of many.

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

/// One request of a run. A body is JSON unless a header says otherwise.
pub struct Call {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// One answer, whole.
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Keeps alive; one request at a time.
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Whether another request may be sent.
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    pub async fn ask(&mut self, method: &Method, call: Call) -> Result<Answer> {
        let Call { path, headers, body } = call;
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.0.ready().await?;
        let answer = self.0.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = answer.status();
        Ok(Answer { status, body: answer.into_body().collect().await?.to_bytes() })
    }

    /// The answer's body; another status is an error.
    pub async fn ask_for(
        &mut self,
        method: &Method,
        call: Call,
        status: StatusCode,
    ) -> Result<Bytes> {
        let Answer { status: found, body } = self.ask(method, call).await?;
        ensure!(found == status, "{found}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }
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
    let each = async |connection: &mut Connection, number| {
        connection.ask_for(&method, call(number), status).await.map(drop)
    };
    run_each(&[address], in_flight, count, each).await
}

/// Does `count` pieces of work with `in_flight` at any time, each of them on one connection, those
/// spread over the addresses.
pub async fn run_each(
    addresses: &[SocketAddr],
    in_flight: usize,
    count: usize,
    each: impl AsyncFn(&mut Connection, usize) -> Result<()>,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let one = async |place: usize| -> Result<()> {
        let mut connection = Connection::open(addresses[place % addresses.len()]).await?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            each(&mut connection, number).await?;
        }
    };
    try_join_all((0..in_flight).map(one)).await?;
    Ok(())
}

/// One call on a connection of its own; the answer's body.
pub async fn ask(
    method: Method,
    address: SocketAddr,
    status: StatusCode,
    call: Call,
) -> Result<Bytes> {
    Connection::open(address).await?.ask_for(&method, call, status).await
}
