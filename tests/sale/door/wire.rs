//! A connection without an HTTP library, and what came back on it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::Server;

/// For what the server ends by itself: longer than any of its limits, the body's of twenty seconds too.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where a server listens.
#[derive(Clone, Copy)]
pub struct Door(SocketAddr);

/// All that came until the server closed, in whichever way.
pub struct Heard(pub String);

impl Door {
    pub fn of(server: &Server) -> Self {
        Self(server.address())
    }

    pub async fn connect(self) -> TcpStream {
        TcpStream::connect(self.0).await.expect("the server listens")
    }

    /// Sends and listens until the server closes. A server that closes early takes not everything.
    pub async fn exchange(self, bytes: impl AsRef<[u8]>) -> Heard {
        self.exchange_from(Ipv4Addr::LOCALHOST, bytes).await
    }

    /// As somebody at another address of this machine.
    pub async fn exchange_from(self, source: Ipv4Addr, bytes: impl AsRef<[u8]>) -> Heard {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address of this machine");
        let mut stream = socket.connect(self.0).await.expect("the server listens");
        let _ = stream.write_all(bytes.as_ref()).await;
        hear(&mut stream).await
    }

    /// A GET with these header lines, each with its line's end.
    pub async fn get(self, path: &str, headers: &str) -> Heard {
        self.exchange(get(path, headers)).await
    }
}

/// The last request of a connection.
pub fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n{headers}Connection: close\r\n\r\n")
}

/// What comes until the server closes.
pub async fn hear(stream: &mut TcpStream) -> Heard {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let end = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let heard = Heard(String::from_utf8_lossy(&bytes).into_owned());
    assert!(end.is_ok(), "the server leaves the connection open after: {}", heard.0);
    heard
}

impl Heard {
    /// The statuses of all answers, in their order.
    pub fn statuses(&self) -> Vec<u16> {
        let answers = self.0.split("HTTP/1.1 ").skip(1);
        answers.map(|answer| answer[..3].parse().expect("a status")).collect()
    }

    /// Of the first answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.0.split("\r\n\r\n").next()?;
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body of a single answer, which has a length.
    pub fn json(&self) -> Value {
        let body = self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// One refusal with this code, after which the connection was closed.
    pub fn expect_refusal(&self, status: u16, code: &str) {
        assert_eq!(self.statuses(), [status], "{}", self.0);
        assert_eq!(self.json()["code"], code, "{}", self.0);
    }
}
