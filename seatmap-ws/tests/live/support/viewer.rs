//! One client, over an independent WebSocket implementation.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::CloseFrame,
    },
};

use super::{House, Map, Told, told_by_binary, told_by_json};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a client opens its socket.
#[derive(Clone)]
pub struct Opening {
    address: SocketAddr,
    path: String,
    headers: Vec<(&'static str, String)>,
    receive_bytes: Option<u32>,
    seats: usize,
}

pub struct Viewer {
    pub map: Map,
    /// Of the payloads of all frames heard so far.
    pub bytes: usize,
    seats: usize,
    socket: WebSocketStream<TcpStream>,
    pub answer: tungstenite::handshake::client::Response,
}

/// What ends a viewer's wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Told(Told),
    /// Code and reason.
    Closed(u16, String),
    /// Without a close frame.
    Lost,
}

/// A refusal of the upgrade: status, code of the problem, `Retry-After`.
pub type Refusal = (u16, String, Option<String>);

impl House {
    pub fn opening(&self) -> Opening {
        self.opening_at(self.first.address)
    }

    pub fn opening_at(&self, address: SocketAddr) -> Opening {
        Opening {
            address,
            path: "/v1/events/gala/live".to_owned(),
            headers: Vec::new(),
            receive_bytes: None,
            seats: self.event.chart.seat_count() as usize,
        }
    }
}

impl Opening {
    pub fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn json(self) -> Self {
        self.header("sec-websocket-protocol", "holdfast.json.v1")
    }

    pub fn binary(self) -> Self {
        self.header("sec-websocket-protocol", "holdfast.bin.v1")
    }

    /// The kernel keeps little for a client that does not read.
    pub fn small_window(mut self) -> Self {
        self.receive_bytes = Some(4096);
        self
    }

    pub async fn open(&self) -> Viewer {
        self.try_open().await.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"))
    }

    pub async fn refused(&self) -> Refusal {
        match self.try_open().await {
            Ok(_) => panic!("not refused"),
            Err(refusal) => refusal,
        }
    }

    pub async fn try_open(&self) -> Result<Viewer, Refusal> {
        let mut request =
            format!("ws://{}{}", self.address, self.path).into_client_request().expect("a request");
        for (name, value) in &self.headers {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_str(value));
            request.headers_mut().insert(name, value.expect("a value"));
        }
        let stream = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = self.receive_bytes {
            stream.set_recv_buffer_size(bytes).expect("a buffer");
        }
        let stream = stream.connect(self.address).await.expect("the listener listens");
        match client_async(request, stream).await {
            Ok((socket, answer)) => {
                Ok(Viewer { map: Map::default(), bytes: 0, seats: self.seats, socket, answer })
            }
            Err(tungstenite::Error::Http(answer)) => {
                let status = answer.status().as_u16();
                let after = answer.headers().get("retry-after");
                let after = after.map(|value| value.to_str().expect("text").to_owned());
                let body = answer.body().as_deref().unwrap_or_default();
                let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
                Err((status, body["code"].as_str().unwrap_or_default().to_owned(), after))
            }
            Err(other) => panic!("no answer: {other}"),
        }
    }
}

impl Viewer {
    /// The next frame, its close, or its loss; pings are answered on the way.
    pub async fn hear(&mut self) -> Heard {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("something is heard");
            if let Some(Ok(message)) = &message {
                self.bytes += message.len();
            }
            let told = match message {
                Some(Ok(Message::Binary(bytes))) => told_by_binary(&bytes),
                Some(Ok(Message::Text(text))) => told_by_json(&text, self.seats),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return Heard::Closed(code.into(), reason.to_string());
                }
                Some(Ok(Message::Close(None))) => return Heard::Closed(1005, String::new()),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Heard::Lost,
            };
            self.map.take(&told);
            return Heard::Told(told);
        }
    }

    pub async fn told(&mut self) -> Told {
        match self.hear().await {
            Heard::Told(told) => told,
            other => panic!("nothing was told: {other:?}"),
        }
    }

    /// The next frame but a heartbeat.
    pub async fn news(&mut self) -> Told {
        loop {
            match self.told().await {
                Told::Heartbeat { .. } => {}
                told => return told,
            }
        }
    }

    /// Listens until the map is at this version, or later.
    pub async fn reach(&mut self, epoch: u64, version: u64) {
        while (self.map.epoch, self.map.version) < (epoch, version) {
            self.told().await;
        }
    }

    /// The payload of the next pong.
    pub async fn pong(&mut self) -> Vec<u8> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("something is heard");
            if let Message::Pong(payload) = message.expect("open").expect("whole") {
                return payload.to_vec();
            }
        }
    }

    /// Listens until the socket is closed.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.hear().await {
                Heard::Told(_) => {}
                Heard::Closed(code, reason) => return (code, reason),
                Heard::Lost => panic!("lost without a close frame"),
            }
        }
    }

    pub async fn send(&mut self, message: Message) {
        // A socket that is closed meanwhile is what some tests are about.
        let _ = self.socket.send(message).await;
    }

    /// Bytes that no WebSocket library would send.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.socket.get_mut().write_all(bytes).await;
    }
}

/// A client that reads bytes and answers nothing.
pub struct Mute {
    stream: TcpStream,
}

impl Opening {
    /// Opens a socket without a WebSocket library behind it.
    pub async fn open_raw(&self) -> Mute {
        let mut stream = TcpStream::connect(self.address).await.expect("the listener listens");
        let head = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.path, self.address
        );
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        Mute { stream }
    }
}

impl Mute {
    /// Reads to the end; the code of the last frame, if that is a close frame.
    pub async fn closed_with(&mut self) -> Option<u16> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await;
        // Reset rather than closed, when something of ours was never read.
        let _ = read.expect("the socket is closed");
        let close = bytes.len().checked_sub(4)?;
        let [0x88, 2, high, low] = bytes[close..] else {
            return None;
        };
        Some(u16::from_be_bytes([high, low]))
    }
}
