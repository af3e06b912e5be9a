//! What live maps cost beside what they cannot cost less than: `fanout_bench [sockets] [seconds]`.
//!
//! Starts a Redis of its own, a gateway in this process, a process of clients that read and count,
//! and one that changes seats. CPU is user and system time of this process alone. A frame's cost is
//! set beside a bare loop of non-blocking writes of as many bytes on the very same connections,
//! interleaved A B B A. Needs a quiet machine and twice `sockets` file descriptors.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream as StdStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use domain::{
    event::{EventStatus, Sale},
    id::EventId,
    time::Clock,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use inventory::{Inventory, InventorySettings};
use ledger::{InsertEvent, Ledger, NewEvent};
use lua::{Partition, Reply, Store};
use platform::{
    SystemClock,
    http::{Edge, EdgeSettings, PeerAddress},
    serve::StallGuard,
};
use seatmap_ws::{Delta, Format, Frame, SeatmapWs, SeatmapWsSettings};
use serde_json::json;
use testkit::RedisServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, interval, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SEATS: u32 = 50_000;
const ROUNDS: usize = 5;
const FRAMES_PER_SECOND: u32 = 10;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match words.as_slice() {
        ["--clients", address, count] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(clients(address.parse()?, count.parse()?))
        }
        ["--changes", url, event] => {
            runtime.enable_all().build()?.block_on(changes(url, event.parse()?))
        }
        rest => {
            let number = |place: usize, default| match rest.get(place) {
                Some(text) => text.parse::<u32>(),
                None => Ok(default),
            };
            let (sockets, seconds) = (number(0, 2_000)?, number(1, 4)?);
            runtime
                .worker_threads(2)
                .enable_all()
                .build()?
                .block_on(measure(sockets as usize, seconds.into()))
        }
    }
}

/// Another process of this program, told and asked by lines.
struct Helper {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start(arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child =
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = input.zip(output).ok_or("no pipes")?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn ask(&mut self, line: &str) -> Outcome<Vec<u64>> {
        writeln!(self.input, "{line}")?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        Ok(answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines of the standard input, as they come.
fn lines() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Opens sockets, reads, counts; answers each line with frames, bytes and open sockets.
async fn clients(address: SocketAddr, count: usize) -> Outcome<()> {
    let counts = Arc::new(Mutex::new([0u64; 3]));
    let mut lines = lines();
    let open = async |number: usize| -> Outcome<()> {
        let socket = TcpSocket::new_v4()?;
        let host = [127, 0, 0, 2 + (number / 10_000) as u8];
        socket.bind(SocketAddr::from((host, 0)))?;
        let mut stream = socket.connect(address).await?;
        let head = "GET /v1/events/hall/live HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\n\
            upgrade: websocket\r\nsec-websocket-version: 13\r\n\
            sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await?;
        tokio::spawn(read(stream, counts.clone()));
        Ok(())
    };
    for number in 0..count {
        open(number).await?;
        // The gateway admits so many a second.
        if number % 100 == 99 {
            sleep(Duration::from_millis(60)).await;
        }
    }
    while lines.recv().await.is_some() {
        let [frames, bytes, open] = *counts.lock().expect("no panic");
        println!("{frames} {bytes} {open}");
    }
    Ok(())
}

/// Counts the frames of one socket; pings are not answered.
async fn read(mut stream: TcpStream, counts: Arc<Mutex<[u64; 3]>>) -> Outcome<()> {
    let mut buffer = Vec::with_capacity(16 * 1024);
    while !buffer.ends_with(b"\r\n\r\n") {
        buffer.push(stream.read_u8().await?);
    }
    counts.lock().expect("no panic")[2] += 1;
    buffer.clear();
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            counts.lock().expect("no panic")[2] -= 1;
            return Ok(());
        }
        let (mut frames, mut start) = (0, 0);
        while let Some(end) = frame_end(&buffer[start..]) {
            (frames, start) = (frames + 1, start + end);
        }
        buffer.drain(..start);
        let mut counts = counts.lock().expect("no panic");
        counts[0] += frames;
        counts[1] += start as u64;
    }
}

fn frame_end(bytes: &[u8]) -> Option<usize> {
    let (head, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= head + length).then_some(head + length)
}

/// Takes seats off sale and on again, as evenly as may be; each line sets the changes a second.
async fn changes(url: &str, event: EventId) -> Outcome<()> {
    let store = Store::connect(url, Arc::new(SystemClock)).await?;
    let partition = Partition { event, index: 0 };
    let mut lines = lines();
    let mut rate = 0u32;
    let mut blocked = vec![false; SEATS as usize];
    let mut next = 0u32;
    let mut due = Instant::now();
    loop {
        // Up to 200 calls a second.
        let per_call = rate.div_ceil(200).max(1);
        let pause = Duration::from_secs(1) * per_call / rate.max(1);
        tokio::select! {
            line = lines.recv() => {
                rate = line.ok_or("the end")?.parse()?;
                due = Instant::now();
                println!("{rate}");
            }
            () = tokio::time::sleep_until(due), if rate > 0 => {
                due += pause;
                let (mut block, mut unblock) = (Vec::new(), Vec::new());
                for _ in 0..per_call {
                    // Scattered over the hall, never the same twice within a tick.
                    next = (next + 7_919) % SEATS;
                    let seat = &mut blocked[next as usize];
                    *seat = !*seat;
                    if *seat { block.push(next) } else { unblock.push(next) }
                }
                if let Reply::OtherEpoch { .. } = store.block_seats(&partition, 1, &block, &unblock).await? {
                    return Err("another epoch".into());
                }
            }
        }
    }
}

/// The gateway and copies of its connections.
struct Gateway {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<StdStream>>>,
}

async fn gateway(router: Router) -> Outcome<Gateway> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let connections: Arc<Mutex<Vec<StdStream>>> = Arc::default();
    let kept = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let Ok(stream) = stream.into_std() else { continue };
            if let Ok(copy) = stream.try_clone() {
                kept.lock().expect("no panic").push(copy);
            }
            let Ok(stream) = TcpStream::from_std(stream) else { continue };
            let _ = stream.set_nodelay(true);
            let router = router.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(PeerAddress(peer));
                router.clone().oneshot(request)
            });
            let stream = TokioIo::new(StallGuard::new(stream, Duration::from_secs(30)));
            let connection = http1::Builder::new().serve_connection(stream, service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    Ok(Gateway { address, connections })
}

