//! Commands as a client sends them to Redis, recorded once and played back at a pipeline depth.
//!
//! What is played is exactly what the product sends; the player is a plain socket, so that the
//! client's own cost and batching hide nothing and a floor can be played in the same way.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use anyhow::{Context, Result, ensure};

/// A relay in front of a Redis that keeps what it is told. Ends with the process.
#[derive(Clone)]
pub struct Recorder {
    bytes: Arc<Mutex<Vec<u8>>>,
    url: String,
}

impl Recorder {
    /// In front of the Redis at `port` of this machine.
    pub fn start(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("redis://{}", listener.local_addr()?);
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let kept = bytes.clone();
        thread::spawn(move || -> Result<()> {
            for client in listener.incoming() {
                relay(client?, port, kept.clone())?;
            }
            Ok(())
        });
        Ok(Self { bytes, url })
    }

    /// Where a client finds it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The commands since the last call, one by one.
    pub fn take(&self) -> Vec<Vec<u8>> {
        split(&std::mem::take(&mut *self.bytes.lock().expect("no thread panics with it")))
    }
}

fn relay(mut client: TcpStream, port: u16, kept: Arc<Mutex<Vec<u8>>>) -> Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    server.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (mut replies, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || std::io::copy(&mut replies, &mut back));
    thread::spawn(move || -> Result<()> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = client.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            kept.lock().expect("no thread panics with it").extend_from_slice(&buffer[..read]);
            server.write_all(&buffer[..read])?;
        }
    });
    Ok(())
}

/// Splits what a well-behaved client wrote: arrays of bulk strings.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut commands = Vec::new();
    let mut at = 0;
    let number = |at: &mut usize| -> usize {
        let length = bytes[*at..].iter().position(|byte| *byte == b'\r').expect("a whole line");
        let line = std::str::from_utf8(&bytes[*at + 1..*at + length]).expect("digits");
        *at += length + 2;
        line.parse().expect("a number")
    };
    while at < bytes.len() {
        let begin = at;
        for _ in 0..number(&mut at) {
            at += number(&mut at) + 2;
        }
        commands.push(bytes[begin..at].to_vec());
    }
    commands
}

/// Plays `commands` to the Redis at `port`, `depth` in one write; an error reply is an error.
pub fn play(port: u16, commands: &[Vec<u8>], depth: usize) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut replies = BufReader::new(stream.try_clone()?);
    for batch in commands.chunks(depth) {
        stream.write_all(&batch.concat())?;
        for _ in batch {
            skip_reply(&mut replies)?;
        }
    }
    Ok(())
}

fn skip_reply(replies: &mut BufReader<TcpStream>) -> Result<()> {
    let mut line = String::new();
    replies.read_line(&mut line)?;
    let (kind, rest) = line.split_at_checked(1).context("the connection was closed")?;
    ensure!(kind != "-", "Redis refuses: {rest}");
    let length = rest.trim().parse::<i64>();
    match kind {
        "*" => (0..length?).try_for_each(|_| skip_reply(replies))?,
        "$" => {
            let mut body = vec![0; usize::try_from(length? + 2).unwrap_or(0)];
            replies.read_exact(&mut body)?;
        }
        _ => {}
    }
    Ok(())
}
