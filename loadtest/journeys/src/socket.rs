//! A live map that somebody has open: reads every frame, checks that the chain has no gap, and notes
//! when which version was told. The frames are told in docs/live-map.md.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{load::Load, seats::varint};

const SNAPSHOT: u8 = 1;
const DELTA: u8 = 2;
const GONE: u8 = 4;
const HEARTBEAT: u8 = 5;
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// What an open map has been told.
#[derive(Debug, Default, Clone)]
struct Told {
    epoch: u32,
    version: u64,
    /// Each step of the version and when it came.
    steps: Vec<(u64, Instant)>,
    /// Why the map cannot be trusted any more.
    broken: Option<&'static str>,
}

impl Told {
    /// Takes one frame.
    fn take(&mut self, frame: &[u8], now: Instant) -> Result<(), &'static str> {
        let (head, mut rest) = frame.split_at_checked(8).ok_or("frame too short")?;
        let epoch = head[4..8].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let mut number = || varint(&mut rest).ok_or("frame too short");
        let version = match head[0] {
            SNAPSHOT => {
                self.epoch = epoch;
                number()?
            }
            DELTA => {
                let from = number()?;
                if epoch != self.epoch || from > self.version {
                    return Err("gap in the chain");
                }
                from + number()?
            }
            HEARTBEAT => {
                if number()? > self.version {
                    return Err("heartbeat ahead of the deltas");
                }
                return Ok(());
            }
            GONE => return Err("event gone"),
            _ => return Ok(()),
        };
        self.version = version;
        self.steps.push((version, now));
        Ok(())
    }
}

/// An open map. Closed with the value.
pub struct LiveMap {
    told: watch::Receiver<Told>,
    reader: JoinHandle<()>,
}

impl LiveMap {
    /// Opens it and waits for the first frame.
    pub async fn open(load: Arc<Load>, device: &str) -> Result<Self> {
        let address = load.hosts.seatmap.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut request =
            load.event_url("/live").replacen("http", "ws", 1).into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static("holdfast.bin.v1"));
        headers.insert("Holdfast-Device", HeaderValue::from_str(device)?);
        let (mut socket, _) = client_async(request, stream).await?;
        let mut told = Told::default();
        let first = timeout(FIRST_FRAME, next_frame(&mut socket, &load)).await;
        let first = first.context("no first frame")??;
        ensure!(first.first() == Some(&SNAPSHOT), "the first frame is no snapshot");
        told.take(&first, Instant::now()).map_err(anyhow::Error::msg)?;
        load.sockets.opened.fetch_add(1, Relaxed);
        let (sender, receiver) = watch::channel(told);
        let reader = tokio::spawn(read(socket, load, sender));
        Ok(Self { told: receiver, reader })
    }

    /// When the version was told, if that happens within `patience`.
    pub async fn when_told(&mut self, version: u64, patience: Duration) -> Option<Instant> {
        let reached = |told: &Told| told.version >= version || told.broken.is_some();
        let told = timeout(patience, self.told.wait_for(reached)).await.ok()?.ok()?;
        let step = told.steps.iter().find(|(step, _)| *step >= version)?;
        Some(step.1)
    }

    /// Why the map cannot be trusted; none: it can.
    pub fn broken(&self) -> Option<&'static str> {
        self.told.borrow().broken
    }
}

impl Drop for LiveMap {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(mut socket: WebSocketStream<TcpStream>, load: Arc<Load>, told: watch::Sender<Told>) {
    let broken = loop {
        match next_frame(&mut socket, &load).await {
            Ok(frame) => {
                let mut outcome = Ok(());
                told.send_modify(|told| outcome = told.take(&frame, Instant::now()));
                if let Err(reason) = outcome {
                    break reason;
                }
            }
            Err(_) => break "socket closed by the server",
        }
    };
    told.send_modify(|told| told.broken = Some(broken));
    let _ = socket.close(None).await;
}

/// The next binary frame; pings are answered on the way.
async fn next_frame(socket: &mut WebSocketStream<TcpStream>, load: &Load) -> Result<Vec<u8>> {
    loop {
        match socket.next().await.context("the socket ended")?? {
            Message::Binary(frame) => {
                load.sockets.frames.fetch_add(1, Relaxed);
                load.sockets.bytes.fetch_add(frame.len() as u64, Relaxed);
                return Ok(frame.to_vec());
            }
            Message::Ping(_) => socket.flush().await?,
            Message::Close(_) => bail!("the socket was closed"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, epoch: u8, numbers: &[u8]) -> Vec<u8> {
        [&[kind, 0, 0, 0, epoch, 0, 0, 0], numbers].concat()
    }

    #[test]
    fn a_chain_without_a_gap_is_followed() {
        let (mut told, now) = (Told::default(), Instant::now());
        for (kind, numbers) in [(1, &[7, 0, 0][..]), (2, &[7, 2, 0]), (5, &[9]), (2, &[8, 3, 0])] {
            assert_eq!(told.take(&frame(kind, 1, numbers), now), Ok(()));
        }
        assert_eq!((told.version, told.steps.len()), (11, 3));
    }

    #[test]
    fn a_gap_another_epoch_and_a_heartbeat_ahead_are_told() {
        let (mut told, now) = (Told::default(), Instant::now());
        told.take(&frame(1, 1, &[7, 0, 0]), now).expect("a snapshot");
        assert_eq!(told.take(&frame(2, 1, &[8, 1, 0]), now), Err("gap in the chain"));
        assert_eq!(told.take(&frame(2, 2, &[7, 1, 0]), now), Err("gap in the chain"));
        assert_eq!(told.take(&frame(5, 1, &[8]), now), Err("heartbeat ahead of the deltas"));
        assert_eq!(told.take(&[2, 0], now), Err("frame too short"));
        assert_eq!(told.version, 7);
    }
}