async fn measure(sockets: usize, seconds: u64) -> Outcome<()> {
    let redis = RedisServer::start();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::connect(&redis.url(), clock.clone()).await?;
    let directory = tempfile::tempdir()?;
    let ledger = Ledger::connect("", directory.path(), clock.clone()).await?;
    ledger.migrate().await?;
    let event = publish_hall(&ledger, clock.as_ref()).await?;
    let inventory = Inventory::new(store, ledger, clock.clone(), InventorySettings::default());
    let (ending, tasks) = (CancellationToken::new(), TaskTracker::new());
    inventory.spawn_tasks(ending.clone(), &tasks);
    let settings = SeatmapWsSettings { limits_addresses: false, ..SeatmapWsSettings::default() };
    let maps = SeatmapWs::new(inventory.clone(), clock.clone(), settings);
    let edge = Arc::new(Edge::new(EdgeSettings::default(), clock));
    let gateway = gateway(edge.wrap(seatmap_ws::router(maps.clone()))).await?;
    let at_work = inventory.event(event.as_str()).await?.ok_or("no event")?;
    inventory.view(&at_work).await?;

    let mut changes = Helper::start(&["--changes", &redis.url(), event.as_str()])?;
    let address = gateway.address.to_string();
    let warm = (sockets / 5).max(100);
    let mut clients = vec![Helper::start(&["--clients", &address, &warm.to_string()])?];
    until(&mut clients, warm).await?;
    changes.ask("20")?;
    sleep(Duration::from_secs(1)).await;
    changes.ask("0")?;
    sleep(Duration::from_secs(1)).await;
    let before = resident_kilobytes()?;
    let more = sockets - warm;
    clients.push(Helper::start(&["--clients", &address, &more.to_string()])?);
    until(&mut clients, sockets).await?;
    changes.ask("20")?;
    sleep(Duration::from_secs(1)).await;
    changes.ask("0")?;
    sleep(Duration::from_secs(1)).await;
    let after = resident_kilobytes()?;
    println!("sockets                                {sockets}");
    println!(
        "idle socket, process memory            {:.1} KB",
        after.saturating_sub(before) as f64 / more as f64
    );

    let mut bench = Bench { gateway, clients, changes, seconds, sockets };
    bench.frames_beside_writes().await?;
    bench.storm_beside_trickle().await?;
    sell_out();
    Ok(())
}

