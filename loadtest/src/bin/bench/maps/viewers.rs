//! The process of the viewers: opens sockets, reads, counts, and notes when it was told what.
//!
//! Lines: `?` answers frames, bytes and open sockets; `note` forgets what was noted and notes from
//! now on; `pause` and `read` stop and start the reading of all; `late <version> <ms> …` says when
//! versions were written, and answers how many frames told one how many milliseconds later, from 0
//! to [`LATEST_MS`].

use std::{
    cell::RefCell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, SystemTime},
};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::watch,
    task::{LocalSet, spawn_local},
    time::sleep,
};

use super::helper::{answer, lines};

pub const LATEST_MS: usize = 5_000;
/// Sockets of one source address: its ports are fewer than 28,000.
const SOCKETS_PER_ADDRESS: usize = 10_000;
/// A stalled reader's window, so that the gateway soon notices.
const STALLED_RECEIVE_BYTES: u32 = 4_096;
const PING: u8 = 0x89;
/// Masked with nothing, as it has no payload.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

#[derive(Default)]
struct Counts {
    frames: u64,
    bytes: u64,
    open: u64,
    /// From, to, and when it came in milliseconds since 1970; none: nothing is noted.
    notes: Option<Vec<(u64, u64, i64)>>,
}

type Shared = Rc<RefCell<Counts>>;

/// `format`: `bin`, or `json` with a small window.
pub async fn run(address: SocketAddr, event: &str, count: usize, format: &str) -> Result<()> {
    let counts = Shared::default();
    let (pauses, paused) = watch::channel(false);
    LocalSet::new()
        .run_until(async {
            for number in 0..count {
                let host = [127, 0, 0, 2 + (number / SOCKETS_PER_ADDRESS) as u8];
                let stream = open(address, host, event, format).await?;
                spawn_local(read(stream, counts.clone(), paused.clone()));
                // The gateway admits so many a second.
                if number % 100 == 99 {
                    sleep(Duration::from_millis(60)).await;
                }
            }
            let mut lines = lines();
            while let Some(line) = lines.recv().await {
                let mut counts = counts.borrow_mut();
                match line.split(' ').collect::<Vec<_>>()[..] {
                    ["note"] => counts.notes = Some(Vec::new()),
                    ["pause"] => drop(pauses.send_replace(true)),
                    ["read"] => drop(pauses.send_replace(false)),
                    ["late", ref written @ ..] => {
                        let notes = counts.notes.take().unwrap_or_default();
                        answer(latencies(&notes, written)?);
                        continue;
                    }
                    _ => {}
                }
                answer([counts.frames, counts.bytes, counts.open]);
            }
            Ok(())
        })
        .await
}

async fn open(address: SocketAddr, host: [u8; 4], event: &str, format: &str) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((host, 0)))?;
    if format == "json" {
        socket.set_recv_buffer_size(STALLED_RECEIVE_BYTES)?;
    }
    let mut stream = socket.connect(address).await?;
    let head = format!(
        "GET /v1/events/{event}/live HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: holdfast.{format}.v1\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// One socket to its end.
async fn read(
    mut stream: TcpStream,
    counts: Shared,
    mut paused: watch::Receiver<bool>,
) -> Result<()> {
    let mut buffer = Vec::with_capacity(1_024);
    while !buffer.ends_with(b"\r\n\r\n") {
        buffer.push(stream.read_u8().await?);
    }
    ensure!(buffer.starts_with(b"HTTP/1.1 101"), "refused");
    counts.borrow_mut().open += 1;
    buffer.clear();
    loop {
        if *paused.borrow_and_update() {
            paused.changed().await?;
            continue;
        }
        let read = tokio::select! {
            read = stream.read_buf(&mut buffer) => read?,
            changed = paused.changed() => {
                changed?;
                continue;
            }
        };
        let mut counts = counts.borrow_mut();
        if read == 0 {
            counts.open -= 1;
            return Ok(());
        }
        let mut start = 0;
        while let Some((payload, end)) = frame(&buffer[start..]) {
            if buffer[start] == PING {
                // A socket that cannot be written to says so when it is read.
                let _ = stream.try_write(&PONG);
            }
            let chain = chain(&buffer[start + payload..start + end]);
            if let (Some(notes), Some((from, to))) = (&mut counts.notes, chain) {
                notes.push((from, to, now_ms()));
            }
            counts.frames += 1;
            start += end;
        }
        counts.bytes += start as u64;
        buffer.drain(..start);
    }
}

/// Where the first frame's payload begins and where it ends, when it is whole.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= head + length).then_some((head, head + length))
}

/// From which version a binary delta leads to which.
fn chain(payload: &[u8]) -> Option<(u64, u64)> {
    const DELTA: u8 = 2;
    if payload.first() != Some(&DELTA) {
        return None;
    }
    let mut rest = payload.get(8..)?;
    let (from, advance) = (varint(&mut rest)?, varint(&mut rest)?);
    Some((from, from + advance))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// For each version of each frame that was noted, how long after its writing it came.
fn latencies(notes: &[(u64, u64, i64)], written: &[&str]) -> Result<Vec<u64>> {
    let numbers: Vec<i64> = written.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let (written, _) = numbers.as_chunks::<2>();
    let mut counts = vec![0; LATEST_MS + 1];
    for (from, to, came) in notes {
        let begin = written.partition_point(|[version, _]| *version <= *from as i64);
        for [_, at] in written[begin..].iter().take_while(|[version, _]| *version <= *to as i64) {
            let late = usize::try_from(came - at).unwrap_or(0).min(LATEST_MS);
            counts[late] += 1;
        }
    }
    Ok(counts)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}