async fn until(clients: &mut [Helper], sockets: usize) -> Outcome<()> {
    loop {
        let open = totals(clients)?[2];
        if open >= sockets as u64 {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn totals(clients: &mut [Helper]) -> Outcome<[u64; 3]> {
    let mut totals = [0; 3];
    for client in clients {
        let counts = client.ask("?")?;
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    Ok(totals)
}

struct Bench {
    gateway: Gateway,
    clients: Vec<Helper>,
    changes: Helper,
    seconds: u64,
    sockets: usize,
}

impl Bench {
    /// CPU microseconds a delivered frame: the gateway's, and a bare loop's.
    async fn frames_beside_writes(&mut self) -> Outcome<()> {
        let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let (a, b) = match round % 2 {
                0 => (self.frames().await?, self.writes().await?),
                _ => {
                    let b = self.writes().await?;
                    (self.frames().await?, b)
                }
            };
            ratios.push(a / b);
            ours.push(a);
            bare.push(b);
        }
        println!("CPU a delivered frame                  {}", spread("µs", &mut ours));
        println!("CPU a bare write                       {}", spread("µs", &mut bare));
        println!("ratio                                  {}", spread("", &mut ratios));
        Ok(())
    }

    /// As many frames a second as the gateway sends when seats change now and then.
    async fn frames(&mut self) -> Outcome<f64> {
        self.changes.ask("40")?;
        sleep(Duration::from_millis(500)).await;
        let (cpu, counts) = (cpu_micros()?, totals(&mut self.clients)?);
        sleep(Duration::from_secs(self.seconds)).await;
        let (cpu, now) = (cpu_micros()? - cpu, totals(&mut self.clients)?);
        self.changes.ask("0")?;
        sleep(Duration::from_millis(500)).await;
        Ok(cpu as f64 / (now[0] - counts[0]) as f64)
    }

    async fn writes(&mut self) -> Outcome<f64> {
        let changes = (0..4).map(|seat| (seat * 7_919, 3)).collect();
        let delta =
            Delta { partition: 0, epoch: 1, from: 9_000, version: 9_004, changes, areas: vec![] };
        let bytes = Frame::Delta(delta).bytes(Format::Binary);
        let connections = self.gateway.connections.clone();
        let (cpu, counts) = (cpu_micros()?, totals(&mut self.clients)?);
        let ticks = self.seconds as u32 * FRAMES_PER_SECOND;
        let mut pace = interval(Duration::from_secs(1) / FRAMES_PER_SECOND);
        for _ in 0..ticks {
            pace.tick().await;
            let (connections, bytes) = (connections.clone(), bytes.clone());
            let written = tokio::task::spawn_blocking(move || {
                let connections = connections.lock().expect("no panic");
                connections.iter().all(|mut stream| {
                    stream.write(&bytes).is_ok_and(|written| written == bytes.len())
                })
            });
            if !written.await? {
                return Err("a bare write did not go through".into());
            }
        }
        let cpu = cpu_micros()? - cpu;
        sleep(Duration::from_millis(300)).await;
        let now = totals(&mut self.clients)?;
        Ok(cpu as f64 / (now[0] - counts[0]) as f64)
    }

    /// The gateway's CPU at two thousand changes a second beside ten.
    async fn storm_beside_trickle(&mut self) -> Outcome<()> {
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            let (storm, trickle) = match round % 2 {
                0 => (self.load(2_000).await?, self.load(10).await?),
                _ => {
                    let trickle = self.load(10).await?;
                    (self.load(2_000).await?, trickle)
                }
            };
            ratios.push(storm as f64 / trickle as f64);
        }
        println!("CPU at 2,000 changes/s beside 10/s     {}", spread("", &mut ratios));
        Ok(())
    }

    async fn load(&mut self, rate: u32) -> Outcome<u64> {
        self.changes.ask(&rate.to_string())?;
        sleep(Duration::from_millis(500)).await;
        let (cpu, before) = (cpu_micros()?, totals(&mut self.clients)?);
        sleep(Duration::from_secs(self.seconds)).await;
        let (cpu, now) = (cpu_micros()? - cpu, totals(&mut self.clients)?);
        self.changes.ask("0")?;
        sleep(Duration::from_millis(500)).await;
        let frames = (now[0] - before[0]) as f64 / self.sockets as f64 / self.seconds as f64;
        println!(
            "  {rate:>5} changes/s: {frames:.1} frames/s a socket, CPU {:.2} of a core",
            cpu as f64 / 1e6 / self.seconds as f64
        );
        Ok(cpu)
    }
}

/// Bytes that one viewer gets while a hall is sold out, beside one JSON message a change.
fn sell_out() {
    let mut random = 7u64;
    let mut below = |bound: u32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((random >> 33) % u64::from(bound)) as u32
    };
    let mut states = vec![0u8; SEATS as usize];
    let mut waiting: Vec<Vec<u32>> = Vec::new();
    let (mut version, mut binary, mut json, mut ticks) = (0u64, 0usize, 0usize, 0u64);
    while states.iter().any(|state| *state != 2) {
        let from = version;
        let mut changed = BTreeMap::new();
        // Five hundred parties a second, one in five gives up, the others pay later.
        for _ in 0..25 {
            let first = below(SEATS);
            let party: Vec<u32> = (first..SEATS)
                .chain(0..first)
                .skip_while(|seat| states[*seat as usize] != 0)
                .take(1 + below(4) as usize)
                .filter(|seat| states[*seat as usize] == 0)
                .collect();
            let mut tell = |seats: &[u32], state: u8| {
                for seat in seats {
                    states[*seat as usize] = state;
                    changed.insert(*seat, state);
                    let change = json!({
                        "type": "seat", "event": "evt_06gvs81pd00g2081040g2081040g2",
                        "seat": format!("A-{seat}"), "state": "held",
                    });
                    json += change.to_string().len() + 2;
                }
                version += u64::from(!seats.is_empty());
            };
            tell(&party, 1);
            waiting.push(party);
            if waiting.len() > 600 || below(SEATS) == 0 || ticks > 2_000 {
                let index = below(waiting.len() as u32) as usize;
                let party = waiting.swap_remove(index);
                let gives_up = below(5) == 0 && ticks < 2_000;
                tell(&party, if gives_up { 0 } else { 2 });
            }
        }
        ticks += 1;
        let changes = changed.into_iter().collect();
        let delta = Delta { partition: 0, epoch: 1, from, version, changes, areas: vec![] };
        binary += Frame::Delta(delta).bytes(Format::Binary).len();
    }
    println!("a sell-out of {SEATS} seats, one viewer    {} KB", binary / 1000);
    println!("as one JSON message a change           {} KB", json / 1000);
    println!("ratio                                  {:.4}", binary as f64 / json as f64);
}

/// Median, least and most.
fn spread(unit: &str, values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{:.2} {unit} ({least:.2} to {most:.2})", values[values.len() / 2])
}

/// User and system time of this process.
fn cpu_micros() -> Outcome<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields[12].parse::<u64>()? + fields[13].parse::<u64>()?;
    // The kernel tells hundredths of a second to every program.
    Ok(ticks * 10_000)
}

fn resident_kilobytes() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

async fn publish_hall(ledger: &Ledger, clock: &dyn Clock) -> Outcome<EventId> {
    let seat = |row: u32, number: u32| {
        json!({
            "seat_guid": format!("{row}-{number}"), "seat_number": number.to_string(),
            "position": { "x": number * 20, "y": 0 }, "category": "stalls",
        })
    };
    let row = |row: u32| {
        let seats: Vec<_> = (0..100).map(|number| seat(row, number)).collect();
        let position = json!({ "x": 0, "y": row * 20 });
        json!({ "row_number": row.to_string(), "position": position, "seats": seats })
    };
    let rows: Vec<_> = (0..SEATS / 100).map(row).collect();
    let zone = json!({ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": rows });
    let plan = json!({ "name": "Hall", "categories": [{ "name": "stalls" }], "zones": [zone] });
    let id = EventId::new(clock.now(), [1; 12]);
    let new = NewEvent {
        id: id.clone(),
        slug: "hall".to_owned(),
        name: "Hall".to_owned(),
        description: None,
        starts_at: clock.now().plus_seconds(86_400),
        currency: "EUR".parse().map_err(|_| "no currency")?,
        prices: BTreeMap::from([("stalls".to_owned(), 2_500)]),
        sale: Sale::default(),
        queue: Default::default(),
        chart: json!({ "seating_plan": plan }).to_string(),
        areas: Vec::new(),
        answer: None,
    };
    let InsertEvent::Inserted(mut event) = ledger.insert_event(new).await? else {
        return Err("no event".into());
    };
    event.status = EventStatus::Published;
    event.published_at = Some(clock.now());
    ledger.update_event(&event).await?;
    Ok(id)
}
